"""A faulty or wrong thing for a right one; what is only the wrong size is returned instead."""

from collections.abc import Mapping
from typing import Any

from bot.tasks.deeds import allowed, done
from bot.tasks.orders import ORDER_SLOTS, order_steps
from bot.tasks.reasons import FAULTY, check_pictures, code_of, pictures_step, reason_step, words_of
from bot.tasks.task import Case, Ends, Found, Result, Task, Told, Wrong, always

NAME = "exchange_request"


async def check_reason(case: Case, reason: Any) -> Result:
    """Sizes and colours are not exchanged."""
    if code_of(reason) in ("size", "changed_mind"):
        return Ends(told=Told(say=f"{NAME}.return_instead", values={"number": case.known["order_number"]}))
    return Found(value=reason)


async def check_evidence(case: Case, files: list[dict[str, Any]]) -> Result:
    """The shop exchanges nothing without pictures: better said now than after the yes."""
    if not files:
        return Wrong(say=f"{NAME}.pictures_needed", forget=("evidence",))
    return await check_pictures(case, files)


def fault_of(reason: str) -> str:
    """The shop's code of the fault; what no words fit ("it smells odd") is one of quality."""
    code = code_of(reason)
    return code if code in FAULTY else "quality"


def summary(case: Case) -> Mapping[str, str]:
    """The order and the reason."""
    return {"number": case.known["order_number"], "reason": words_of(case.known["reason"], case.language)}


async def do(case: Case) -> Told:
    """Register the exchange with the shop."""
    number, reason = case.known["order_number"], case.known["reason"]
    answer = await case.shop.do(
        f"/orders/{number}/returns",
        proof=case.proof,
        key=case.key,
        needs=("return",),
        kind="exchange",
        reason=words_of(reason, "zh"),
        code=fault_of(reason),
        method="pickup",
        evidence=[file["id"] for file in case.known.get("evidence", ())],
    )
    return done(NAME, answer, number=number)


TASK = Task(
    name=NAME,
    steps=(
        *order_steps(allowed(NAME, "exchange"), statuses=("delivered",)),
        reason_step(check_reason),
        pictures_step(always, check_evidence),
    ),
    summary=summary,
    do=do,
    carries=ORDER_SLOTS,
    words="换货|换一个|exchange|swap|replacement",
)
