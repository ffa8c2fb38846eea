"""Which messages of a conversation the bot did not understand, read from the timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handoff_service.conversations.model import Audience, AuthorKind, Conversation, Entry, Event, Kind
from handoff_service.files.model import words
from handoff_service.training.model import LONGEST, Found, Reason

UNSURE_BELOW = 0.5
FALLBACK = "nlu_fallback"
NONE_OF_THESE = "/none_of_these"
RANKS = {reason: rank for rank, reason in enumerate(Reason)}


def misunderstood(conversation: Conversation, entries: Sequence[Entry]) -> list[Found]:
    """The misunderstood messages of a timeline, in order, each once with its strongest reason.

    Left out are pressed buttons, what was erased, and texts that are too long to be an example.
    """
    timeline = {entry.seq: entry for entry in entries}
    strongest: dict[int, tuple[Reason, Mapping[str, Any]]] = {}
    for seq, reason, analysis in _signs(timeline):
        if seq not in strongest or RANKS[reason] < RANKS[strongest[seq][0]]:
            strongest[seq] = (reason, analysis)
    found = [_found(conversation, timeline, seq, *why) for seq, why in sorted(strongest.items())]
    return [one for one in found if one is not None]


def _signs(timeline: Mapping[int, Entry]) -> Iterator[tuple[int, Reason, Mapping[str, Any]]]:
    """(seq of the question, why, the analysis of its answer) for every sign of a misunderstanding."""
    for entry in timeline.values():
        if entry.kind is Kind.FEEDBACK and entry.body.get("value") == "down":
            answered = _turn_of(timeline, timeline.get(entry.body.get("of", 0)))
            yield from _about(answered, Reason.THUMB_DOWN)
        elif entry.kind is Kind.STATE and entry.body.get("event") == Event.UNSURE:
            yield from _about(_answer_before(timeline, entry.seq), Reason.HANDED_OVER)
        elif _is_press(timeline, entry, NONE_OF_THESE):
            yield from _about(_turn_of(timeline, timeline.get(entry.body["pressed"]["seq"])), Reason.REFUSED)
        elif _analysis(entry):
            yield from _unsure(entry)


def _unsure(answer: Entry) -> Iterator[tuple[int, Reason, Mapping[str, Any]]]:
    """What intent and signals say, unless an article answered: then it was understood, whatever the intent."""
    analysis = _analysis(answer)
    intent = analysis.get("intent") or {}
    if (analysis.get("decision") or {}).get("action") == "answer":
        return
    if intent.get("name") == FALLBACK:
        yield from _about(answer, Reason.FALLBACK)
    elif _is_doubtful(intent) or any(signal.get("signal") == Event.UNSURE for signal in analysis.get("signals", ())):
        yield from _about(answer, Reason.LOW_CONFIDENCE)


def _is_doubtful(intent: Mapping[str, Any]) -> bool:
    return isinstance(intent.get("confidence"), int | float) and intent["confidence"] < UNSURE_BELOW


def _about(answer: Entry | None, reason: Reason) -> Iterator[tuple[int, Reason, Mapping[str, Any]]]:
    if answer is not None:
        yield int(_analysis(answer)["answers"]), reason, _analysis(answer)


def _analysis(entry: Entry) -> Mapping[str, Any]:
    """Why the bot said this; empty for entries that tell nothing about it."""
    found: Mapping[str, Any] = entry.body.get("analysis") or {}
    return found if "answers" in found else {}


def _turn_of(timeline: Mapping[int, Entry], said: Entry | None) -> Entry | None:
    """The message that carries the analysis of the turn to which `said` belongs."""
    if said is None:
        return None
    same = (one for one in timeline.values() if _analysis(one) and (one.seq == said.seq or _same_turn(one, said)))
    return next(same, None)


def _same_turn(one: Entry, other: Entry) -> bool:
    return one.turn is not None and one.turn == other.turn


def _answer_before(timeline: Mapping[int, Entry], seq: int) -> Entry | None:
    earlier = [entry for entry in timeline.values() if entry.seq < seq and _analysis(entry)]
    return max(earlier, key=lambda entry: entry.seq, default=None)


def _is_press(timeline: Mapping[int, Entry], entry: Entry, payload: str) -> bool:
    pressed = entry.body.get("pressed")
    if not isinstance(pressed, Mapping) or not _from_customer(entry):
        return False
    offered = timeline.get(pressed.get("seq", 0))
    buttons = offered.body.get("buttons", []) if offered else []
    index = pressed.get("index", 0)
    return bool(index < len(buttons) and buttons[index].get("payload") == payload)


def _from_customer(entry: Entry) -> bool:
    return entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.CUSTOMER


def _found(
    conversation: Conversation, timeline: Mapping[int, Entry], seq: int, reason: Reason, analysis: Mapping[str, Any]
) -> Found | None:
    question = timeline.get(seq)
    if question is None or not _from_customer(question) or "pressed" in question.body or question.body.get("erased"):
        return None
    text = _said(timeline, seq)
    if not 0 < len(text) <= LONGEST:
        return None
    intent = analysis.get("intent") or {}
    return Found(
        seq=seq,
        at=question.at,
        language=conversation.language if conversation.language in ("zh", "en") else "en",
        reason=reason,
        text=text,
        intent=intent.get("name"),
        confidence=intent.get("confidence"),
    )


def _said(timeline: Mapping[int, Entry], seq: int) -> str:
    """What the customer wrote up to this entry since anybody else had spoken, as the bot got it."""
    said: list[str] = []
    for entry in sorted((one for one in timeline.values() if one.seq <= seq), key=lambda one: -one.seq):
        if entry.kind is not Kind.MESSAGE or entry.audience is not Audience.PUBLIC:
            continue
        if not _from_customer(entry) or "pressed" in entry.body or entry.body.get("erased"):
            break
        said.append(words(entry.body))
    return "\n".join(reversed(said)).strip()
