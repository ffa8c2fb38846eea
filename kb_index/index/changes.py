"""Whether any article may have changed, told without reading one: sizes and times of files, steps in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kb_index.articles.categories import CATEGORIES_FILE
from kb_index.articles.files import Status, files_below
from kb_index.articles.model import LANGUAGES
from kb_index.database import Database
from kb_index.errors import DatabaseUnavailable
from kb_index.index.store import steps_taken
from kb_index.settings import Settings

Token = tuple[object, ...]


class Changes:
    """Tokens of all tenants' articles: as long as one stays equal, nothing has changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.database) if "database" in settings.tenants.values() else None

    def token(self) -> Token:
        """Two thousand files take some milliseconds; a database that does not answer has not changed."""
        found: list[object] = []
        for tenant, place in sorted(self._settings.tenants.items()):
            if isinstance(place, Path):
                found.append((tenant, *_files(place)))
            elif self._database is not None:
                try:
                    found.append((tenant, steps_taken(self._database, tenant)))
                except DatabaseUnavailable:
                    found.append((tenant, None))
        return tuple(found)


def _files(folder: Path) -> Iterator[tuple[str, Status]]:
    """Every file that may be an article or the list of categories, with its status; a folder may be missing."""
    with suppress(OSError):
        status = (folder / CATEGORIES_FILE).stat()
        yield CATEGORIES_FILE, (status.st_ino, status.st_size, status.st_mtime_ns)
    for language in LANGUAGES:
        with suppress(OSError):
            yield from sorted(files_below(str(folder / language)))
