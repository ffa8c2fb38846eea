"""Orders of the shop: plain values, money in fen (1/100 yuan), times in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

from data.demo_shop.catalogue import code_of

CURRENCY = "CNY"
FREE_SHIPPING_FROM = 59_00
SHIPPING_FEE = 8_00
RETURN_DAYS = 7
FAULT_DAYS = 15
INVOICE_DAYS = 365
# Days of delivery and times on the pages are those of the customers; China has no summer time.
SHOP_TIME = timezone(timedelta(hours=8))


class Status(StrEnum):
    """Where an order is."""

    UNPAID = "unpaid"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


@dataclass(frozen=True, kw_only=True)
class Customer:
    """A person with an account; `phone` is a mainland mobile number."""

    id: str
    name: str
    phone: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of an order; `price` is for one piece."""

    name: str
    quantity: int
    price: int

    def as_json(self) -> dict[str, object]:
        said: dict[str, object] = {"name": self.name, "quantity": self.quantity, "price": yuan(self.price)}
        code = code_of(self.name)
        return said if code is None else {**said, "product": code}


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What the courier said last, at `at`; `eta` is the day of delivery, None once it has arrived."""

    courier: str
    tracking: str
    last_event: str
    at: datetime
    eta: date | None

    def as_json(self) -> dict[str, object]:
        return {
            "courier": self.courier,
            "tracking": self.tracking,
            "last_event": self.last_event,
            "at": iso(self.at),
            "eta": self.eta.isoformat() if self.eta else None,
        }


@dataclass(frozen=True, kw_only=True)
class Order:
    """One order of one customer; `delivered_at` only when it has arrived."""

    number: str
    customer: str
    status: Status
    placed_at: datetime
    delivered_at: datetime | None
    items: tuple[Item, ...]
    parcels: tuple[Parcel, ...]
    address: str = ""
    address_changed: bool = False
    returned: bool = False
    invoiced: bool = False

    @property
    def total(self) -> int:
        """Goods and shipping, in fen."""
        goods = sum(item.quantity * item.price for item in self.items)
        return goods if goods >= FREE_SHIPPING_FROM else goods + SHIPPING_FEE


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who asks: a customer that our own page signed in, or somebody who knows the end of the phone number."""

    customer: str | None = None
    phone_tail: str | None = None


class Refused(Exception):
    """409: `code` is one of those in openapi.yml; the text is for a person."""

    def __init__(self, code: str, message: str, **facts: str) -> None:
        super().__init__(message)
        self.code = code
        self.facts = facts


def fen(amount: str) -> int:
    """Fen of a decimal string such as "299.00"."""
    return round(float(amount) * 100)


def yuan(fen: int) -> str:
    """A decimal string such as "299.00": a float could not hold every amount."""
    return f"{fen // 100}.{fen % 100:02d}"


def iso(at: datetime) -> str:
    """ISO 8601 in UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
