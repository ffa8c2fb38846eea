"""Money back for an order: reason, pictures where something arrived faulty, a part of the money where one is named."""

from collections.abc import Mapping

from bot.tasks import readers
from bot.tasks.deeds import allowed, done
from bot.tasks.orders import ORDER_SLOTS, money, order_steps
from bot.tasks.reasons import code_of, is_faulty_arrival, pictures_step, reason_step, words_of
from bot.tasks.task import Case, Step, Task, Told

NAME = "refund_request"


def summary(case: Case) -> Mapping[str, str]:
    """The order, the money and the reason."""
    order = case.known["order"]
    amount = case.known.get("amount") or order.get("total")
    return {
        "number": order["number"],
        "amount": money(amount, order.get("currency")),
        "reason": words_of(case.known["reason"], case.language),
    }


async def do(case: Case) -> Told:
    """Ask the shop for the refund."""
    number, reason = case.known["order_number"], case.known["reason"]
    wanted = {"reason": words_of(reason, "zh"), "code": code_of(reason)}
    if case.known.get("amount"):
        wanted["amount"] = case.known["amount"]
    answer = await case.shop.do(
        f"/orders/{number}/refunds",
        proof=case.proof,
        key=case.key,
        needs=("refund",),
        evidence=[file["id"] for file in case.known.get("evidence", ())],
        **wanted,
    )
    reviewed = isinstance(answer, Mapping) and answer.get("status") == "in_review"
    return done(NAME, answer, number=number, say="in_review" if reviewed else "done")


TASK = Task(
    name=NAME,
    steps=(
        Step(slot="amount", read=readers.amount, early=readers.amount, asked=False),
        *order_steps(allowed(NAME, "refund"), statuses=("paid", "shipped", "delivered")),
        reason_step(),
        pictures_step(is_faulty_arrival),
    ),
    summary=summary,
    do=do,
    carries=ORDER_SLOTS,
    words="退款|退钱|refund|money back",
)
