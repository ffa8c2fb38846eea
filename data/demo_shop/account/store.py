"""SQL of identity verification (a small state machine) and of closing an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pysqlite3 as sqlite3

from data.demo_shop.deeds.ledger import fingerprint, new_id
from data.demo_shop.deeds.store import answered, record
from data.demo_shop.model import Refused, Status, iso, yuan
from data.demo_shop.store import Store

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS identities (
    customer TEXT PRIMARY KEY, state TEXT NOT NULL, document TEXT, reason TEXT, since TEXT NOT NULL,
    attempts INTEGER NOT NULL, attempt_day TEXT NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS accounts (
    customer TEXT PRIMARY KEY, balance INTEGER NOT NULL, instalments INTEGER NOT NULL, disputes INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS closings (
    customer TEXT PRIMARY KEY, code TEXT NOT NULL, closes_at TEXT NOT NULL, action TEXT NOT NULL
) STRICT""",
)
ATTEMPTS_A_DAY = 3
COOLING_OFF = timedelta(days=7)
UPLOAD = "https://www.lanyu.example/verify"
# none → awaiting_documents → in_review → verified | rejected; rejected → awaiting_documents
STARTS_FROM = ("none", "rejected", "awaiting_documents")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where a customer's account stands at first; `balance` in fen."""

    customer: str
    identity: str
    reason: str | None = None
    balance: int = 0
    instalments: int = 0
    disputes: int = 0


class Accounts:
    """Identity verification and closing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.writing() as connection:
            for table in SCHEMA:
                connection.execute(table)

    def fill(self, accounts: list[Account], *, now: datetime) -> None:
        """The first ones; those that are there already are left alone."""
        with self._store.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO identities VALUES (?, ?, NULL, ?, ?, 0, '')",
                [(a.customer, a.identity, a.reason, now.isoformat()) for a in accounts],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?)",
                [(a.customer, a.balance, a.instalments, a.disputes) for a in accounts],
            )

    def identity(self, customer: str, *, now: datetime) -> dict[str, Any] | None:
        """The state of a customer's verification; "locked" after three attempts a day."""
        with self._store.reading() as connection:
            row = _identity(connection, customer)
        if row is None:
            return None
        locked = _attempts(row, now) >= ATTEMPTS_A_DAY and row["state"] in STARTS_FROM
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return {
            "state": "locked" if locked else row["state"],
            "document": row["document"],
            "reason": row["reason"],
            "since": iso(datetime.fromisoformat(row["since"])),
            "until": iso(tomorrow) if locked else None,
        }

    def start_verification(self, customer: str, *, document: str, key: str, now: datetime) -> dict[str, Any] | None:
        """A new attempt with a document; None for an unknown customer."""
        wanted = {"document": document}
        with self._store.writing() as connection:
            row = _identity(connection, customer)
            if row is None:
                return None
            recorded = answered(connection, key, fingerprint("verify", customer, wanted))
            if recorded is not None:
                return recorded
            if row["state"] not in STARTS_FROM:
                code = "already_verified" if row["state"] == "verified" else "in_review"
                raise Refused(code, f"The verification is {row['state']}.")
            attempts = _attempts(row, now)
            if attempts >= ATTEMPTS_A_DAY:
                raise Refused("too_many_attempts", f"{attempts} attempts were made today.")
            connection.execute(
                "UPDATE identities SET state = 'awaiting_documents', document = ?, reason = NULL, since = ?, "
                "attempts = ?, attempt_day = ? WHERE customer = ?",
                (document, now.isoformat(), attempts + 1, now.date().isoformat(), customer),
            )
            application = new_id("ID")
            answer = {"application": application, "state": "awaiting_documents", "link": f"{UPLOAD}/{application}"}
            return record(connection, "verify", customer, customer, wanted, answer, key=key, until=None)

    def closing(self, customer: str, *, now: datetime) -> dict[str, Any] | None:
        """Whether the account can be closed: what stands in the way, or when it closes."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT * FROM accounts WHERE customer = ?", (customer,)).fetchone()
            if row is None:
                return None
            running = connection.execute("SELECT * FROM closings WHERE customer = ?", (customer,)).fetchone()
            if running is not None:
                closes = datetime.fromisoformat(running["closes_at"])
                return {
                    "state": "closing" if now < closes else "closed",
                    "blockers": {},
                    "closes_at": iso(closes),
                    "action": running["action"],
                }
            return {"state": "open", "blockers": _blockers(connection, row), "closes_at": None, "action": None}

    def close(self, customer: str, *, code: str, key: str, now: datetime) -> dict[str, Any] | None:
        """Start the seven days; None for an unknown customer."""
        wanted = {"code": code}
        with self._store.writing() as connection:
            row = connection.execute("SELECT * FROM accounts WHERE customer = ?", (customer,)).fetchone()
            if row is None:
                return None
            recorded = answered(connection, key, fingerprint("close", customer, wanted))
            if recorded is not None:
                return recorded
            if connection.execute("SELECT 1 FROM closings WHERE customer = ?", (customer,)).fetchone():
                raise Refused("already_closing", "The account is in its cooling-off period already.")
            if _blockers(connection, row):
                raise Refused("blocked", "Something has to be settled first; GET /account/closing says what.")
            until = now + COOLING_OFF
            answer = record(
                connection, "close", customer, customer, wanted, {"state": "closing", "closes_at": iso(until)},
                key=key, until=until, before={"remove_from": ["closings"]},
            )  # fmt: skip
            connection.execute(
                "INSERT INTO closings VALUES (?, ?, ?, ?)", (customer, code, until.isoformat(), answer["action"])
            )
            return answer


def _identity(connection: sqlite3.Connection, customer: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM identities WHERE customer = ?", (customer,)).fetchone()
    return row


def _attempts(row: sqlite3.Row, now: datetime) -> int:
    """Attempts of today."""
    return int(row["attempts"]) if row["attempt_day"] == now.date().isoformat() else 0


def _blockers(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    (orders,) = connection.execute(
        "SELECT count(*) FROM orders WHERE customer = ? AND status IN (?, ?, ?, ?)",
        (row["customer"], Status.UNPAID, Status.PAID, Status.SHIPPED, Status.REFUNDING),
    ).fetchone()
    (payments,) = connection.execute(
        "SELECT count(*) FROM payments WHERE customer = ? AND state = 'on_its_way'", (row["customer"],)
    ).fetchone()
    found: dict[str, Any] = {
        "balance": yuan(row["balance"]) if row["balance"] else None,
        "open_orders": orders,
        "instalments": row["instalments"],
        "disputes": row["disputes"],
        "pending_payments": payments,
    }
    return {name: value for name, value in found.items() if value}
