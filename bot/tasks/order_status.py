"""Where an order is, with its parcels."""

from collections.abc import Mapping
from typing import Any

from bot.tasks.orders import clock, money, order_steps
from bot.tasks.task import Case, Line, Task, Told

STATUSES = ("unpaid", "paid", "shipped", "delivered", "cancelled", "refunding", "refunded")


async def do(case: Case) -> Told:
    """What the shop says about the order."""
    order = case.known["order"]
    status = order["status"] if order["status"] in STATUSES else "other"
    return Told(
        say=f"order_status.{status}",
        values={"number": order["number"], "status": str(order["status"])},
        details=details(order),
    )


def details(order: Mapping[str, Any]) -> list[Line]:
    """A line for each item and each parcel, and the total."""
    lines = [
        Line(say="order_status.item", values={"thing": str(item.get("name")), "quantity": str(item.get("quantity"))})
        for item in order.get("items") or ()
    ]
    for parcel in order.get("parcels") or ():
        values = {name: str(parcel.get(name) or "") for name in ("courier", "tracking", "last_event")}
        values |= {"at": clock(parcel.get("at")), "eta": clock(parcel.get("eta"))}
        lines.append(Line(say="order_status.parcel_due" if parcel.get("eta") else "order_status.parcel", values=values))
    if order.get("total") is not None:
        lines.append(Line(say="order_status.total", values={"total": money(order["total"], order.get("currency"))}))
    return lines


TASK = Task(
    name="order_status",
    steps=order_steps(),
    do=do,
    carries=("phone_tail",),
    words="订单|物流|快递|包裹|order|parcel|delivery",
)
