"""SQL of coupons and payments, and what the shop says of them at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pysqlite3 as sqlite3

from data.demo_shop.deeds.ledger import fingerprint, new_id
from data.demo_shop.deeds.store import answered, record
from data.demo_shop.model import CURRENCY, Owner, Refused, iso, yuan
from data.demo_shop.store import Store

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS coupons (
    code TEXT PRIMARY KEY, customer TEXT, name TEXT NOT NULL, off INTEGER NOT NULL, minimum INTEGER NOT NULL,
    starts TEXT NOT NULL, ends TEXT NOT NULL, used INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS payments (
    reference TEXT PRIMARY KEY, customer TEXT NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
    state TEXT NOT NULL, created_at TEXT NOT NULL, expected_by TEXT NOT NULL, case_number TEXT
) STRICT""",
)


@dataclass(frozen=True, kw_only=True)
class Coupon:
    """A coupon; `customer` None: whoever knows the code may use it. Money in fen."""

    code: str
    customer: str | None
    name: str
    off: int
    minimum: int
    starts: datetime
    ends: datetime
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A top-up, transfer or withdrawal; `state` is on_its_way, arrived, failed or returned."""

    reference: str
    customer: str
    kind: str
    amount: int
    state: str
    created_at: datetime
    expected_by: datetime


class Wallet:
    """Coupons and payments."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.writing() as connection:
            for table in SCHEMA:
                connection.execute(table)

    def fill(self, coupons: list[Coupon], payments: list[Payment]) -> None:
        """The first ones; those that are there already are left alone."""
        with self._store.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO coupons VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (c.code, c.customer, c.name, c.off, c.minimum, c.starts.isoformat(), c.ends.isoformat(), c.used)
                    for c in coupons
                ],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                [
                    (
                        p.reference,
                        p.customer,
                        p.kind,
                        p.amount,
                        p.state,
                        p.created_at.isoformat(),
                        p.expected_by.isoformat(),
                    )
                    for p in payments
                ],
            )

    def coupon(self, code: str, *, owner: Owner, now: datetime) -> dict[str, Any] | None:
        """A coupon with this code, if it is anybody's or the owner's."""
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT * FROM coupons WHERE code = ? AND (customer IS NULL OR customer = ?)",
                (code.upper(), owner.customer),
            ).fetchone()
        return _coupon(row, now) if row else None

    def coupons(self, owner: Owner, *, now: datetime) -> list[dict[str, Any]]:
        """A customer's coupons, the ones that end last first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM coupons WHERE customer = ? ORDER BY ends DESC", (owner.customer,)
            ).fetchall()
        return [_coupon(row, now) for row in rows]

    def payments(self, owner: Owner, *, now: datetime) -> list[dict[str, Any]]:
        """A customer's payments, the newest first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM payments WHERE customer = ? ORDER BY created_at DESC", (owner.customer,)
            ).fetchall()
        return [_payment(row, now) for row in rows]

    def payment(self, reference: str, *, owner: Owner, now: datetime) -> dict[str, Any] | None:
        """A payment, if it is the owner's."""
        with self._store.reading() as connection:
            row = _owned(connection, reference, owner)
        return _payment(row, now) if row else None

    def investigate(
        self, reference: str, *, evidence: list[str], key: str, owner: Owner, now: datetime
    ) -> dict[str, Any] | None:
        """Trace an overdue or failed payment, once; None for a foreign one."""
        wanted = {"evidence": evidence}
        with self._store.writing() as connection:
            row = _owned(connection, reference, owner)
            if row is None:
                return None
            recorded = answered(connection, key, fingerprint("investigate", reference, wanted))
            if recorded is not None:
                return recorded
            state = _state(row, now)
            if state == "under_review":
                raise Refused("already_open", f"{reference} is being traced already.")
            if state not in ("overdue", "failed"):
                raise Refused("settled", f"{reference} is {state}.")
            case = new_id("CA")
            connection.execute("UPDATE payments SET case_number = ? WHERE reference = ?", (case, reference))
            answer = {"case": case, "reference": reference, "status": "under_review"}
            return record(connection, "investigate", row["customer"], reference, wanted, answer, key=key, until=None)


def _owned(connection: sqlite3.Connection, reference: str, owner: Owner) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT payments.* FROM payments JOIN customers ON customers.id = payments.customer "
        "WHERE reference = ? AND (customer = ? OR substr(phone, -4) = ?)",
        (reference, owner.customer, owner.phone_tail),
    ).fetchone()
    return row


def _state(row: sqlite3.Row, now: datetime) -> str:
    if row["case_number"]:
        return "under_review"
    if row["state"] == "on_its_way":
        return "overdue" if now > datetime.fromisoformat(row["expected_by"]) else "pending"
    return str(row["state"])


def _payment(row: sqlite3.Row, now: datetime) -> dict[str, Any]:
    return {
        "reference": row["reference"],
        "kind": row["kind"],
        "amount": yuan(row["amount"]),
        "currency": CURRENCY,
        "state": _state(row, now),
        "created_at": iso(datetime.fromisoformat(row["created_at"])),
        "expected_by": iso(datetime.fromisoformat(row["expected_by"])),
        "case": row["case_number"],
    }


def _coupon(row: sqlite3.Row, now: datetime) -> dict[str, Any]:
    starts, ends = datetime.fromisoformat(row["starts"]), datetime.fromisoformat(row["ends"])
    state = "used" if row["used"] else "not_started" if now < starts else "expired" if now > ends else "valid"
    return {
        "code": row["code"],
        "name": row["name"],
        "state": state,
        "off": yuan(row["off"]),
        "minimum": yuan(row["minimum"]),
        "currency": CURRENCY,
        "starts": iso(starts),
        "ends": iso(ends),
    }
