"""Withdrawn articles: gone for every reader at once, in every process, before any index is built without them.

One line is appended per withdrawal, numbered and on the disk before the caller goes on. A generation knows how
many withdrawals there had been before its articles were read: those it has obeyed, so only later ones hide
something of it, and an article that was put back in the meantime is visible again with the next generation.
Therefore an article is withdrawn AFTER its store has let go of it, never before.

Machines that share a database tell each other by a table: each copies what is new there into its own list, under a
number of its own, a few times a second and before it reads articles for a generation. The line that was copied last
holds how far the table was read.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import structlog

from kb_index.articles.model import Article
from kb_index.database import Database
from kb_index.errors import DatabaseUnavailable
from kb_index.index.durable import replace_durably
from kb_index.index.store import Named, share_withdrawals, shared_withdrawals
from kb_index.settings import Settings

_log = structlog.get_logger()
FILE = "withdrawn.jsonl"

Signature = tuple[int, int, int] | None


@dataclass(frozen=True)
class Withdrawal:
    """An article, or with a language one version of it, that must not be shown any more."""

    number: int
    tenant: str
    article: str
    language: str | None
    at: str
    read: int = 0
    """How far the table of all machines had been read then."""

    def hides(self, article: Article) -> bool:
        same = article.tenant == self.tenant and article.id == self.article
        return same and self.language in (None, article.language)


class Withdrawals:
    """The durable list in a store's folder; any number of processes may read and add."""

    def __init__(self, folder: Path, shared: Database | None = None) -> None:
        self._path = folder / FILE
        self._shared = shared

    @classmethod
    def of(cls, settings: Settings, database: Database | None = None) -> Withdrawals:
        """The list of the settings' store; shared when articles live in a database."""
        if "database" not in settings.tenants.values():
            return cls(settings.store)
        return cls(settings.store, database or Database(settings.database))

    def share(self, tenant: str, article: str, language: str | None = None) -> None:
        """Hide it here, at once, and then on every other machine; raises DatabaseUnavailable when only here."""
        self.add(tenant, article, language)
        if self._shared is not None:
            share_withdrawals(self._shared, [(tenant, article, language)], now=datetime.now(UTC))

    def pull(self) -> int:
        """Copy what other machines have withdrawn; how many that were. A database that is away has nothing new."""
        if self._shared is None:
            return 0
        try:
            found = shared_withdrawals(self._shared, max((each.read for each in self.all()), default=0))
        except DatabaseUnavailable:
            return 0
        return len(self._append(found)) if found else 0

    def add(self, tenant: str, article: str, language: str | None = None) -> Withdrawal:
        """Append one; it is on the disk when this returns."""
        return self.add_all([(tenant, article, language)])[0]

    def add_all(self, named: Sequence[Named]) -> list[Withdrawal]:
        """Append several; all are on the disk when this returns."""
        return self._append([(None, each) for each in named])

    def _append(self, named: Sequence[tuple[int | None, Named]]) -> list[Withdrawal]:
        """Those from the table come with their numbers in it; one that another process has copied is left out."""
        with self._alone() as file:
            content = file.read()
            known = list(_parsed(content))
            last = max((each.number for each in known), default=0)
            read = max((each.read for each in known), default=0)
            new = [(number, each) for number, each in named if number is None or number > read]
            read = max([read, *(number for number, _ in new if number is not None)])
            at = datetime.now(UTC).isoformat()
            added = [Withdrawal(number, *each, at, read) for number, (_, each) in enumerate(new, last + 1)]
            lines = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in added)
            broken_off = bool(content) and not content.endswith(b"\n")  # by a writer that was killed
            file.write((b"\n" if broken_off else b"") + lines.encode())
            file.flush()
            os.fsync(file.fileno())
        return added

    def all(self) -> tuple[Withdrawal, ...]:
        """Every withdrawal that is remembered, oldest first."""
        try:
            return tuple(_parsed(self._path.read_bytes()))
        except FileNotFoundError:
            return ()

    def last(self) -> int:
        """The number of the newest one; 0 when there was none."""
        return max((each.number for each in self.all()), default=0)

    def signature(self) -> Signature:
        """Another one after every change; one stat call, made by each query."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def forget(self, up_to: int) -> None:
        """Drop those that all kept generations have obeyed; the newest stays, for its number."""
        with self._alone():
            known = self.all()
            kept = [each for each in known if each.number > up_to] or list(known[-1:])
            if len(kept) < len(known):
                lines = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in kept)
                replace_durably(self._path, lines.encode())

    @contextmanager
    def _alone(self) -> Iterator[IO[bytes]]:
        """The file, open for appending, held against other writers; waits for them."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                if _is_still(file, self._path):  # else somebody has just replaced it
                    yield file
                    return


def _is_still(file: IO[bytes], path: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == os.stat(path).st_ino
    except FileNotFoundError:
        return False


def _parsed(content: bytes) -> Iterator[Withdrawal]:
    """The complete lines; one that was broken off was never acknowledged."""
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        try:
            yield Withdrawal(**json.loads(line))
        except (ValueError, TypeError):
            _log.error("kb_index.withdrawal_unreadable", bytes=len(line))


def hidden(articles: Sequence[Article], withdrawals: Iterable[Withdrawal]) -> frozenset[int]:
    """Positions of the versions that the withdrawals hide."""
    by_article: dict[tuple[str, str], list[Withdrawal]] = {}
    for each in withdrawals:
        by_article.setdefault((each.tenant, each.article), []).append(each)
    return frozenset(
        position
        for position, article in enumerate(articles)
        if any(each.hides(article) for each in by_article.get((article.tenant, article.id), ()))
    )
