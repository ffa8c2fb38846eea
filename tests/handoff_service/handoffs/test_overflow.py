"""Who waits too long goes on: to another queue once, or to a promise; and settings that lead nowhere are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from handoff_service import tables
from handoff_service.agents.model import Agent
from handoff_service.conversations import lifecycle, store
from handoff_service.conversations.model import OwnerKind
from handoff_service.database import Database
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.queue import overflow_due
from handoff_service.handoffs.routing.checks import problems
from handoff_service.settings import Settings
from handoff_service.tenants.model import TenantSettings
from handoff_service.tenants.routing import Overflow
from tests.handoff_service.handoffs.test_push import Floor, on_sqlite
from tests.handoff_service.stage import MONDAY, FakeClock, person, shop

Hire = Callable[..., Awaitable[Agent]]


@pytest.fixture
def floor(database: Database, settings: Settings, clock: FakeClock, arrive: Any) -> Floor:
    return Floor(database, settings, clock, arrive)


async def test_after_its_time_it_goes_to_the_other_queue_and_never_back(floor: Floor, hire: Hire) -> None:
    there = {"overflow": {"to": "mailbox", "after_s": 50}}
    await floor.configure(overflow={"to": "senior", "after_s": 90}, senior=there)
    await hire("front", queues=("support",), capacity=0)
    await hire("back", queues=("senior",), capacity=0)
    waiting = await floor.asks(priority=2)
    head = await floor.head(waiting)
    before = await floor.database.read(lambda c: handoffs.find(c, "demo", str(head.handoff)))
    await floor.sweep(89)
    assert (await floor.head(waiting)).owner.queue == "support"
    await floor.sweep(1)
    head = await floor.head(waiting)
    after = await floor.database.read(lambda c: handoffs.find(c, "demo", str(head.handoff)))
    assert (head.owner.kind, head.owner.queue) == (OwnerKind.QUEUE, "senior")
    assert (after.queue, after.rank, after.evidence["overflowed"]) == ("senior", before.rank, ["support"])
    await floor.sweep(49)
    assert (await floor.head(waiting)).owner.kind is OwnerKind.QUEUE, "its time begins anew in another queue"
    await floor.sweep(1)
    head = await floor.head(waiting)
    assert head.owner.kind is OwnerKind.MAILBOX
    entries = await floor.database.read(lambda c: store.entries_after(c, "demo", waiting, 0))
    assert [one.body["event"] for one in entries if one.kind == "state"] == ["opened", "asked", "overflow", "overflow"]
    assert lifecycle.replay(entries) == (head.owner, head.epoch)
    assert "on record" in entries[-1].body["text"]


@on_sqlite
async def test_a_call_back_is_promised_and_is_a_ticket(floor: Floor, hire: Hire, rows: Any) -> None:
    await floor.configure(overflow={"to": "callback", "after_s": 30})
    await hire("front", capacity=0)
    waiting = await floor.asks(language="zh")
    await floor.sweep(30)
    entries = await floor.database.read(lambda c: store.entries_after(c, "demo", waiting, 0))
    assert "回电" in entries[-1].body["text"]
    (ticket,) = await rows(tables.tickets)
    assert ticket["conversation"] == waiting


@on_sqlite
async def test_where_nobody_is_on_duty_nobody_is_sent(floor: Floor, hire: Hire) -> None:
    await floor.configure(overflow={"to": "senior", "after_s": 30})
    await hire("front", queues=("support",), capacity=0)
    waiting = await floor.asks()
    for _ in range(4):
        await floor.sweep(31)
        assert (await floor.head(waiting)).owner.queue == "support"


def test_a_circle_of_overflows_ends() -> None:
    """Settings refuse it; yet whoever was in a queue before does not come back, whatever the settings say meanwhile."""
    assert overflow_due(MONDAY, Overflow(to="b", after_s=60), ["a"]) == MONDAY + timedelta(seconds=60)
    assert overflow_due(MONDAY, Overflow(to="a", after_s=60), ["a"]) is None


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"to": "sennior", "after_s": 60}, None, r"queues\.0\.overflow\.to: .*'sennior', which does not exist"),
        ({"to": "senior", "after_s": 60}, {"to": "support", "after_s": 60}, "support → senior → support is a circle"),
        ({"to": "support", "after_s": 60}, None, "support → support is a circle"),
        ({"to": "senior", "after_s": 5}, None, "greater than or equal to 10"),
    ],
)
def test_overflows_that_lead_nowhere_are_refused(first: Any, second: Any, told: str) -> None:
    raw = shop().settings.model_dump(mode="json", exclude_none=True)
    for queue, overflow in zip(raw["queues"], (first, second), strict=True):
        queue |= {"overflow": overflow} if overflow else {}
    with pytest.raises(ValidationError, match=told):
        TenantSettings.model_validate(raw)


def test_settings_without_routing_are_stored_as_before() -> None:
    """A gateway of the release before refuses what it does not know."""
    stored = shop().settings.model_dump(mode="json", exclude_none=True)
    assert set(stored["queues"][0]) == {"id", "name", "mode"}
    assert "capacity" not in stored


def test_what_does_not_fit_together_is_named() -> None:
    raw = shop().settings.model_dump(mode="json", exclude_none=True)
    raw["queues"][0]["skills"] = [{"skill": "refund", "level": 4}]
    settings = TenantSettings.model_validate(raw)
    able = person("able", queues=("support",), skills={"refund": 5})
    assert problems(settings, [able, person("senior", queues=("senior",))]) == []
    found = "\n".join(problems(settings, [person("maya", queues=("support",), skills={"refund": 3})]))
    assert "queues.0.skills: nobody who serves support has refund 4, and it never relaxes" in found
    assert "queues.1: nobody serves the queue senior" in found
