"""SQL of what is done with orders: the ledger of deeds, and one function per kind of deed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pysqlite3 as sqlite3

from data.demo_shop.deeds.ledger import Deed, check_undoable, fingerprint, new_id, with_undo
from data.demo_shop.model import CURRENCY, Order, Owner, Refused, Status, fen, iso, yuan
from data.demo_shop.rules import FAULTS, check, check_fault
from data.demo_shop.store import Store, owned_order, owns, set_status

SCHEMA = """
CREATE TABLE IF NOT EXISTS deeds (
    id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, asked TEXT NOT NULL, kind TEXT NOT NULL, customer TEXT NOT NULL,
    target TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, answer TEXT NOT NULL, undo_until TEXT,
    undone_at TEXT
) STRICT;
"""
UNDO = {"cancel": 30, "change_address": 60, "refund": 120, "return": 240, "exchange": 240, "invoice": 30}  # minutes
REVIEW_FROM = 500_00  # fen: a person looks at larger refunds
REFUNDS_IN_30_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a deed answers, what it restores when undone, and the order's status that it left ("" when it left it)."""

    answer: dict[str, Any]
    before: dict[str, Any]
    after: str = ""


Act = Callable[[sqlite3.Connection, Order, dict[str, Any], datetime], Outcome]


class Deeds:
    """Does things with orders and takes them back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.writing() as connection:
            connection.execute(SCHEMA.strip().rstrip(";"))

    def do(
        self, kind: str, number: str, wanted: dict[str, Any], *, key: str, owner: Owner, now: datetime
    ) -> dict[str, Any] | None:
        """Do `kind` with an order, once per key; None for a foreign order, Refused when the shop will not."""
        with self._store.writing() as connection:
            order = owned_order(connection, number, owner, now=now)
            if order is None:
                return None
            recorded = answered(connection, key, fingerprint(kind, number, wanted))
            if recorded is not None:
                return recorded
            outcome = ACTS[kind](connection, order, wanted, now)
            until = now + timedelta(minutes=UNDO[kind])
            return record(
                connection, kind, order.customer, number, wanted, outcome.answer, key=key, until=until,
                before=outcome.before, after=outcome.after,
            )  # fmt: skip

    def undo(self, action: str, *, key: str, owner: Owner, now: datetime) -> dict[str, Any] | None:
        """Take a deed back, once; None when it is not the owner's."""
        with self._store.writing() as connection:
            deed = _deed(connection, action)
            if deed is None or not owns(connection, deed.customer, owner):
                return None
            recorded = answered(connection, key, fingerprint("undo", action, {}))
            if recorded is not None:
                return recorded
            row = connection.execute("SELECT status FROM orders WHERE number = ?", (deed.target,)).fetchone()
            check_undoable(deed, status=row["status"] if row else "", now=now)
            _restore(connection, deed)
            connection.execute("UPDATE deeds SET undone_at = ? WHERE id = ?", (now.isoformat(), action))
            answer = {"undone": action, "kind": deed.kind}
            return record(connection, "undo", deed.customer, action, {}, answer, key=key, until=None)


def answered(connection: sqlite3.Connection, key: str, asked: str) -> dict[str, Any] | None:
    """The answer that this key got; Refused when it came with another request."""
    row = connection.execute("SELECT asked, answer FROM deeds WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["asked"] != asked:
        raise Refused("key_reused", "This idempotency_key came before with another request.")
    answer: dict[str, Any] = json.loads(row["answer"])
    return answer


def record(
    connection: sqlite3.Connection,
    kind: str,
    customer: str,
    target: str,
    wanted: dict[str, Any],
    answer: dict[str, Any],
    *,
    key: str,
    until: datetime | None,
    before: dict[str, Any] | None = None,
    after: str = "",
) -> dict[str, Any]:
    """Write a deed into the ledger; its answer with its id and its way back."""
    action = new_id("AC")
    told = with_undo(answer, action=action, until=until)
    connection.execute(
        "INSERT INTO deeds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            action, key, fingerprint(kind, target, wanted), kind, customer, target, json.dumps(before or {}), after,
            json.dumps(told, ensure_ascii=False), until.isoformat() if until else None,
        ),
    )  # fmt: skip
    return told


def _deed(connection: sqlite3.Connection, action: str) -> Deed | None:
    row = connection.execute("SELECT * FROM deeds WHERE id = ? AND kind != 'undo'", (action,)).fetchone()
    if row is None:
        return None
    until = row["undo_until"]
    return Deed(
        id=row["id"],
        kind=row["kind"],
        customer=row["customer"],
        target=row["target"],
        before=json.loads(row["before"]),
        after=row["after"],
        undo_until=datetime.fromisoformat(until) if until else None,
        undone=row["undone_at"] is not None,
    )


def _restore(connection: sqlite3.Connection, deed: Deed) -> None:
    number, before = deed.target, deed.before
    if "status" in before:
        set_status(connection, number, before["status"])
    if "address" in before:
        connection.execute(
            "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?)", (number, before["address"], before["changed"])
        )
    for table in before.get("remove_from", ()):
        assert table in ("refund_requests", "returns", "invoices", "closings")
        column = "customer" if table == "closings" else "order_number"
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (number,))


def cancel(connection: sqlite3.Connection, order: Order, wanted: dict[str, Any], now: datetime) -> Outcome:
    """Cancel before shipping; what was paid goes back."""
    del wanted
    check(order, "cancel", now=now)
    set_status(connection, order.number, Status.CANCELLED)
    paid = yuan(order.total) if order.status is Status.PAID else None
    answer = {"order": order.number, "status": Status.CANCELLED.value, "amount": paid, "currency": CURRENCY}
    return Outcome(answer=answer, before={"status": order.status.value}, after=Status.CANCELLED.value)


def change_address(connection: sqlite3.Connection, order: Order, wanted: dict[str, Any], now: datetime) -> Outcome:
    """Another address in the same province, once."""
    check(order, "change_address", now=now)
    address = str(wanted["address"])
    if province(address) and province(order.address) and province(address) != province(order.address):
        raise Refused("other_province", f"Order {order.number} cannot be sent to another province.")
    connection.execute("INSERT OR REPLACE INTO addresses VALUES (?, ?, 1)", (order.number, address))
    before = {"address": order.address, "changed": int(order.address_changed)}
    return Outcome(answer={"order": order.number, "address": address}, before=before, after=order.status.value)


PROVINCES = {
    "上海": ("上海", "shanghai"), "浙江": ("浙江", "杭州", "宁波", "zhejiang", "hangzhou", "ningbo"),
    "江苏": ("江苏", "南京", "苏州", "jiangsu", "nanjing", "suzhou"), "北京": ("北京", "beijing"),
    "广东": ("广东", "深圳", "广州", "guangdong", "shenzhen", "guangzhou"),
}  # fmt: skip


def province(address: str) -> str | None:
    """The province that an address names, of those this small shop knows."""
    text = address.lower()
    return next((name for name, words in PROVINCES.items() if any(word in text for word in words)), None)


def refund(connection: sqlite3.Connection, order: Order, wanted: dict[str, Any], now: datetime) -> Outcome:
    """Ask for money back: all or a part of what was paid; large sums are looked at by a person."""
    check(order, "refund", now=now)
    amount = fen(wanted["amount"]) if wanted.get("amount") else order.total
    if not 0 < amount <= order.total:
        raise Refused("more_than_paid", f"{yuan(order.total)} was paid for order {order.number}.")
    since = (now - timedelta(days=30)).isoformat()
    (many,) = connection.execute(
        "SELECT count(*) FROM refund_requests WHERE customer = ? AND requested_at > ?", (order.customer, since)
    ).fetchone()
    if many >= REFUNDS_IN_30_DAYS:
        raise Refused("limit_reached", f"{many} refunds were requested within 30 days.")
    status = "in_review" if amount >= REVIEW_FROM else Status.REFUNDING.value
    identity = new_id("RF")
    connection.execute(
        "INSERT INTO refund_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            identity, order.number, order.customer, wanted["reason"], wanted["code"], amount, status,
            json.dumps(wanted["evidence"]), now.isoformat(),
        ),
    )  # fmt: skip
    set_status(connection, order.number, Status.REFUNDING)
    answer = {
        "refund": identity, "order": order.number, "status": status, "amount": yuan(amount), "currency": CURRENCY,
        "requested_at": iso(now),
    }  # fmt: skip
    before = {"status": order.status.value, "remove_from": ["refund_requests"]}
    return Outcome(answer=answer, before=before, after=Status.REFUNDING.value)


def send_back(connection: sqlite3.Connection, order: Order, wanted: dict[str, Any], now: datetime) -> Outcome:
    """Register a return or an exchange."""
    kind, code = wanted["kind"], wanted["code"]
    check(order, kind, now=now)
    check_fault(order, kind=kind, code=code, evidence=len(wanted["evidence"]), now=now)
    identity = new_id("RT" if kind == "return" else "EX")
    connection.execute(
        "INSERT INTO returns VALUES (?, ?, ?, ?, ?, ?, ?)",
        (identity, order.number, kind, wanted["reason"], code, wanted["method"], json.dumps(wanted["evidence"])),
    )
    answer = {
        "return": identity, "order": order.number, "kind": kind, "status": "approved", "method": wanted["method"],
        "shipping_paid_by": "shop" if code in FAULTS else "customer",
    }  # fmt: skip
    return Outcome(answer=answer, before={"remove_from": ["returns"]}, after=order.status.value)


def invoice(connection: sqlite3.Connection, order: Order, wanted: dict[str, Any], now: datetime) -> Outcome:
    """Issue an electronic invoice."""
    check(order, "invoice", now=now)
    if wanted["kind"] == "company" and not wanted.get("tax_number"):
        raise Refused("bad_tax_number", "A company's invoice needs its tax number.")
    identity = new_id("FP")
    connection.execute(
        "INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?)",
        (identity, order.number, wanted["kind"], wanted["title"], wanted.get("tax_number"), wanted["email"]),
    )
    answer = {"invoice": identity, "order": order.number, "status": "requested", "email": wanted["email"]}
    return Outcome(answer=answer, before={"remove_from": ["invoices"]}, after=order.status.value)


ACTS: dict[str, Act] = {
    "cancel": cancel,
    "change_address": change_address,
    "refund": refund,
    "return": send_back,
    "exchange": send_back,
    "invoice": invoice,
}
