"""What the shop does with orders, money and accounts, once per key, and how it takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.demo_shop.app import create_app
from data.demo_shop.deeds.store import province
from data.demo_shop.settings import Settings

KEY = {"Authorization": f"Bearer {'k' * 40}"}
START = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)


class Shop:
    """A shop whose clock the test sets."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        settings = Settings(
            shop_url="http://shop.test",
            gateway_url="http://chat.test",
            var=folder,
            api_key="k" * 40,
            identity_secret="i" * 40,
        )
        self.client = TestClient(create_app(settings, now=lambda: self.now), base_url=settings.shop_url)
        self.keys = 0

    def get(self, path: str, customer: str) -> dict[str, Any]:
        answer = self.client.get(f"/api/v1{path}", headers={**KEY, "X-Customer": customer})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def do(self, path: str, customer: str, *, key: str | None = None, **wanted: Any) -> tuple[int, dict[str, Any]]:
        self.keys += 1
        body = {**wanted, "idempotency_key": key or f"t_{self.keys}"}
        answer = self.client.post(f"/api/v1{path}", headers={**KEY, "X-Customer": customer}, json=body)
        return answer.status_code, answer.json()

    def refusal(self, path: str, customer: str, **wanted: Any) -> str:
        status, body = self.do(path, customer, **wanted)
        assert status == 409, body
        return str(body["error"]["code"])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    with shop.client:
        yield shop


LIN, ALEX, EMMA, CHEN = "cus_linxiao", "cus_alex", "cus_emma", "cus_chenjing"
BACK = {"reason": "坏了", "code": "quality", "method": "pickup", "evidence": ["att_1"]}


def test_cancelling_really_cancels_and_undoing_brings_the_order_back(shop: Shop) -> None:
    status, done = shop.do("/orders/LY20261104016/cancellation", LIN, code="changed_mind")
    assert (status, done["amount"]) == (201, "184.80")
    assert shop.get("/orders/LY20261104016", LIN)["status"] == "cancelled"
    assert shop.refusal("/orders/LY20261104016/cancellation", LIN, code="other") == "already_cancelled"
    assert shop.do(f"/actions/{done['action']}/undo", LIN)[0] == 201
    assert shop.get("/orders/LY20261104016", LIN)["status"] == "paid"
    assert shop.refusal(f"/actions/{done['action']}/undo", LIN) == "already_undone"


def test_an_undo_has_its_time_its_owner_and_its_order(shop: Shop) -> None:
    _, cancelled = shop.do("/orders/LY20261105002/cancellation", LIN, code="other")
    assert shop.do(f"/actions/{cancelled['action']}/undo", ALEX)[0] == 404
    shop.now = START + timedelta(minutes=31)
    assert shop.refusal(f"/actions/{cancelled['action']}/undo", LIN) == "too_late"
    _, returned = shop.do("/orders/LY20261030008/returns", LIN, kind="return", **BACK)
    assert returned["undo_until"] > cancelled["undo_until"]
    assert shop.do(f"/actions/{returned['action']}/undo", LIN)[0] == 201
    _, changed = shop.do("/orders/LY20261104016/address", LIN, address="浙江省杭州市西湖区文二路 1 号")
    shop.do("/orders/LY20261104016/cancellation", LIN, code="other")
    assert shop.refusal(f"/actions/{changed['action']}/undo", LIN) == "changed_since"


def test_one_key_does_one_thing_however_often_and_for_one_request(shop: Shop) -> None:
    def cancel(_: int) -> tuple[int, dict[str, Any]]:
        return shop.do("/orders/LY20261104016/cancellation", LIN, key="one", code="other")

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(cancel, range(8)))
    assert {status for status, _ in answers} == {201}
    assert len({body["action"] for _, body in answers}) == 1
    assert shop.refusal("/orders/LY20261105002/cancellation", LIN, key="one", code="other") == "key_reused"
    undo = [shop.do(f"/actions/{answers[0][1]['action']}/undo", LIN, key="back") for _ in range(2)]
    assert undo[0] == undo[1]
    assert undo[0][0] == 201


def test_an_address_changes_once_and_stays_in_its_province(shop: Shop) -> None:
    path = "/orders/LY20261104016/address"
    assert shop.refusal(path, LIN, address="江苏省南京市鼓楼区中山北路 30 号") == "other_province"
    assert shop.do(path, LIN, address="杭州市西湖区文二路 1 号")[0] == 201
    assert shop.refusal(path, LIN, address="杭州市西湖区文三路 90 号") == "already_changed"
    assert shop.refusal("/orders/LY20261103001/address", LIN, address="杭州市西湖区文三路 90 号") == "shipped"
    assert province("Xuhui, Shanghai") == province("上海市徐汇区") == "上海"


def test_refunds_have_limits(shop: Shop) -> None:
    assert shop.refusal("/orders/LY20261030008/refunds", LIN, reason="x", amount="329.01") == "more_than_paid"
    status, part = shop.do("/orders/LY20261030008/refunds", LIN, reason="x", amount="20.00", code="quality")
    assert (status, part["amount"], part["status"]) == (201, "20.00", "refunding")
    assert shop.do("/orders/LY20261025077/refunds", CHEN, reason="x")[1]["status"] == "in_review"
    for number in ("LY20261102045", "LY20261029027", "LY20261028011"):
        assert shop.do(f"/orders/{number}/refunds", ALEX, reason="x")[0] == 201
    assert shop.refusal("/orders/LY20261104051/refunds", ALEX, reason="x") == "limit_reached"


def test_what_comes_back_has_its_time_and_its_pictures(shop: Shop) -> None:
    late = "/orders/LY20261018044/returns"  # arrived 11.2 days ago
    assert shop.refusal(late, EMMA, kind="return", **{**BACK, "code": "size"}) == "window_over"
    assert shop.refusal(late, EMMA, kind="exchange", **{**BACK, "code": "size"}) == "not_exchangeable"
    assert shop.refusal(late, EMMA, kind="exchange", **{**BACK, "evidence": []}) == "evidence_needed"
    assert shop.refusal("/orders/LY20261103001/returns", LIN, kind="return", **BACK) == "not_returnable"
    status, done = shop.do(late, EMMA, kind="exchange", **BACK)
    assert (status, done["shipping_paid_by"]) == (201, "shop")
    assert shop.refusal("/orders/LY20261018044/refunds", EMMA, reason="x") == "already_requested"
    assert shop.get("/orders/LY20261018044", EMMA)["cannot"]["return"] == "already_requested"
    shop.now = START + timedelta(days=5)
    assert shop.get("/orders/LY20261024031", EMMA)["cannot"].get("refund") == "not_refundable"


def test_an_invoice_has_a_number_and_is_issued_once(shop: Shop) -> None:
    path, wanted = "/orders/LY20261030008/invoice", {"kind": "company", "title": "蓝天", "email": "a@b.cn"}
    assert shop.refusal(path, LIN, **wanted) == "bad_tax_number"
    status, done = shop.do(path, LIN, **wanted, tax_number="91310000MA1FL0000X")
    assert (status, done["invoice"][:2]) == (201, "FP")
    assert shop.refusal(path, LIN, **wanted) == "already_issued"
    assert shop.refusal("/orders/LY20261103001/invoice", LIN, **wanted) == "not_delivered"


def test_coupons_and_payments_change_with_time(shop: Shop) -> None:
    assert shop.get("/coupons/winter20", LIN)["state"] == "not_started"
    assert [coupon["code"] for coupon in shop.get("/coupons", LIN)["coupons"]] == ["HELLO10", "TEA25"]
    assert shop.client.get("/api/v1/coupons/ALEX12", headers={**KEY, "X-Customer": LIN}).status_code == 404
    assert shop.client.get("/api/v1/coupons/SAVE30", headers=KEY).json()["state"] == "valid"
    assert shop.get("/payments/TR2026110502", LIN)["state"] == "pending"
    assert shop.refusal("/payments/TR2026110502/investigation", LIN) == "settled"
    shop.now = START + timedelta(days=10)
    assert shop.get("/coupons/WINTER20", LIN)["state"] == "valid"
    assert shop.get("/payments/TR2026110502", LIN)["state"] == "overdue"
    status, done = shop.do("/payments/TR2026110502/investigation", LIN, evidence=["att_1"])
    assert (status, shop.get("/payments/TR2026110502", LIN)["case"]) == (201, done["case"])
    assert shop.refusal("/payments/TR2026110502/investigation", LIN) == "already_open"
    assert shop.do("/payments/TR2026110502/investigation", ALEX)[0] == 404


def test_verification_is_a_state_machine_with_three_attempts_a_day(shop: Shop) -> None:
    for attempt in range(3):
        assert shop.do("/identity/applications", LIN, document="id_card")[0] == 201, attempt
    assert shop.get("/identity", LIN)["state"] == "locked"
    assert shop.refusal("/identity/applications", LIN, document="passport") == "too_many_attempts"
    shop.now = START + timedelta(days=1)
    assert shop.get("/identity", LIN)["state"] == "awaiting_documents"
    assert shop.refusal("/identity/applications", EMMA, document="passport") == "already_verified"
    assert shop.refusal("/identity/applications", CHEN, document="passport") == "in_review"


def test_an_account_closes_only_when_nothing_is_open(shop: Shop) -> None:
    blockers = shop.get("/account/closing", LIN)["blockers"]
    assert blockers == {"balance": "23.50", "open_orders": 3, "pending_payments": 2}
    assert shop.refusal("/account/closing", LIN, code="privacy") == "blocked"
    status, closing = shop.do("/account/closing", EMMA, code="privacy")
    assert (status, closing["closes_at"], closing["undo_until"]) == (
        201,
        "2026-11-13T04:00:00Z",
        "2026-11-13T04:00:00Z",
    )
    assert shop.refusal("/account/closing", EMMA, code="other") == "already_closing"
    assert shop.do(f"/actions/{closing['action']}/undo", EMMA)[0] == 201
    assert shop.get("/account/closing", EMMA)["state"] == "open"
    shop.do("/account/closing", EMMA, code="privacy")
    shop.now = START + timedelta(days=8)
    assert shop.get("/account/closing", EMMA)["state"] == "closed"


def test_five_wrong_ends_of_a_phone_number_close_that_door_for_an_hour(shop: Shop) -> None:
    def ask(tail: str) -> int:
        path = f"/api/v1/orders/LY20261103001?phone_tail={tail}"
        return shop.client.get(path, headers=KEY).status_code

    assert [ask(tail) for tail in ("0000", "1111", "2222", "3333", "5678")] == [404, 404, 404, 404, 200]
    assert [ask("4444"), ask("5678")] == [404, 404]
    assert shop.get("/orders/LY20261103001", LIN)["status"] == "shipped", "who is signed in is not kept out"
    shop.now = START + timedelta(minutes=61)
    assert ask("5678") == 200


@pytest.mark.parametrize("path", ["/orders", "/coupons", "/payments", "/identity", "/account/closing"])
def test_what_is_a_customers_own_needs_the_customer(shop: Shop, path: str) -> None:
    answer = shop.client.get(f"/api/v1{path}?phone_tail=5678", headers=KEY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "customer_required")
