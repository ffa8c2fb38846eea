"""What Tasks that have the shop do something share: whether it may be done, and how its answer is told."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.shop import Refused
from bot.tasks.orders import clock, money
from bot.tasks.task import Case, Told

TAKEN = frozenset({"name", "language", "turn", "used"})  # what Texts.message() calls its own arguments
Suits = Callable[[Case, Mapping[str, Any]], Told | None]


def allowed(task: str, action: str) -> Suits:
    """Why the shop will not take `action` on an order: its field `cannot` says so before anything is asked for."""

    def suits(case: Case, order: Mapping[str, Any]) -> Told | None:  # noqa: ARG001 (one shape for all)
        cannot = order.get("cannot")
        code = cannot.get(action) if isinstance(cannot, Mapping) else None
        return None if code is None else refused(task, Refused(code=str(code)), order["number"])

    return suits


def told_facts(answer: Mapping[str, Any]) -> dict[str, str]:
    """The plain values of an answer, as a text may name them."""
    return {
        name: str(value) for name, value in answer.items() if isinstance(value, str | int | float) and name not in TAKEN
    }


def refused(task: str, answer: Refused, number: str = "") -> Told:
    """The shop's no, in the words for its code."""
    facts = told_facts(answer.facts)
    values = {**facts, "number": number, "code": answer.code, "until": clock(answer.facts.get("until"))}
    return Told(say=f"{task}.refused_{answer.code}", values=values)


def done(task: str, answer: Mapping[str, Any] | Refused, *, number: str = "", say: str = "done") -> Told:
    """What the shop did, with the way to undo it where it allows one; or its no."""
    if isinstance(answer, Refused):
        return refused(task, answer, number)
    values = told_facts(answer)
    values |= {"number": number, "amount": money(answer.get("amount", ""), answer.get("currency"))}
    until = answer.get("undo_until")
    undo = {"action": answer["action"], "until": until} if until and answer.get("action") else None
    values["undo_until"] = clock(until)
    return Told(say=f"{task}.{say}", values=values, undo=undo)
