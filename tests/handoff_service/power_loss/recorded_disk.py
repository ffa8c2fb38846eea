"""What SQLite did to its files, in order, and what a power failure leaves of it.

`recording` hooks into the operating-system layer of the SQLite library that this Python uses (its VFS, see
https://sqlite.org/vfs.html), so that the product runs unchanged on it. A disk may lose every write that was not
synced, keep some of them, keep them in another order, or keep half of one; a write that was synced stays.
"""

from __future__ import annotations

import contextlib
import ctypes
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512

Pointer, Number, Offset = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
# Names as bare pointers: SQLite keeps the one that it passes to `open` for as long as the file is open.
OPEN = ctypes.CFUNCTYPE(Number, Pointer, Pointer, Pointer, Number, Pointer)
DELETE = ctypes.CFUNCTYPE(Number, Pointer, Pointer, Number)
WRITE = ctypes.CFUNCTYPE(Number, Pointer, Pointer, Number, Offset)
TRUNCATE = ctypes.CFUNCTYPE(Number, Pointer, Offset)
SYNC = ctypes.CFUNCTYPE(Number, Pointer, Number)


class _Methods(ctypes.Structure):
    """The beginning of sqlite3_io_methods; what is not hooked stays a bare pointer."""

    _fields_ = (
        ("version", Number),
        ("close", Pointer),
        ("read", Pointer),
        ("write", WRITE),
        ("truncate", TRUNCATE),
        ("sync", SYNC),
        ("others", Pointer * 13),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


class _Vfs(ctypes.Structure):
    """The beginning of sqlite3_vfs."""

    _fields_ = (
        ("version", Number),
        ("file_size", Number),
        ("path_length", Number),
        ("following", Pointer),
        ("name", ctypes.c_char_p),
        ("data", Pointer),
        ("open", OPEN),
        ("delete", DELETE),
    )


@dataclass(frozen=True)
class Step:
    """One thing that happened: write, truncate, sync or delete of a file, or a mark of the test."""

    what: str
    path: str = ""
    offset: int = 0
    content: bytes = b""
    mark: object = None


@dataclass
class Disk:
    """The files as they were when recording began, and every step since."""

    before: dict[str, bytes]
    steps: list[Step] = field(default_factory=list)

    def mark(self, mark: object) -> None:
        """Notes that the test knows something at this moment."""
        self.steps.append(Step("mark", mark=mark))

    def marks_until(self, moment: int) -> list[object]:
        return [step.mark for step in self.steps[:moment] if step.what == "mark"]

    def after_power_loss(self, moment: int, chance: random.Random) -> dict[str, bytes]:
        """Contents by path when the power fails before step `moment`."""
        synced: dict[str, int] = {}
        for index, step in enumerate(self.steps[:moment]):
            if step.what == "sync":
                synced[step.path] = index
        survival = chance.choice((0.0, 0.5, 0.9))
        files = {path: bytearray(content) for path, content in self.before.items()}
        for index, step in enumerate(self.steps[:moment]):
            if index < synced.get(step.path, -1):
                _apply(files, step)
            elif chance.random() < survival:
                _apply(files, _torn(step, chance))
        return {path: bytes(content) for path, content in files.items()}


def _apply(files: dict[str, bytearray], step: Step) -> None:
    if step.what == "write":
        content = files.setdefault(step.path, bytearray())
        if len(content) < step.offset:
            content.extend(bytes(step.offset - len(content)))
        content[step.offset : step.offset + len(step.content)] = step.content
    elif step.what == "truncate":
        del files.setdefault(step.path, bytearray())[step.offset :]
    elif step.what == "delete":
        files.pop(step.path, None)


def _torn(step: Step, chance: random.Random) -> Step:
    """The step, or now and then a write of which only some sectors at its beginning arrived."""
    sectors = -(-len(step.content) // SECTOR)
    if step.what != "write" or sectors < 2 or chance.random() < 0.7:
        return step
    return Step(step.what, step.path, step.offset, step.content[: SECTOR * chance.randrange(1, sectors)])


def library() -> ctypes.CDLL:
    """The SQLite library that the product's driver brings along."""
    from pysqlite3 import _sqlite3

    found = ctypes.CDLL(_sqlite3.__file__)
    found.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    return found


@contextlib.contextmanager
def recording(sqlite: ctypes.CDLL, folder: Path) -> Iterator[Disk]:
    """Records what SQLite does to the files of a folder until the block ends; its connections are closed then."""
    disk = Disk({path.name: path.read_bytes() for path in folder.iterdir()})
    vfs = sqlite.sqlite3_vfs_find(None).contents
    original_open, original_delete = OPEN.from_buffer_copy(vfs.open), DELETE.from_buffer_copy(vfs.delete)
    hooks = _Hooks(disk, folder)

    def opened(this: int, name: int | None, file: int, flags: int, out: int) -> int:
        code = original_open(this, name, file, flags, out)
        if code == 0 and name is not None:
            hooks.attach(Path(ctypes.string_at(name).decode()), file)
        return int(code)

    def deleted(this: int, name: int, sync: int) -> int:
        code = original_delete(this, name, sync)
        if code == 0:
            hooks.note("delete", Path(ctypes.string_at(name).decode()))
        return int(code)

    kept = OPEN(opened), DELETE(deleted)
    vfs.open, vfs.delete = kept
    try:
        yield disk
    finally:
        vfs.open, vfs.delete = original_open, original_delete


class _Hooks:
    """Replaces the methods of every opened file by ones that note what they do and then do it."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._kept: list[object] = []  # C holds pointers to them

    def note(self, what: str, path: Path, offset: int = 0, content: bytes = b"") -> None:
        if path.parent == self._folder:
            self._disk.steps.append(Step(what, path.name, offset, content))

    def attach(self, path: Path, address: int) -> None:
        if path.parent != self._folder:
            return
        file = ctypes.cast(address, ctypes.POINTER(_File)).contents
        original = file.methods.contents
        write, truncate, sync = original.write, original.truncate, original.sync

        def written(this: int, buffer: int, size: int, offset: int) -> int:
            self.note("write", path, offset, ctypes.string_at(buffer, size))
            return int(write(this, buffer, size, offset))

        def truncated(this: int, size: int) -> int:
            self.note("truncate", path, size)
            return int(truncate(this, size))

        def synced(this: int, flags: int) -> int:
            code = int(sync(this, flags))
            self.note("sync", path)
            return code

        replaced = _Methods.from_buffer_copy(original)
        replaced.write, replaced.truncate, replaced.sync = WRITE(written), TRUNCATE(truncated), SYNC(synced)
        self._kept.append((replaced, write, truncate, sync))
        file.methods = ctypes.pointer(replaced)
