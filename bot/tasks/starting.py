"""How a Task begins, and what becomes of the one that ran. Pure."""

from collections.abc import Mapping
from typing import Any

from bot.actions.situation import ANSWERED, Decision, Move, Situation
from bot.tasks.filling import CARRIED, LISTED, PROVEN_FOR
from bot.tasks.registry import TASKS
from bot.tasks.without_shop import lacks_shop, no_shop

SET_ASIDE = 3  # Tasks that can be taken up again


def start_task(s: Situation, name: str, *, known: Mapping[str, Any] | None = None, say: str = "") -> Decision:
    """Start a Task; a running one is set aside, and the order that was just spoken of is taken over."""
    if lacks_shop(s, name):
        return no_shop(s, name)
    before = s.standing.known if s.form is not None else (s.standing.done or {}).get("known", {})
    carried = {slot: before[slot] for slot in TASKS[name].carries if before.get(slot) is not None}
    if s.standing.guesses:  # digits of one order are tried with another one once, and are no key to try many
        carried[PROVEN_FOR] = before.get("order_number")
    slots = {
        **ANSWERED,
        "task": name,
        "known": dict(known) if known is not None else {CARRIED: carried},
        "tries": 0,
        "set_aside": [each for each in aside(s) if each["task"] != name],
        "requested_slot": None,
    }
    return Decision(move=Move.TASK, say=say, rule=f"starts {name}", slots=slots)


def aside(s: Situation) -> list[Mapping[str, Any]]:
    """The Tasks that can be taken up again once the running one is left."""
    others = [each for each in s.standing.set_aside if each["task"] != s.form]
    running = [{"task": s.form, "known": without_list(s.standing.known)}] if s.form in TASKS else []
    return [*others, *running][-SET_ASIDE:]


def without_list(known: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a Task that is left: all but the buttons it showed."""
    return {name: value for name, value in known.items() if name != LISTED}
