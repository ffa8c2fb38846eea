"""Is the SQLite file whole? Asked before a gateway starts, because writing to a damaged file makes it worse."""

from __future__ import annotations

import time
from pathlib import Path

import pysqlite3 as sqlite3
import sqlalchemy as sa
import structlog

from handoff_service.errors import Damaged

log = structlog.get_logger()

# About 2 GB on an ordinary disk. What is larger is checked as far as that; `audit verify` reads everything.
WITHIN_S = 10.0
STEPS = 100_000


def refuse_damaged(url: str, *, within_s: float = WITHIN_S) -> None:
    """Raises Damaged with what to do for a file that `PRAGMA quick_check` finds fault with; PostgreSQL checks itself.

    A check that takes longer than `within_s` is left at that: what it has read until then was right. A file that does
    not exist yet is not damaged; who serves asks `refuse_missing` too.
    """
    path = _path(url)
    if path is None or not path.exists():
        return
    until = time.monotonic() + within_s
    try:
        # Read-only: the last one to close an ordinary connection moves the log's pages into the file.
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            connection.set_progress_handler(lambda: int(time.monotonic() > until), STEPS)
            found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            log.warning("the database is too large to be checked wholly at the start", path=str(path))
            return
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            return  # busy or not readable now: whoever opens it tells that
        found = [str(error)]
    if found != ["ok"]:
        raise Damaged(
            f"The database {path} is damaged ({'; '.join(found)[:300]}). It is left as it is. Restore a backup with "
            "`python -m handoff_service restore FILE --replace`; the damaged file is kept beside it then."
        )


def faults(url: str) -> list[str]:
    """What `PRAGMA integrity_check` finds in a SQLite file, however long it takes; nothing for PostgreSQL.

    It reads every page and compares every index with its table, which the check at the start does not.
    """
    path = _path(url)
    if path is None or not path.exists():
        return []
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    return [] if found == ["ok"] else [f"{path}: {line}" for line in found]


def refuse_missing(url: str) -> None:
    """Raises Damaged for a SQLite file that is not there or empty: a gateway never makes up an empty database."""
    path = _path(url)
    if path is not None and (not path.exists() or path.stat().st_size == 0):
        raise Damaged(
            f"There is no database at {path}. For a new installation run `python -m handoff_service migrate`; "
            "if there was one, restore a backup with `python -m handoff_service restore FILE`."
        )


def _path(url: str) -> Path | None:
    address = sa.make_url(url)
    return Path(str(address.database)) if address.get_backend_name() == "sqlite" else None
