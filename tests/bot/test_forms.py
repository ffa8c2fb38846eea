"""The order-status and refund forms with the real process and a real shop API."""

from typing import Any

import pytest

from tests.bot.far_side import ShopServer
from tests.bot.gateway import Bot, Chat

MEMBER = {"id": "cus_1", "name": "Ann", "verified": True}
STEPS = ["LY20261103002", "1234", "尺码不合适"]


def texts(answer: dict[str, Any]) -> str:
    return "\n".join(message["text"] for message in answer["messages"])


@pytest.mark.parametrize(("language", "ask"), [("zh", "查一下我的订单"), ("en", "Where is my order?")])
def test_order_status_needs_number_and_phone_of_a_stranger(bot: Bot, language: str, ask: str) -> None:
    chat = Chat(bot, language=language)
    assert chat.say(ask)["active_loop"] == "order_status"
    asked = chat.say("ly20261103001")
    assert asked["slots"]["order_number"] == "LY20261103001"
    told = chat.say("尾号1234" if language == "zh" else "it ends with 1234")
    assert told["active_loop"] is None
    assert told["messages"][0]["kind"] == "answer"
    assert "SF123" in texts(told)
    assert "11-05 10:30" in texts(told)  # 02:30 UTC on the shop's clock
    assert ("运输中" if language == "zh" else "on its way") in texts(told)


def test_a_signed_in_customer_is_not_asked_for_the_phone(bot: Bot) -> None:
    chat = Chat(bot, customer=MEMBER)
    assert "SF123" in texts(chat.say("LY20261103001到哪了"))
    chat.say("帮我查一下订单")
    assert "SF123" in texts(chat.say("ＬＹ２０２６１１０３００１"))


def test_an_unverified_customer_is_asked(bot: Bot) -> None:
    chat = Chat(bot, customer={**MEMBER, "verified": False})
    assert "后四位" in texts(chat.say("LY20261103001到哪了"))


@pytest.mark.parametrize(
    ("language", "ask", "reason", "yes"),
    [("zh", "我要退款", "尺码不合适", "好的"), ("en", "I want a refund", "it doesn't fit", "yes")],
)
def test_a_refund_is_confirmed_then_requested_once(
    bot: Bot, shop_server: ShopServer, language: str, ask: str, reason: str, yes: str
) -> None:
    shop_server.refunds.clear()
    chat = Chat(bot, language=language)
    for text in (ask, "LY20261103002", "1234"):
        chat.say(text)
    confirm = chat.say(reason)
    assert all(part in texts(confirm) for part in ("LY20261103002", "¥199.00", reason))
    done = chat.say(yes, turn="t_refund_" + language)
    assert "RF001" in texts(done)
    assert done["active_loop"] is None
    assert chat.say(yes, turn="t_refund_" + language)["duplicate"] is True
    assert list(shop_server.refunds) == ["t_refund_" + language]


def test_a_no_submits_nothing(chat: Chat, shop_server: ShopServer) -> None:
    for text in ("我要退款", *STEPS):
        answer = chat.say(text)
    answer = chat.press(answer, "先不办了")
    assert answer["active_loop"] is None
    assert not any("refunds" in call for call in shop_server.calls)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("可以先别提交", "zh"),
        ("好的我再想想", "zh"),
        ("确认不提交", "zh"),
        ("好的，等一下", "zh"),
        ("yes but wait", "en"),
        ("yes, later", "en"),
        ("sure hold on", "en"),
    ],
)
def test_a_hesitant_yes_submits_nothing_and_is_asked_again(
    bot: Bot, shop_server: ShopServer, text: str, language: str
) -> None:
    shop_server.refunds.clear()
    chat = Chat(bot, language=language)
    for step in ("我要退款" if language == "zh" else "I want a refund", *STEPS):
        chat.say(step)
    again = chat.say(text)
    assert (again["handoff"], shop_server.refunds) == (None, {})
    assert not any("refunds" in call for call in shop_server.calls)
    if again["active_loop"] is None:  # taken for a no, which is as good: it is taken up again
        again = chat.say("继续刚才的退款" if language == "zh" else "let's continue with the refund")
    assert [b["payload"] for b in again["messages"][-1]["buttons"]] == ["/affirm", "/deny"]
    submit = "确认提交" if "确认" in texts(again) else "Yes, submit"
    assert "RF001" in texts(chat.press(again, submit))
    assert len(shop_server.refunds) == 1


@pytest.mark.parametrize(("number", "said"), [("LY20261103003", "不能申请退款"), ("LY20261103004", "已经有一笔退款")])
def test_the_shops_refusal_is_told(bot: Bot, number: str, said: str) -> None:
    chat = Chat(bot, customer=MEMBER)
    for text in (f"{number} 我要退款", "不想要了"):
        chat.say(text)
    assert said in texts(chat.say("确认"))


def test_a_refund_takes_over_the_order_that_was_looked_up(bot: Bot) -> None:
    chat = Chat(bot, customer=MEMBER)
    chat.say("LY20261103001到哪了")
    assert "原因" in texts(chat.say("我要退款"))


def test_an_order_of_someone_else_is_not_found(chat: Chat) -> None:
    chat.say("LY20261103001到哪了")
    answer = chat.say("9999")
    assert (answer["active_loop"], "SF123" in texts(answer)) == ("order_status", False)
    assert answer["slots"]["requested_slot"] == "phone_tail"
    second = chat.say("8888")
    assert (second["handoff"]["reason"], second["active_loop"]) == ("unsure", None)


def test_two_unusable_order_numbers_hand_off(chat: Chat) -> None:
    chat.say("查一下我的订单")
    again = chat.say("LY123")
    assert (again["handoff"], "LY20261103001" in texts(again)) == (None, True)
    second = chat.say("就是那个蓝色的")
    assert (second["handoff"]["reason"], second["active_loop"]) == ("unsure", None)


@pytest.mark.parametrize("reached", range(len(STEPS) + 1))
@pytest.mark.parametrize("ask", ["转人工", "let me talk to a person", "机器人没用，给我换个真人"])
def test_asking_for_a_human_leaves_the_form_at_every_slot(chat: Chat, reached: int, ask: str) -> None:
    for text in ("我要退款", *STEPS[:reached]):
        assert chat.say(text)["active_loop"] == "refund_request"
    answer = chat.say(ask)
    assert (answer["handoff"]["reason"], answer["active_loop"]) == ("asked", None)
    assert chat.say("你好")["messages"][0]["kind"] == "small_talk"


@pytest.mark.parametrize("reached", range(len(STEPS) + 1))
def test_a_question_is_answered_and_the_form_goes_on(chat: Chat, reached: int) -> None:
    before = [chat.say(text) for text in ("我要退款", *STEPS[:reached])][-1]
    answer = chat.say("多久能退款？")
    assert [m["kind"] for m in answer["messages"]] == ["answer", "form"]
    assert (answer["active_loop"], answer["slots"]) == ("refund_request", before["slots"])
    for text in [*STEPS[reached:], "确认"]:
        last = chat.say(text)
    assert "退款单号" in texts(last)


@pytest.mark.parametrize("reached", range(len(STEPS)))
@pytest.mark.parametrize("stop", ["算了", "cancel", "取消"])
def test_a_form_can_be_stopped_at_every_slot(chat: Chat, shop_server: ShopServer, reached: int, stop: str) -> None:
    for text in ("我要退款", *STEPS[:reached]):
        chat.say(text)
    answer = chat.say(stop)
    assert (answer["active_loop"], answer["handoff"]) == (None, None)
    assert not any("refunds" in call for call in shop_server.calls)


def test_the_stop_button_stops(chat: Chat) -> None:
    assert chat.press(chat.say("查一下我的订单"), "不办了")["active_loop"] is None


def test_forms_can_be_switched(chat: Chat) -> None:
    assert chat.say("查一下我的订单")["active_loop"] == "order_status"
    assert chat.say("我要退款")["active_loop"] == "refund_request"
    assert chat.say("查一下我的订单")["active_loop"] == "order_status"


def test_anger_within_a_form_is_soothed_and_handed_off(chat: Chat) -> None:
    chat.say("我要退款")
    answer = chat.say("你们这帮骗子")
    assert (answer["handoff"]["reason"], answer["active_loop"]) == ("unhappy", None)


@pytest.mark.parametrize("mode", ["down", "garbage", "other_shape", "hang"])
def test_a_broken_shop_goes_to_a_human_with_the_truth(bot: Bot, shop_server: ShopServer, mode: str) -> None:
    if mode == "hang":
        shop_server.delay = 2.0
    else:
        shop_server.mode = mode
    answer = Chat(bot, customer=MEMBER).say("LY20261103001到哪了")
    assert (answer["handoff"]["reason"], answer["active_loop"]) == ("bot_failed", None)
    assert "没有响应" in texts(answer)
    assert answer["took_ms"] < 2000


def test_a_refund_that_the_shop_did_not_confirm_is_not_called_done(bot: Bot, shop_server: ShopServer) -> None:
    chat = Chat(bot, customer=MEMBER)
    for text in ("LY20261103002 我要退款", "不想要了"):
        chat.say(text)
    shop_server.mode = "down"
    answer = chat.say("确认", turn="t_uncertain")
    assert answer["handoff"]["reason"] == "bot_failed"
    assert answer["handoff"]["evidence"]["idempotency_key"] == "t_uncertain"
    assert "没有确认" in texts(answer)


def test_who_waits_and_meets_a_broken_shop_is_not_handed_off_again(bot: Bot, shop_server: ShopServer) -> None:
    shop_server.mode = "down"
    answer = Chat(bot, owner="queue", customer=MEMBER).say("LY20261103001到哪了")
    assert (answer["handoff"], answer["messages"][0]["kind"]) == (None, "notice")


def test_a_refused_refund_offers_no_human_to_one_who_waits(bot: Bot) -> None:
    chat = Chat(bot, owner="queue", customer=MEMBER)
    for text in ("LY20261103003 我要退款", "不想要了", "确认"):
        answer = chat.say(text)
    assert "/ask_human" not in [b["payload"] for m in answer["messages"] for b in m["buttons"]]
