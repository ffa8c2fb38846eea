"""Sending something back: reason, pictures where it is faulty, pick-up or post."""

from collections.abc import Mapping

from bot.tasks.choices import choices
from bot.tasks.deeds import allowed, done
from bot.tasks.orders import ORDER_SLOTS, order_steps
from bot.tasks.reasons import code_of, is_faulty, pictures_step, reason_step, words_of
from bot.tasks.task import Case, Step, Task, Told

NAME = "return_request"
METHODS = choices(NAME, "method")


def summary(case: Case) -> Mapping[str, str]:
    """The order, the reason, the way back and who pays for it."""
    return {
        "number": case.known["order_number"],
        "reason": words_of(case.known["reason"], case.language),
        "method": METHODS.title(case.known["method"], case.language),
    }


async def do(case: Case) -> Told:
    """Register the return with the shop."""
    number, reason = case.known["order_number"], case.known["reason"]
    answer = await case.shop.do(
        f"/orders/{number}/returns",
        proof=case.proof,
        key=case.key,
        needs=("return",),
        kind="return",
        reason=words_of(reason, "zh"),
        code=code_of(reason),
        method=case.known["method"],
        evidence=[file["id"] for file in case.known.get("evidence", ())],
    )
    say = "done_shop_pays" if isinstance(answer, Mapping) and answer.get("shipping_paid_by") == "shop" else "done"
    return done(NAME, answer, number=number, say=say)


TASK = Task(
    name=NAME,
    steps=(
        *order_steps(allowed(NAME, "return"), statuses=("delivered",)),
        reason_step(),
        pictures_step(is_faulty),
        Step(
            slot="method",
            example={"zh": "上门取件", "en": "pick-up please"},
            read=METHODS.read,
            early=METHODS.early,
            options=METHODS.options,
        ),
    ),
    summary=summary,
    do=do,
    carries=ORDER_SLOTS,
    words="退货|寄回|return|send back",
)
