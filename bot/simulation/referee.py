"""Judges a dialogue: was the wish met, was a human refused, did the bot go in circles, did anything wrong happen.

Wrong actions are looked for in the shop's own database: a row may change only in the turn in which the customer said
yes to a summary, and only for the order that the summary named and the customer meant.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.simulation.goals import STATES, Goal
from bot.simulation.hearing import NUMBER, hear
from bot.simulation.store import Change
from bot.simulation.world import Observation

SAME_ANSWERS = 3  # the same words so many times in a row are a loop
AGREES = frozenset({"yes", "give"})  # the acts with which a customer agrees; "give" alone only without a summary
OF_SIZE = re.compile("a size too small|尺寸小了")  # no reason to exchange: the demo shop tells to return it
NO_ACTION = frozenset({"wrong_tails"})  # tables in which the shop itself keeps count of failed attempts


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One turn: what the customer did and wrote, the bot's response, and what changed in the shop."""

    act: str
    text: str
    pressed: str | None
    answer: Mapping[str, Any]
    changes: Sequence[Change]
    mood: float

    @property
    def deeds(self) -> list[Change]:
        """The changes that matter to a customer."""
        return [change for change in self.changes if change.table not in NO_ACTION]

    @property
    def said(self) -> str:
        """The bot's words."""
        return "\n".join(message["text"] for message in self.answer["messages"])


@dataclass(kw_only=True)
class Dialogue:
    """A dialogue as it was played."""

    seed: int
    goal: Goal
    exchanges: list[Exchange] = field(default_factory=list)
    mood: float = 0.0
    error: str | None = None

    def took(self, seen: Observation, answer: Mapping[str, Any], changed: Sequence[Change]) -> None:
        """Note one turn."""
        self.mood = seen.mood
        self.exchanges.append(
            Exchange(act=seen.act, text=seen.text, pressed=seen.pressed, answer=answer, changes=changed, mood=seen.mood)
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the referee says of one dialogue."""

    success: bool
    handed_over: bool
    refused_human: Sequence[str]
    loops: Sequence[str]
    wrong_actions: Sequence[str]
    soothed_twice: Sequence[str]
    error: str | None

    @property
    def faults(self) -> int:
        """How many things happened that never may."""
        return len(self.refused_human) + len(self.loops) + len(self.wrong_actions) + (self.error is not None)


def judge(dialogue: Dialogue) -> Verdict:
    """The verdict on a finished dialogue."""
    exchanges = dialogue.exchanges
    return Verdict(
        success=succeeded(dialogue),
        handed_over=any(exchange.answer["handoff"] for exchange in exchanges),
        refused_human=[e.text for e in exchanges if e.act == "ask_human" and not was_asked_for(e.answer)],
        loops=loops(exchanges),
        wrong_actions=wrong_actions(dialogue),
        soothed_twice=repeated_soothing(exchanges),
        error=dialogue.error,
    )


def was_asked_for(answer: Mapping[str, Any]) -> bool:
    """Whether the response hands over because the customer asked."""
    return answer["handoff"] is not None and answer["handoff"]["reason"] == "asked"


def loops(exchanges: Sequence[Exchange]) -> list[str]:
    """Answers that were given word for word SAME_ANSWERS times in a row without a handoff."""
    runs = (list(same) for _, same in itertools.groupby(exchanges, key=lambda exchange: exchange.said))
    return [run[0].said for run in runs if len(run) >= SAME_ANSWERS and not any(e.answer["handoff"] for e in run)]


def repeated_soothing(exchanges: Sequence[Exchange]) -> list[str]:
    """Soothing sentences that were said more than once."""
    said = [m["text"] for e in exchanges for m in e.answer["messages"] if m["kind"] == "soothe"]
    return sorted({text for text in said if said.count(text) > 1})


def wrong_actions(dialogue: Dialogue) -> list[str]:
    """Changes in the shop that nobody agreed to or that touch another order, and strangers' orders that were shown."""
    found = []
    summary = ""
    for exchange in dialogue.exchanges:
        if exchange.deeds:
            found += wrong_changes(exchange, summary, dialogue.goal)
        summary = exchange.said
        found += leaks(exchange, dialogue.goal)
    return found


def wrong_changes(exchange: Exchange, summary: str, goal: Goal) -> list[str]:
    """What is wrong with the changes of one turn, [] when all are in order."""
    found = []
    if exchange.act != "yes" and hear(summary).asks == "confirm":
        found.append(f"changed on “{exchange.text}”, which is no yes: {short(exchange.deeds)}")
    if exchange.act not in AGREES:
        found.append(f"changed on “{exchange.text}” ({exchange.act}): {short(exchange.deeds)}")
    touched = {number for change in exchange.deeds for number in NUMBER.findall(change.row)}
    named = set(NUMBER.findall(summary)) | {goal.number}
    if touched - named:
        found.append(f"touched {', '.join(sorted(touched - named))}, which the summary did not name")
    if touched and goal.number not in touched:
        found.append(f"touched {', '.join(sorted(touched))}; the customer meant {goal.number}")
    return found


def leaks(exchange: Exchange, goal: Goal) -> list[str]:
    """What was shown of an order that is somebody else's."""
    if goal.name != "foreign" or goal.other_order is None:
        return []
    secret = [str(value) for part in goal.other_order["parcels"] for value in (part["tracking"], part["last_event"])]
    secret += [str(item["name"]) for item in goal.other_order["items"]]
    own = str(goal.order["items"]) if goal.order else ""
    return [
        f"showed “{value}” of somebody else's order" for value in secret if value in exchange.said and value not in own
    ]


def short(changes: Sequence[Change]) -> str:
    """Tables and rows, cut."""
    return "; ".join(f"{'+' if change.new else '-'}{change.table} {change.row[:120]}" for change in changes)[:400]


def succeeded(dialogue: Dialogue) -> bool:
    """Whether the bot itself did what the customer came for, or rightly said that it cannot be done."""
    goal, exchanges = dialogue.goal, dialogue.exchanges
    if dialogue.error is not None or not exchanges:
        return False
    asked = any(was_asked_for(exchange.answer) for exchange in exchanges)
    if goal.name in ("human", "foreign", "strange"):
        return asked if goal.name == "human" else not wrong_actions(dialogue)
    if goal.name == "question":
        sources = [s for e in exchanges for m in e.answer["messages"] if m["kind"] == "answer" for s in m["sources"]]
        return any(source["article"] == goal.article for source in sources)
    if goal.name == "order_status":
        return any(shows_status(exchange.said, goal) for exchange in exchanges)
    if any(exchange.act == "no" for exchange in exchanges):
        return not any(exchange.deeds for exchange in exchanges)
    fits_not = goal.name == "exchange_request" and any(OF_SIZE.search(exchange.text) for exchange in exchanges)
    if not goal.possible or fits_not:
        return not any(e.deeds for e in exchanges) and any(hear(e.said).cannot for e in exchanges)
    acted = any(exchange.deeds or exchange.answer.get("ticket") for exchange in exchanges)
    told = not STATES[goal.name] and any(is_told(exchange, goal) for exchange in exchanges)
    return acted or told


def shows_status(text: str, goal: Goal) -> bool:
    """Whether an answer tells how an order stands."""
    order = goal.order or {}
    signs = [str(item["name"]) for item in order.get("items", ())]
    signs += [str(parcel["tracking"]) for parcel in order.get("parcels", ())]
    return goal.number in text and any(sign in text for sign in signs)


def is_told(exchange: Exchange, goal: Goal) -> bool:
    """Whether an answer tells how a matter stands, about the customer's own coupon or payment where it is one."""
    about = {"coupon_check": "coupon", "payment_missing": "reference"}.get(goal.name)
    texts = [m["text"] for m in exchange.answer["messages"] if m["kind"] == "answer" and not m["sources"]]
    return any(about is None or goal.facts[about] in text.upper() for text in texts)
