"""Who accepts a customer and says nothing is reminded, told of, and loses him; the customer's words renew nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.agents.model import Agent, Role
from handoff_service.conversations.model import Audience, Conversation, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.conversations.sweep import Sweeper
from handoff_service.handoffs import release
from handoff_service.handoffs.silence import Nudge, Silence
from handoff_service.ids import new_id
from handoff_service.mentions import store as mentions
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant, TenantSettings
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import MONDAY, shop

KINDS = {"silence_reminded": "reminded", "silence_told": "told"}


@pytest.fixture
def engine() -> str:
    return "sqlite"


async def passes(floor: Floor, seconds: int, *, every: int = 50) -> None:
    """Time goes by and the sweeper looks, now and then."""
    for _ in range(seconds // every):
        floor.clock.advance(every)
        await Sweeper(floor.database, floor.settings, floor.clock).sweep()


async def nudges(floor: Floor, held: Conversation) -> list[tuple[str, int]]:
    """(what the notes say, seconds since it was accepted)."""
    entries = await floor.entries(held)
    got = max(one.seq for one in entries if one.kind == "state" and one.seq <= held.last_seq)
    start = next(one.at for one in entries if one.seq == got)
    told = [(KINDS[kind], one.at) for one in entries if (kind := str(one.body.get("kind"))) in KINDS]
    return [(what, round((at - start).total_seconds())) for what, at in told]


async def says(floor: Floor, agent: Agent, held: Conversation, audience: Audience = Audience.PUBLIC) -> None:
    epoch = held.epoch if audience is Audience.PUBLIC else None
    said = {"client_id": new_id("r").replace("_", "-"), "body": {"text": "Hello!"}, "epoch": epoch}
    await floor.do(lambda tx: reply(tx, agent, held.id, **said, audience=audience, context=floor.context))


async def test_a_silent_agent_is_reminded_then_told_of_then_another_gets_him(floor: Floor, hire: Any) -> None:
    lin, chen = await hire("lin"), await hire("chen", role=Role.SUPERVISOR)
    sender, held = await floor.served(lin)
    await passes(floor, 250)
    said = {"client_id": "client-02", "body": {"text": "Hello? Is anybody there?"}}
    await floor.do(lambda tx: receive(tx, sender, **said, context=floor.context))
    await says(floor, lin, held, Audience.INTERNAL)
    assert await nudges(floor, held) == []
    await passes(floor, 250)
    assert await nudges(floor, held) == [("reminded", 300), ("told", 450)], "neither line put it off"
    (asked,) = await floor.database.read(lambda c: mentions.unanswered(c, "demo", chen.id))
    assert asked.conversation == held.id
    assert (await floor.now(held)).owner.agent == lin.id
    await passes(floor, 100)
    now = await floor.now(held)
    assert (now.owner.kind, now.owner.queue) == (OwnerKind.QUEUE, "support")
    assert "another colleague" in await floor.last_text(now)


async def test_a_word_to_the_customer_ends_it(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    _, held = await floor.served(lin)
    await passes(floor, 300)
    await says(floor, lin, held)
    await passes(floor, 1200)
    assert await nudges(floor, held) == [("reminded", 300)]
    now = await floor.now(held)
    assert now.owner.agent == lin.id
    assert now.deadline_at is not None
    assert now.deadline_at - floor.clock() > timedelta(hours=20), "from here on he may be as idle as anybody"


async def test_who_has_answered_a_letter_box_or_a_colleague_is_not_hurried(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    sender, waiting = await floor.waits()
    await floor.choose(sender, waiting, "leave-message", text="tomorrow will do")
    left = await floor.accept(waiting, lin)
    _, held = await floor.served(lin)
    await says(floor, lin, held)
    passed = await floor.do(lambda tx: release.transfer(tx, held.id, lin, held.epoch, floor.context, to_agent=maya.id))
    await passes(floor, 1200)
    assert [(await floor.now(one)).owner.agent for one in (left, passed)] == [lin.id, maya.id]


@pytest.mark.parametrize(("seconds", "gone"), [(0, False), (100, True)])
async def test_the_time_is_set_for_each_queue_and_can_be_none(
    floor: Floor, hire: Any, seconds: int, gone: bool
) -> None:
    raw = shop().settings.model_dump(mode="json", exclude_none=True)
    raw["queues"][0]["first_reply_s"] = seconds
    tenant = Tenant(id="demo", name="Shop", settings=TenantSettings.model_validate(raw))
    await floor.do(lambda tx: tenants.save(tx.connection, tenant))
    lin, _ = await hire("lin"), await hire("maya")
    _, held = await floor.served(lin)
    await passes(floor, 200)
    assert ((await floor.now(held)).owner.kind is OwnerKind.QUEUE) is gone


def test_after_a_night_without_a_sweeper_he_has_his_time_all_the_same() -> None:
    late = Silence(MONDAY, timedelta(minutes=10), {})
    assert late.next == (MONDAY + timedelta(minutes=5), Nudge.REMIND)
    reminded = MONDAY + timedelta(hours=8)
    told = Silence(MONDAY, late.allowed, {Nudge.REMIND: reminded})
    assert told.next == (reminded + timedelta(minutes=2, seconds=30), Nudge.CALL)
    last = Silence(MONDAY, late.allowed, {Nudge.REMIND: reminded, Nudge.CALL: told.next[0]})
    assert last.next == (reminded + timedelta(minutes=5), Nudge.REQUEUE)
