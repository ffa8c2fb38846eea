"""The order API as the bot sees it: the real app on a real file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from data.demo_shop.app import create_app
from data.demo_shop.model import Status
from data.demo_shop.seed import first_orders
from data.demo_shop.settings import BadSettings, Settings, read_settings

KEY = {"Authorization": f"Bearer {'k' * 40}"}
LIN_XIAO = {**KEY, "X-Customer": "cus_linxiao"}
ALEX = {**KEY, "X-Customer": "cus_alex"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        shop_url="http://shop.test",
        gateway_url="http://chat.test",
        var=tmp_path,
        api_key="k" * 40,
        identity_secret="i" * 40,
    )


@pytest.fixture
def shop(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=settings.shop_url) as client:
        yield client


def _refund(shop: TestClient, number: str, headers: dict[str, str] = LIN_XIAO, **body: object) -> tuple[int, dict]:
    wanted = {"reason": "不想要了", "idempotency_key": "conversation-1.turn-3", **body}
    answer = shop.post(f"/api/v1/orders/{number}/refunds", headers=headers, json=wanted)
    return answer.status_code, answer.json()


def test_an_order_has_the_shape_that_the_bot_reads(shop: TestClient) -> None:
    answer = shop.get("/api/v1/orders/LY20261103001", headers=LIN_XIAO)
    assert answer.status_code == 200
    order = answer.json()
    assert {name: order[name] for name in ("number", "status", "total", "currency")} == {
        "number": "LY20261103001",
        "status": "shipped",
        "total": "299.00",
        "currency": "CNY",
    }
    item = {"name": "降噪蓝牙耳机 海盐白", "quantity": 1, "price": "299.00", "product": "headphones"}
    assert order["items"] == [item]
    (parcel,) = order["parcels"]
    assert sorted(parcel) == ["at", "courier", "eta", "last_event", "tracking"]
    assert parcel["courier"] == "顺丰速运"
    for text in (order["placed_at"], parcel["at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", parcel["eta"])


def test_shipping_is_added_below_the_free_limit(shop: TestClient) -> None:
    order = shop.get("/api/v1/orders/LY20261015222", headers={**KEY, "X-Customer": "cus_wangfang"}).json()
    assert order["total"] == "57.00", "goods for 49 yuan and 8 yuan shipping"


def test_the_first_orders_cover_every_status_and_two_languages() -> None:
    orders = first_orders(datetime(2027, 3, 1, tzinfo=UTC))
    assert {order.status for order in orders} == set(Status)
    assert len({order.number for order in orders}) == len(orders) == 17
    assert all(re.fullmatch(r"LY\d{11}", order.number) for order in orders)
    assert all(
        timedelta(0) < datetime(2027, 3, 1, tzinfo=UTC) - order.placed_at < timedelta(days=31) for order in orders
    )


def test_without_the_key_nothing_is_told(shop: TestClient) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "k" * 40}):
        answer = shop.get("/api/v1/orders/LY20261103001", headers={**headers, "X-Customer": "cus_linxiao"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_foreign_and_unknown_orders_look_the_same(shop: TestClient) -> None:
    foreign = shop.get("/api/v1/orders/LY20261103002", headers=LIN_XIAO)
    unknown = shop.get("/api/v1/orders/LY20269999999", headers=LIN_XIAO)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text.replace("LY20261103002", "?") == unknown.text.replace("LY20269999999", "?")


def test_the_end_of_the_phone_number_opens_only_the_own_order(shop: TestClient) -> None:
    def status(number: str, tail: str) -> int:
        return shop.get(f"/api/v1/orders/{number}", params={"phone_tail": tail}, headers=KEY).status_code

    assert status("LY20261103001", "5678") == 200
    assert status("LY20261103001", "4321") == 404
    assert status("LY20261102045", "4321") == 200
    assert status("LY20261102045", "54321") == 404
    assert status("LY20261102045", "%") == 404


def test_nobody_named_is_an_error_of_the_caller(shop: TestClient) -> None:
    answer = shop.get("/api/v1/orders/LY20261103001?phone_tail=", headers=KEY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "customer_required")


def test_a_refund_is_requested_once_however_often_it_is_sent(shop: TestClient) -> None:
    status, first = _refund(shop, "LY20261030008")
    assert status == 201
    assert (first["order"], first["amount"], first["status"]) == ("LY20261030008", "329.00", "refunding")
    assert _refund(shop, "LY20261030008") == (201, first)
    assert shop.get("/api/v1/orders/LY20261030008", headers=LIN_XIAO).json()["status"] == "refunding"


def test_two_refund_requests_at_once_are_one_refund(shop: TestClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: _refund(shop, "LY20261103001"), range(16)))
    assert {status for status, _ in answers} == {201}
    assert len({body["refund"] for _, body in answers}) == 1


@pytest.mark.parametrize(
    ("number", "headers", "code"),
    [
        pytest.param("LY20261105002", LIN_XIAO, "not_refundable", id="unpaid"),
        pytest.param("LY20261012007", ALEX, "not_refundable", id="cancelled"),
        pytest.param("LY20261009033", LIN_XIAO, "not_refundable", id="arrived three weeks ago"),
        pytest.param("LY20261021019", ALEX, "already_requested", id="refunding"),
    ],
)
def test_what_cannot_be_refunded_is_told(shop: TestClient, number: str, headers: dict[str, str], code: str) -> None:
    status, body = _refund(shop, number, headers)
    assert (status, body["error"]["code"]) == (409, code)
    assert number in body["error"]["message"]


def test_another_key_for_the_same_order_finds_it_requested_already(shop: TestClient) -> None:
    assert _refund(shop, "LY20261104016")[0] == 201
    status, body = _refund(shop, "LY20261104016", idempotency_key="another")
    assert (status, body["error"]["code"]) == (409, "already_requested")


def test_a_key_does_not_open_another_request(shop: TestClient) -> None:
    assert _refund(shop, "LY20261104016")[0] == 201
    for number, reason in (("LY20261103001", "不想要了"), ("LY20261104016", "another reason")):
        status, body = _refund(shop, number, reason=reason)
        assert (status, body["error"]["code"]) == (409, "key_reused")


def test_a_foreign_order_cannot_be_refunded(shop: TestClient) -> None:
    assert _refund(shop, "LY20261103002")[0] == 404
    owner = {**KEY, "X-Customer": "cus_wangfang"}
    assert shop.get("/api/v1/orders/LY20261103002", headers=owner).json()["status"] == "shipped"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b'{"reason": "x"}',
        b'{"reason": "", "idempotency_key": "k"}',
        b'{"reason": 5, "idempotency_key": "k"}',
        b'{"reason": "a\\u0000b", "idempotency_key": "k"}',
        b'{"reason": "\\ud800", "idempotency_key": "k"}',
        b'{"reason": "x", "idempotency_key": "a b"}',
        b'{"reason": "x", "idempotency_key": "k", "amount": "9999"}',
        b'{"reason": "' + b"x" * 501 + b'", "idempotency_key": "k"}',
        b"\xff\xfe\x00",
    ],
)
def test_a_wrong_body_is_refused_and_changes_nothing(shop: TestClient, content: bytes) -> None:
    headers = {**LIN_XIAO, "Content-Type": "application/json"}
    answer = shop.post("/api/v1/orders/LY20261103001/refunds", headers=headers, content=content)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["code"] == "invalid"
    assert shop.get("/api/v1/orders/LY20261103001", headers=LIN_XIAO).json()["status"] == "shipped"


@pytest.mark.parametrize("number", ["%00", "x" * 3000, "LY20261103001'--", "../secrets", "订单"])
def test_a_wrong_number_is_just_not_found(shop: TestClient, number: str) -> None:
    answer = shop.get(f"/api/v1/orders/{number}", headers=LIN_XIAO)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_restart_keeps_orders_and_their_dates(settings: Settings) -> None:
    def order(now: datetime) -> dict:
        with TestClient(create_app(settings, now=lambda: now), base_url=settings.shop_url) as client:
            return client.get("/api/v1/orders/LY20261103001", headers=LIN_XIAO).json()

    first = order(datetime(2027, 3, 1, 12, tzinfo=UTC))
    assert first["placed_at"] == "2027-02-27T02:24:00Z"
    assert order(datetime(2027, 3, 9, 12, tzinfo=UTC)) == first


def test_ready_means_that_the_file_can_be_written(shop: TestClient, settings: Settings) -> None:
    assert shop.get("/readyz").status_code == 200
    for file in settings.var.glob("shop.sqlite*"):
        file.unlink()
    (settings.var / "shop.sqlite").write_bytes(b"this is no database")
    answer = shop.get("/readyz")
    assert answer.status_code == 503
    assert "shop.sqlite" in answer.json()["reason"]
    assert shop.get("/healthz").status_code == 200


def test_there_are_no_default_secrets() -> None:
    with pytest.raises(BadSettings, match="TANDEM_SHOP_API_KEY must hold at least 32"):
        read_settings({})
    with pytest.raises(BadSettings, match="TANDEM_IDENTITY_SECRET must hold at least 32"):
        read_settings({"TANDEM_SHOP_API_KEY": "k" * 32, "TANDEM_IDENTITY_SECRET": "short"})
