"""Statements on the driver itself: the same values in and out as through SQLAlchemy, on both engines."""

from __future__ import annotations

import asyncpg
import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.database import Database, Transaction
from handoff_service.statements import Statement, inserting
from tests.handoff_service.stage import FakeClock

A = tables.channel_accounts.c
ADD = inserting(tables.channel_accounts, "tenant", "id", "channel", "name", "url", "secrets", "disabled", "created_at")
FIND = Statement(sa.select(tables.channel_accounts).where(A.tenant == "demo", A.id == sa.bindparam("id")))
RENAME = Statement(
    sa.update(tables.channel_accounts).where(A.id == sa.bindparam("of")).values(name=sa.bindparam("name"))
)


def row(clock: FakeClock, name: str) -> dict[str, object]:
    """Text, JSON, a truth value and a moment."""
    values = {"tenant": "demo", "id": name, "channel": "api", "name": "店铺", "url": "https://shop.example"}
    return {**values, "secrets": ["a", {"b": None}], "disabled": True, "created_at": clock()}


async def test_rows_are_what_sqlalchemy_reads(database: Database, clock: FakeClock) -> None:
    def work(tx: Transaction) -> tuple[object, object]:
        assert ADD.run(tx.connection, **row(clock, "one")) == 1
        plain = tx.connection.execute(sa.select(tables.channel_accounts)).mappings().one()
        return FIND.first(tx.connection, id="one"), dict(plain)

    mine, plain = await database.write(work)
    assert mine == plain
    given = row(clock, "one")
    assert {name: plain[name] for name in given} == given
    assert {name for name, value in plain.items() if value is None} == set(A.keys()) - set(given), "and nothing else"


async def test_a_write_says_how_many_rows_it_met(database: Database, clock: FakeClock) -> None:
    await database.write(lambda tx: ADD.run(tx.connection, **row(clock, "one")))
    assert await database.write(lambda tx: RENAME.run(tx.connection, of="one", name="new")) == 1
    assert await database.write(lambda tx: RENAME.run(tx.connection, of="two", name="new")) == 0
    assert [found["name"] for found in await database.read(lambda c: FIND.all(c, id="one"))] == ["new"]


async def test_an_error_of_the_driver_undoes_the_write_and_leaves_the_connection_usable(
    database: Database, clock: FakeClock
) -> None:
    def twice(tx: Transaction) -> None:
        ADD.run(tx.connection, **row(clock, "twice"))
        ADD.run(tx.connection, **row(clock, "twice"))

    for _ in range(12):  # more than there are connections
        with pytest.raises((sqlite3.Error, asyncpg.PostgresError)):
            await database.write(twice)
    assert await database.read(lambda connection: FIND.first(connection, id="twice")) is None


async def test_what_is_missing_or_a_list_is_refused(database: Database) -> None:
    with pytest.raises(KeyError):
        await database.read(lambda connection: FIND.first(connection))
    lists = Statement(sa.select(A.id).where(A.id.in_(["one", "two"])))
    with pytest.raises(ValueError, match="cannot have lists"):
        await database.read(lists.all)
