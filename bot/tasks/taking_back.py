"""What was done is taken back, or done over for the right thing. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.actions.situation import Decision, Move, Situation
from bot.tasks.filling import GIVEN, forget
from bot.tasks.readers import order_number
from bot.tasks.registry import TASKS
from bot.tasks.starting import SET_ASIDE, aside, start_task
from bot.tasks.task import Known, Told
from bot.tasks.words import NOT_THAT, OTHER_ORDER, TAKES_BACK

MOST_DEEDS = 3  # that are kept to be taken back
# Tasks that change something. Whoever speaks of a call need not mean the one he asked for.
DEEDS = frozenset(name for name, task in TASKS.items() if task.summary is not None) - {"undo", "callback_request"}


def takes_it_back(s: Situation, *, sure: bool) -> bool:
    """Whether the last Task was about the wrong thing: "no, I meant the other one", "不对，是昨天那单".

    Where nothing was done, a mere no may be about what was told: another order has to be spoken of.
    """
    done = s.standing.done or {}
    again = s.intent == done.get("task") and NOT_THAT.match(s.text) is not None
    number = order_number(s.text, s.standing.now)
    known = (done.get("known") or {}).get("order_number")
    another = OTHER_ORDER.search(s.text) is not None or number not in (None, known)
    return sure and (s.intent == "correct" or again) and (done.get("did", True) or another)


def undo(s: Situation) -> Decision:
    """Take back what was done last, if the shop still allows it; asked to confirm like any other deed."""
    deed = named_deed(s.standing.done or {}, s.text, s.standing.now)
    if deed is None:
        return Decision(move=Move.REPLY, say="undo.nothing", rule="nothing to undo", slots={"offer": None})
    return start_task(s, "undo", known=deed)


def named_deed(done: Mapping[str, Any], text: str, now: datetime) -> Known | None:
    """The last deed for the order or of the Task that the text names, else the last one; None where just one is to be
    taken back that was not done ("undo the address change")."""
    deeds = list(done.get("deeds", ()))
    number = order_number(text, now)
    if number is not None:
        return next((each for each in reversed(deeds) if each.get("order_number") == number), None)
    named = {name for name in DEEDS if TASKS[name].named_in(text)}
    of_named = [each for each in deeds if each["undoes"]["task"] in named]
    # "cancel the refund": the verb is that of undoing.
    meant = [each for each in of_named if each["undoes"]["task"] != "cancel_order"] or of_named
    if meant:
        return meant[-1]
    others = [
        name for name in named - {"cancel_order"} if re.search(f"{TAKES_BACK}(?:{TASKS[name].words})", text, re.I)
    ]
    return None if others or not deeds else deeds[-1]


def ended(task: str, known: Mapping[str, Any], told: Told, before: Mapping[str, Any] | None, *, did: bool) -> Known:
    """The slot `done` after a Task: {"task", "known", "did", "deeds"}.

    did: it was carried out, and neither refused nor ended for another reason; before: that slot until now; deeds: what
    the Task "undo" needs to take back each of the last deeds that can be, {"undoes": {"task", "action", "until"},
    "phone_tail", "order_number"}, the last one last.
    """
    deeds = [*(before or {}).get("deeds", ())]
    if task == "undo" and (did or told.refused):  # what it is too late for is not offered once more
        deeds = [each for each in deeds if each["undoes"] != known["undoes"]]
    if told.undo is not None:
        deeds = [each for each in deeds if each["undoes"].get("action") != told.undo.get("action")]
        proof = {slot: known.get(slot) for slot in ("phone_tail", "order_number")}
        deeds.append({"undoes": {**told.undo, "task": task}, **proof})
    return {"task": task, "known": dict(known), "did": did, "deeds": deeds[-MOST_DEEDS:]}


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
    deed = next((each for each in reversed(done.get("deeds", ())) if each["undoes"]["task"] == task.name), None)
    if deed is None or not done.get("did", True):
        return start_task(s, task.name, known=kept)
    started = start_task(s, "undo", known=deed)
    waiting = [each for each in aside(s) if each["task"] != task.name] + [{"task": task.name, "known": kept}]
    return Decision(
        move=started.move,
        say=started.say,
        rule=f"takes {task.name} back to do it over",
        slots={**started.slots, "set_aside": waiting[-SET_ASIDE:]},
    )
