"""Backups: one portable file for both engines, made while the gateway works.

A backup is gzip over JSON lines: a head (revision of the schema, log_id, time, columns), then the rows of each table as
arrays followed by their number and SHA-256, then a last line without which the file is incomplete. Anybody can read it
with `zcat`, nothing needs to be known in advance, and what was saved from SQLite can be restored into PostgreSQL, which
is how an installation grows from one machine to many. Times are microseconds since 1970.

The rows are one snapshot: a read transaction of SQLite's write-ahead log, or REPEATABLE READ on PostgreSQL. Neither
waits for writers or makes them wait. Not saved is what a restored system must not believe: open desks, agents'
sessions, socket tickets, nodes. The file holds everything that customers said, so it is readable by its owner only.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pysqlite3 as sqlite3
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from handoff_service.clock import iso
from handoff_service.errors import Damaged, NotFound
from handoff_service.failpoints import failpoint
from handoff_service.migrate import log_id

FORMAT = "tandem-backup"
VERSION = 1
LEFT_OUT = frozenset({"alembic_version", "desks", "agent_sessions", "socket_tickets", "nodes"})
CHUNK = 1000
TOLD_EVERY = 50_000

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself: `columns` and `rows` by table."""

    revision: str
    log_id: str
    made_at: str
    columns: dict[str, list[str]]
    rows: dict[str, int]


def quiet(_: str, __: int) -> None:
    """For those who do not want to be told about tables and numbers of rows."""


async def backup(url: str, file: Path, *, now: datetime, progress: Progress = quiet) -> Manifest:
    """Saves the database behind a SQLAlchemy address; the file appears whole or not at all.

    Raises NotFound when there is no database.
    """
    part = file.with_name(f".{file.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=raw) as stream:
            await _snapshot(url, lambda connection: _dump(connection, stream, now, progress))
        raw.flush()
        os.fsync(raw.fileno())
    manifest = await asyncio.to_thread(verify, part)  # what cannot be read back is no backup
    part.replace(file)
    sync_folder(file.parent)
    return manifest


async def _snapshot(url: str, work: Callable[[sa.Connection], None]) -> None:
    """Runs `work` on a connection that sees one moment of the database and changes nothing."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        await asyncio.to_thread(_snapshot_sqlite, address, work)
        return
    engine = create_async_engine(address.set(drivername="postgresql+asyncpg"))
    try:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        async with engine.connect() as connection:
            await connection.execution_options(**options)
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def _snapshot_sqlite(address: sa.URL, work: Callable[[sa.Connection], None]) -> None:
    if not Path(str(address.database)).exists():
        raise NotFound(f"There is no database at {address.database}.")
    engine = sa.create_engine(address, module=sqlite3, connect_args={"timeout": 30.0})
    sa.event.listen(engine, "connect", _only_read)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            work(connection)
    finally:
        engine.dispose()


def _only_read(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None
    # Writing and moving pages out of the log is the gateway's alone.
    for pragma in ("query_only=ON", "wal_autocheckpoint=0"):
        connection.execute(f"PRAGMA {pragma}")


def sync_folder(folder: Path) -> None:
    """Makes a rename in this folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stored_tables(connection: sa.Connection) -> dict[str, sa.Table]:
    """The tables that the database has, whatever its revision, with plain types: a moment is a number."""
    found = sa.MetaData()
    found.reflect(connection)
    return {name: table for name, table in sorted(found.tables.items()) if name not in LEFT_OUT}


def _dump(connection: sa.Connection, stream: gzip.GzipFile, now: datetime, progress: Progress) -> None:
    from alembic.migration import MigrationContext  # here, as in migrate.py: a gateway's start does not need Alembic

    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        raise NotFound("The database is empty; there is nothing to save.")
    tables = stored_tables(connection)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "revision": revision,
        "log_id": log_id(connection),
        "made_at": iso(now),
        "columns": {name: [column.name for column in table.columns] for name, table in tables.items()},
    }
    stream.write(_line(head))
    for name, table in tables.items():
        digest, count = hashlib.sha256(), 0
        stream.write(_line({"table": name}))
        query = sa.select(table).order_by(*table.primary_key.columns)
        for row in connection.execution_options(yield_per=CHUNK).execute(query):
            line = _line(list(row))
            digest.update(line)
            stream.write(line)
            count += 1
            if count % TOLD_EVERY == 0:
                progress(name, count)
        stream.write(_line({"end": name, "rows": count, "sha256": digest.hexdigest()}))
        progress(name, count)
        failpoint("backup_mid")
    stream.write(_line({"complete": True, "tables": len(tables)}))


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def verify(file: Path) -> Manifest:
    """Reads the whole backup and checks numbers and hashes. Raises Damaged with what is wrong, NotFound."""
    rows: dict[str, int] = {}
    manifest = read_head(file)
    for name, _ in read_rows(file):
        rows[name] = rows.get(name, 0) + 1
    return Manifest(**{**vars(manifest), "rows": {name: rows.get(name, 0) for name in manifest.columns}})


def read_head(file: Path) -> Manifest:
    """What the backup says about itself, without numbers of rows. Raises Damaged, NotFound."""
    with _reading(file) as lines:
        _, head = next(lines, (b"", {}))
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise Damaged(f"{file} is not a backup of Tandem.")
        if head["version"] != VERSION:
            raise Damaged(f"{file} has format {head['version']}; this program reads {VERSION}.")
        return Manifest(head["revision"], head["log_id"], head["made_at"], head["columns"], {})


def read_rows(file: Path) -> Iterator[tuple[str, list[Any]]]:
    """(table, row) of everything in the backup; checks on the way. Raises Damaged where it is not as written."""
    ended, complete = 0, False
    with _reading(file) as lines:
        columns = next(lines)[1]["columns"]
        table, digest, count = "", hashlib.sha256(), 0
        for raw, line in lines:
            if complete:
                raise Damaged(f"{file} is damaged: something stands behind its end.")
            if isinstance(line, list):
                if len(line) != len(columns.get(table, ())):
                    raise Damaged(f"{file} is damaged: a row of {table or 'no table'} does not fit.")
                digest.update(raw)
                count += 1
                yield table, line
            elif "table" in line:
                table, digest, count = line["table"], hashlib.sha256(), 0
            elif "end" in line:
                if (line["end"], line["rows"], line["sha256"]) != (table, count, digest.hexdigest()):
                    raise Damaged(f"{file} is damaged: {count} rows of {table} do not have the hash that was noted.")
                ended += 1
            else:
                complete = line == {"complete": True, "tables": ended} and ended == len(columns)
    if not complete:  # asked at the very end, behind the checksum of gzip
        raise Damaged(f"{file} is incomplete: it ends in or after {table or 'its head'}.")


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[Iterator[tuple[bytes, Any]]]:
    """The lines of a backup, raw and parsed; whatever keeps them from being read becomes Damaged."""
    if not file.exists():
        raise NotFound(f"There is no file {file}.")
    with gzip.open(file, "rb") as stream:
        try:
            yield ((raw, json.loads(raw)) for raw in stream)
        except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
            raise Damaged(f"{file} is damaged or was cut off ({error}).") from error
        except (KeyError, TypeError, AttributeError) as error:  # a flipped bit can leave a line that is still JSON
            raise Damaged(f"{file} is damaged: a line is not as it was written ({error!r}).") from error
