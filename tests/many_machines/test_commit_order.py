"""F-35: transactions that begin in one order and commit in the other; who reads in between misses neither."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from handoff_service import outbox
from handoff_service.bell import Bell
from handoff_service.clock import utc_now
from handoff_service.conversations import store
from handoff_service.conversations.model import Author, AuthorKind, Conversation, Draft, Kind
from handoff_service.database import Database, PostgresDatabase, Transaction

CUSTOMER = Author(AuthorKind.CUSTOMER, "k_1", "Visitor")


@pytest.fixture
async def engine(new_database: str) -> AsyncIterator[AsyncEngine]:
    address = sa.make_url(new_database).set(drivername="postgresql+asyncpg")
    one = create_async_engine(address)
    yield one
    await one.dispose()


@pytest.fixture
async def database(new_database: str) -> AsyncIterator[Database]:
    one = PostgresDatabase(new_database, Bell())
    yield one
    await one.close()


def opened(connection: sa.Connection, contact: str) -> Conversation:
    return store.create(connection, "demo", channel="web", contact=contact, language="en", now=utc_now())


def said(connection: sa.Connection, name: str, text: str) -> int:
    """Appends a customer's message, asks the bot, and returns the seq."""
    connection.exec_driver_sql("SELECT 1")  # begins the transaction, as the database does for its own work
    tx = Transaction(connection)
    conversation = store.find(connection, "demo", name, lock=True)
    draft = Draft(kind=Kind.MESSAGE, author=CUSTOMER, body={"text": text}, client_id=f"client-{text}")
    conversation, entry = store.append(tx, conversation, draft, utc_now())
    outbox.enqueue(tx, conversation, "bot", entry.seq, utc_now())
    return entry.seq


async def test_the_outbox_forgets_no_row_that_was_committed_after_younger_ones(
    engine: AsyncEngine, database: Database
) -> None:
    """A poller that remembers the last id would have passed the first one for ever."""

    async def run(connection: AsyncConnection, work: Any, *arguments: Any) -> Any:
        return await connection.run_sync(work, *arguments)

    async def leased() -> set[str]:
        jobs = await database.write(lambda tx: outbox.lease(tx, "n1", utc_now(), destinations={"bot"}))
        return {job.conversation for job in jobs}

    async with engine.connect() as first, engine.connect() as second:
        old = await run(first, opened, "k_old")
        await run(first, said, old.id, "old")
        young = await run(second, opened, "k_young")
        await run(second, said, young.id, "young")
        await second.commit()
        assert await leased() == {young.id}
        await first.commit()
        assert await leased() == {old.id}


async def test_numbers_of_a_conversation_are_given_in_the_order_of_the_commits(
    engine: AsyncEngine, database: Database
) -> None:
    """The second writer waits for the first one's commit, so no reader ever sees number 2 before number 1."""
    conversation = await database.write(lambda tx: opened(tx.connection, "k_1"))

    def seen(connection: sa.Connection) -> list[int]:
        return [entry.seq for entry in store.entries_after(connection, "demo", conversation.id, 0)]

    before = len(await database.read(seen))
    async with engine.connect() as first, engine.connect() as second:
        one = await first.run_sync(said, conversation.id, "one")
        waiting = asyncio.create_task(second.run_sync(said, conversation.id, "two"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        assert len(await database.read(seen)) == before, "nothing is committed yet"
        await first.commit()
        assert await waiting == one + 1
        assert await database.read(seen) == list(range(1, one + 1))
        await second.commit()
    assert await database.read(seen) == list(range(1, one + 2))


async def test_a_number_that_was_rolled_back_is_given_again(engine: AsyncEngine, database: Database) -> None:
    """Sequences of a database would leave a gap, over which a client could not see whether something is missing."""
    conversation = await database.write(lambda tx: opened(tx.connection, "k_1"))
    async with engine.connect() as first:
        lost = await first.run_sync(said, conversation.id, "lost")
        await first.rollback()
    assert await database.write(lambda tx: said(tx.connection, conversation.id, "kept")) == lost
