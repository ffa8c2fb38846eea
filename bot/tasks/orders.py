"""The steps by which a Task comes to the order it is about, and never to somebody else's."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from bot.shop import Proof
from bot.tasks import readers
from bot.tasks.filling import PRESENT
from bot.tasks.task import Case, Choose, Ends, Found, Option, Result, Step, Told, Wrong

ORDER_SLOTS = ("order_number", "phone_tail")
LISTED_ORDERS = 5
SHOP_TIME = timezone(timedelta(hours=8))  # Asia/Shanghai, the same all year
Suits = Callable[[Case, Mapping[str, Any]], Told | None]


def order_steps(
    suits: Suits | None = None, *, statuses: tuple[str, ...] = (), none: str = "asking.no_orders"
) -> tuple[Step, ...]:
    """The order's number and what shows that it is the customer's own.

    suits: why the Task has nothing to do for this order, if so; statuses: the ones to offer a signed-in customer
    (all when empty); none: the text when he has no such order.
    """

    async def look_up(case: Case, number: str, proof: Proof) -> Result:
        order = await case.shop.read(f"/orders/{number}", proof=proof, needs=("number", "status"))
        if order is None:
            return Wrong(say="asking.order_not_found", forget=ORDER_SLOTS, guess=True)
        why_not = suits(case, order) if suits is not None else None
        if why_not is not None:
            return Ends(told=why_not)
        return Found(value=number, facts={"order": dict(order)})

    async def check_number(case: Case, number: str) -> Result:
        if case.customer is None and "phone_tail" not in case.known:
            return Found(value=number)
        return await look_up(case, number, case.proof)

    async def check_tail(case: Case, tail: str) -> Result:
        if "order" in case.known:
            return Found(value=tail)
        found = await look_up(case, case.known["order_number"], Proof(phone_tail=tail))
        if isinstance(found, Wrong):  # the number is kept: most often it is the digits that were mistyped
            return Wrong(say="asking.no_match", forget=("phone_tail",), guess=True)
        return Found(value=tail, facts=found.facts) if isinstance(found, Found) else found

    async def find(case: Case) -> Result | None:
        """A signed-in customer's own orders: the one that the text means, else all to choose from."""
        if case.customer is None:
            return None
        body = await case.shop.read(f"/orders?limit={4 * LISTED_ORDERS}", proof=case.proof, needs=("orders",))
        orders = [each for each in (body or {}).get("orders", ()) if not statuses or each.get("status") in statuses]
        if not orders:
            return Ends(told=Told(say=none))
        meant = narrowed(orders, case.text, case.now)
        if len(meant) == 1 and (len(meant) < len(orders) or len(orders) == 1):
            return await look_up(case, meant[0]["number"], case.proof)
        shown = (meant or orders)[:LISTED_ORDERS]
        say = "asking.which_order" if meant else "asking.no_such_day"
        return Choose(options=tuple(Option(title=title(each), value=each["number"]) for each in shown), say=say)

    return (
        Step(
            slot="order_number",
            example={"zh": "LY20261103001", "en": "LY20261103001"},
            read=readers.order_number,
            early=readers.order_number,
            find=find,
            check=check_number,
        ),
        Step(
            slot="phone_tail",
            example={"zh": "5678", "en": "5678"},
            read=readers.phone_tail,
            early=readers.named_tail,
            needed=lambda known: not known.get(PRESENT),
            check=check_tail,
        ),
    )


async def own_orders(case: Case) -> tuple[Option, ...]:
    """A signed-in customer's own orders to pick from, those that the text can mean; none of anybody else."""
    if case.customer is None:
        return ()
    body = await case.shop.read(f"/orders?limit={4 * LISTED_ORDERS}", proof=case.proof, needs=("orders",))
    meant = narrowed(list((body or {}).get("orders", ())), case.text, case.now)
    return tuple(Option(title=title(each), value=each["number"]) for each in meant[:LISTED_ORDERS])


def narrowed(orders: list[Mapping[str, Any]], text: str, now: datetime) -> list[Mapping[str, Any]]:
    """The orders that the text can mean: of the day it names, with a thing it names; all when it names neither."""
    days = readers.ordered_on(text, now)
    if days is not None:
        first, _, last = days.partition("/")
        orders = [each for each in orders if first <= shop_day(each.get("placed_at"), now) <= (last or first)]
    named = [each for each in orders if any(names(text, item.get("name", "")) for item in each.get("items") or ())]
    return named or orders


def names(text: str, item: str) -> bool:
    """Whether the text speaks of an item: by a word of a spaced script, by two characters in a row in Han."""
    text = text.lower()
    for word in item.lower().replace(",", " ").split():
        if word.isascii():
            if len(word) > 3 and word in text:
                return True
        elif any(word[i : i + 2] in text for i in range(len(word) - 1)):
            return True
    return False


def title(order: Mapping[str, Any]) -> str:
    """An order on a button: its number and the first thing in it."""
    items = [str(item.get("name", "")) for item in order.get("items") or ()]
    more = f" +{len(items) - 1}" if len(items) > 1 else ""
    return f"{order['number']} · {items[0][:18]}{more}" if items else str(order["number"])


def shop_day(stamp: Any, now: datetime) -> str:
    """The day of an ISO time on the customer's calendar, such as 2026-11-03; "" for another shape."""
    at = moment(stamp)
    return at.astimezone(now.tzinfo or SHOP_TIME).date().isoformat() if at is not None else ""


def moment(stamp: Any) -> datetime | None:
    """An ISO time with its zone, None for anything else."""
    text = str(stamp or "")
    if "T" not in text:
        return None
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo else None


def clock(stamp: Any) -> str:
    """An ISO time as month, day and clock in the shop's time zone; a bare date or an unknown shape as it is."""
    at = moment(stamp)
    return at.astimezone(SHOP_TIME).strftime("%m-%d %H:%M") if at is not None else str(stamp or "")


def money(amount: Any, currency: Any = "CNY") -> str:
    """An amount with its currency, "¥199.00"."""
    return f"¥{amount}" if currency in ("CNY", None) else f"{amount} {currency}"
