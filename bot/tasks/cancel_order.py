"""Cancelling an order before it ships."""

from collections.abc import Mapping

from bot.tasks.choices import choices
from bot.tasks.deeds import allowed, done
from bot.tasks.orders import ORDER_SLOTS, money, order_steps
from bot.tasks.task import Case, Step, Task, Told

NAME = "cancel_order"
CAUSES = choices(NAME, "cause")


def summary(case: Case) -> Mapping[str, str]:
    """The order, its first thing and its total."""
    order = case.known["order"]
    items = order.get("items") or [{}]
    return {
        "number": order["number"],
        "item": str(items[0].get("name", "")),
        "total": money(order.get("total", ""), order.get("currency")),
    }


async def do(case: Case) -> Told:
    """Cancel it; what was paid goes back."""
    number = case.known["order_number"]
    answer = await case.shop.do(
        f"/orders/{number}/cancellation",
        proof=case.proof,
        key=case.key,
        needs=("order",),
        code=case.known["cause"],
    )
    paid = isinstance(answer, Mapping) and answer.get("amount") is not None
    return done(NAME, answer, number=number, say="done_refunded" if paid else "done")


TASK = Task(
    name=NAME,
    steps=(
        *order_steps(allowed(NAME, "cancel"), statuses=("unpaid", "paid"), none=f"{NAME}.no_orders"),
        Step(
            slot="cause",
            example={"zh": "不想要了", "en": "I changed my mind"},
            read=CAUSES.or_other,
            early=CAUSES.early,
            options=CAUSES.options,
            own_words=True,
        ),
    ),
    summary=summary,
    do=do,
    carries=ORDER_SLOTS,
    words="取消订单|取消|cancel",
)
