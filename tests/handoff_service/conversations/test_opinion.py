"""Thumbs and stars: only on what there is to judge, and stars once per human episode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import BOT, Conversation, Draft, Kind
from handoff_service.conversations.opinion import judge, may_rate, rate
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Database, Transaction
from handoff_service.errors import Conflict, Invalid, NotFound
from handoff_service.handoffs import assign, release
from tests.handoff_service.stage import FakeClock

# Every statement of these tests still runs on PostgreSQL in those without the mark.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

Moment = Callable[[], Context]


@pytest.fixture
async def sender(arrive: Callable[..., Awaitable[Sender]]) -> Sender:
    return await arrive()


async def served(database: Database, sender: Sender, hire: Any, context: Moment, name: str) -> Conversation:
    """One human episode of this customer, from his message to the close."""
    agent = await hire(name)

    def work(tx: Transaction) -> Conversation:
        client_id = f"client-{name}"
        found, _ = receive(tx, sender, client_id=client_id, body={"text": "help"}, context=context())
        held = assign.take_over(tx, found.id, agent, found.epoch, context())
        return release.close(tx, held.id, agent, held.epoch, context(), wrap_up="solved")

    return await database.write(work)


async def test_a_human_episode_is_rated_once(database: Database, sender: Sender, hire: Any, context: Moment) -> None:
    closed = await served(database, sender, hire, context, "lin")

    def stars(tx: Transaction, score: int = 5) -> Any:
        found = store.find(tx.connection, "demo", closed.id, lock=True)
        return rate(tx, sender, found, score=score, comment="thank you", context=context())

    for wrong in (0, 6, -1):
        with pytest.raises(Invalid):
            await database.write(lambda tx, score=wrong: stars(tx, score))
    entry = await database.write(stars)
    assert (entry.kind, entry.body) == (Kind.RATING, {"score": 5, "comment": "thank you"})
    with pytest.raises(Conflict):
        await database.write(stars)
    again = await served(database, sender, hire, context, "maya")
    assert again.id == closed.id
    assert await database.read(lambda c: may_rate(c, store.find(c, "demo", closed.id), context())), "a new episode"


@on_sqlite
async def test_there_is_nothing_to_rate_before_the_close_after_the_window_or_without_a_person(
    database: Database, sender: Sender, hire: Any, context: Moment, clock: FakeClock, arrive: Any
) -> None:
    closed = await served(database, sender, hire, context, "lin")
    assert await database.read(lambda c: may_rate(c, closed, context()))
    clock.advance(context().settings.reopen_s + 1)
    assert not await database.read(lambda c: may_rate(c, closed, context()))
    other = await arrive()

    def with_the_bot(tx: Transaction) -> Conversation:
        found, _ = receive(tx, other, client_id="client-01", body={"text": "help"}, context=context())
        assert not may_rate(tx.connection, found, context())
        return release.close_idle(tx, found, context())

    idle = await database.write(with_the_bot)
    assert not await database.read(lambda c: may_rate(c, idle, context()))


@on_sqlite
async def test_only_answers_of_the_bot_get_a_thumb(database: Database, sender: Sender, context: Moment) -> None:
    def talk(tx: Transaction) -> Conversation:
        found, _ = receive(tx, sender, client_id="client-01", body={"text": "help"}, context=context())
        said = Draft(kind=Kind.MESSAGE, author=BOT, body={"text": "Three days."})
        return store.append(tx, found, said, context().now)[0]

    talked = await database.write(talk)

    def thumb(seq: int) -> Any:
        def work(tx: Transaction) -> Any:
            found = store.find(tx.connection, "demo", talked.id, lock=True)
            return judge(tx, sender, found, seq=seq, value="down", comment="x" * 2000, context=context())

        return database.write(work)

    for seq, error in ((1, Invalid), (2, Invalid), (99, NotFound)):
        with pytest.raises(error):
            await thumb(seq)
    entry = await thumb(3)
    assert (entry.kind, entry.body) == (Kind.FEEDBACK, {"of": 3, "value": "down", "comment": "x" * 1000})
