"""A top-up, transfer or withdrawal that did not arrive: what state it is in, and a trace when it is overdue."""

from collections.abc import Mapping
from typing import Any

from bot.shop import Proof
from bot.tasks import readers
from bot.tasks.deeds import done
from bot.tasks.filling import PRESENT
from bot.tasks.orders import clock, money
from bot.tasks.reasons import pictures_step
from bot.tasks.task import Case, Choose, Ends, Found, Option, Result, Step, Task, Told, Wrong, always

NAME = "payment_missing"
SLOTS = ("payment", "phone_tail")
SETTLED = ("arrived", "pending", "returned", "under_review")  # nothing to trace: the state is the answer
LISTED_PAYMENTS = 5


async def look_up(case: Case, reference: str, proof: Proof) -> Result:
    """The payment, if it is the customer's own; the Task ends with its state unless it is overdue or failed."""
    payment = await case.shop.read(f"/payments/{reference}", proof=proof, needs=("reference", "state"))
    if payment is None:
        return Wrong(say=f"{NAME}.unknown", forget=SLOTS, guess=True)
    if payment["state"] in SETTLED:
        return Ends(told=Told(say=f"{NAME}.{payment['state']}", values=described(payment)))
    return Found(value=reference, facts={"payment_found": dict(payment)})


def described(payment: Mapping[str, Any]) -> dict[str, str]:
    """A payment's values for a text."""
    return {
        "reference": str(payment["reference"]),
        "amount": money(payment.get("amount", ""), payment.get("currency")),
        "created": clock(payment.get("created_at")),
        "expected": clock(payment.get("expected_by")),
        "case": str(payment.get("case") or ""),
    }


async def find(case: Case) -> Result | None:
    """A signed-in customer's own payments."""
    if case.customer is None:
        return None
    body = await case.shop.read("/payments", proof=case.proof, needs=("payments",))
    mine = list((body or {}).get("payments", ()))[:LISTED_PAYMENTS]
    if not mine:
        return Ends(told=Told(say=f"{NAME}.none"))
    if len(mine) == 1:
        return await look_up(case, mine[0]["reference"], case.proof)
    options = tuple(
        Option(title=f"{each['reference']} · {money(each.get('amount', ''))} · {clock(each.get('created_at'))}",
               value=each["reference"])
        for each in mine
    )  # fmt: skip
    return Choose(options=options, say=f"{NAME}.which")


async def check_reference(case: Case, reference: str) -> Result:
    """Looked up at once for a signed-in customer, else once the phone's digits are there."""
    if case.customer is None and "phone_tail" not in case.known:
        return Found(value=reference)
    return await look_up(case, reference, case.proof)


async def check_tail(case: Case, tail: str) -> Result:
    """Looks it up with the digits."""
    found = await look_up(case, case.known["payment"], Proof(phone_tail=tail))
    return Found(value=tail, facts=found.facts) if isinstance(found, Found) else found


def summary(case: Case) -> Mapping[str, str]:
    """What is to be traced."""
    return described(case.known["payment_found"])


async def do(case: Case) -> Told:
    """Have the shop trace the money."""
    reference = case.known["payment"]
    answer = await case.shop.do(
        f"/payments/{reference}/investigation",
        proof=case.proof,
        key=case.key,
        needs=("case",),
        evidence=[file["id"] for file in case.known.get("evidence", ())],
    )
    return done(NAME, answer, number=reference)


TASK = Task(
    name=NAME,
    steps=(
        Step(
            slot="payment",
            example={"zh": "TU2026110401", "en": "TU2026110401"},
            read=readers.payment_reference,
            early=readers.payment_reference,
            find=find,
            check=check_reference,
        ),
        Step(
            slot="phone_tail",
            example={"zh": "5678", "en": "5678"},
            read=readers.phone_tail,
            early=readers.named_tail,
            needed=lambda known: not known.get(PRESENT),
            check=check_tail,
        ),
        pictures_step(always),
    ),
    summary=summary,
    do=do,
    words="充值|转账|提现|到账|top.?up|transfer|withdraw",
)
