"""What the shop allows with an order at a moment, and as which JSON it shows one. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from data.demo_shop.model import CURRENCY, FAULT_DAYS, INVOICE_DAYS, RETURN_DAYS, Order, Refused, Status, iso, yuan

FAULTS = frozenset({"quality", "damaged", "wrong_item", "missing_part"})
BACK = (Status.REFUNDING, Status.REFUNDED)


def cannot(order: Order, *, now: datetime) -> dict[str, str]:
    """Action → the code for which it is refused at present; what is not named is allowed."""
    found = {
        "cancel": _cancel(order),
        "change_address": _change_address(order),
        "refund": _refund(order, now),
        "return": _send_back(order, now, otherwise="not_returnable"),
        "exchange": _send_back(order, now, otherwise="not_exchangeable"),
        "invoice": _invoice(order, now),
    }
    return {action: code for action, code in found.items() if code is not None}


def check(order: Order, action: str, *, now: datetime) -> None:
    """Refused unless the action is allowed."""
    code = cannot(order, now=now).get(action)
    if code is not None:
        raise Refused(code, f"{action} is not possible for order {order.number}: {code}.")


def check_fault(order: Order, *, kind: str, code: str, evidence: int, now: datetime) -> None:
    """Refused when a return has no reason after 7 days, or the shop is to blame and nothing shows it."""
    fault = code in FAULTS
    if kind == "exchange" and not fault:
        raise Refused("not_exchangeable", f"Order {order.number}: only faulty or wrong goods are exchanged.")
    if kind == "return" and not fault and _days(order, now) > RETURN_DAYS:
        raise Refused("window_over", f"Order {order.number} arrived more than {RETURN_DAYS} days ago.")
    if kind == "exchange" and evidence == 0:
        raise Refused("evidence_needed", f"Order {order.number}: an exchange needs pictures of the fault.")


def order_json(order: Order, *, now: datetime) -> dict[str, object]:
    """An order as the API shows it to its owner."""
    return {
        "number": order.number,
        "status": order.status.value,
        "placed_at": iso(order.placed_at),
        "delivered_at": iso(order.delivered_at) if order.delivered_at else None,
        "total": yuan(order.total),
        "currency": CURRENCY,
        "items": [item.as_json() for item in order.items],
        "parcels": [parcel.as_json() for parcel in order.parcels],
        "cannot": cannot(order, now=now),
    }


def _days(order: Order, now: datetime) -> float:
    return 0.0 if order.delivered_at is None else (now - order.delivered_at) / timedelta(days=1)


def _cancel(order: Order) -> str | None:
    if order.status in (Status.UNPAID, Status.PAID):
        return None
    if order.status is Status.CANCELLED:
        return "already_cancelled"
    return "shipped" if order.status in (Status.SHIPPED, Status.DELIVERED) else "not_cancellable"


def _change_address(order: Order) -> str | None:
    if order.status in (Status.SHIPPED, Status.DELIVERED):
        return "shipped"
    if order.status not in (Status.UNPAID, Status.PAID):
        return "not_changeable"
    return "already_changed" if order.address_changed else None


def _refund(order: Order, now: datetime) -> str | None:
    if order.status in BACK or order.returned:
        return "already_requested"
    if order.status in (Status.UNPAID, Status.CANCELLED) or _days(order, now) > RETURN_DAYS:
        return "not_refundable"
    return None


def _send_back(order: Order, now: datetime, *, otherwise: str) -> str | None:
    if order.status in BACK or order.returned:
        return "already_requested"
    if order.status is not Status.DELIVERED:
        return otherwise
    return "window_over" if _days(order, now) > FAULT_DAYS else None


def _invoice(order: Order, now: datetime) -> str | None:
    if order.invoiced:
        return "already_issued"
    if order.status is not Status.DELIVERED:
        return "not_delivered"
    return "window_over" if _days(order, now) > INVOICE_DAYS else None
