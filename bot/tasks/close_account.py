"""Closing the account in steps: the conditions, the notes, the reason, a firm yes, seven days to come back."""

from collections.abc import Mapping

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.deeds import done
from bot.tasks.orders import clock, money
from bot.tasks.task import Case, Ends, Found, Line, Result, Step, Task, Told

NAME = "close_account"
CAUSES = choices(NAME, "cause")
NOTES = choices(NAME, "notes")
BLOCKERS = ("balance", "open_orders", "instalments", "disputes", "pending_payments")


async def find_conditions(case: Case) -> Result | None:
    """Only who is signed in can close an account; what stands in the way is told before anything is asked."""
    if case.customer is None:
        return Ends(told=Told(say=f"{NAME}.sign_in"))
    closing = await case.shop.read("/account/closing", proof=case.proof, needs=("state", "blockers"))
    if closing is None:
        return Ends(told=Told(say=f"{NAME}.sign_in"))
    if closing["state"] == "closing":
        undo = {"action": closing["action"], "until": closing["closes_at"]} if closing.get("action") else None
        return Ends(told=Told(say=f"{NAME}.already", values={"closes": clock(closing.get("closes_at"))}, undo=undo))
    lines = [blocker(name, value) for name, value in closing["blockers"].items() if name in BLOCKERS]
    if lines:
        return Ends(told=Told(say=f"{NAME}.blocked", details=lines))
    return Found(value="met")


def blocker(name: str, value: object) -> Line:
    """What has to be settled first: money as an amount, the rest as a count."""
    return Line(say=f"{NAME}.blocked_{name}", values={"value": money(value) if name == "balance" else str(value)})


async def check_notes(case: Case, answer: str) -> Result:  # noqa: ARG001 (checks share one shape)
    """Who does not want what the notes say keeps the account."""
    return Ends(told=Told(say=f"{NAME}.declined")) if answer == "keep" else Found(value=answer)


def summary(case: Case) -> Mapping[str, str]:
    """Why."""
    return {"cause": CAUSES.title(case.known["cause"], case.language)}


async def do(case: Case) -> Told:
    """Start the seven days."""
    answer = await case.shop.do(
        "/account/closing", proof=case.proof, key=case.key, needs=("closes_at",), code=case.known["cause"]
    )
    told = done(NAME, answer)
    if not isinstance(answer, Mapping):
        return told
    return Told(say=told.say, values={**told.values, "closes": clock(answer["closes_at"])}, undo=told.undo)


TASK = Task(
    name=NAME,
    steps=(
        Step(slot="conditions", read=readers.nothing, find=find_conditions, asked=False),
        Step(
            slot="notes",
            example={"zh": "我已了解，继续", "en": "I understand, go on"},
            read=NOTES.read,
            options=NOTES.options,
            check=check_notes,
        ),
        Step(
            slot="cause",
            example={"zh": "用得少", "en": "I rarely use it"},
            read=CAUSES.or_other,
            early=CAUSES.early,
            options=CAUSES.options,
            own_words=True,
        ),
    ),
    summary=summary,
    do=do,
    words="注销|销户|clos|delete my account",
)
