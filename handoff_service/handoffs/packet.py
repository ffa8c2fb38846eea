"""The handoff packet: what the agent must know, each line pointing to the entries that say it. Pure.

Extractive only. A line whose entries do not contain its value is not shown, so nothing here can be invented: the text
of an entry is what was said in it, the names of its file and sources, and what the bot noted about it then. Evidence
that stands in no entry (the number of a button, a rule of the gateway) is the bot's own note and cites none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handoff_service.conversations.model import Audience, AuthorKind, Entry, Kind
from handoff_service.handoffs.facts import facts_in
from handoff_service.handoffs.goal import find_goal, open_question
from handoff_service.handoffs.model import KEPT_FROM, Handoff
from handoff_service.promises.detect import promises_in

Packet = dict[str, Any]

# A hit that is less likely than this was a shot in the dark and tells the agent nothing.
CONSIDERED = 0.1
CITED = {
    "tried": "title",
    "tasks": "name",
    "facts": "value",
    "promises": "text",
    "missing": "text",
    "attachments": "name",
}
"""Which part of a line its entries must contain."""


def build_packet(handoff: Handoff, timeline: Sequence[Entry]) -> Packet:
    """Goal, reason, evidence, what the bot tried, facts and mood up to the request, from the whole timeline.

    Promises and attachments also from after it: the next agent has to know them.
    """
    before = [entry for entry in timeline if entry.seq <= handoff.requested_seq]
    left = [entry for entry in timeline if entry.seq > handoff.requested_seq and "reply_to" in entry.body]
    said = [entry for entry in before if _is_from(entry, AuthorKind.CUSTOMER)]
    answers = [entry for entry in before if _is_from(entry, AuthorKind.BOT)]
    packet: Packet = {
        "goal": find_goal(handoff, said, answers),
        "reason": {"text": handoff.reason, "entries": _cause(handoff, said)},
        "evidence": _evidence(handoff, before),
        "tried": _tried(answers),
        "tasks": _tasks(answers),
        "facts": _facts([*said, *left]),
        "promises": _promises(timeline),
        "missing": _missing(said, answers),
        "attachments": _attachments(timeline),
        "mood": _mood(answers),
    }
    by_seq = {entry.seq: entry for entry in timeline}
    return packet | {part: [line for line in packet[part] if holds(line, part, by_seq)] for part in CITED}


def holds(line: Mapping[str, Any], part: str, by_seq: Mapping[int, Entry]) -> bool:
    """Whether each of the entries that a line cites contains its value."""
    value = str(line[CITED[part]]).casefold()
    cited = [by_seq.get(seq) for seq in line["entries"]]
    return bool(value and cited) and all(entry is not None and value in _content(entry) for entry in cited)


def _content(entry: Entry) -> str:
    """Everything that an entry says or notes, for looking up a value in it."""
    body = entry.body
    hits = [*(body.get("sources") or ()), *(_analysis(entry).get("hits") or ())]
    parts = [
        body.get("text"),
        body.get("reply_to"),
        (body.get("file") or {}).get("name"),
        (_analysis(entry).get("task") or {}).get("name"),
        *(hit.get("title") for hit in hits),
    ]
    return "\n".join(str(part) for part in parts if part).casefold()


def _is_from(entry: Entry, author: AuthorKind) -> bool:
    return entry.kind is Kind.MESSAGE and entry.author.kind is author


def _analysis(entry: Entry) -> Mapping[str, Any]:
    return entry.body.get("analysis") or {}


def _cause(handoff: Handoff, said: Sequence[Entry]) -> list[int]:
    asked_at = handoff.evidence.get("asked_at")
    if isinstance(asked_at, int):
        return [asked_at]
    return [said[-1].seq] if said else []


def _evidence(handoff: Handoff, before: Sequence[Entry]) -> list[dict[str, Any]]:
    """What made the bot hand over: its own words for it, then the numbers of the last decision."""
    answers = [entry for entry in before if _is_from(entry, AuthorKind.BOT)]
    cause = _cause(handoff, [entry for entry in before if _is_from(entry, AuthorKind.CUSTOMER)])
    sayers = [entry for entry in before if entry.seq in cause]
    lines = [
        {"label": label, "value": _readable(value), "entries": says(_readable(value), sayers, answers)}
        for label, value in handoff.evidence.items()
        if label not in ("turn", "asked_at", "long_wait", KEPT_FROM) and _readable(value) != ""
    ]
    decided = next((answer for answer in reversed(answers) if _analysis(answer).get("decision")), None)
    if decided is not None:
        decision = _analysis(decided)["decision"]
        known = {line["label"] for line in lines}
        lines += [
            {"label": label, "value": _readable(decision[label]), "entries": [decided.seq]}
            for label in ("action", "probability", "threshold", "rule")
            if decision.get(label) is not None and label not in known
        ]
    return lines


def says(value: str | int | float, sayers: Sequence[Entry], answers: Sequence[Entry]) -> list[int]:
    """The entry of the customer that contains the value, or else the last answer with which the bot noted it."""
    return [entry.seq for entry in (*sayers, *reversed(answers)) if is_said(value, entry)][:1]


def is_said(value: str | int | float, entry: Entry | None) -> bool:
    """Whether the customer wrote it in this entry, or the bot noted it with this answer."""
    if entry is None:
        return False
    if entry.author.kind is AuthorKind.BOT:
        return value in noted(entry)
    return isinstance(value, str) and value.casefold() in _content(entry)


def noted(answer: Entry) -> list[str | int | float]:
    """Every value that the bot noted with an answer: its intent, its decision and its signals."""
    analysis = _analysis(answer)
    parts = [analysis.get("intent"), analysis.get("decision"), analysis.get("mood"), *(analysis.get("signals") or ())]
    return [value for part in parts for value in _values(part)]


def _values(part: Any) -> list[str | int | float]:
    """All values of an object, however deep, each as a line of evidence would show it."""
    if not isinstance(part, Mapping):
        return [] if part is None else [_readable(part)]
    return [value for inner in part.values() for value in _values(inner)]


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
            if answer.seq not in line["entries"] and hit.get("title") == line["title"]:
                line["entries"].append(answer.seq)
    return sorted(tried.values(), key=lambda line: -(line["probability"] or 0.0))


def _tasks(answers: Sequence[Entry]) -> list[dict[str, Any]]:
    """The forms that were begun, each with the bot's messages of it."""
    begun: dict[str, list[int]] = {}
    for answer in answers:
        task = _analysis(answer).get("task")
        if task:
            begun.setdefault(task["name"], []).append(answer.seq)
    return [{"name": name, "entries": entries} for name, entries in begun.items()]


def _facts(said: Sequence[Entry]) -> list[dict[str, Any]]:
    facts: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in said:
        for kind, value in facts_in(f"{entry.body['text']}\n{entry.body.get('reply_to', '')}"):
            line = facts.setdefault((kind, value.upper()), {"kind": kind, "value": value, "entries": []})
            if entry.seq not in line["entries"]:
                line["entries"].append(entry.seq)
    return list(facts.values())


def _promises(timeline: Sequence[Entry]) -> list[dict[str, Any]]:
    """What agents and the bot said that they would do, in their words; the same words once."""
    promised: dict[str, dict[str, Any]] = {}
    for entry in timeline:
        by = entry.author.kind
        if entry.kind is not Kind.MESSAGE or entry.audience is not Audience.PUBLIC:
            continue
        if by not in (AuthorKind.AGENT, AuthorKind.BOT) or entry.body.get("kind") in ("notice", "handoff"):
            continue
        if by is AuthorKind.BOT and entry.body.get("sources"):
            continue  # an article is a rule for everybody
        for text in promises_in(str(entry.body.get("text", "")), by_person=by is AuthorKind.AGENT):
            line = promised.setdefault(text, {"by": by.value, "text": text, "entries": []})
            if entry.seq not in line["entries"]:
                line["entries"].append(entry.seq)
    return list(promised.values())


def _missing(said: Sequence[Entry], answers: Sequence[Entry]) -> list[dict[str, Any]]:
    """What the task still needed: the bot's question that nobody has answered."""
    asked = open_question(said, answers)
    return [] if asked is None else [{"text": asked.body["text"], "entries": [asked.seq]}]


def _attachments(timeline: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        {**{part: entry.body["file"].get(part) for part in ("id", "name", "type")}, "entries": [entry.seq]}
        for entry in timeline
        if _is_from(entry, AuthorKind.CUSTOMER) and entry.body.get("file")
    ]


def _mood(answers: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        {"seq": _analysis(answer)["answers"], "unhappy": _analysis(answer)["mood"]["unhappy"]}
        for answer in answers
        if _analysis(answer).get("mood")
    ]
