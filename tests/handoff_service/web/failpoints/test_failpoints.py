"""F-32 to F-34, F-46 and their like: killed at every named place of every operation, each takes effect exactly once."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.clock import utc_now
from handoff_service.conversations import store
from handoff_service.conversations.lifecycle import replay
from handoff_service.database import Database
from tests.handoff_service.stage import SHOP_URL, trial_settings
from tests.handoff_service.web.conftest import House
from tests.handoff_service.web.failpoints.beside import BESIDE
from tests.handoff_service.web.failpoints.forked import ForkedGateway, Nursery
from tests.handoff_service.web.failpoints.operations import DEAD, OPERATIONS, Operation, Scene, takes_offer
from tests.handoff_service.web.failpoints.rarer import RARER
from tests.handoff_service.web.failpoints.together import TOGETHER
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import PATIENCE_S, clean_environment, free_port, is_ready, on_both
from tests.handoff_service.web.visitors import Desk, fresh

# `make soak` plays every pair; here only those that are known to meet.
EVERY_PAIR = bool(os.environ.get("TANDEM_EVERY_FAILPOINT_PAIR"))

# Where an operation can be interrupted, and the operations that must come by; others may.
EVERYTHING = (*OPERATIONS, *RARER, *BESIDE, *TOGETHER)
RARE, BESIDES, TOGETHERS = ({one.name for one in group} for group in (RARER, BESIDE, TOGETHER))
PLACES = {
    "append_after_seq": {
        "write", "reply", "accept", "judge", "rate", "ask for a person", "leave a message",
        "escalate", "send a file", "lose the agent", "event of a channel",
        "tell of a ticket", "whisper", "consult", "block",
    },
    "append_before_commit": {
        "arrive", "write", "reply", "accept", "close", "give back", "decline an offer", *RARE, *TOGETHERS,
    },
    "append_after_commit": {
        "arrive", "write", "reply", "accept", "close", "give back", "decline an offer", *RARE, *BESIDES, *TOGETHERS,
    },
    "append_after_ack": {"write on a socket"},
    "notify_before": {"write", "reply", "accept", "close"},
    "claim_between_updates": {"accept", "accept an offer", "take over", "join"},
    "outbox_after_lease": {"write", "write on a socket", "the bot hands over", "event of a channel"},
    "turn_before_call": {"write", "write on a socket", "the bot hands over"},
    "turn_before_commit": {"write", "write on a socket", "the bot hands over", "event of a channel"},
    "offer_before_commit": {"offer", "escalate"},
    "hook_before_commit": {"event of a channel"},
    "hook_after_commit": {"event of a channel"},
    "outbox_after_http": {"event of a channel"},
}  # fmt: skip


# Each place on both engines in `make soak`; here on one, in turn, and what both engines share is met on both.
ENGINES_AND_PLACES = [
    (engine, place)
    for number, place in enumerate(PLACES)
    for turn, engine in enumerate(("sqlite", "postgresql"))
    if EVERY_PAIR or number % 2 == turn
]


def played_at(place: str) -> list[Operation]:
    return [one for one in EVERYTHING if EVERY_PAIR or one.name in PLACES[place]]


class Telling(FarBot):
    """A bot that wishes for a human when it is asked for one."""

    def answer(self, request: dict) -> dict:
        answer = super().answer(request)
        if request["text"].startswith("human"):
            answer["handoff"] = {"reason": "unsure", "priority": None, "evidence": {}}
        return answer


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    one = Nursery(clean_environment({}))
    yield one
    one.close()


@pytest.fixture
def telling_bot() -> Iterator[Telling]:
    bot = Telling()
    yield bot
    bot.close()


@pytest.fixture
def forked(nursery: Nursery, telling_bot: Telling, tmp_path: Path, database_url: str) -> Iterator[ForkedGateway]:
    environment = {
        "TANDEM_DATABASE_URL": database_url,
        "TANDEM_BOT_URL": telling_bot.url,
        "TANDEM_SHOP_URL": SHOP_URL,
        "TANDEM_LIMIT_MESSAGES": "1000/second",
        "TANDEM_BOT_QUIET_S": "0",
        "TANDEM_SWEEP_S": "0.1",
        "TANDEM_AGENT_GRACE_S": "600",
        "TANDEM_OFFER_S": "60",
        "TANDEM_NODE_LOST_S": "1.5",  # what a killed gateway held is taken over soon
    }
    gateway = ForkedGateway(nursery, tmp_path, free_port(), environment)
    gateway.settings = trial_settings(database_url=database_url, gateway_url=gateway.url)  # type: ignore[attr-defined]
    gateway.start()
    yield gateway
    gateway.kill()


@pytest.fixture
async def house(build_house, forked: ForkedGateway) -> House:
    return await build_house(forked)


@pytest.fixture
async def desks(house: House) -> list[Desk]:
    """Two agents; the leases of their desks outlive the gateways, because no gateway keeps them."""
    both, now = [await house.agent(name, capacity=100) for name in ("lin", "maya")], utc_now()
    lease = {"now": now, "until": now + timedelta(hours=2)}
    for desk in both:
        key = (house.tenant.id, desk.id, "desk")
        await house.database.write(lambda tx, key=key: agents.keep_desk(tx.connection, *key, **lease))  # type: ignore[misc]
    return both


async def play(house: House, desks: list[Desk], gateway: ForkedGateway, operation: Operation, place: str) -> bool:
    """Plays one operation with the gateway dying on the way, if it comes by; whether it died."""
    scene = Scene(await house.customer(), *desks, house)
    await operation.prepare(scene)
    gateway.arm(f"{place}:1:kill9")
    attempt = asyncio.create_task(operation.act(scene))
    while not attempt.done() and gateway.is_alive():
        await asyncio.sleep(0.005)
    surely = _is_cut_off(attempt) or operation.name in PLACES[place]
    await _until_dead(gateway, wait_s=5.0 if surely else 0.05)  # what follows an answer takes a moment
    died = not gateway.is_alive()
    if died:
        attempt.cancel()
        await asyncio.gather(attempt, return_exceptions=True)
        await asyncio.to_thread(gateway.start)
        await _insist(operation, scene)
    else:
        await _disarm(gateway)
        if _is_cut_off(attempt):  # by a connection that had died with an earlier gateway
            await _insist(operation, scene)
        else:
            await attempt
    await operation.check(scene)
    await _take_what_is_offered(scene)
    return died


async def _disarm(gateway: ForkedGateway) -> None:
    """It may still die, at what follows its answer."""
    try:
        gateway.arm("")
    except ProcessLookupError:
        await asyncio.to_thread(gateway.start)


def _is_cut_off(attempt: asyncio.Task[None]) -> bool:
    return attempt.done() and not attempt.cancelled() and isinstance(attempt.exception(), DEAD)


async def _until_dead(gateway: ForkedGateway, *, wait_s: float) -> None:
    """Gives the gateway so long to die: on a busy machine its connections may be gone before it is."""
    until = time.monotonic() + wait_s
    while gateway.is_alive() and time.monotonic() < until:
        await asyncio.sleep(0.005)


async def _insist(operation: Operation, scene: Scene) -> None:
    """Does it again as a client does: until it gets through, past all the connections that died with the gateway."""
    for last in (False, False, False, False, False, True):
        try:
            await operation.act(scene)
        except DEAD:
            if last:
                raise
        else:
            return


async def _revive(gateway: ForkedGateway) -> None:
    """Starts it again if it has ended, or is about to: then it takes no new connections although it is still there.

    The error may have met the question whether it is ready; asked again, it is.
    """
    until = time.monotonic() + PATIENCE_S
    while not await asyncio.to_thread(is_ready, gateway.url):
        assert time.monotonic() < until, "it neither ends nor gets ready"
        await _until_dead(gateway, wait_s=0.1)
        if not gateway.is_alive():
            await asyncio.to_thread(gateway.start)


async def _take_what_is_offered(scene: Scene) -> None:
    """An agent is offered one conversation at a time, so none may be left for the next scene."""
    if scene.conversation and (await scene.events())[-1:] == ["offer"]:
        scene.key = fresh()
        await takes_offer(scene)


@pytest.mark.parametrize(("engine", "place"), ENGINES_AND_PLACES, indirect=["engine"])
async def test_killed_at_this_place_every_operation_takes_effect_once(
    place: str, house: House, desks: list[Desk], forked: ForkedGateway
) -> None:
    died = set()
    for operation in played_at(place):
        try:
            if await play(house, desks, forked, operation, place):
                died.add(operation.name)
        except BaseException as error:
            error.add_note(f"operation {operation.name!r} with {place}")
            raise
    assert died >= PLACES[place], "the place was not on the way of everything that must come by"
    await everything_holds(house.database)


@pytest.mark.parametrize(
    "place", ["append_after_seq", "append_before_commit", "append_after_commit", "claim_between_updates"]
)
@on_both
async def test_an_error_at_this_place_leaves_nothing_half_done(
    place: str, house: House, desks: list[Desk], forked: ForkedGateway
) -> None:
    """The same with an error instead of a kill; a gateway whose worker ended with it is started again, as always."""
    for operation in played_at(place):
        scene = Scene(await house.customer(), *desks, house)
        await operation.prepare(scene)
        forked.arm(f"{place}:1:raise")
        try:
            await operation.act(scene)
        except (AssertionError, *DEAD):
            await _revive(forked)
            await _insist(operation, scene)
        await _revive(forked)
        forked.arm("")
        await _revive(forked)  # what follows an answer takes a moment
        await operation.check(scene)
        await _take_what_is_offered(scene)
    await everything_holds(house.database)


async def everything_holds(database: Database) -> None:
    """The whole database after all crashes: gapless, replayable, counted right, nothing left lying."""

    def look(connection: sa.Connection) -> None:
        C, E = tables.conversations.c, tables.entries.c
        heads = connection.execute(sa.select(C.tenant, C.id, C.last_seq, C.epoch, C.owner_kind, C.owner_agent)).all()
        assert heads
        for head in heads:
            entries = store.entries_after(connection, head.tenant, head.id, 0)
            assert [entry.seq for entry in entries] == list(range(1, head.last_seq + 1)), head.id
            owner, epoch = replay(entries)
            assert owner is not None
            assert (owner.kind, owner.agent, epoch) == (head.owner_kind, head.owner_agent, head.epoch), head.id
        A = tables.agents.c
        for agent in connection.execute(sa.select(A.id, A.open)):
            held = [head for head in heads if head.owner_kind == "agent" and head.owner_agent == agent.id]
            assert agent.open == len(held), agent.id
        ids = connection.execute(sa.select(E.author_id, E.client_id).where(E.client_id.is_not(None))).all()
        assert len(ids) == len(set(ids)), "a client id appears twice"

    await database.read(look)
