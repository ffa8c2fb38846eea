"""A tenant whose customers are not the shop's: the shop hears nothing of them, and they are told so."""

import json

import pytest

from bot.channels.request import read_turn
from tests.bot.far_side import ShopServer
from tests.bot.gateway import Bot, Chat

WISHES = [
    ("zh", "帮我查一下订单 LY20261103001"),
    ("zh", "我要取消订单"),
    ("zh", "帮我申请退款"),
    ("zh", "我要注销账户"),
    ("en", "Where is my order LY20261103001?"),
    ("en", "I want to cancel my order"),
    ("en", "please send me an invoice"),
]
HONEST = {
    "zh": "订单、支付和账户的事，我在这里查不到",
    "en": "I can't look up or change orders, payments or accounts here",
}
VOUCHED = {"id": "1001", "verified": True}


@pytest.mark.parametrize(("language", "text"), WISHES)
def test_the_shop_is_not_asked_for_another_tenant(bot: Bot, shop_server: ShopServer, language: str, text: str) -> None:
    """Brand B has vouched for its user 1001, whom the shop, which is brand A's, knows as somebody else."""
    chat = Chat(bot, tenant="brand-b", language=language, orders=False, customer=VOUCHED)
    answer = chat.say(text)
    assert HONEST[language] in answer["messages"][0]["text"]
    assert [button["payload"] for button in answer["messages"][0]["buttons"]] == ["/ask_human"]
    assert answer["active_loop"] is None
    assert chat.say("好的" if language == "zh" else "yes please")["handoff"]["reason"] == "asked"
    assert not shop_server.calls


@pytest.mark.parametrize("press", ["/order_status", "/cancel_order", "/coupon_check", "/verify_identity"])
def test_nor_by_a_button_or_while_he_waits_for_a_person(bot: Bot, shop_server: ShopServer, press: str) -> None:
    chat = Chat(bot, tenant="brand-b", orders=False, customer=VOUCHED, owner="queue")
    answer = chat.say("x", press=press)
    assert HONEST["zh"] in answer["messages"][0]["text"]
    assert answer["messages"][0]["buttons"] == []
    assert not shop_server.calls


def test_a_task_of_the_shop_that_runs_ends_where_the_tenant_has_no_shop_any_more(
    bot: Bot, shop_server: ShopServer
) -> None:
    chat = Chat(bot)
    assert chat.say("我要取消订单")["active_loop"]
    chat.metadata |= {"orders": False, "customer": VOUCHED}
    answer = chat.say("LY20261103001")
    assert HONEST["zh"] in answer["messages"][0]["text"]
    assert answer["active_loop"] is None
    assert not shop_server.calls


def test_what_needs_no_shop_goes_on(bot: Bot, shop_server: ShopServer) -> None:
    """A complaint becomes a ticket of the tenant's own; and the greeting promises no look at orders."""
    chat = Chat(bot, tenant="brand-b", orders=False, customer=VOUCHED)
    hello = chat.say("你好")["messages"][0]
    assert "订单" not in hello["text"]
    assert hello["buttons"] == []
    assert chat.say("我要投诉")["active_loop"]
    answer = chat.say("送货")
    assert answer["slots"]["task"] == "complaint"
    assert not shop_server.calls


def test_a_turn_that_does_not_say_whose_customers_they_are_has_no_shop_and_no_customer() -> None:
    metadata = {"tenant": "b", "channel": "web", "language": None, "owner": "bot", "customer": VOUCHED, "context": []}
    body = {"conversation": "c", "phase": 1, "turn": "t", "text": "x", "press": None, "metadata": metadata}
    for said, shop in (({}, False), ({"orders": False}, False), ({"orders": "yes"}, False), ({"orders": True}, True)):
        turn = read_turn(json.dumps({**body, "metadata": {**metadata, **said}}).encode(), max_chars=4000)
        assert (turn.orders, turn.customer is not None) == (shop, shop), said
