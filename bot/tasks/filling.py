"""How a Task takes what it needs out of one turn: reads, looks up, and comes to the next question or to an end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.actions.standing import Standing
from bot.hearing.ordinal import ordinal
from bot.tasks.task import CONFIRM, Case, Choose, Ends, Found, Known, Option, Step, Task, Told, Wrong

LISTED = "listed"  # what the last question showed: {"say", "options": [{"title", "value"}]}
CARRIED = "carried"  # values of the Task before, taken over where this one wants them and they do
PROVEN_FOR = "proven_for"  # among the carried: the only order for which the digits of the phone will do
GIVEN = "given"  # values that this turn gave for steps to come
FACTS = "facts"  # which facts were learnt with which slot
PRESENT = "signed_in"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """The Task goes on with a question for `slot`. `say`: what is told in its place; `wrong`: an answer did not do."""

    slot: str
    known: Known
    say: str | None = None
    values: Mapping[str, str] | None = None
    options: tuple[Option, ...] = ()
    wrong: bool = False
    guess: bool = False


@dataclass(frozen=True, kw_only=True)
class Ready:
    """All is known (and confirmed)."""

    known: Known


@dataclass(frozen=True, kw_only=True)
class Over:
    """The Task ends here."""

    known: Known
    told: Told


def read_answer(step: Step, standing: Standing, text: str) -> Any:
    """What the turn answers to the question for `step`: a pressed value, a number of the list, or what is read."""
    listed = (standing.known.get(LISTED) or {}).get("options", ())
    if standing.value is not None:
        return step.read(standing.value, standing.now)
    number = ordinal(text)
    if number is not None and number < len(listed):
        return step.read(listed[number]["value"], standing.now)
    return step.read(text, standing.now)


def forget(known: Known, slots: tuple[str, ...]) -> dict[str, Any]:
    """`known` without these slots, what was learnt with them, and the yes."""
    facts = known.get(FACTS, {})
    gone = {*slots, CONFIRM, LISTED, CARRIED, GIVEN, *(fact for slot in slots for fact in facts.get(slot, ()))}
    return {name: value for name, value in known.items() if name not in gone}


def replaced(task: Task, known: Known, text: str, now: datetime, *, asked: str | None) -> tuple[str, ...]:
    """The slots for which the text, unasked, gives another value than the one known."""
    return tuple(
        step.slot
        for step in task.steps
        if step.early is not None
        and step.slot in known
        and step.slot != asked
        and (value := step.early(text, now)) is not None
        and value != known[step.slot]
    )


async def advance(task: Task, case: Case, *, asked: str | None, answer: Any, yes: bool | None) -> Ask | Ready | Over:
    """Go through the steps as far as the turn carries: `answer` is what it gives for `asked`, `yes` for the summary."""
    case = replace(case, known={**case.known, PRESENT: case.customer is not None})
    for step in task.steps:
        if not step.needed(case.known) or step.slot in case.known:
            continue
        result = await fill(step, case, answer=answer if step.slot == asked else None)
        if isinstance(result, Ask | Over):
            return result
        if result is not None:
            case = replace(case, known=result)
    known = {name: value for name, value in case.known.items() if name not in (LISTED, CARRIED, GIVEN)}
    if task.summary is None or known.get(CONFIRM) or (asked == CONFIRM and yes):
        return Ready(known=known)
    if asked == CONFIRM and yes is False:
        return Over(known=known, told=Told(say=f"{task.name}.declined"))
    return Ask(slot=CONFIRM, known=known)


async def fill(step: Step, case: Case, *, answer: Any) -> Known | Ask | Over | None:
    """What is known after this step; Ask when it has to be asked, None for an unasked one without a value."""
    value = answer
    if value is None and step.early is not None:
        value = step.early(case.text, case.now)
    if value is None:
        value = case.known.get(GIVEN, {}).get(step.slot)
    carried = carried_for(step, case.known) if value is None else None
    if carried is not None:
        value = carried
    found = await step.check(case, value) if value is not None and step.check is not None else None
    if carried is not None and isinstance(found, Wrong):  # nobody said that it is of this order: asked as if unknown
        known = {**case.known, CARRIED: {slot: kept for slot, kept in case.known[CARRIED].items() if slot != step.slot}}
        return replace(ask(step, replace(case, known=known)), guess=found.guess)
    if value is None and step.find is not None:
        found = await step.find(case)
    if found is None and value is not None:
        found = Found(value=value)
    if found is None:
        return ask(step, case) if step.asked else None
    if isinstance(found, Ends):
        known = case.known if value is None else {**case.known, step.slot: value}
        return Over(known=known, told=found.told)
    if isinstance(found, Wrong):
        known = forget(case.known, (*found.forget, step.slot))
        return Ask(slot=found.forget[0], known=known, say=found.say, values=found.values, wrong=True, guess=found.guess)
    if isinstance(found, Choose):
        known = {**case.known, LISTED: listed(found.options, found.say)}
        return Ask(slot=step.slot, known=known, say=found.say, options=found.options)
    facts = {**case.known.get(FACTS, {}), step.slot: list(found.facts)}
    known = {**case.known, step.slot: found.value, **found.facts, FACTS: facts}
    return {name: kept for name, kept in known.items() if name != LISTED}


def carried_for(step: Step, known: Known) -> Any:
    """What the Task before knew of this step and may be taken over without a question."""
    carried = known.get(CARRIED, {})
    of_another = PROVEN_FOR in carried and known.get("order_number") != carried[PROVEN_FOR]
    return None if step.slot == "phone_tail" and of_another else carried.get(step.slot)


def listed(options: tuple[Option, ...], say: str | None) -> dict[str, Any]:
    """What a question shows, as plain JSON, so that it can be asked once more."""
    return {"say": say, "options": [{"title": each.title, "value": each.value} for each in options]}


def ask(step: Step, case: Case) -> Ask:
    """The question for a step, with its options."""
    options = tuple(step.options(case)) if step.options is not None else ()
    known = {**case.known, LISTED: listed(options, None)}
    return Ask(slot=step.slot, known=known, options=options)
