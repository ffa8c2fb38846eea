"""The handoff packet: what the agent must know, each line pointing to the entries that say it. Pure.

Extractive only. A line whose entries do not contain its value is not made, so nothing here can be invented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handoff_service.conversations.model import AuthorKind, Entry, Event, Kind
from handoff_service.handoffs.facts import facts_in
from handoff_service.handoffs.model import Handoff

Packet = dict[str, Any]

# A hit that is less likely than this was a shot in the dark and tells the agent nothing.
CONSIDERED = 0.1


def build_packet(handoff: Handoff, timeline: Sequence[Entry]) -> Packet:
    """Goal, reason, evidence, what the bot tried, facts and mood up to the request, from the whole timeline."""
    before = [entry for entry in timeline if entry.seq <= handoff.requested_seq]
    left = [entry for entry in timeline if entry.seq > handoff.requested_seq and "reply_to" in entry.body]
    said = [entry for entry in before if entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.CUSTOMER]
    answers = [entry for entry in before if entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.BOT]
    return {
        "goal": _goal(handoff, said, answers),
        "reason": {"text": handoff.reason, "entries": _cause(handoff, said)},
        "evidence": _evidence(handoff, answers, said),
        "tried": _tried(answers),
        "facts": _facts([*said, *left]),
        "mood": _mood(answers),
    }


def _analysis(entry: Entry) -> Mapping[str, Any]:
    return entry.body.get("analysis") or {}


def _goal(handoff: Handoff, said: Sequence[Entry], answers: Sequence[Entry]) -> dict[str, Any]:
    """The customer's own words: what upset him, else the last thing he wanted before he asked for a person."""
    by_seq = {entry.seq: entry for entry in said}
    cause = by_seq.get(handoff.evidence.get("asked_at", 0))
    if handoff.reason == Event.UNHAPPY and cause is not None:
        return {"text": cause.body["text"], "entries": [cause.seq]}
    for answer in reversed(answers):
        if answer.body.get("kind") in ("answer", "clarify", "offer_human", "form"):
            asked = by_seq.get(_analysis(answer).get("answers", 0))
            if asked is not None and "pressed" not in asked.body:
                return {"text": asked.body["text"], "entries": [asked.seq]}
    if said:
        return {"text": said[-1].body["text"], "entries": [said[-1].seq]}
    return {"text": "", "entries": []}


def _cause(handoff: Handoff, said: Sequence[Entry]) -> list[int]:
    asked_at = handoff.evidence.get("asked_at")
    if isinstance(asked_at, int):
        return [asked_at]
    return [said[-1].seq] if said else []


def _evidence(handoff: Handoff, answers: Sequence[Entry], said: Sequence[Entry]) -> list[dict[str, Any]]:
    """What made the bot hand over: its own words for it, then the numbers of the last decision."""
    cause = _cause(handoff, said)
    lines = [
        {"label": label, "value": _readable(value), "entries": cause}
        for label, value in handoff.evidence.items()
        if label not in ("turn", "asked_at", "long_wait") and _readable(value) != ""
    ]
    decided = next((answer for answer in reversed(answers) if _analysis(answer).get("decision")), None)
    if decided is not None:
        decision = _analysis(decided)["decision"]
        at = [_analysis(decided)["answers"]]
        known = {line["label"] for line in lines}
        lines += [
            {"label": label, "value": _readable(decision[label]), "entries": at}
            for label in ("action", "probability", "threshold", "rule")
            if decision.get(label) is not None and label not in known
        ]
    return lines


def _readable(value: Any) -> str | int | float:
    """A value as one line; what has no such form (nested evidence) stays in the log."""
    if isinstance(value, (list, tuple)) and all(isinstance(part, (str, int, float)) for part in value):
        return "; ".join(str(part) for part in value)
    if isinstance(value, float):
        return round(value, 3)
    return value if isinstance(value, (str, int)) else ""


def _tried(answers: Sequence[Entry]) -> list[dict[str, Any]]:
    """Articles that the bot showed or considered, best last answer first; each once."""
    tried: dict[str, dict[str, Any]] = {}
    for answer in answers:
        considered = [hit for hit in _analysis(answer).get("hits", []) if (hit["probability"] or 0.0) >= CONSIDERED]
        for hit in answer.body.get("sources") or considered:
            line = tried.setdefault(
                hit["article"],
                {key: hit.get(key) for key in ("article", "language", "title", "probability")} | {"entries": []},
            )
            if answer.seq not in line["entries"]:
                line["entries"].append(answer.seq)
    return sorted(tried.values(), key=lambda line: -(line["probability"] or 0.0))


def _facts(said: Sequence[Entry]) -> list[dict[str, Any]]:
    facts: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in said:
        for kind, value in facts_in(f"{entry.body['text']}\n{entry.body.get('reply_to', '')}"):
            line = facts.setdefault((kind, value.upper()), {"kind": kind, "value": value, "entries": []})
            if entry.seq not in line["entries"]:
                line["entries"].append(entry.seq)
    return list(facts.values())


def _mood(answers: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        {"seq": _analysis(answer)["answers"], "unhappy": _analysis(answer)["mood"]["unhappy"]}
        for answer in answers
        if _analysis(answer).get("mood")
    ]
