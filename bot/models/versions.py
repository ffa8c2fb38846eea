"""Versions of the model on disk: what is there, which one is live, and how another one takes its place.

    <var>/bot/models/
        live.json             the pointer, and who moved it when; replaced in one step, so it is never half-written
        v0007-3fa9c21b/       one version; written under a hidden name and renamed when it is complete
            model.tar.gz      Rasa's archive
            manifest.json     what it was made of, what its gate found

Whatever process dies at whatever moment, live.json names a complete version, the one from before or the new one.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ARCHIVE = "model.tar.gz"
MANIFEST = "manifest.json"
LIVE = "live.json"
REMEMBERED = 50
"""Moves of the pointer that live.json keeps."""

KEPT = 6
"""Versions that stay beside the live one and the one that was live before it."""


class ModelError(Exception):
    """What was asked of the versions cannot be done; the text says why and what to do."""

    status = 409


class NoSuchVersion(ModelError):
    """There is no version of this name."""

    status = 404


class GateRefused(ModelError):
    """The version did not pass its gate, so it does not go live."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """The pointer moved to `version`; `how` is "trained", "chosen" or "rollback", `by` a name, `at` ISO 8601."""

    version: str
    at: str
    by: str
    how: str


@dataclass(frozen=True)
class Live:
    """The live version and how it came to that, newest move last."""

    version: str
    moves: tuple[Move, ...]

    @property
    def before(self) -> str | None:
        """The version that was live before this one: what a rollback goes back to. A rollback is taken back itself."""
        path: list[str] = []
        for move in self.moves:
            if move.how == "rollback" and move.version in path:
                del path[path.index(move.version) + 1 :]
            else:
                path.append(move.version)
        others = [version for version in path if version != self.version]
        return others[-1] if others else None


class Versions:
    """The versions in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def live(self) -> Live | None:
        """The pointer; None before the first model. Raises ModelError when the file is not what was written."""
        try:
            told = json.loads((self.folder / LIVE).read_text(encoding="utf-8"))
            return Live(told["version"], tuple(Move(**move) for move in told["moves"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{self.folder / LIVE} cannot be read ({error}); `python -m bot live VERSION` writes it anew"
            ) from error

    def stamp(self) -> tuple[int, int] | None:
        """Changes whenever the pointer is moved; cheap enough to be asked several times a second."""
        try:
            found = (self.folder / LIVE).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino

    def all(self) -> list[dict[str, Any]]:
        """Every complete version's manifest, the newest first."""
        found = [self.manifest(path.parent.name) for path in self.folder.glob(f"v*/{MANIFEST}")]
        return sorted(found, key=lambda manifest: -manifest["number"])

    def manifest(self, version: str) -> dict[str, Any]:
        """What a version was made of and what its gate found. Raises NoSuchVersion."""
        if not version.startswith("v") or not version.replace("-", "").isalnum():
            raise NoSuchVersion(f"{version!r} is no name of a version; `python -m bot models` lists them")
        try:
            manifest: dict[str, Any] = json.loads((self.folder / version / MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise NoSuchVersion(f"there is no version {version}; `python -m bot models` lists them") from error
        return manifest

    def archive(self, version: str) -> Path:
        """Rasa's archive of a version. Raises NoSuchVersion, ModelError when the file is not the one that was made."""
        manifest, path = self.manifest(version), self.folder / version / ARCHIVE
        if not path.is_file() or file_hash(path) != manifest["archive"]:
            raise ModelError(f"{path} is missing or damaged; train again, or go back with `python -m bot rollback`")
        return path

    def of_inputs(self, inputs: str) -> dict[str, Any] | None:
        """The newest version that was made of these inputs and passed its gate."""
        return next((one for one in self.all() if one["inputs"] == inputs and one["gate"]["passed"]), None)

    def next_number(self) -> int:
        """One more than any version ever had that is still known, the live pointer's included."""
        live = self._live_or_none()
        named = [path.name for path in self.folder.glob("v*")] + [move.version for move in (live.moves if live else ())]
        return max((number_of(name) for name in named), default=0) + 1

    def add(self, archive: Path, manifest: Mapping[str, Any]) -> str:
        """Keeps an archive as a version; its name. The archive moves, so it must lie on the same disk."""
        version = str(manifest["version"])
        fresh = self.folder / f".{version}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        os.replace(archive, fresh / ARCHIVE)
        write_whole(fresh / MANIFEST, manifest)
        sync(fresh / ARCHIVE)
        os.replace(fresh, self.folder / version)
        sync(self.folder)
        return version

    def put_live(self, version: str, *, by: str, at: str, how: str, although_refused: bool = False) -> Live:
        """Moves the pointer. Raises NoSuchVersion, ModelError for a damaged archive, GateRefused."""
        manifest = self.manifest(version)
        if not manifest["gate"]["passed"] and not although_refused:
            raise GateRefused(f"{version} did not pass its gate: {'; '.join(manifest['gate']['reasons'])}")
        self.archive(version)
        live = self._live_or_none()
        moves = (live.moves if live else ())[-REMEMBERED:]
        if live is not None and live.version == version:
            return live
        moved = Live(version, (*moves, Move(version=version, at=at, by=by, how=how)))
        write_whole(self.folder / LIVE, {"version": version, "moves": [asdict(move) for move in moved.moves]})
        return moved

    def roll_back(self, back_from: str | None = None, *, by: str, at: str) -> Live:
        """Moves the pointer to the version that was live before, from this one when it is named.

        Raises ModelError when there was none, or when another one is live: a second click must not go back twice.
        """
        live = self.live()
        before = live.before if live else None
        if live is not None and back_from not in (None, live.version):
            raise ModelError(f"{live.version} is live, not {back_from}; look at the versions again")
        if before is None:
            raise ModelError("there is no version to go back to")
        return self.put_live(before, by=by, at=at, how="rollback", although_refused=True)

    def prune(self) -> list[str]:
        """Deletes old versions and what a killed training left; the names of the versions that went."""
        live = self.live()
        keep = {live.version, live.before} if live else set()
        others = [one["version"] for one in self.all() if one["version"] not in keep]
        for version in others[KEPT:]:
            shutil.rmtree(self.folder / version, ignore_errors=True)
        for left in self.leftovers():
            shutil.rmtree(left, ignore_errors=True)
        return others[KEPT:]

    def leftovers(self) -> Iterator[Path]:
        """Folders that a training had not finished. Only whoever holds the training's lock may delete them."""
        yield from self.folder.glob(".v*.new")
        yield from self.folder.glob(".training-*")

    def _live_or_none(self) -> Live | None:
        try:
            return self.live()
        except ModelError:
            return None


def number_of(version: str) -> int:
    """7 for "v0007-3fa9c21b"; 0 for a name of another shape."""
    number = version.partition("-")[0].removeprefix("v")
    return int(number) if number.isdecimal() else 0


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_whole(path: Path, content: Mapping[str, Any], *, indent: int | None = 1) -> None:
    """Writes JSON so that readers and a power failure see the old file or the new one, nothing between."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    separators = (",", ":") if indent is None else None
    told = json.dumps(content, ensure_ascii=False, indent=indent, separators=separators)
    fresh.write_text(f"{told}\n", encoding="utf-8")
    sync(fresh)
    os.replace(fresh, path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Waits until a file's content, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
