"""From events to lessons: what is known about each question that customers asked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from kb_index.learning.model import NOTHING_ASKED, Feedback, Kind, Lesson, Reply, Why

# Reasons of a handoff that say nothing about whether the knowledge base had the answer.
NOT_FOR_KNOWLEDGE = frozenset({"unhappy", "policy", "bot_failed", "reply_timeout"})

Event = tuple[Feedback, bytes | None]


def lessons(events: Iterable[Event]) -> Iterator[Lesson]:
    """One lesson per question; the events are in order of conversation, question and time."""
    for _, group in groupby(events, key=lambda event: (event[0].conversation, event[0].question)):
        yield _lesson(list(group))


def _lesson(events: Sequence[Event]) -> Lesson:
    told = [feedback for feedback, _ in events]
    asked = next((one for one in told if one.kind is Kind.ASKED), None)
    first = asked or told[0]
    action = next((one.action for one in told if one.action), None)
    right, wrong = _verdict(told)
    resolved = next((one for one in reversed(told) if one.kind is Kind.RESOLVED), None)
    return Lesson(
        tenant=first.tenant,
        conversation=first.conversation,
        question=first.question,
        at=first.at,
        text=first.text,
        language=first.language,
        generation=first.generation,
        action=action,
        probability=first.probability,
        shown=next((one.shown[0] for one in told if one.shown), None),
        right=right,
        wrong=wrong,
        why=_why(told, action, right=right, wrong=wrong),
        reply=_reply(told),
        wrap_up=resolved.wrap_up if resolved else None,
        vector=next((vector for _, vector in events if vector is not None), None),
    )


def _verdict(told: Sequence[Feedback]) -> tuple[str | None, str | None]:
    """(right, wrong): the last word about each; an agent's pick and a customer's choice outrank a thumb."""
    right = wrong = None
    for one in sorted(told, key=lambda one: one.kind is not Kind.THUMB):
        if one.article is None or one.right is None:
            continue
        if one.right:
            right, wrong = one.article, wrong if wrong != one.article else None
        else:
            wrong, right = one.article, right if right != one.article else None
    return right, wrong


def _why(told: Sequence[Feedback], action: str | None, *, right: str | None, wrong: str | None) -> Why | None:
    if not told[0].text.strip() or any(one.rule == NOTHING_ASKED for one in told):
        return None
    if wrong is not None:
        return Why.THUMB_DOWN
    shown = {one.shown[0] for one in told if one.shown}
    if action == "answer" and right is not None and shown and right not in shown:
        return Why.CORRECTED
    # A person was wanted because there was no answer; who was answered and still wants a person is another matter.
    if action != "answer" and any(one.kind is Kind.HANDOFF and one.reason not in NOT_FOR_KNOWLEDGE for one in told):
        return Why.HANDED_OFF if action is not None or any(one.reason == "unsure" for one in told) else None
    if action == "abstain":
        return Why.ABSTAINED
    if action == "clarify" and not any(one.kind is Kind.CHOSE for one in told):
        return Why.CLARIFIED
    return None


def _reply(told: Sequence[Feedback]) -> Reply | None:
    """The agent's last answer: that of the resolution holds all that he said."""
    for one in reversed(told):
        if one.answer and one.entry is not None:
            return Reply(one.answer, one.entry, one.agent or "", one.at)
    return None
