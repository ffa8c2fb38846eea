"""What must not happen: other people's data, a thing done twice or without a firm yes, a lie when the shop fails."""

from typing import Any

import pytest

from tests.bot.gateway import Bot
from tests.bot.tasks.conftest import ShopDoor
from tests.bot.tasks.test_tasks import ALEX, CHEN, LIN, order_status, say_all, start, texts


@pytest.mark.parametrize("number", ["LY20261102045", "LY20269999999"])
def test_a_foreign_order_answers_exactly_as_one_that_does_not_exist(bot: Bot, number: str) -> None:
    def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
        return {name: answer[name] for name in ("messages", "handoff", "slots", "active_loop", "ticket")}

    _, signed_in = start(bot, "order_status", LIN, text=number)
    chat, _ = start(bot, "order_status", text=number)
    stranger = chat.say("5678")
    again = "没有找到与您匹配的这个订单。麻烦核对后再发一次订单号。"
    either = "没有找到与您匹配的这个订单，可能是订单号或手机后四位有一个不对。麻烦核对后，把不对的那个重新发我。"
    asked = {"task": "order_status", "requested_slot": "order_number"}
    asked_tail = {"task": "order_status", "requested_slot": "phone_tail", "order_number": number}
    for answer, text, slots in ((signed_in, again, asked), (stranger, either, asked_tail)):
        told = without_ids(answer)
        assert [{"kind": m["kind"], "text": m["text"]} for m in told["messages"]] == [{"kind": "form", "text": text}]
        assert (told["handoff"], told["slots"]) == (None, slots)


def test_mistyped_digits_are_typed_again_without_the_number(bot: Bot) -> None:
    chat, _ = start(bot, "order_status", text="LY20261030008")
    assert "LY20261030008" in texts(say_all(chat, "1111", "5678"))


def test_guessing_ends_with_a_person_within_a_task_and_over_all_of_them(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "order_status", text="LY20261103001")
    say_all(chat, "1111", "LY20261103001")
    second = chat.say("2222")
    assert (second["handoff"]["reason"], second["active_loop"]) == ("unsure", None)
    for task in ("refund_request", "cancel_order"):
        chat.say("好", press=f"/{task}")
        last = say_all(chat, "LY20261103001", "3333")
    assert last["handoff"]["reason"] == "unsure", "four guesses in one conversation are enough"
    assert not any(call.startswith("POST") for call in shop_door.calls)


@pytest.mark.parametrize("mode", ["down", "garbage", "other_shape", "hang"])
@pytest.mark.parametrize(
    "task", ["order_status", "cancel_order", "payment_missing", "verify_identity", "close_account"]
)
def test_a_broken_shop_is_told_honestly_and_goes_to_a_person(
    bot: Bot, shop_door: ShopDoor, task: str, mode: str
) -> None:
    if mode == "hang":
        shop_door.delay = 2.0
    else:
        shop_door.mode = mode
    _, answer = start(bot, task, CHEN)
    assert (answer["handoff"]["reason"], answer["active_loop"]) == ("bot_failed", None)
    assert "没有响应" in texts(answer)


def test_a_deed_whose_answer_is_lost_is_not_called_done_and_its_repeat_does_nothing_twice(
    bot: Bot, shop_door: ShopDoor
) -> None:
    """F-72."""
    chat, _ = start(bot, "cancel_order", LIN, text="LY20261104016")
    say_all(chat, "不想要了")
    shop_door.down_for = "POST"
    lost = chat.say("确认", turn="t_lost_answer")
    assert (lost["handoff"]["reason"], "没有确认" in texts(lost)) == ("bot_failed", True)
    assert lost["handoff"]["evidence"]["idempotency_key"] == "t_lost_answer"
    assert lost["handoff"]["evidence"]["order_number"] == "LY20261104016"
    shop_door.down_for = None
    assert chat.say("确认", turn="t_lost_answer")["duplicate"] is True
    assert shop_door.calls["POST /api/v1/orders/LY20261104016/cancellation"] == 1


@pytest.mark.parametrize("hesitant", ["好的，等一下", "可以先别提交", "确认吗？", "等会再说", "嗯……我再想想"])
def test_nothing_is_done_without_a_firm_yes(bot: Bot, shop_door: ShopDoor, hesitant: str) -> None:
    chat, _ = start(bot, "cancel_order", LIN, text="LY20261104016")
    say_all(chat, "不想要了", hesitant)
    assert not any(call.startswith("POST") for call in shop_door.calls)
    assert order_status(shop_door, "LY20261104016", LIN) == "paid"


def test_a_task_is_interrupted_corrected_switched_left_and_taken_up_again(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "refund_request", LIN, text="LY20261103001")
    answered = chat.say("多久能退款？")
    assert [message["kind"] for message in answered["messages"]] == ["answer", "form"]
    assert answered["slots"]["requested_slot"] == "reason"
    assert "LY20261103001" in texts(chat.say("不想要了"))
    corrected = chat.say("不对，是LY20261030008")
    assert "LY20261030008" in texts(corrected)
    switched = chat.say("查一下", press="/order_status")
    assert switched["active_loop"] == "order_status"
    back = say_all(chat, "LY20261104016", "[继续办]")
    assert (back["active_loop"], back["slots"]["requested_slot"]) == ("refund_request", "confirmed")
    assert "LY20261030008" in texts(back)
    assert chat.say("算了", press="/stop")["active_loop"] is None
    again = chat.say("继续刚才的退款", press="/resume_task")
    assert "LY20261030008" in texts(again)
    assert "退款单号" in texts(say_all(chat, "确认"))
    assert order_status(shop_door, "LY20261103001", LIN) == "shipped"


def test_the_wrong_order_was_refunded_it_is_taken_back_first(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "refund_request", LIN, text="LY20261103001")
    say_all(chat, "不想要了", "确认")
    asked = chat.say("不对，是LY20261030008", press="/correct")
    assert asked["active_loop"] == "undo"
    offered = say_all(chat, "确认")
    assert order_status(shop_door, "LY20261103001", LIN) == "shipped"
    assert "LY20261030008" in texts(chat.press(offered, "继续办"))
    say_all(chat, "确认")
    assert order_status(shop_door, "LY20261030008", LIN) == "refunding"


def test_files_that_are_no_pictures_or_too_many_are_not_taken(bot: Bot) -> None:
    chat, _ = start(bot, "refund_request", LIN, text="LY20261030008")
    say_all(chat, "质量问题")
    chat.metadata["files"] = [{"id": "a", "name": "bill.pdf", "type": "application/pdf", "size": 10}]
    assert "bill.pdf" in texts(chat.say("发票"))
    chat.metadata["files"] = [{"id": f"p{n}", "name": "p.jpg", "type": "image/jpeg", "size": 10} for n in range(7)]
    handed_over = chat.say("这些")
    assert (handed_over["handoff"]["reason"], handed_over["active_loop"]) == ("unsure", None)


def test_three_refunds_in_a_month_are_the_limit(bot: Bot) -> None:
    for number in ("LY20261102045", "LY20261029027", "LY20261028011"):
        chat, _ = start(bot, "refund_request", ALEX, "en", number)
        assert "Your refund is requested" in texts(say_all(chat, "I changed my mind", "yes"))
    chat, _ = start(bot, "refund_request", ALEX, "en", "LY20261104051")
    refused = say_all(chat, "I changed my mind", "yes")
    assert refused["messages"][-1]["kind"] == "offer_human"
    assert "/ask_human" in [button["payload"] for button in refused["messages"][-1]["buttons"]]
