"""Which products a customer has, as the shop's orders tell: of near-equal articles those about them come first.

Asked before the bot is, once in a while per customer, and never waited for long: an answer without it is worse than
one with it, and better than a late one.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from handoff_service.bots.model import TurnRequest
from handoff_service.desk.orders import Orders
from handoff_service.errors import Unavailable

WITHIN_S = 0.4
KNOWN_S, UNKNOWN_S = 600.0, 60.0
"""How long an answer of the shop holds, and how long one that failed is not asked for again."""

REMEMBERED = 10_000
"""Customers; of more the one who was asked for longest ago is forgotten."""

MOST, LONGEST = 20, 120
"""Products and their characters, as the turn contract has them."""

NOT_HIS = frozenset({"unpaid", "cancelled", "refunded"})
"""States of orders whose things he does not have, nor is going to."""


class Possessions:
    """Remembers what the shop told, in this process only."""

    def __init__(self, orders: Orders, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._orders = orders
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    async def told_in(self, request: TurnRequest) -> TurnRequest:
        """The request with the products of its customer, if the shop knows who he is."""
        if request.customer is None:
            return request
        products = await self.of(str(request.customer["id"]))
        if not products:
            return request
        contact = dict(request.contact or {"asked": []})
        contact["products"] = list(dict.fromkeys([*contact.get("products", ()), *products]))[:MOST]
        return replace(request, contact=contact)

    async def of(self, customer: str) -> tuple[str, ...]:
        """The codes of his products; none when the shop does not tell in time."""
        now = self._clock()
        until, products = self._known.get(customer, (now, ()))
        if now < until:
            return products
        try:
            products = products_in(await asyncio.wait_for(self._orders.of(customer), WITHIN_S))
            holds = KNOWN_S
        except (Unavailable, TimeoutError):
            holds = UNKNOWN_S  # and what it told before is still likelier than nothing
        self._known[customer] = (self._clock() + holds, products)
        self._known.move_to_end(customer)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return products


def products_in(orders: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The shop's codes of the things in these orders, each once, in their order."""
    his = [order for order in orders if not (isinstance(order.get("status"), str) and order["status"] in NOT_HIS)]
    lists = [order.get("items") for order in his]
    found = [
        item.get("product") for items in lists if isinstance(items, list) for item in items if isinstance(item, Mapping)
    ]
    codes = (code.strip()[:LONGEST] for code in found if isinstance(code, str) and code.strip())
    return tuple(dict.fromkeys(codes))[:MOST]
