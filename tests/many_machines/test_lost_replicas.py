"""A replica that is killed or hangs: others go on with its work in seconds, and it does no harm when it comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
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


WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO ' || $1 || '%'"
GONE = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
WAITS_FOR = "SELECT wait_event FROM pg_stat_activity WHERE pid = $1"


@contextlib.asynccontextmanager
async def stopped_inside(
    replica: Replica, table: str, request: Coroutine[Any, Any, Any]
) -> AsyncIterator[asyncio.Task[Any]]:
    """A replica that stands still in the transaction of this request, where it inserts into the table.

    At the end of the block it goes on, once the server has ended that transaction.
    """
    server, holder = [await asyncpg.connect(replica.database_url) for _ in range(2)]
    try:
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(holder.transaction())
            await holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
            asked = asyncio.create_task(request)
            inside = await eventually(lambda: server.fetchval(WAITING, table), "it waits there", pause=0.01)
            replica.pause()
        await eventually(
            lambda: _equals(server.fetchval(WAITS_FOR, inside), "ClientRead"), "the server waits for it", pause=0.01
        )
        yield asked
        await eventually(lambda: _equals(server.fetchval(GONE, inside), True), "the server has ended it")
    finally:
        replica.go_on()
        await server.close()
        await holder.close()


async def test_a_replica_that_stops_inside_a_transaction_keeps_nobody_waiting(here: Town) -> None:
    """The server takes back its locks and what it had written; who asked it hears that it was not stored."""
    customer = await here.customer(0)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    customer.http.timeout = 60
    twin = await here.moved(customer, to=1)
    client_id = fresh("msg")
    path, message = "/v1/conversations/current/messages", {"client_id": client_id, "body": {"text": "half-way"}}
    async with stopped_inside(here.replicas[0], "outbox", customer.post(path, message)) as asked:
        assert await here.replicas[1].readiness() == 200
        other = {"client_id": fresh("msg"), "body": {"text": "meanwhile"}}

        async def taken() -> bool:
            answer = await twin.post(path, other)
            if answer.status_code == 503:
                refused(answer, 503, "unavailable")
                return False
            return bool(accepted(answer))

        await eventually(taken, "the other replica takes a message of the same conversation", pause=0.5)
        await twin.answered(within=WITHIN_S)
    refused(await asked, 503, "unavailable")
    assert "half-way" not in gapless(await here.entries(customer.conversation))
    await eventually(lambda: _equals(here.replicas[0].readiness(), 200), "registered again")
    for replica in (customer, twin):  # sent again, and again
        await replica.write("half-way", client_id=client_id)
    texts = gapless(await here.entries(customer.conversation))
    assert (texts.count("half-way"), texts.count("meanwhile")) == (1, 1)


async def test_a_replica_that_stops_while_it_is_asked_for_its_health_makes_no_other_ill(here: Town) -> None:
    for _ in range(5):  # its statements are prepared
        assert await here.replicas[0].readiness() == 200
    async with stopped_inside(here.replicas[0], "meta", here.replicas[0].readiness(timeout=60)) as asked:
        assert await here.replicas[1].readiness(timeout=30) == 200
    assert await asked == 503
    await eventually(lambda: _equals(here.replicas[0].readiness(), 200), "registered again")
