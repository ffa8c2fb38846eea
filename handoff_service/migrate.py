"""Brings a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

from handoff_service import tables
from handoff_service.ids import new_id


def config(connection: sa.Connection) -> Config:
    """Alembic's settings, in code, so that there is no second file to keep right."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: sa.Connection) -> None:
    """Applies what is missing; on a new database also draws its `log_id`, which clients compare with their cursors'."""
    command.upgrade(config(connection), "head")
    M = tables.meta.c
    if connection.execute(sa.select(M.value).where(M.key == "log_id")).first() is None:
        connection.execute(sa.insert(tables.meta).values(key="log_id", value=new_id("log")))
    connection.commit()


async def migrate(url: str) -> None:
    """Upgrades the database behind a SQLAlchemy address; safe to repeat, also after a crash half-way."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(address)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            upgrade(connection)
        engine.dispose()
        return
    remote = create_async_engine(address.set(drivername="postgresql+asyncpg"))
    async with remote.connect() as async_connection:
        await async_connection.run_sync(upgrade)
    await remote.dispose()


def log_id(connection: sa.Connection) -> str:
    """The name of this incarnation of the log; another one after a restore tells clients to start over."""
    M = tables.meta.c
    return str(connection.execute(sa.select(M.value).where(M.key == "log_id")).scalar_one())
