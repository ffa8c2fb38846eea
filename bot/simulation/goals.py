"""What simulated customers come for, and the facts that they know and the bot does not."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

from bot.simulation.speech import phrases, topics
from bot.simulation.store import ShopFile

KB = Path(__file__).parents[2] / "data" / "kb"
ANY = ("unpaid", "paid", "shipped", "delivered", "cancelled", "refunding", "refunded")
PAID_FOR = ("paid", "shipped", "delivered")
# Task to the order states in which a shop can do it; () when no order is needed.
STATES: Mapping[str, Sequence[str]] = {
    "order_status": ANY,
    "change_address": ("paid",),
    "cancel_order": ("unpaid", "paid"),
    "return_request": ("delivered",),
    "exchange_request": ("delivered",),
    "refund_request": PAID_FOR,
    "invoice_request": ("delivered",),
    "coupon_check": (),
    "payment_missing": (),
    "verify_identity": (),
    "close_account": (),
    "callback_request": (),
    "complaint": (),
}
# Beside the tasks: a question, a person wanted at once, nonsense, and somebody else's order.
OTHERS = ("question", "human", "strange", "foreign")
GIVEN_BACK = ("return_request", "exchange_request", "refund_request")
RETURN_TIME = timedelta(days=7)
FAULT_TIME = timedelta(days=15)  # so long is what is faulty taken back; whether it is, the customer says later
SIGNED_IN = 0.4  # share of customers whom the shop's page vouches for
HARDLY_POSSIBLE = 0.2  # share of customers who want it of an order that is in another state
# Each language's inventions for what the shop does not keep.
PLACES = {
    "zh": (
        "浙江省杭州市拱墅区湖墅南路{n}号2幢601",
        "江苏省南京市秦淮区中华路{n}号3单元",
        "广东省深圳市南山区科苑路{n}号A座",
    ),
    "en": (
        "{n} Huaihai Middle Road, Huangpu District, Shanghai",
        "Flat 7, {n} Jianguo Road, Chaoyang District, Beijing",
    ),
}
FIRMS = {"zh": ("杭州青禾文化有限公司", "上海远帆贸易有限公司"), "en": ("Bright Harbour Ltd", "Northlight Trading Co")}


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What one customer wants: a task's name or one of OTHERS, of which order, and what it would need.

    possible: whether the shop can do it for this order; article, title: the answer to a question; other_order: the
    one that a customer may mix it up with, or, for the goal "foreign", somebody else's.
    """

    name: str
    language: str
    possible: bool = True
    order: Mapping[str, Any] | None = None
    other_order: Mapping[str, Any] | None = None
    article: str | None = None
    title: str = ""
    question: str = ""
    signed_in: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def customer(self) -> str:
        """The customer's id in the shop."""
        return str((self.order or {})["customer"])

    @property
    def number(self) -> str:
        """The order's number, "" without one."""
        return str(self.order["number"]) if self.order else ""


def draw_goal(shop: ShopFile, chance: random.Random, *, language: str, name: str | None = None) -> Goal:
    """A goal for a customer of this language; `name` fixes what it is about."""
    names = [*STATES, *STATES, *OTHERS]
    name = name or chance.choice([each for each in names if each in OTHERS or each in phrases(language)["open"]])
    orders = [order for order in shop.orders() if order["language"] == language]
    if name == "payment_missing":  # who has paid nothing misses nothing
        payers = {row.get("customer") for row in shop.table("payments")}
        orders = [order for order in orders if order["customer"] in payers] or orders
    wanted = STATES.get(name) or ANY
    fitting = [order for order in orders if order["status"] in wanted and not too_late(name, order)]
    others = [each for each in orders if each["status"] not in wanted or too_late(name, each, after=FAULT_TIME)]
    likely = name == "order_status" or chance.random() >= HARDLY_POSSIBLE
    possible = bool(fitting) and (likely or not others)
    order = chance.choice(fitting if possible else others or orders)
    of_the_same = [each for each in orders if each["customer"] == order["customer"] and each != order]
    strangers = [each for each in shop.orders() if each["phone"] != order["phone"]]
    article = chance.choice(sorted(topics(language)))
    other_order = chance.choice(strangers if name == "foreign" else of_the_same or strangers)
    question = chance.choice(list(topics(language)[article]))
    signed_in = chance.random() < SIGNED_IN
    return Goal(
        name=name,
        language=language,
        possible=possible if STATES.get(name) else True,
        order=order,
        other_order=other_order,
        article=article,
        title=title_of(article, language),
        question=question,
        signed_in=signed_in,
        facts=draw_facts(shop, chance, language=language, order=order, signed_in=signed_in),
    )


def title_of(article: str, language: str) -> str:
    """By which a customer recognises the answer to his question among several."""
    text = (KB / language / f"{article}.md").read_text(encoding="utf-8")
    return str(yaml.safe_load(text.split("---")[1])["title"])


def too_late(name: str, order: Mapping[str, Any], *, after: timedelta = RETURN_TIME) -> bool:
    """Whether the order arrived too long ago to be given back."""
    if name not in GIVEN_BACK or not order.get("delivered_at"):
        return False
    return datetime.now(timezone.utc) - datetime.fromisoformat(str(order["delivered_at"])) > after


def draw_facts(
    shop: ShopFile, chance: random.Random, *, language: str, order: Mapping[str, Any], signed_in: bool
) -> dict[str, str]:
    """What the customer can say when asked; from the shop's file where it holds such a thing.

    Of the coupons those of everybody, and his own where the shop shows him those.
    """
    phone = str(order["phone"])
    coupons = [row for row in shop.table("coupons") if row.get("customer") in (None, signed_in and order["customer"])]
    item = str(order["items"][0]["name"]) if order["items"] else "order"
    code = (
        str(chance.choice(coupons)["code"]) if coupons and "code" in coupons[0] else f"LY{chance.randrange(10, 99)}OFF"
    )
    payments = [row for row in shop.table("payments") if row.get("customer") == order["customer"]]
    reference = next((str(v) for row in payments for v in row.values() if str(v)[:2] in ("TU", "TR", "WD")), "")
    return {
        "order": str(order["number"]),
        "item": item.split(",")[0].split(" ")[0] if language == "zh" else item.split(",")[0].lower(),
        "tail": phone[-4:],
        "phone": phone,
        "name": str(order["customer_name"]),
        "address": new_address(shop, chance, language=language, order=order),
        "company": chance.choice(FIRMS[language]),
        "tax": f"91330100MA2{chance.randrange(10**6, 10**7)}",
        "email": f"mail{chance.randrange(100, 999)}@example.com",
        "amount": f"{chance.choice((50, 100, 128, 200, 500))}",
        "coupon": code,
        "reference": reference or f"TU{chance.randrange(10**9, 10**10)}",
        "choice": "1",
    }


def new_address(shop: ShopFile, chance: random.Random, *, language: str, order: Mapping[str, Any]) -> str:
    """Somewhere to send it instead: in the same province where one is known, because shops allow no other."""
    present = next(
        (str(row["address"]) for row in shop.table("addresses") if row["order_number"] == order["number"]), ""
    )
    near = [place for place in PLACES[language] if present and (place[:2] == present[:2] or place[-8:] == present[-8:])]
    return chance.choice(near or PLACES[language]).format(n=chance.randrange(2, 300))
