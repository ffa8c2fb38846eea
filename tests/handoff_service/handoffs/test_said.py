"""Leaving the queue, a message and a call in words, as it is done where there are no buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service import outbox, tables
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.conversations.receive import Sender, receive
from handoff_service.conversations.sweep import Sweeper
from handoff_service.handoffs.said import Wish, wish_in
from handoff_service.tenants import store as tenants
from handoff_service.tenants.routing import Overflow
from handoff_service.texts import say
from tests.handoff_service.handoffs.floor import Floor

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
PHONE = "13800138000"


@pytest.mark.parametrize(
    ("verb", "lines"),
    [
        ("solved", ["解决了", "好的，问题已经解决了，谢谢您！", "已解决", "没事了，谢谢", "我自己搞定了"]),
        ("solved", ["It's solved now, thanks!", "Never mind, I've figured it out", "solved", "OK, my issue is fixed"]),
        ("leave-queue", ["不等了", "算了，不排队了", "取消排队", "我要退出排队", "不用人工了，谢谢", "取消轉人工"]),
        ("leave-queue", ["Leave the queue", "please cancel my request for a person", "I don't need a person any more"]),
        (
            "leave-message",
            ["留言", "我想留言", "好吧，那我留个言", "Leave a message", "I'd like to leave a message please"],
        ),
    ],
)
def test_what_can_mean_nothing_else_is_understood(verb: str, lines: list[str]) -> None:
    assert [(line, wish_in(line)) for line in lines] == [(line, Wish(verb)) for line in lines]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "还没解决",
            "解决了吗？",
            "怎么才能解决",
            "问题解决了一半",
            "没事",
            "等了半天了",
            "不想等了！",
            "别让我等了",
            "还要等多久",
        ),
        *(
            "取消订单",
            "我要取消",
            "不用了",
            "怎么留言",
            "留言在哪里看",
            "不要机器人，转人工",
            "给我回电",
            PHONE,
            "订单13800138000",
        ),
        *("It is not solved", "Is it solved?", "when will it be fixed", "I don't want to wait any longer!", "cancel"),
        *("cancel my order", "I don't need a refund", "where can I leave a message?", "call me", "never mind", "wait"),
        "回电 20260101123456789",
        "你们说会打给我的，订单 2024110512 到现在没消息",
        "I asked you to call me yesterday about order 20241105",
        f"please don't call me at {PHONE}, just email",
        f"不要给我打电话 {PHONE}",
        f"为什么没人给我打电话？我的手机 {PHONE}",
        "call me ٠٥٠١٢٣٤٥٦٧",
        "call me: 1- 3- 8- 1- 2- 3- 4- 5- 6- 7- 8",
        *("please cancel my request", "cancel the transfer"),
        "解决了" + "，还有" * 99,
    ],
)
def test_what_may_mean_something_else_is_the_bots(line: str) -> None:
    assert wish_in(line) is None


def test_a_number_counts_with_the_word_for_it_or_when_it_was_asked_for() -> None:
    assert wish_in(f"请给我回电 {PHONE}") == Wish("callback", PHONE)
    assert wish_in("call me back on +49 (30) 1234-567, please") == Wish("callback", "+49 (30) 1234-567")
    assert wish_in(f"我的电话是{PHONE}", number_asked=True) == Wish("callback", PHONE)
    assert wish_in(f"明天下午3点打给我，号码 {PHONE}") == Wish("callback", PHONE)
    assert wish_in(f"can you call me tomorrow at 3 pm on {PHONE}?") == Wish("callback", PHONE)
    assert wish_in("１３８００１３８０００", number_asked=True) == Wish("callback", PHONE), "as it is typed on a phone"
    assert wish_in(f"订单号 {PHONE} 还没发货", number_asked=True) is None
    assert wish_in(f"给我回电 {PHONE} 或者 13900139000") is None
    assert wish_in("留言：花瓶碎了，请退款") == Wish("leave-message", "花瓶碎了,请退款")


async def says(floor: Floor, sender: Sender, text: str) -> Conversation:
    floor.clock.advance(1)
    said = {"client_id": f"client-{floor.clock():%H%M%S}", "body": {"text": text}}
    found, entry = await floor.do(lambda tx: receive(tx, sender, **said, context=floor.context))
    again, same = await floor.do(lambda tx: receive(tx, sender, **said, context=floor.context))
    assert (same.seq, again.epoch) == (entry.seq, found.epoch), "told twice, it is done once"
    return found


async def asked(floor: Floor, conversation: Conversation) -> int | None:
    """From which entry on the bot is asked, if it is."""
    return await floor.database.read(lambda c: outbox.pending(c, "demo", conversation.id, "bot"))


@on_sqlite
async def test_who_waits_leaves_with_a_word_and_the_bot_is_not_asked_about_it(floor: Floor, hire: Any) -> None:
    await hire("lin", capacity=0)
    sender, waiting = await floor.waits(language="zh")
    await floor.do(lambda tx: outbox.finish(tx.connection, "demo", waiting.id, "bot", upto_seq=waiting.last_seq))
    left = await says(floor, sender, "算了，不排队了")
    assert (left.owner.kind, await asked(floor, left)) == (OwnerKind.BOT, None)
    assert await floor.last_text(left) == say("went_on_with_bot", "zh")
    wondering = await says(floor, sender, "不排队了")
    assert await asked(floor, wondering) is not None, "who waits for nobody speaks to the bot"


@on_sqlite
async def test_who_went_to_and_fro_too_often_stays_and_the_bot_answers_him(floor: Floor, hire: Any) -> None:
    await hire("lin", capacity=0)
    sender, waiting = await floor.waits()
    for _ in range(3):
        assert (await says(floor, sender, "leave the queue")).owner.kind is OwnerKind.BOT
        await floor.choose(sender, waiting, "ask-human")
    await floor.do(lambda tx: outbox.finish(tx.connection, "demo", waiting.id, "bot", upto_seq=99))
    stays = await says(floor, sender, "leave the queue")
    assert (stays.owner.kind, await asked(floor, stays)) == (OwnerKind.QUEUE, stays.last_seq)


@on_sqlite
async def test_a_question_before_it_is_still_answered(floor: Floor, hire: Any) -> None:
    await hire("lin", capacity=0)
    sender, waiting = await floor.waits()
    question = await asked(floor, waiting)
    left = await says(floor, sender, "Solved, thanks!")
    assert (left.owner.kind, await asked(floor, left)) == (OwnerKind.BOT, question)


@on_sqlite
async def test_a_message_is_asked_for_and_then_promised(floor: Floor, hire: Any, rows: Any) -> None:
    await hire("lin", capacity=0)
    sender, waiting = await floor.waits()
    left = await says(floor, sender, "leave a message")
    assert left.owner.kind is OwnerKind.MAILBOX
    assert "write down here what it is about" in await floor.last_text(left)
    (promised,) = await rows(tables.tickets)
    assert (promised["conversation"], promised["state"]) == (waiting.id, "open")


@on_sqlite
async def test_who_is_to_be_called_back_sends_his_number(floor: Floor, hire: Any, rows: Any) -> None:
    """The wait was too long and his number was asked for; he sends it, and then something else with figures in it."""
    await hire("lin", capacity=0)
    tenant = await floor.database.read(lambda c: tenants.find(c, "demo"))
    first = tenant.settings.queues[0].model_copy(update={"overflow": Overflow(to="callback", after_s=60)})
    settings = tenant.settings.model_copy(update={"queues": (first, *tenant.settings.queues[1:])})
    await floor.do(lambda tx: tenants.save(tx.connection, tenant.model_copy(update={"settings": settings})))
    sender, waiting = await floor.waits()
    floor.clock.advance(60)
    await Sweeper(floor.database, floor.settings, floor.clock).sweep()
    assert (await floor.now(waiting)).owner.kind is OwnerKind.MAILBOX
    assert "send us your phone number" in await floor.last_text(waiting)
    called = await says(floor, sender, f"{PHONE}")
    assert f"call {PHONE} around" in await floor.last_text(called)
    again = await says(floor, sender, "20260101")
    assert await asked(floor, again) is not None
    asked_for = [row for row in await rows(tables.tickets) if row["type"] == "callback"]
    assert [row["reply_to"] for row in asked_for] == [PHONE]


@on_sqlite
@pytest.mark.parametrize("when", ["999999 working days", "9999999999999 days", "999999 months", "9" * 150 + " weeks"])
async def test_a_time_that_nobody_can_mean_stops_nothing(floor: Floor, hire: Any, rows: Any, when: str) -> None:
    """It stood still for seconds, or the message came again and again because it could not be taken."""
    await hire("lin", capacity=0)
    sender, _ = await floor.waits()
    await says(floor, sender, f"Call me in {when} on {PHONE}")
    for row in await rows(tables.tickets):
        assert row["due_at"] - floor.clock() < timedelta(days=14)


@on_sqlite
async def test_he_says_when_he_wants_to_be_called(floor: Floor, hire: Any, rows: Any) -> None:
    await hire("lin", capacity=0)
    sender, _ = await floor.waits()
    left = await says(floor, sender, f"Call me in 3 hours on {PHONE}")
    assert left.owner.kind is OwnerKind.MAILBOX
    (ticket,) = [row for row in await rows(tables.tickets) if row["type"] == "callback"]
    assert ticket["due_at"] == floor.clock() + timedelta(hours=3)
