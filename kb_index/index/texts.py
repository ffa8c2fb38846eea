"""The example texts of a build: background questions and judged messages, with a digest over all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage, read_background, read_judged_messages, read_mood


@dataclass(frozen=True)
class Texts:
    """own_mood are the messages that tenants have judged themselves, by tenant."""

    background: list[str]
    mood: list[JudgedMessage]
    own_mood: Mapping[str, list[JudgedMessage]]
    digest: str


class TextFiles:
    """Where the texts are; they are read again only when a file of them has changed, for an edit is no reason to."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[object, Texts] | None = None

    def read(self) -> Texts:
        """Raises TextsRefused."""
        folders = (self._settings.background, self._settings.mood, self._settings.own_mood)
        now = [list(_files(folder)) for folder in folders if folder is not None]
        if self._known is None or self._known[0] != now:
            self._known = (now, self._read())
        return self._known[1]

    def _read(self) -> Texts:
        settings = self._settings
        background, mood = read_background(settings.background), read_mood(settings.mood)
        own = {tenant: _own_mood(settings.own_mood, tenant) for tenant in sorted(settings.tenants)}
        digest = hashlib.sha256("\0".join([*background, *map(str, mood)]).encode())
        digest.update("\0".join(f"{tenant} {each}" for tenant, told in own.items() for each in told).encode())
        return Texts(background, mood, own, digest.hexdigest())


def _files(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    """Every file of a folder with what changes when it does; a folder that is not there has none."""
    with suppress(FileNotFoundError):
        for path in sorted(folder.iterdir()):
            status = path.stat()
            yield path.name, status.st_ino, status.st_size, status.st_mtime_ns


def _own_mood(folder: Path | None, tenant: str) -> list[JudgedMessage]:
    path = folder / f"{tenant}.jsonl" if folder is not None else None
    return read_judged_messages(path) if path is not None and path.is_file() else []
