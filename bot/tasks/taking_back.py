"""What was done is taken back, or done over for the right thing. Pure."""

from collections.abc import Mapping
from typing import Any

from bot.actions.situation import Decision, Move, Situation
from bot.tasks.filling import GIVEN, forget
from bot.tasks.readers import order_number
from bot.tasks.registry import TASKS
from bot.tasks.starting import SET_ASIDE, aside, start_task
from bot.tasks.task import Known, Told
from bot.tasks.words import NOT_THAT, THAT_ORDER


def takes_it_back(s: Situation, *, sure: bool) -> bool:
    """Whether the last Task was about the wrong thing: "no, I meant the other one", "不对，是昨天那单".

    Where nothing was done, a mere no may be about what was told: another order has to be spoken of.
    """
    done = s.standing.done or {}
    again = s.intent == done.get("task") and NOT_THAT.match(s.text) is not None
    another = THAT_ORDER.search(s.text) is not None or order_number(s.text, s.standing.now) is not None
    return sure and (s.intent == "correct" or again) and (done.get("did", True) or another)


def undo(s: Situation) -> Decision:
    """Take back what was done last, if the shop still allows it; asked to confirm like any other deed."""
    known = to_undo(s.standing.done)
    if known is None:
        return Decision(move=Move.REPLY, say="undo.nothing", rule="nothing to undo", slots={"offer": None})
    return start_task(s, "undo", known=known)


def to_undo(done: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What the Task "undo" needs for the deed of the Task that ended last, or of an earlier one; None for neither."""
    if not done:
        return None
    if done.get("undo") is None:
        return done.get("earlier")
    return {"undoes": {**done["undo"], "task": done["task"]}, "phone_tail": done["known"].get("phone_tail")}


def ended(task: str, known: Mapping[str, Any], told: Told, before: Mapping[str, Any] | None, *, did: bool) -> Known:
    """The slot `done` after a Task: did: it was carried out, and not told why it could not be; before: that slot until
    now, whose deed can still be taken back, unless just that was done."""
    taken_back = task == "undo" and did
    return {
        "task": task,
        "known": dict(known),
        "did": did,
        "undo": dict(told.undo) if told.undo else None,
        "earlier": None if taken_back else to_undo(before),
    }


def do_over(s: Situation, done: Mapping[str, Any]) -> Decision | None:
    """The Task that just ended was about the wrong thing: again for the right one; a deed is taken back first."""
    task = TASKS.get(done["task"])
    if task is None or not task.steps or "known" not in done:
        return None
    wrong = "order_number" if task.step("order_number") else task.steps[-1].slot
    kept = forget(done["known"], (wrong,))
    right = order_number(s.text, s.standing.now)
    if right is not None:
        kept[GIVEN] = {"order_number": right}
    if done.get("undo") is None:
        return start_task(s, task.name, known=kept)
    started = undo(s)
    waiting = [each for each in aside(s) if each["task"] != task.name] + [{"task": task.name, "known": kept}]
    return Decision(
        move=started.move,
        say=started.say,
        rule=f"takes {task.name} back to do it over",
        slots={**started.slots, "set_aside": waiting[-SET_ASIDE:]},
    )
