"""What a customer has bought reaches the bot: the real demo shop tells it, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from data.demo_shop.app import create_app
from data.demo_shop.settings import Settings as ShopSettings
from handoff_service.bots.model import TurnRequest
from handoff_service.desk.orders import Orders
from handoff_service.knowledge.possessions import KNOWN_S, MOST, UNKNOWN_S, WITHIN_S, Possessions, products_in
from tests.handoff_service.stage import trial_settings

KEY = "k" * 40


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def asked_by(customer: str | None, **more: Any) -> TurnRequest:
    return TurnRequest(
        tenant="demo", conversation="c_1", phase=1, turn="t_1", text="怎么进入配对模式", press=None, channel="web",
        language="zh", owner="bot", customer=None if customer is None else {"id": customer, "verified": True},
        context=[], **more,
    )  # fmt: skip


def at(transport: httpx2.AsyncBaseTransport, clock: Clock) -> Possessions:
    settings = trial_settings(shop_api_key=SecretStr(KEY))
    return Possessions(Orders(httpx2.AsyncClient(transport=transport), settings), clock=clock)


@pytest.fixture
def shop(tmp_path: Path) -> httpx2.ASGITransport:
    settings = ShopSettings(
        shop_url="http://shop.test", gateway_url="http://chat.test", var=tmp_path, api_key=KEY, identity_secret="i" * 40
    )
    return httpx2.ASGITransport(create_app(settings))


async def test_the_shops_orders_become_the_contacts_products(shop: httpx2.ASGITransport) -> None:
    possessions = at(shop, Clock())
    lin = (await possessions.told_in(asked_by("cus_linxiao"))).contact
    assert lin is not None
    assert set(lin["products"]) == {"headphones", "lamp", "thermos"}, "the tea is not paid for, the bulb has no code"
    alex = (await possessions.told_in(asked_by("cus_alex"))).contact
    assert alex is not None
    assert "keyboard" in alex["products"]
    assert "headphones" not in alex["products"]


async def test_what_else_is_known_of_the_contact_stays(shop: httpx2.ASGITransport) -> None:
    known = {"products": ["plus"], "asked": [{"article": "invoice", "at": "2026-03-05T09:30:00Z", "solved": None}]}
    told = (await at(shop, Clock()).told_in(asked_by("cus_alex", contact=known))).contact
    assert told is not None
    assert told["products"][0] == "plus"
    assert told["asked"] == known["asked"]
    assert known["products"] == ["plus"], "the request before is another one"


async def test_nobody_is_asked_about_whom_nobody_vouches_for(shop: httpx2.ASGITransport) -> None:
    request = asked_by(None)
    assert await at(shop, Clock()).told_in(request) is request
    stranger = asked_by("cus_nobody")
    assert await at(shop, Clock()).told_in(stranger) is stranger


def answering(answer: Callable[[], httpx2.Response], calls: list[str]) -> httpx2.MockTransport:
    def handle(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.headers["x-customer"])
        return answer()

    return httpx2.MockTransport(handle)


ONE = {"orders": [{"number": "1", "status": "paid", "items": [{"name": "a", "product": "lamp"}]}]}


async def test_a_customer_is_asked_for_once_in_a_while() -> None:
    clock, calls = Clock(), list[str]()
    possessions = at(answering(lambda: httpx2.Response(200, json=ONE), calls), clock)
    for _ in range(3):
        assert await possessions.of("cus-1") == ("lamp",)
    assert calls == ["cus-1"]
    clock.now += KNOWN_S
    assert await possessions.of("cus-1") == ("lamp",)
    assert calls == ["cus-1", "cus-1"]


async def test_a_broken_shop_is_left_alone_for_a_while_and_what_it_told_before_stays() -> None:
    clock, calls = Clock(), list[str]()
    answers = [httpx2.Response(200, json=ONE), httpx2.Response(503)]
    possessions = at(answering(lambda: answers[min(len(calls), 2) - 1], calls), clock)
    assert await possessions.of("cus-1") == ("lamp",)
    clock.now += KNOWN_S
    assert await possessions.of("cus-1") == ("lamp",)
    clock.now += UNKNOWN_S - 1
    assert await possessions.of("cus-1") == ("lamp",)
    assert len(calls) == 2
    clock.now += 1
    await possessions.of("cus-1")
    assert len(calls) == 3


async def test_a_slow_shop_is_not_waited_for() -> None:
    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            await asyncio.sleep(60)
            return httpx2.Response(200, json=ONE, request=request)

    began = asyncio.get_running_loop().time()
    request = asked_by("cus-1")
    assert await at(Slow(), Clock()).told_in(request) is request
    assert asyncio.get_running_loop().time() - began < WITHIN_S + 5


def test_whatever_a_shop_says_becomes_names_or_nothing() -> None:
    odd = [
        {"status": "paid", "items": [{"product": 5}, "x", {"product": " "}, {"product": "a" * 500}]},
        {"status": "paid", "items": None},
        {"status": ["paid"], "items": 5},
        {"status": "cancelled", "items": [{"product": "gone"}]},
        {"items": [{"product": f"p{number}"} for number in range(50)]},
    ]
    found = products_in(odd)
    assert len(found) == MOST
    assert max(map(len, found)) == 120
    assert "gone" not in found
