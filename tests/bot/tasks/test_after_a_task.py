"""What is kept of a Task when it is over: whose order it was, and what can be taken back."""

from datetime import datetime

import pytest

from bot.actions.situation import Situation
from bot.actions.standing import Standing
from bot.tasks.readers import ordered_on
from bot.tasks.taking_back import named_deed, takes_it_back
from tests.bot.gateway import Bot
from tests.bot.tasks.conftest import ShopDoor
from tests.bot.tasks.test_tasks import ALEX, LIN, order_status, say_all, start, texts

NOW = datetime(2026, 11, 20, 12)


def test_who_showed_that_an_order_is_his_is_not_asked_once_more(bot: Bot) -> None:
    """He was asked three times in one conversation: a Task that ended without its deed forgot what it knew."""
    chat, _ = start(bot, "invoice_request", text="LY20261102045", language="en")
    ended = chat.say("4321")
    assert "once it is delivered" in texts(ended)
    same = chat.say("an invoice please", press="/invoice_request")
    assert "once it is delivered" in texts(same), "neither the number nor the digits are asked"
    another = chat.say("where is LY20261028011", press="/order_status")
    assert "LY20261028011: delivered" in texts(another)


def test_digits_that_are_of_another_order_are_asked_and_not_blamed(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "order_status", text="LY20261102045")
    chat.say("4321")
    asked = chat.say("LY20261103001", press="/order_status")
    assert asked["slots"]["requested_slot"] == "phone_tail"
    assert "没有找到" not in texts(asked)
    tried = shop_door.calls.total()
    assert chat.say("567")["slots"]["requested_slot"] == "phone_tail"
    assert shop_door.calls.total() == tried, "they are tried once"
    assert "LY20261103001" in texts(chat.say("5678"))


def test_digits_of_one_order_are_no_key_to_try_others_with(bot: Bot) -> None:
    chat, _ = start(bot, "order_status", text="LY20261102045")
    chat.say("4321")
    for number in ("LY20261103001", "LY20261030008", "LY20261104016"):
        chat.say(number, press="/order_status")
        chat.say("算了", press="/stop")
    found = chat.say("LY20261028011", press="/order_status")
    assert found["slots"]["requested_slot"] == "phone_tail", "they would do for this one, and are not tried any more"
    for wrong in ("1111", "1112"):
        assert chat.say(wrong)["handoff"] is None
        chat.say("算了", press="/stop")
        chat.say("LY20261028011", press="/order_status")
    assert chat.say("1113")["handoff"]["reason"] == "unsure"


def test_an_honest_look_at_several_orders_is_no_guessing(bot: Bot) -> None:
    chat, _ = start(bot, "order_status", text="LY20261102045")
    chat.say("4321")
    for number in ("LY20261103001", "LY20261104016", "LY20261103001"):
        chat.say(number, press="/order_status")
        assert number in texts(chat.say("5678"))
    chat.say("LY20261104016", press="/order_status")
    assert chat.say("5687")["handoff"] is None, "one slip"


def test_a_deed_can_be_taken_back_after_another_task(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "refund_request", LIN, text="LY20261103001")
    say_all(chat, "不想要了", "确认")
    assert order_status(shop_door, "LY20261103001", LIN) == "refunding"
    chat.say("LY20261030008", press="/order_status")
    asked = chat.say("撤销刚才的退款", press="/undo")
    assert "撤销刚才的退款" in texts(asked)
    say_all(chat, "确认")
    assert order_status(shop_door, "LY20261103001", LIN) == "shipped"
    assert "没有可以撤销的操作" in texts(chat.say("撤销", press="/undo")), "what is undone is not undone twice"


def test_every_deed_can_be_taken_back_whichever_came_last(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "refund_request", LIN, text="LY20261103001")
    say_all(chat, "不想要了", "确认")
    chat.say("LY20261104016", press="/cancel_order")
    say_all(chat, "不想要了", "确认")
    assert order_status(shop_door, "LY20261104016", LIN) == "cancelled"
    asked = chat.say("撤销退款", press="/undo")
    assert "退款申请（LY20261103001）" in texts(asked), "the one that is named, and of which order"
    chat.say("不", press="/deny")
    assert "没有可以撤销的操作" in texts(chat.say("撤回刚才的投诉", press="/undo")), "there was none"
    assert "LY20261104016" in texts(chat.say("撤销", press="/undo")), "the last one"
    say_all(chat, "确认")
    assert order_status(shop_door, "LY20261104016", LIN) != "cancelled"
    again = chat.say("撤销", press="/undo")
    assert "LY20261103001" in texts(again), "what came before can still be"
    say_all(chat, "确认")
    assert order_status(shop_door, "LY20261103001", LIN) == "shipped"


@pytest.mark.parametrize(
    ("text", "another"),
    [
        ("不对,昨天买的那个", True),
        ("搞错了,是那个包裹", True),
        ("no, the one from yesterday", True),
        ("no, I meant the backpack", True),
        ("不对啊,那单我明明没收到", False),
        ("不对,另外我还要开发票", False),
        ("不对,是你们发错了快递", False),
        ("no, I mean it was delivered yesterday", False),
        ("no, I meant a paper invoice", False),
        ("that's wrong, my parcel came yesterday", False),
        ("no, the one I ordered has not even arrived", False),
    ],
)
def test_after_a_refusal_only_another_order_begins_it_anew(text: str, another: bool) -> None:
    done = {"task": "invoice_request", "known": {"order_number": "LY20261102045"}, "did": False, "deeds": []}
    s = Situation(text=text, intent="correct", confidence=0.9, standing=Standing(done=done))
    assert takes_it_back(s, sure=True) is another


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("取消退款", "A"),
        ("cancel the refund", "A"),
        ("undo LY20261103001", "LY20261103001"),
        ("撤销", "B"),
        ("撤销取消", "B"),
        ("undo the address change", None),
        ("撤回投诉", None),
        ("撤销刚才的取消，我想换货", "B"),
        ("撤销刚才的操作，地址没问题", "B"),
    ],
)
def test_which_deed_is_meant(text: str, number: str | None) -> None:
    deeds = [
        {"undoes": {"task": task}, "order_number": each}
        for task, each in (("return_request", "LY20261103001"), ("refund_request", "A"), ("cancel_order", "B"))
    ]
    found = named_deed({"task": "order_status", "deeds": deeds}, text, NOW)
    assert (found and found["order_number"]) == number


def test_after_a_refusal_another_order_is_the_one_that_is_meant(bot: Bot) -> None:
    chat, refused = start(bot, "invoice_request", ALEX, text="LY20261102045", language="en")
    assert "once it is delivered" in texts(refused)
    meant = chat.say("no, I meant LY20261028011", press="/correct")
    assert meant["slots"]["order_number"] == "LY20261028011"
    assert meant["active_loop"] == "invoice_request"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("昨天那单", "2026-11-19"),
        ("昨天下的单今天能到吗", "2026-11-19"),
        ("the one i ordered yesterday, will it arrive tomorrow", "2026-11-19"),
        ("查一下11月3日的订单，今天会发货吗", "2026-11-03"),
        ("where is the order of november 3", "2026-11-03"),
        ("is my package coming today or not", None),
        ("will my parcel be here by friday", None),
        ("the parcel that was delivered yesterday", None),
        ("周五前能收到吗", None),
        ("我的快递今天到吗", None),
    ],
)
def test_the_day_on_which_it_is_to_come_is_not_the_day_of_the_order(text: str, day: str | None) -> None:
    assert ordered_on(text, NOW) == day
