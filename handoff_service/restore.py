"""Restoring a backup: checked before anything is touched, then loaded in one transaction.

The database gets a new `log_id`, so every client drops its cursors and reads again. Whoever was erased after the
backup was made is erased again before anybody can read. A process that is killed on the way leaves the database as it
was; running it again completes it. On SQLite the new file is made beside the old one and takes its place with a rename.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pysqlite3 as sqlite3
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from handoff_service import audit, outbox, tables
from handoff_service.backup import Manifest, Progress, quiet, read_rows, stored_tables, sync_folder, verify
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Damaged
from handoff_service.failpoints import failpoint
from handoff_service.ids import new_id
from handoff_service.migrate import config, upgrade
from handoff_service.only_gateway import claim
from handoff_service.retention import erased_list
from handoff_service.retention import store as retention
from handoff_service.retention.erase import erase_at_once
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants

BATCH = 1000
Contact = tuple[str, str]


async def restore(
    settings: Settings, file: Path, *, replace: bool, now: datetime, progress: Progress = quiet
) -> Manifest:
    """Puts the backup into the database of the settings, which must be empty unless it is to be replaced.

    Raises Damaged for a backup that is not whole or too new, Conflict for a database that holds something or is in use.
    """
    manifest = await asyncio.to_thread(verify, file)
    _check_revision(manifest, file)
    loading = _Loading(settings, file, manifest, replace, now, progress)
    if sa.make_url(settings.database).get_backend_name() == "sqlite":
        await asyncio.to_thread(_restore_sqlite, loading)
    else:
        await _restore_postgres(loading)
    return manifest


def _check_revision(manifest: Manifest, file: Path) -> None:
    """An older schema is migrated after loading; a newer one than this program's cannot be."""
    from alembic.script import ScriptDirectory  # here, as in migrate.py: a gateway's start does not need Alembic
    from alembic.util import CommandError

    with sa.create_engine("sqlite://", module=sqlite3).connect() as nowhere:
        scripts = ScriptDirectory.from_config(config(nowhere))
    try:
        scripts.get_revision(manifest.revision)
    except CommandError as error:
        raise Damaged(
            f"{file} has revision {manifest.revision} of the schema, which this program does not know; "
            "use the release that made it, or a newer one."
        ) from error


class _Loading:
    """What happens in the transaction, the same on both engines."""

    def __init__(
        self, settings: Settings, file: Path, manifest: Manifest, replace: bool, now: datetime, progress: Progress
    ) -> None:
        self.settings = settings
        self.replace = replace
        self._file = file
        self._manifest = manifest
        self._context = Context(settings, now)
        self._progress = progress
        self.now = now

    def refuse_unless_empty(self, connection: sa.Connection) -> None:
        """Raises Conflict if a table other than `meta` holds a row and the database is not to be replaced."""
        if self.replace:
            return
        for name, table in stored_tables(connection).items():
            if name != "meta" and connection.execute(sa.select(table).limit(1)).first() is not None:
                raise Conflict(
                    f"The database is not empty ({name} has rows). Add --replace to put the backup in its place; "
                    "everything that it holds now is lost then."
                )

    def erased_before(self, connection: sa.Connection) -> set[Contact]:
        """Whom the database that is replaced knows as erased."""
        contacts = stored_tables(connection).get("contacts")
        if contacts is None or "erased_at" not in contacts.columns:
            return set()
        return set(retention.erased_contacts(connection))

    def fill(self, connection: sa.Connection, erased: set[Contact]) -> None:
        """Creates the backup's schema in an empty database, loads, migrates, and makes it a new incarnation."""
        upgrade(connection, self._manifest.revision)
        connection.execute(sa.delete(tables.meta))  # the backup brings its own
        self._load(connection)
        upgrade(connection)
        self._begin_anew(Transaction(connection), erased | set(erased_list.read(self.settings.var)))

    def _load(self, connection: sa.Connection) -> None:
        known = stored_tables(connection)
        batch: list[dict[str, Any]] = []
        loaded = 0
        last = ""
        for name, row in read_rows(self._file):
            if batch and (name != last or len(batch) >= BATCH):
                connection.execute(sa.insert(known[last]), batch)
                loaded += len(batch)
                self._progress(last, loaded)
                batch = []
                failpoint("restore_mid")
            loaded = loaded if name == last else 0
            last = name
            batch.append(dict(zip(self._manifest.columns[name], row, strict=True)))
        if batch:
            connection.execute(sa.insert(known[last]), batch)
            self._progress(last, loaded + len(batch))
            failpoint("restore_mid")

    def _begin_anew(self, tx: Transaction, erased: set[Contact]) -> None:
        M = tables.meta.c
        tx.connection.execute(sa.update(tables.meta).where(M.key == "log_id").values(value=new_id("log")))
        outbox.release(tx.connection, self.now)
        outbox.doubt(tx.connection)
        again = 0
        for tenant, contact in sorted(erased):
            if retention.has_contact(tx.connection, tenant, contact):
                erase_at_once(tx, tenant, contact, self._context)
                again += 1
        for one in tenants.everyone(tx.connection):
            audit.record(
                tx,
                one.id,
                actor="operator",
                action="restore",
                subject="tenant",
                detail={"made_at": self._manifest.made_at, "log_id": self._manifest.log_id, "erased_again": again},
                now=self.now,
            )
        failpoint("restore_mid")


def _restore_sqlite(loading: _Loading) -> None:
    address = sa.make_url(loading.settings.database)
    path = Path(str(address.database))
    try:
        lock = claim(loading.settings.database)
    except BlockingIOError as error:
        raise Conflict(f"A gateway is using the database: {error.strerror}.") from error
    fresh = path.with_name(f"{path.name}.restoring")
    try:
        erased = _look_at_old(path, loading)
        _remove(fresh)  # of a run that was killed
        _fill_file(address.set(database=str(fresh)), loading, erased)
        _put_aside(path, loading.now)
        failpoint("restore_mid")
        fresh.replace(path)
        sync_folder(path.parent)
    finally:
        _remove(fresh)
        if lock is not None:
            os.close(lock)


def _look_at_old(path: Path, loading: _Loading) -> set[Contact]:
    """Whom the old file knows as erased; nothing if there is none. One that is damaged may be replaced."""
    if not path.exists() or path.stat().st_size == 0:
        return set()
    engine = sa.create_engine(f"sqlite:///{path}", module=sqlite3)
    try:
        with engine.connect() as connection:
            loading.refuse_unless_empty(connection)
            return loading.erased_before(connection)
    except sa.exc.DatabaseError as error:
        if not loading.replace:
            raise Damaged(
                f"{path} cannot be read ({error.orig}). Add --replace to put the backup in its place; "
                "the damaged file is kept beside it."
            ) from error
        return set()
    finally:
        engine.dispose()


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _fill_file(address: sa.URL, loading: _Loading, erased: set[Contact]) -> None:
    engine = sa.create_engine(address, module=sqlite3)
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            loading.fill(connection, erased)
    finally:
        engine.dispose()
    with open(str(address.database), "rb+") as file:
        os.fsync(file.fileno())


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None
    # Nothing is lost with this file while it has another name; it is synced once, before the rename.
    for pragma in ("journal_mode=DELETE", "synchronous=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _put_aside(path: Path, now: datetime) -> None:
    """Ends the old file's write-ahead log, which must not be applied to its successor; keeps a damaged file."""
    if not path.exists():
        _remove(path)
        return
    try:
        with sqlite3.connect(path, isolation_level=None) as old:
            mode = old.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        old.close()
        if mode != "delete":
            raise Conflict(f"Another process has {path} open; close it first.")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Conflict(f"Another process has {path} open; close it first.") from error
        _keep_damaged(path, now)
    except sqlite3.DatabaseError:
        _keep_damaged(path, now)


def _keep_damaged(path: Path, now: datetime) -> None:
    name = f"{path.name}.damaged-{now:%Y%m%d-%H%M%S}"
    for ending in ("-shm", "-wal", ""):
        part = path.with_name(path.name + ending)
        if part.exists() and ending:
            part.replace(path.with_name(name + ending))
        elif part.exists():  # a second name: killed now, the database is still where it was
            os.link(part, path.with_name(name))


async def _restore_postgres(loading: _Loading) -> None:
    engine = create_async_engine(sa.make_url(loading.settings.database).set(drivername="postgresql+asyncpg"))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_refill, loading)
    finally:
        await engine.dispose()


def _refill(connection: sa.Connection, loading: _Loading) -> None:
    loading.refuse_unless_empty(connection)
    A = sa.table("pg_stat_activity", sa.column("datname"), sa.column("pid"), sa.column("backend_type"))
    others = sa.select(sa.func.count()).where(
        A.c.datname == sa.func.current_database(),
        A.c.pid != sa.func.pg_backend_pid(),
        A.c.backend_type == "client backend",
    )
    count = connection.execute(others).scalar_one()
    if count:
        raise Conflict(f"{count} other connections use the database; stop the gateways first.")
    erased = loading.erased_before(connection)
    old = sa.MetaData()
    old.reflect(connection)
    old.drop_all(connection)
    loading.fill(connection, erased)
