"""All SQL of the shop: one SQLite file, one short connection for each call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pysqlite3 as sqlite3

from data.demo_shop.model import Customer, Item, Order, Owner, Parcel, Status

GUESSES = 5
GUESSING = timedelta(hours=1)

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
CREATE TABLE IF NOT EXISTS addresses (
    order_number TEXT PRIMARY KEY REFERENCES orders (number), address TEXT NOT NULL, changed INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS refund_requests (
    id TEXT PRIMARY KEY, order_number TEXT NOT NULL UNIQUE REFERENCES orders (number), customer TEXT NOT NULL,
    reason TEXT NOT NULL, code TEXT NOT NULL, amount INTEGER NOT NULL, status TEXT NOT NULL, evidence TEXT NOT NULL,
    requested_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS returns (
    id TEXT PRIMARY KEY, order_number TEXT NOT NULL UNIQUE REFERENCES orders (number), kind TEXT NOT NULL,
    reason TEXT NOT NULL, code TEXT NOT NULL, method TEXT NOT NULL, evidence TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS invoices (
    id TEXT PRIMARY KEY, order_number TEXT NOT NULL UNIQUE REFERENCES orders (number), kind TEXT NOT NULL,
    title TEXT NOT NULL, tax_number TEXT, email TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS wrong_tails (order_number TEXT NOT NULL, at TEXT NOT NULL) STRICT;
"""


class Store:
    """The shop's file; every method is one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self.reading() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def check_writable(self) -> None:
        """sqlite3.Error when the file cannot be written."""
        with self.writing() as connection:
            connection.execute("UPDATE orders SET status = status WHERE number = ''")

    def fill(self, customers: Iterable[Customer], orders: Iterable[Order]) -> bool:
        """Stores the first customers and orders; False when there are some already."""
        with self.writing() as connection:
            if connection.execute("SELECT 1 FROM customers LIMIT 1").fetchone():
                return False
            connection.executemany(
                "INSERT INTO customers VALUES (?, ?, ?, ?)",
                [(customer.id, customer.name, customer.phone, customer.language) for customer in customers],
            )
            for order in orders:
                _insert_order(connection, order)
            return True

    def fill_addresses(self, addresses: Mapping[str, str]) -> None:
        """Where the first orders go, by their numbers; those that are known are left alone."""
        with self.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO addresses VALUES (?, ?, 0)",
                [(number, address) for number, address in addresses.items() if _exists(connection, number)],
            )

    def customer(self, customer_id: str) -> Customer | None:
        """The account with this id."""
        with self.reading() as connection:
            row = connection.execute("SELECT * FROM customers WHERE id = ?", (customer_id,)).fetchone()
            return Customer(**row) if row else None

    def order(self, number: str, *, owner: Owner, now: datetime) -> Order | None:
        """The order, if it is the owner's; five wrong ends of its phone number close that door for an hour."""
        with self.reading() as connection:
            found = owned_order(connection, number, owner, now=now)
            guessed = found is None and owner.phone_tail is not None and _exists(connection, number)
        if guessed:
            with self.writing() as connection:
                connection.execute("INSERT INTO wrong_tails VALUES (?, ?)", (number, now.isoformat()))
        return found

    def orders_of(self, customer: str) -> list[Order]:
        """All orders of a customer, newest first."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM orders WHERE customer = ? ORDER BY placed_at DESC, number DESC", (customer,)
            ).fetchall()
            return [_order(connection, row) for row in rows]


def _insert_order(connection: sqlite3.Connection, order: Order) -> None:
    """All of an order, for `fill`."""
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


def owned_order(connection: sqlite3.Connection, number: str, owner: Owner, *, now: datetime) -> Order | None:
    """The order, if it belongs to this customer id or to a phone number with these last four digits."""
    since = (now - GUESSING).isoformat()
    row = connection.execute(
        "SELECT orders.* FROM orders JOIN customers ON customers.id = orders.customer "
        "WHERE number = ? AND (customer = ? OR (substr(phone, -4) = ? AND "
        "(SELECT count(*) FROM wrong_tails WHERE order_number = number AND at > ?) < ?))",
        (number, owner.customer, owner.phone_tail, since, GUESSES),
    ).fetchone()
    return _order(connection, row) if row else None


def owns(connection: sqlite3.Connection, customer: str, owner: Owner) -> bool:
    """Whether the owner is this customer."""
    found = connection.execute(
        "SELECT 1 FROM customers WHERE id = ? AND (id = ? OR substr(phone, -4) = ?)",
        (customer, owner.customer, owner.phone_tail),
    ).fetchone()
    return found is not None


def set_status(connection: sqlite3.Connection, number: str, status: str) -> None:
    """Where the order is from now on."""
    connection.execute("UPDATE orders SET status = ? WHERE number = ?", (status, number))


def _exists(connection: sqlite3.Connection, number: str) -> bool:
    return connection.execute("SELECT 1 FROM orders WHERE number = ?", (number,)).fetchone() is not None


def _has(connection: sqlite3.Connection, table: str, number: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} WHERE order_number = ?", (number,)).fetchone() is not None


def _order(connection: sqlite3.Connection, row: sqlite3.Row) -> Order:
    number = row["number"]
    items = connection.execute("SELECT * FROM items WHERE order_number = ? ORDER BY position", (number,))
    parcels = connection.execute("SELECT * FROM parcels WHERE order_number = ? ORDER BY at DESC", (number,))
    address = connection.execute("SELECT * FROM addresses WHERE order_number = ?", (number,)).fetchone()
    delivered = row["delivered_at"]
    return Order(
        number=number,
        customer=row["customer"],
        status=Status(row["status"]),
        placed_at=datetime.fromisoformat(row["placed_at"]),
        delivered_at=datetime.fromisoformat(delivered) if delivered else None,
        items=tuple(Item(name=item["name"], quantity=item["quantity"], price=item["price"]) for item in items),
        parcels=tuple(_parcel(parcel) for parcel in parcels),
        address=address["address"] if address else "",
        address_changed=bool(address and address["changed"]),
        returned=_has(connection, "returns", number),
        invoiced=_has(connection, "invoices", number),
    )


def _parcel(row: sqlite3.Row) -> Parcel:
    return Parcel(
        courier=row["courier"],
        tracking=row["tracking"],
        last_event=row["last_event"],
        at=datetime.fromisoformat(row["at"]),
        eta=date.fromisoformat(row["eta"]) if row["eta"] else None,
    )


def _text(value: datetime | date | None) -> str | None:
    return value.isoformat() if value else None
