"""Who is there, who is on duty, who is lost: rules over connected desks and what agents say of themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.agents import store
from handoff_service.agents.model import Role, Status
from handoff_service.agents.presence import lost, on_duty, present
from handoff_service.database import Database
from handoff_service.errors import CapacityFull
from tests.handoff_service.stage import MONDAY, FakeClock, end_shift, person

GRACE = timedelta(seconds=60)
JUST_SEEN, LONG_SEEN = MONDAY - timedelta(seconds=59), MONDAY - timedelta(seconds=60)

# status, disabled, desk connected, last seen: present, on duty, lost
CASES = [
    (Status.ONLINE, False, True, MONDAY, True, True, False),
    (Status.AWAY, False, True, MONDAY, False, True, False),
    (Status.OFFLINE, False, True, MONDAY, False, False, False),
    (Status.ONLINE, False, False, JUST_SEEN, False, True, False),
    (Status.ONLINE, False, False, LONG_SEEN, False, False, True),
    (Status.ONLINE, False, False, None, False, False, True),
    (Status.AWAY, False, False, JUST_SEEN, False, True, False),
    (Status.OFFLINE, False, False, JUST_SEEN, False, False, False),
    (Status.ONLINE, True, True, MONDAY, False, False, True),
]


@pytest.mark.parametrize(("status", "disabled", "desk", "seen", "is_present", "is_on_duty", "is_lost"), CASES)
def test_what_a_desk_and_a_status_mean(
    status: Status, disabled: bool, desk: bool, seen: Any, is_present: bool, is_on_duty: bool, is_lost: bool
) -> None:
    agent = person("lin", status=status, disabled=disabled, seen_at=seen)
    connected = {agent.id} if desk else set()
    assert present(agent, connected) == is_present
    assert on_duty([agent], connected, "support", now=MONDAY, grace=GRACE) == is_on_duty
    assert lost(agent, connected, now=MONDAY, grace=GRACE) == is_lost


@pytest.mark.parametrize("role", [Role.TRAINER, Role.ANALYST])
def test_who_may_not_answer_any_more_is_gone_at_once_however_connected(role: Role) -> None:
    agent = person("lin", role=role, status=Status.ONLINE, seen_at=MONDAY)
    assert not present(agent, {agent.id})
    assert lost(agent, {agent.id}, now=MONDAY, grace=GRACE)


def test_who_has_just_taken_a_conversation_is_not_lost() -> None:
    agent = person("lin", seen_at=None, last_assigned_at=JUST_SEEN)
    assert not lost(agent, set(), now=MONDAY, grace=GRACE)
    agent = person("lin", seen_at=LONG_SEEN, last_assigned_at=LONG_SEEN)
    assert lost(agent, set(), now=MONDAY, grace=GRACE)


def test_duty_is_for_a_queue() -> None:
    agent = person("lin", queues=("senior",), seen_at=MONDAY)
    assert not on_duty([agent], {agent.id}, "support", now=MONDAY, grace=GRACE)
    assert not on_duty([], set(), "support", now=MONDAY, grace=GRACE)


async def test_two_desks_are_one_presence(database: Database, hire: Any, clock: FakeClock) -> None:
    """F-54: closing one of two consoles changes nothing."""
    lin = await hire("lin")
    until = clock() + timedelta(seconds=45)
    await database.write(lambda tx: store.keep_desk(tx.connection, "demo", lin.id, "second", now=clock(), until=until))
    await database.write(lambda tx: end_shift(tx.connection, lin, clock()))
    assert await database.read(lambda c: store.connected(c, "demo", clock())) == {lin.id}
    clock.advance(46)
    assert await database.read(lambda c: store.connected(c, "demo", clock())) == set(), "a desk that died is not there"
    assert await database.read(lambda c: store.connected(c, "other", clock())) == set()


async def test_capacity_is_taken_up_to_the_limit_and_given_back(
    database: Database, hire: Any, clock: FakeClock
) -> None:
    lin = await hire("lin", capacity=2)

    def take(tx: Any) -> None:
        store.take_capacity(tx.connection, "demo", lin.id, clock())

    await database.write(take)
    await database.write(take)
    with pytest.raises(CapacityFull, match="2 of 2"):
        await database.write(take)
    for _ in range(3):
        await database.write(lambda tx: store.free_capacity(tx.connection, "demo", lin.id, MONDAY))
    found = await database.read(lambda c: store.find(c, "demo", lin.id))
    assert (found.open, found.last_assigned_at) == (0, clock())
