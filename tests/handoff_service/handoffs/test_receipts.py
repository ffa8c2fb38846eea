"""What may be known of a request for a person: when, by whom, by when the next follows, and what happens if not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.calls.shown import confirm
from handoff_service.clock import iso
from handoff_service.conversations.model import Audience, OwnerKind
from handoff_service.conversations.reply import reply
from handoff_service.handoffs import assign, release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.receipts import conversation_receipts, customer_receipt
from tests.handoff_service.handoffs.floor import Floor

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def full(floor: Floor, conversation: Any) -> dict[str, Any]:
    now = await floor.now(conversation)
    return await floor.database.read(lambda c: conversation_receipts(c, now, floor.context))


async def his(floor: Floor, conversation: Any) -> dict[str, Any]:
    now = await floor.now(conversation)
    return await floor.database.read(lambda c: customer_receipt(c, now, floor.context))


def after(floor: Floor, seconds: float) -> str | None:
    return iso(floor.clock() + timedelta(seconds=seconds))


async def test_every_stage_has_its_time_actor_deadline_and_next_step(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    settings = floor.settings
    _, asking = await floor.asks()
    told = await full(floor, asking)
    assert told["standing"] == {
        "stage": "bot",
        "deadline": after(floor, settings.reply_deadline_s),
        "next": "hand_over",
    }
    _, waiting = await floor.waits("senior")
    standing = (await full(floor, waiting))["standing"]
    assert standing == {"stage": "queued", "deadline": after(floor, settings.notify_s), "next": "call_team"}
    handoff = await floor.database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    await floor.do(lambda tx: assign.offer(tx, handoff, lin, floor.context))
    standing = (await full(floor, waiting))["standing"]
    assert standing == {"stage": "offered", "deadline": after(floor, settings.notify_s), "next": "offer_next"}
    await floor.do(lambda tx: confirm(tx, lin, [(handoff.id, 2)], floor.context))
    standing = (await full(floor, waiting))["standing"]
    assert standing == {"stage": "offered", "deadline": after(floor, settings.offer_s), "next": "offer_next"}
    held = await floor.accept(waiting, lin)
    standing = (await full(floor, held))["standing"]
    assert standing == {"stage": "accepted", "deadline": after(floor, 300), "next": "remind"}
    said = {"client_id": "reply-0001", "body": {"text": "Hello!"}, "epoch": held.epoch, "audience": Audience.PUBLIC}
    await floor.do(lambda tx: reply(tx, lin, held.id, **said, context=floor.context))
    standing = (await full(floor, held))["standing"]
    assert standing == {"stage": "first_reply", "deadline": after(floor, settings.agent_idle_s), "next": "close"}
    await floor.do(lambda tx: release.close(tx, held.id, lin, held.epoch, floor.context, wrap_up="solved"))
    told = await full(floor, held)
    assert told["standing"] == {"stage": "closed", "deadline": None, "next": None}
    (one,) = told["handoffs"]
    assert [(line["stage"], line["by"], line["next"]) for line in one["receipt"]] == [
        ("requested", "asked", "queue"),
        ("queued", "", "call_next"),
        ("offered", "Lin", "offer_next"),
        ("accepted", "Lin", "requeue"),
        ("first_reply", "Lin", "close"),
        ("closed", "solved", None),
    ]
    actors = [(line["actor"]["kind"], line["actor"]["name"]) for line in one["receipt"]]
    assert actors == [("system", "")] * 2 + [("agent", "Lin")] * 4
    assert one["receipt"][3]["deadline"] == after(floor, 600)
    assert [line["deadline"] is None for line in one["receipt"]] == [False] * 5 + [True]
    assert [(call["rung"], call["shown_to"]) for call in one["calls"]] == [("queued", None), ("agent", "Lin")]


async def test_whoever_came_later_neither_accepted_it_nor_gave_the_first_reply(floor: Floor, hire: Any) -> None:
    """Each transfer wrote its agent over the one who had accepted, and the receipt blamed the wrong one."""
    lin, maya = await hire("lin"), await hire("maya")
    _, waiting = await floor.waits()
    held = await floor.accept(waiting, lin)
    floor.clock.advance(60)
    held = await floor.do(
        lambda tx: release.transfer(tx, held.id, lin, held.epoch, floor.context, to_agent=maya.id, note="yours")
    )
    floor.clock.advance(60)
    said = {"client_id": "reply-0001", "body": {"text": "Hello!"}, "epoch": held.epoch, "audience": Audience.PUBLIC}
    await floor.do(lambda tx: reply(tx, maya, held.id, **said, context=floor.context))
    floor.clock.advance(60)
    held = await floor.do(
        lambda tx: release.transfer(tx, held.id, maya, held.epoch, floor.context, to_agent=lin.id, note="and back")
    )
    (one,) = (await full(floor, held))["handoffs"]
    assert {line["stage"]: line["by"] for line in one["receipt"]} == {
        "requested": "asked",
        "queued": "",
        "accepted": "Lin",
        "first_reply": "Maya",
    }


@pytest.mark.parametrize(
    ("language", "queue", "agent", "mailbox"),
    [
        ("en", "next free colleague", "no answer by 2 November, 17:40", "reply by 4 November, 17:30"),
        ("zh", "有同事空出来就会接待您", "Lin 已接入；如果 11月2日 17:40 前没有回复您", "11月4日 17:30 前回复您"),
    ],
)
async def test_the_customer_reads_what_concerns_him_in_his_language(
    floor: Floor, hire: Any, language: str, queue: str, agent: str, mailbox: str
) -> None:
    lin = await hire("lin")
    sender, waiting = await floor.waits(language=language)
    told = await his(floor, waiting)
    assert queue in told["next"]["text"]
    assert told["next"]["deadline"] == after(floor, floor.settings.notify_s), "then it is passed on by itself"
    await floor.accept(waiting, lin)
    told = await his(floor, waiting)
    assert agent in told["next"]["text"]
    assert told["next"]["deadline"] == after(floor, 600)
    (one,) = told["handoffs"]
    assert [line["deadline"] for line in one["stages"]] == [None, None, after(floor, 600)]
    assert [(line["stage"], line["by"]) for line in one["stages"]] == [
        ("requested", ""),
        ("queued", ""),
        ("accepted", "Lin"),
    ]
    sender, other = await floor.waits(language=language)
    await floor.choose(sender, other, "leave-message", text="later please")
    told = await his(floor, other)
    assert mailbox in told["next"]["text"]
    assert told["next"]["deadline"] == after(floor, floor.settings.message_due_s)
    assert [one["state"] for one in told["promises"]] == ["open"]
    assert (await floor.now(other)).owner.kind is OwnerKind.MAILBOX


async def test_nothing_of_the_inside_is_in_the_customers_receipt(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    sender, waiting = await floor.waits("senior")
    handoff = await floor.database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    await floor.do(lambda tx: assign.offer(tx, handoff, lin, floor.context))
    told = str(await his(floor, waiting))
    assert "offered" not in told
    assert "Lin" not in told
    assert lin.id not in told
    assert sender.contact not in told
