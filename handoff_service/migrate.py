"""Brings a database to the newest schema, in one transaction: wholly or not at all, and one at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pysqlite3 as sqlite3
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from handoff_service import tables
from handoff_service.errors import Unavailable
from handoff_service.ids import new_id
from handoff_service.statements import Statement

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger()

# Any number that nobody else uses: whoever holds PostgreSQL's advisory lock with it migrates.
TURN = 7_461_200
# A table's lock is not waited for longer than this, because everybody else queues behind the one who waits.
LOCK_TIMEOUT = "2s"
ATTEMPTS = 20
PAUSE_S = 0.5
# lock_not_available, deadlock_detected: somebody was working on the table.
BUSY = {"55P03", "40P01"}
SQLITE_WAIT_S = 30.0

LOG_ID = Statement(sa.select(tables.meta.c.value).where(tables.meta.c.key == "log_id"))


def config(connection: sa.Connection) -> Config:
    """Alembic's settings, in code, so that there is no second file to keep right."""
    from alembic.config import Config  # here: every gateway knows the log's id, and only a migration needs Alembic

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Applies what is missing, inside the caller's transaction.

    On a new database also draws its `log_id`, which clients compare with that of their cursors.
    """
    from alembic import command

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TURN)))
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    command.upgrade(config(connection), revision)
    M = tables.meta.c
    if connection.execute(sa.select(M.value).where(M.key == "log_id")).first() is None:
        connection.execute(sa.insert(tables.meta).values(key="log_id", value=new_id("log")))


async def migrate(url: str, revision: str = "head") -> None:
    """Upgrades the database behind a SQLAlchemy address; safe to repeat, and beside gateways that are working."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(_migrate_sqlite, address, revision)
        return
    remote = create_async_engine(address.set(drivername="postgresql+asyncpg"))
    try:
        await _migrate_postgres(remote, revision)
    finally:
        await remote.dispose()


def _migrate_sqlite(address: sa.URL, revision: str) -> None:
    engine = sa.create_engine(address, module=sqlite3, connect_args={"timeout": SQLITE_WAIT_S})
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            upgrade(connection, revision)
    finally:
        engine.dispose()


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    # Left to itself the driver begins no transaction before DDL, and each statement would be committed alone.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _migrate_postgres(engine: AsyncEngine, revision: str) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with engine.begin() as connection:
                await connection.run_sync(upgrade, revision)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in BUSY or attempt == ATTEMPTS:
                raise
            log.info("a table is busy, migrating again", attempt=attempt)
            await asyncio.sleep(PAUSE_S)
        else:
            return


def log_id(connection: sa.Connection) -> str:
    """The name of this incarnation of the log; another one after a restore tells clients to start over."""
    row = LOG_ID.first(connection)
    if row is None:
        raise Unavailable("The database has not been migrated.")
    return str(row["value"])
