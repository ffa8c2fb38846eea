"""Runs Tasks in Rasa: one form, whose next slot is what the running Task wants next, and one action that ends it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.actions.say import tell, tell_handoff
from bot.actions.situation import OFFER_HUMAN, Move, Reason, Situation
from bot.actions.standing import Standing
from bot.actions.texts import Texts
from bot.channels.output import TurnOutput
from bot.channels.request import Turn
from bot.shop import Shop, ShopUnavailable
from bot.tasks.filling import LISTED, Ask, Over, advance, read_answer
from bot.tasks.orders import SHOP_TIME
from bot.tasks.reasons import UPLOAD
from bot.tasks.registry import TASKS
from bot.tasks.steering import is_firm_yes
from bot.tasks.taking_back import ended
from bot.tasks.task import CONFIRM, Case, Option, Task, Told

FORM = "task_form"
MISSES = "misses"  # how many answers in this Task were none that the shop knows
# After these the question is not put again: a person is coming, or enough was said.
LETS_REST = frozenset({"asked_waiting", "asked_senior_waiting", "same_line_waiting", "same_line_last", "quiet"})
GUESSES = 4  # wrong orders or phone tails in one conversation, over all Tasks; after them a person looks
SHOWN = ("order_number", "reason", "payment", "code", "document", "day", "topic")


class TaskRunner:
    """The actions of the form."""

    def __init__(self, *, texts: Texts, shop: Shop) -> None:
        self._texts = texts
        self._shop = shop

    async def validate(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        """Take what the turn gives and ask for the next thing; no event means that the turn is not for the form."""
        move = output.decision.move
        task = TASKS.get(tracker.get_slot("task"))
        if task is None:  # it was just left
            return []
        if move in (Move.FILL, Move.TASK):
            return await self._advance(output, tracker, task)
        if move is Move.REPLY and was_answered(tracker):  # the question once more
            asked = tracker.get_slot(REQUESTED_SLOT)
            if output.decision.say in LETS_REST:
                return [SlotSet(REQUESTED_SLOT, asked)]
            known = tracker.get_slot("known") or {}
            shown = known.get(LISTED) or {"say": None, "options": ()}
            options = tuple(Option(**each) for each in shown["options"])
            again = Ask(slot=asked, known=known, say=shown["say"], options=options)
            question = self._question(output, task, again, again=False)
            return [question, SlotSet(REQUESTED_SLOT, asked)]
        return []

    async def end(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        """Do what the Task is for, or say why it ends without; then offer what was left for it."""
        task = TASKS[tracker.get_slot("task")]
        known = tracker.get_slot("known") or {}
        told = output.ended
        if told is None:
            try:
                told = await task.do(self._case(output, known))
            except ShopUnavailable as error:
                told = failed(task, known, error, key=output.turn.turn)
        if told.say == "":
            return []
        did = output.ended is None and told.reason is None and not told.refused
        done = ended(task.name, known, told, tracker.get_slot("done"), did=did)
        events = [
            *self._told(output, tracker, told),
            SlotSet("task", None),
            SlotSet("known", {}),
            SlotSet("done", done),
        ]
        left = [each for each in tracker.get_slot("set_aside") or () if each["task"] != task.name]
        if told.say == f"{task.name}.declined":  # a no for now: it can be taken up again, but is not offered at once
            return [*events, SlotSet("set_aside", [*left, {"task": task.name, "known": dict(known)}])]
        return [*events, *self._offer(output, left, told)]

    async def _advance(self, output: TurnOutput, tracker: DialogueStateTracker, task: Task) -> list[Event]:
        known = tracker.get_slot("known") or {}
        case = self._case(output, known)
        asked = tracker.get_slot(REQUESTED_SLOT)
        step = task.step(asked)
        answer = None
        if step is not None:
            answer = list(file_facts(case)) if step.files and case.files else None
            answer = answer or read_answer(step, output.situation.standing, case.text)
        yes = answer_to_summary(output.situation) if asked == CONFIRM else None
        try:
            result = await advance(task, case, asked=asked, answer=answer, yes=yes)
        except ShopUnavailable as error:
            result = Over(known=known, told=failed(task, known, error, key=None))
        if isinstance(result, Ask):
            return self._ask(output, tracker, task, result)
        if isinstance(result, Over):
            output.ended = result.told
        return [SlotSet("known", dict(result.known)), SlotSet("tries", 0), SlotSet(REQUESTED_SLOT, None)]

    def _ask(self, output: TurnOutput, tracker: DialogueStateTracker, task: Task, ask: Ask) -> list[Event]:
        tries = tracker.get_slot("tries") or 0
        guesses = (tracker.get_slot("guesses") or 0) + ask.guess
        wrong = ask.known.get(MISSES, 0) + ask.wrong
        same = output.situation.wanted == ask.slot and output.decision.move is Move.FILL
        kept = [SlotSet("known", {**ask.known, MISSES: wrong}), SlotSet("guesses", guesses)]
        if ask.wrong and (wrong >= output.turn.policy.tries or guesses >= GUESSES):
            rule = f"{wrong} answers for {ask.slot} that the shop does not know"
            output.ended = Told(say="form_stuck", reason=Reason.UNSURE, rule=rule)
            return [*kept, SlotSet("tries", 0), SlotSet(REQUESTED_SLOT, None)]
        tries = tries if same and not ask.wrong else 0
        question = self._question(output, task, ask, again=same and tries > 0)
        first = [tell(self._texts, output, output.decision.say)] if output.decision.say else []
        return [*kept, SlotSet("tries", tries), *first, question, SlotSet(REQUESTED_SLOT, ask.slot)]

    def _question(self, output: TurnOutput, task: Task, ask: Ask, *, again: bool) -> Event:
        if ask.slot == CONFIRM:
            assert task.summary is not None, "only a Task with a summary is confirmed"
            values = task.summary(self._case(output, ask.known))
            return tell(self._texts, output, f"{task.name}.confirm", **values)
        name = ask.say or f"ask_{ask.slot}{'_again' if again else ''}"
        event = tell(self._texts, output, self._named(task, name), **(ask.values or {}))
        step = task.step(ask.slot)
        if step is not None and step.files:
            event.metadata["upload"] = dict(UPLOAD)
        return with_buttons(event, ask.options)

    def _named(self, task: Task, name: str) -> str:
        """The text in the Task's own words where it has some, else the shared one; "_again" need not be there."""
        names = [name] if "." in name else [f"{task.name}.{name}", f"asking.{name}"]
        found = [*names, *(each.removesuffix("_again") for each in names)]
        return next(each for each in found if self._texts.has(each))

    def _told(self, output: TurnOutput, tracker: DialogueStateTracker, told: Told) -> list[Event]:
        """What is told at the end; said before word for word, a person beside it, then the person instead."""
        event = self._tell(output, told)
        times = times_said(tracker, event) + 1
        if times == 1 or told.reason is not None or told.ticket is not None or output.turn.waiting:
            return [event]
        if times >= output.turn.policy.repeats:
            rule = f"the same outcome of a task, {times} times"
            return [tell_handoff(self._texts, output, "unsure_again", reason=Reason.UNSURE, rule=rule)]
        return [event, tell(self._texts, output, "answered_again"), SlotSet("offer", dict(OFFER_HUMAN))]

    def _tell(self, output: TurnOutput, told: Told) -> Event:
        lines = [
            self._texts.message(line.say, language=output.language, turn=0, **line.values).text for line in told.details
        ]
        values = {**told.values, "details": "".join(f"\n{line}" for line in lines)}
        if told.reason is not None:
            event = tell_handoff(self._texts, output, told.say, reason=told.reason, rule=told.rule, **told.evidence)
        else:
            event = tell(self._texts, output, told.say, **values)
        if told.ticket is not None:
            event.metadata["ticket"] = dict(told.ticket)
        if told.undo is not None:
            event.metadata["buttons"] = [
                *event.metadata["buttons"],
                self._texts.button("undo", language=output.language),
            ]
        return event

    def _offer(self, output: TurnOutput, left: Sequence[Mapping[str, Any]], told: Told) -> list[Event]:
        waits = [each for each in left if not each.get("offered")]  # once, and not what the customer stopped himself
        if not waits or told.reason is not None:
            return []
        title = self._title(waits[-1]["task"], language=output.language)
        others = [each for each in left if each is not waits[-1]]
        return [
            tell(self._texts, output, "asking.resume", title=title),
            SlotSet("offer", {"kind": "resume"}),
            SlotSet("set_aside", [*others, {**waits[-1], "offered": True}]),
        ]

    def _case(self, output: TurnOutput, known: Mapping[str, Any]) -> Case:
        turn = output.turn
        return Case(
            known=known,
            shop=self._shop,
            key=turn.turn,
            text=turn.text if output.situation.standing.value is None else "",
            now=output.situation.standing.now,
            language=output.language,
            customer=turn.customer.id if turn.customer is not None and turn.customer.verified else None,
            files=turn.files,
            title=partial(self._title, language=output.language),
        )

    def _title(self, task: str, *, language: str) -> str:
        return self._texts.message(f"{task}.title", language=language, turn=0).text


def times_said(tracker: DialogueStateTracker, event: Event) -> int:
    """How often the bot has said this, word for word, in this conversation."""
    return sum(isinstance(each, BotUttered) and each.text == event.text for each in tracker.events)


def was_answered(tracker: DialogueStateTracker) -> bool:
    """Whether this turn had its reply already: Rasa tries the form first, and again when all else is said."""
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            return False
        if isinstance(event, ActionExecuted) and event.action_name == "action_reply":
            return True
    return False


def standing_of(turn: Turn, tracker: DialogueStateTracker) -> Standing:
    """How the Tasks stand in this conversation."""
    return Standing(
        known=tracker.get_slot("known") or {},
        set_aside=tuple(tracker.get_slot("set_aside") or ()),
        done=tracker.get_slot("done"),
        guesses=tracker.get_slot("guesses") or 0,
        now=turn.now or datetime.now(timezone.utc).astimezone(SHOP_TIME),
        value=turn.press.value if turn.press is not None else None,
        signed_in=turn.customer is not None and turn.customer.verified,
        orders=turn.orders,
    )


def running(tracker: DialogueStateTracker) -> str | None:
    """The name of the running Task."""
    return tracker.get_slot("task") if tracker.active_loop_name == FORM else None


def shown_slots(tracker: DialogueStateTracker) -> dict[str, Any]:
    """What the contract's `slots` tell: the running Task, what it wants, and what it (or the one before) knows."""
    task = running(tracker)
    known = (tracker.get_slot("known") if task else (tracker.get_slot("done") or {}).get("known")) or {}
    found = {name: known.get(name) for name in SHOWN}
    found |= {"task": task, "requested_slot": tracker.get_slot(REQUESTED_SLOT) if task else None}
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


def failed(task: Task, known: Mapping[str, Any], error: ShopUnavailable, *, key: str | None) -> Told:
    """The shop gave no answer: after a deed (`key`) nobody knows whether it was done, and that is what is said."""
    deed = key is not None and task.summary is not None
    facts = {"task": task.name, "order_number": known.get("order_number"), "idempotency_key": key if deed else None}
    return Told(
        say="asking.uncertain" if deed else "shop_down",
        reason=Reason.BOT_FAILED,
        rule=str(error),
        evidence={name: value for name, value in facts.items() if value is not None},
    )


def answer_to_summary(s: Situation) -> bool | None:
    """True for a firm yes, False for a no, None for anything else, which does nothing and is asked again."""
    if is_firm_yes(s):
        return True
    return False if s.intent == "deny" else None


def file_facts(case: Case) -> list[dict[str, Any]]:
    """The files of the turn as plain JSON."""
    return [{"id": file.id, "name": file.name, "type": file.type, "size": file.size} for file in case.files]


def with_buttons(event: Event, options: tuple[Option, ...]) -> Event:
    """The question with a button for each option before its own ones."""
    assert isinstance(event, BotUttered)
    chosen = [{"title": each.title, "payload": f'/choose{{"value":"{each.value}"}}'} for each in options]
    event.metadata["buttons"] = [*chosen, *event.metadata["buttons"]]
    return event
