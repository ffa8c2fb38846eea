"""Files that survive the power going out, and the hashes by which a change in them is noticed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20


@dataclass(frozen=True)
class Checksum:
    """What the bytes of a file must be."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> Checksum:
        return cls(len(content), hashlib.sha256(content).hexdigest())

    @classmethod
    def of_file(cls, path: Path) -> Checksum:
        """Hashed while it is read, a megabyte at a time: an index may be larger than the memory."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
        return cls(size, digest.hexdigest())


def write_durably(path: Path, content: bytes) -> None:
    """Write and reach the disk before returning."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Bring to the disk what another library has written; also right for a folder's list of names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(path: Path, content: bytes) -> None:
    """Exchange a file's content so that every reader, at any time, finds all of the old or all of the new."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    write_durably(temporary, content)
    temporary.replace(path)
    sync_file(path.parent)


def same_file(source: Path, target: Path) -> None:
    """The same bytes under another name, without copying where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        sync_file(target)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the store against other builders; the lock ends with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
