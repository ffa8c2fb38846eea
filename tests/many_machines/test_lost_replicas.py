"""A replica that is killed or hangs: others go on with its work in seconds, and it does no harm when it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.clock import utc_now
from handoff_service.conversations.model import AuthorKind, Entry, OwnerKind
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.visitors import Customer, accepted, fresh, refused
from tests.many_machines.conftest import fresh_database
from tests.many_machines.replicas import (
    LOST_S,
    NO_POLLING,
    WITHIN_S,
    Replica,
    Town,
    environment,
    eventually,
    gapless,
    running,
    town,
)
from tests.many_machines.servers import Postgres

B, N = tables.outbox.c, tables.nodes.c


@pytest.fixture(scope="module")
def bot() -> Iterator[FarBot]:
    one = FarBot()
    yield one
    one.close()


@pytest.fixture(scope="module")
def pair(place: Path, postgres: Postgres, bot: FarBot) -> Iterator[list[Replica]]:
    hasty = {"TANDEM_DESK_LEASE_S": "4", "TANDEM_AGENT_GRACE_S": "1", **NO_POLLING}
    with running(place / "hasty", 2, environment(fresh_database(postgres), bot, **hasty)) as replicas:
        yield replicas


@pytest.fixture(autouse=True)
def bot_is_free(bot: FarBot) -> Iterator[None]:
    yield
    bot.release()


@pytest.fixture
async def here(pair: list[Replica]) -> AsyncIterator[Town]:
    async with town(pair) as one:
        yield one


async def held_by(here: Town, customer: Customer) -> int:
    """The number of the replica that has leased the turn of this customer."""
    query = sa.select(B.lease_owner).where(B.conversation == customer.conversation, B.state == "leased")
    node = await eventually(
        lambda: here.database.read(lambda connection: connection.execute(query).scalar()), "a leased turn"
    )
    return next(number for number, replica in enumerate(here.replicas) if node in replica.output)


async def nodes(here: Town) -> int:
    return await here.database.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(tables.nodes)).scalar())


def answers(entries: list[Entry], text: str) -> list[Entry]:
    return [one for one in entries if one.author.kind is AuthorKind.BOT and text in str(one.body.get("text"))]


async def test_a_killed_replicas_turn_is_answered_by_the_other_and_the_client_resumes_there(
    here: Town, bot: FarBot
) -> None:
    """Long before the lease of 30 s has run out."""
    customer = await here.customer(0)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    bot.hold()
    sent = await customer.write("who answers this?")
    dead = await held_by(here, customer)
    twin = await here.moved(customer, to=dead)
    client_id = fresh("msg")
    socket = await twin.socket((customer.conversation, 0))
    await socket.reach(customer.conversation, sent["seq"])
    await socket.say(t="send", conv=customer.conversation, client_id=client_id, body={"text": "was this stored?"})
    seen = len(socket.entries(customer.conversation))
    here.replicas[dead].kill()
    bot.release()
    survivor = await here.moved(customer, to=1 - dead)
    stored = await survivor.write("was this stored?", client_id=client_id)  # sent again: nobody knows
    resumed = await survivor.socket((customer.conversation, seen))
    entries = await resumed.reach(customer.conversation, stored["seq"], within=WITHIN_S)
    assert entries[0]["seq"] == seen + 1
    await resumed.entry(
        lambda e: e["author"]["kind"] == "bot" and "who answers this?" in e["body"]["text"], within=WITHIN_S
    )
    log = await here.entries(customer.conversation)
    assert gapless(log).count("was this stored?") == 1
    assert len(answers(log, "who answers this?")) == 1
    await asyncio.to_thread(here.replicas[dead].start)
    await eventually(lambda: _equals(nodes(here), 2), "the killed node is struck off, the new one registered")


async def _equals(found: object, wanted: int) -> bool:
    return await found == wanted  # type: ignore[misc]


async def test_a_replica_that_hangs_is_replaced_and_its_late_answer_is_refused(here: Town, bot: FarBot) -> None:
    """F-44: stopped with a turn under way; when it goes on, its answer is there, and too late."""
    customer = await here.customer(0)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    bot.hold()
    await customer.write("say it once")
    zombie = await held_by(here, customer)
    twin = await here.moved(customer, to=1 - zombie)
    assert await here.replicas[zombie].readiness() == 200
    here.replicas[zombie].pause()
    try:
        await eventually(lambda: _equals(nodes(here), 1), "the one that hangs is struck off")
        bot.release()  # both answers come now: to the zombie's socket and to the one who took over
        await twin.answered(within=WITHIN_S)
        await asyncio.sleep(LOST_S)
        asked = [asyncio.create_task(here.replicas[zombie].readiness(timeout=60)) for _ in range(4)]
        await asyncio.sleep(0.3)  # the questions wait in its socket
    finally:
        here.replicas[zombie].go_on()
    assert 503 in await asyncio.gather(*asked), "not ready before it has registered again"
    await eventually(lambda: _equals(here.replicas[zombie].readiness(), 200), "registered again")
    await eventually(lambda: _equals(nodes(here), 2), "both beat")
    log = await here.entries(customer.conversation)
    gapless(log)
    assert len(answers(log, "say it once")) == 1
    states = await here.database.read(
        lambda c: [
            row.state
            for row in c.execute(
                sa.select(tables.turns.c.state).where(tables.turns.c.conversation == customer.conversation)
            )
        ]
    )
    assert states.count("posted") == 2  # to "hello" and to the question
    assert "running" not in states


async def test_an_agent_on_a_replica_that_hangs_loses_his_conversation_and_cannot_write_into_it(here: Town) -> None:
    lin = await here.agent("lin", 0)
    await lin.socket()
    maya = await here.agent("maya", 1)
    customer, handoff = await here.waiting(1)
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.reply(customer.conversation, "I am here", epoch))
    await maya.socket()
    here.replicas[0].pause()
    try:

        async def queued() -> bool:
            return (await here.conversation(customer.conversation)).owner.kind is OwnerKind.QUEUE

        await eventually(queued, "back in the queue, at the front", within=30)
        now = accepted(await maya.accept(str((await here.conversation(customer.conversation)).handoff)))["epoch"]
        accepted(await maya.reply(customer.conversation, "Maya here", now))
        fresh_connection = await here.reconnected(lin)
        late = asyncio.create_task(fresh_connection.reply(customer.conversation, "still me", epoch))
        await asyncio.sleep(0.3)  # it waits in the socket of the one that hangs
    finally:
        here.replicas[0].go_on()
    refused(await late, 409, "fenced")
    texts = gapless(await here.entries(customer.conversation))
    assert "still me" not in texts
    assert texts[-1] == "Maya here"


async def test_one_that_was_killed_before_anybody_saw_it_beat_is_struck_off_too(here: Town) -> None:
    """Its row is older than every gateway that lives."""
    await here.database.write(
        lambda tx: tx.connection.execute(
            sa.insert(tables.nodes).values(
                id="n_long_gone", version="0", started_at=utc_now(), seen_at=utc_now() + timedelta(days=1)
            )
        )
    )
    gone = sa.select(N.id).where(N.id == "n_long_gone")

    async def struck() -> bool:
        return await here.database.read(lambda connection: connection.execute(gone).first()) is None

    await eventually(struck, "a node of another time, whose clock was a day ahead, is struck off")
