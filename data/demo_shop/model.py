"""Orders of the shop: plain values, money in fen (1/100 yuan), times in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

CURRENCY = "CNY"
FREE_SHIPPING_FROM = 59_00
SHIPPING_FEE = 8_00
RETURN_DAYS = 7
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
        return {"name": self.name, "quantity": self.quantity, "price": yuan(self.price)}


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

    @property
    def total(self) -> int:
        """Goods and shipping, in fen."""
        goods = sum(item.quantity * item.price for item in self.items)
        return goods if goods >= FREE_SHIPPING_FROM else goods + SHIPPING_FEE

    def as_json(self) -> dict[str, object]:
        return {
            "number": self.number,
            "status": self.status.value,
            "placed_at": iso(self.placed_at),
            "total": yuan(self.total),
            "currency": CURRENCY,
            "items": [item.as_json() for item in self.items],
            "parcels": [parcel.as_json() for parcel in self.parcels],
        }


@dataclass(frozen=True, kw_only=True)
class Refund:
    """A request to give `amount` (fen) back; `key` makes a repeat harmless."""

    id: str
    order: str
    reason: str
    key: str
    amount: int
    requested_at: datetime

    def as_json(self) -> dict[str, object]:
        return {
            "refund": self.id,
            "order": self.order,
            "status": Status.REFUNDING.value,
            "amount": yuan(self.amount),
            "currency": CURRENCY,
            "requested_at": iso(self.requested_at),
        }


class RefundRefused(Exception):
    """409: `code` is not_refundable, already_requested or key_reused; the text is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_refundable(order: Order, *, now: datetime) -> None:
    """RefundRefused unless the order is paid for and not older than the return period after its arrival."""
    if order.status in (Status.REFUNDING, Status.REFUNDED):
        raise RefundRefused("already_requested", f"A refund of order {order.number} has been requested already.")
    if order.status in (Status.UNPAID, Status.CANCELLED):
        raise RefundRefused("not_refundable", f"Nothing was paid for order {order.number}.")
    if order.delivered_at is not None and now - order.delivered_at > timedelta(days=RETURN_DAYS):
        raise RefundRefused("not_refundable", f"Order {order.number} arrived more than {RETURN_DAYS} days ago.")


def yuan(fen: int) -> str:
    """A decimal string such as "299.00": a float could not hold every amount."""
    return f"{fen // 100}.{fen % 100:02d}"


def iso(at: datetime) -> str:
    """ISO 8601 in UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
