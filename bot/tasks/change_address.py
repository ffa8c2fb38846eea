"""Another delivery address before an order ships: once, within the province."""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.tasks import readers
from bot.tasks.deeds import allowed, done
from bot.tasks.orders import ORDER_SLOTS, order_steps
from bot.tasks.task import Case, Step, Task, Told

NAME = "change_address"
LEAD = re.compile(
    r"^.*?(?:改成|改为|改到|换成|换到|送到|寄到|地址是|地址[:：]|change it to|change to|deliver (?:it )?to|send it to"
    r"|address is|address:)\s*",
    re.IGNORECASE | re.DOTALL,
)


def address(text: str, now: datetime) -> str | None:
    """The address in an answer, without "change it to"."""
    return readers.address(LEAD.sub("", text, count=1), now)


def led_address(text: str, now: datetime) -> str | None:
    """An address that the wish itself names: "改成…"."""
    return address(text, now) if LEAD.match(text) else None


def summary(case: Case) -> Mapping[str, str]:
    """The order and where it is to go."""
    return {"number": case.known["order_number"], "address": case.known["address"]}


async def do(case: Case) -> Told:
    """Have the shop send it there."""
    number = case.known["order_number"]
    answer = await case.shop.do(
        f"/orders/{number}/address",
        proof=case.proof,
        key=case.key,
        needs=("address",),
        address=case.known["address"],
    )
    return done(NAME, answer, number=number)


TASK = Task(
    name=NAME,
    steps=(
        *order_steps(allowed(NAME, "change_address"), statuses=("unpaid", "paid"), none=f"{NAME}.no_orders"),
        Step(
            slot="address",
            example={
                "zh": "浙江省杭州市西湖区文二路 1 号 2 幢 101",
                "en": "Room 5, 12 Nanjing Road, Huangpu District, Shanghai",
            },
            read=address,
            early=led_address,
        ),
    ),
    summary=summary,
    do=do,
    carries=ORDER_SLOTS,
    words="地址|address",
)
