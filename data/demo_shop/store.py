"""All SQL of the shop: one SQLite file, one short connection for each call."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from data.demo_shop.model import Customer, Item, Order, Parcel, Refund, RefundRefused, Status, check_refundable

SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL UNIQUE, language TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    number TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers (id), status TEXT NOT NULL,
    placed_at TEXT NOT NULL, delivered_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer, placed_at);
CREATE TABLE IF NOT EXISTS items (
    order_number TEXT NOT NULL REFERENCES orders (number), position INTEGER NOT NULL,
    name TEXT NOT NULL, quantity INTEGER NOT NULL, price INTEGER NOT NULL, PRIMARY KEY (order_number, position)
) STRICT;
CREATE TABLE IF NOT EXISTS parcels (
    order_number TEXT NOT NULL REFERENCES orders (number), tracking TEXT NOT NULL, courier TEXT NOT NULL,
    last_event TEXT NOT NULL, at TEXT NOT NULL, eta TEXT, PRIMARY KEY (order_number, tracking)
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, order_number TEXT NOT NULL UNIQUE REFERENCES orders (number), reason TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, requested_at TEXT NOT NULL
) STRICT;
"""


class Store:
    """The shop's file; every method is one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def check_writable(self) -> None:
        """sqlite3.Error when the file cannot be written."""
        with self._write() as connection:
            connection.execute("UPDATE orders SET status = status WHERE number = ''")

    def fill(self, customers: Iterable[Customer], orders: Iterable[Order]) -> bool:
        """Stores the first customers and orders; False when there are some already."""
        with self._write() as connection:
            if connection.execute("SELECT 1 FROM customers LIMIT 1").fetchone():
                return False
            connection.executemany(
                "INSERT INTO customers VALUES (?, ?, ?, ?)",
                [(customer.id, customer.name, customer.phone, customer.language) for customer in customers],
            )
            for order in orders:
                _insert_order(connection, order)
            return True

    def customer(self, customer_id: str) -> Customer | None:
        """The account with this id."""
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM customers WHERE id = ?", (customer_id,)).fetchone()
            return Customer(**row) if row else None

    def order(self, number: str, *, customer: str | None, phone_tail: str | None) -> Order | None:
        """The order, if it belongs to this customer id or to a phone number with these last four digits."""
        with self._connection() as connection:
            return _owned_order(connection, number, customer, phone_tail)

    def orders_of(self, customer: str) -> list[Order]:
        """All orders of a customer, newest first."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT * FROM orders WHERE customer = ? ORDER BY placed_at DESC, number DESC", (customer,)
            ).fetchall()
            return [_order(connection, row) for row in rows]

    def request_refund(
        self, number: str, *, reason: str, key: str, now: datetime, customer: str | None, phone_tail: str | None
    ) -> Refund | None:
        """Records the request and returns it, the recorded one when the key is known; None for a foreign order.

        RefundRefused when the order cannot be refunded, or the key came before with another order or reason.
        """
        with self._write() as connection:
            order = _owned_order(connection, number, customer, phone_tail)
            if order is None:
                return None
            row = connection.execute("SELECT * FROM refunds WHERE key = ?", (key,)).fetchone()
            if row is not None:
                if (row["order_number"], row["reason"]) != (number, reason):
                    raise RefundRefused("key_reused", "This idempotency_key came before with another request.")
                return _refund(row)
            check_refundable(order, now=now)
            row = connection.execute(
                "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
                (f"RF{secrets.token_hex(5).upper()}", number, reason, key, order.total, now.isoformat()),
            ).fetchone()
            connection.execute("UPDATE orders SET status = ? WHERE number = ?", (Status.REFUNDING, number))
            return _refund(row)


def _insert_order(connection: sqlite3.Connection, order: Order) -> None:
    connection.execute(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
        (order.number, order.customer, order.status, order.placed_at.isoformat(), _text(order.delivered_at)),
    )
    connection.executemany(
        "INSERT INTO items VALUES (?, ?, ?, ?, ?)",
        [(order.number, position, item.name, item.quantity, item.price) for position, item in enumerate(order.items)],
    )
    connection.executemany(
        "INSERT INTO parcels VALUES (?, ?, ?, ?, ?, ?)",
        [
            (order.number, parcel.tracking, parcel.courier, parcel.last_event, parcel.at.isoformat(), _text(parcel.eta))
            for parcel in order.parcels
        ],
    )


def _owned_order(
    connection: sqlite3.Connection, number: str, customer: str | None, phone_tail: str | None
) -> Order | None:
    row = connection.execute(
        "SELECT orders.* FROM orders JOIN customers ON customers.id = orders.customer "
        "WHERE number = ? AND (customer = ? OR substr(phone, -4) = ?)",
        (number, customer, phone_tail),
    ).fetchone()
    return _order(connection, row) if row else None


def _order(connection: sqlite3.Connection, row: sqlite3.Row) -> Order:
    number = row["number"]
    items = connection.execute("SELECT * FROM items WHERE order_number = ? ORDER BY position", (number,))
    parcels = connection.execute("SELECT * FROM parcels WHERE order_number = ? ORDER BY at DESC", (number,))
    delivered = row["delivered_at"]
    return Order(
        number=number,
        customer=row["customer"],
        status=Status(row["status"]),
        placed_at=datetime.fromisoformat(row["placed_at"]),
        delivered_at=datetime.fromisoformat(delivered) if delivered else None,
        items=tuple(Item(name=item["name"], quantity=item["quantity"], price=item["price"]) for item in items),
        parcels=tuple(_parcel(parcel) for parcel in parcels),
    )


def _parcel(row: sqlite3.Row) -> Parcel:
    return Parcel(
        courier=row["courier"],
        tracking=row["tracking"],
        last_event=row["last_event"],
        at=datetime.fromisoformat(row["at"]),
        eta=date.fromisoformat(row["eta"]) if row["eta"] else None,
    )


def _refund(row: sqlite3.Row) -> Refund:
    return Refund(
        id=row["id"],
        order=row["order_number"],
        reason=row["reason"],
        key=row["key"],
        amount=row["amount"],
        requested_at=datetime.fromisoformat(row["requested_at"]),
    )


def _text(value: datetime | date | None) -> str | None:
    return value.isoformat() if value else None
