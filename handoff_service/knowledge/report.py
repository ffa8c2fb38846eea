"""What an entry teaches the knowledge base, read from the timeline. Pure: the same entry gives the same report.

The shape is that of kb_index's POST /feedback. An entry's own id is the event's, so that a repeated report counts once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from handoff_service.clock import iso
from handoff_service.conversations.model import (
    HANDOFF_REASONS,
    Audience,
    AuthorKind,
    Conversation,
    Entry,
    Kind,
    OwnerKind,
)
from handoff_service.files.model import words

Report = dict[str, Any]

LONGEST = 4000
SHOWN = 5
CHOOSE = "/choose_article"
NOTHING_ASKED = "nothing asked"
DECISION = ("action", "probability", "threshold", "margin", "rule", "features")


def report(conversation: Conversation, entries: Sequence[Entry], seq: int) -> Report | None:
    """What entry `seq` tells, given the entries up to it; None when it teaches nothing, or was erased."""
    timeline = {entry.seq: entry for entry in entries if entry.seq <= seq}
    entry = timeline.get(seq)
    if entry is None or entry.body.get("erased"):
        return None
    if entry.kind is Kind.FEEDBACK:
        told = _thumb(timeline, entry)
    elif entry.kind is Kind.STATE:
        told = _handoff(timeline, entry) if entry.body.get("event") in HANDOFF_REASONS else _resolution(timeline, entry)
    elif entry.author.kind is AuthorKind.BOT:
        told = _decision(timeline, entry)
    else:
        told = _pick(timeline, entry)
    if told is None or told["question"] not in timeline:
        return None
    return {
        "tenant": conversation.tenant,
        "event": entry.mid,
        "conversation": conversation.id,
        "at": iso(entry.at),
        "text": _asked(timeline, told["question"]),
        "language": conversation.language if conversation.language in ("zh", "en") else "en",
        **told,
    }


def _analysis(entry: Entry) -> Mapping[str, Any]:
    found: Mapping[str, Any] = entry.body.get("analysis") or {}
    return found


def _from(entry: Entry, author: AuthorKind) -> bool:
    return entry.kind is Kind.MESSAGE and entry.audience is Audience.PUBLIC and entry.author.kind is author


def _asked(timeline: Mapping[int, Entry], seq: int) -> str:
    """What the customer wrote up to this entry since anybody else had spoken; a follow-up as it was understood."""
    read = [_analysis(entry).get("reading") for entry in timeline.values() if _analysis(entry).get("answers") == seq]
    if read and read[-1]:
        return str(read[-1])[:LONGEST]
    said: list[str] = []
    for entry in sorted(timeline.values(), key=lambda one: -one.seq):
        if entry.seq > seq or entry.kind is not Kind.MESSAGE or entry.body.get("kind") == "notice":
            continue
        if not _from(entry, AuthorKind.CUSTOMER) or (said and "pressed" in entry.body):
            break
        said.append(words(entry.body))
    return "\n".join(reversed(said))[:LONGEST]


def _decided(answer: Entry) -> Report:
    """How a question was decided: the parts that its answer has kept."""
    decision = _analysis(answer).get("decision") or {}
    shown = [str(hit["article"]) for hit in _analysis(answer).get("hits", []) if hit.get("article")]
    parts = {name: decision[name] for name in DECISION if decision.get(name) is not None}
    return {
        "question": _analysis(answer)["answers"],
        "generation": _analysis(answer).get("generation"),
        "shown": shown[:SHOWN],
        **parts,
    }


def _decision(timeline: Mapping[int, Entry], answer: Entry) -> Report | None:
    """A question that the bot decided about, or the article that the customer chose instead of answering one."""
    asked = timeline.get(_analysis(answer).get("answers", 0))
    if asked is None:
        return None
    if "pressed" in asked.body:
        return _choice(timeline, asked)
    return {"kind": "asked", **_decided(answer)} if _analysis(answer).get("decision") else None


def _choice(timeline: Mapping[int, Entry], press: Entry) -> Report | None:
    pressed = press.body["pressed"]
    offered = timeline.get(pressed["seq"])
    if offered is None or not _first_of_turn(timeline, offered):
        return None
    payload = str(offered.body["buttons"][pressed["index"]]["payload"])
    if not payload.startswith(CHOOSE):
        return None
    article = json.loads(payload.removeprefix(CHOOSE))["article"]
    return {"kind": "chose", **_decided(_first_of_turn(timeline, offered)[0]), "article": article, "right": True}


def _first_of_turn(timeline: Mapping[int, Entry], said: Entry) -> list[Entry]:
    """The bot's message that tells how this one came about; a turn tells it with its first message."""
    return [
        entry
        for entry in timeline.values()
        if "answers" in _analysis(entry) and (entry.seq == said.seq or (said.turn and entry.turn == said.turn))
    ]


def _thumb(timeline: Mapping[int, Entry], entry: Entry) -> Report | None:
    judged = timeline.get(entry.body.get("of", 0))
    first = _first_of_turn(timeline, judged) if judged is not None else []
    if judged is None or not first:
        return None
    sources = judged.body.get("sources") or []
    told = {"kind": "thumb", **_decided(first[0]), "reason": str(entry.body.get("comment", ""))[:LONGEST]}
    if sources:  # else the thumb is about words of the bot that come from no article
        told |= {"article": sources[0]["article"], "right": entry.body.get("value") == "up"}
    return told


def _question_before(timeline: Mapping[int, Entry], seq: int) -> Report | None:
    """The last question before an entry that the bot decided about, with that decision; greetings do not count."""
    for entry in sorted(timeline.values(), key=lambda one: -one.seq):
        if entry.seq < seq and _from(entry, AuthorKind.BOT) and _analysis(entry).get("decision"):
            asked = timeline.get(_analysis(entry)["answers"])
            if asked is not None and "pressed" not in asked.body and _decided(entry).get("rule") != NOTHING_ASKED:
                return _decided(entry)
    return None


def _handoff(timeline: Mapping[int, Entry], entry: Entry) -> Report | None:
    told = _question_before(timeline, entry.seq)
    return None if told is None else {"kind": "handoff", **told, "reason": entry.body["event"]}


def _resolution(timeline: Mapping[int, Entry], entry: Entry) -> Report | None:
    """What the agents said between the request and the end of a handoff, for the question that led to it."""
    to = (entry.body.get("to") or {}).get("kind")
    if to not in (OwnerKind.BOT, OwnerKind.CLOSED):
        return None
    requests = [one.seq for one in timeline.values() if one.kind is Kind.STATE and "handoff" in one.body]
    told = _question_before(timeline, max(requests)) if requests else None
    if told is None:
        return None
    said = [one for one in timeline.values() if one.seq > max(requests) and _from(one, AuthorKind.AGENT)]
    said.sort(key=lambda one: one.seq)
    told |= {"kind": "resolved", "wrap_up": str(entry.body.get("wrap_up") or entry.body.get("event"))}
    if said:
        answer = "\n".join(words(one.body) for one in said)[:LONGEST]
        told |= {"answer": answer, "entry": said[-1].seq, "agent": said[-1].author.id}
    return told


def _pick(timeline: Mapping[int, Entry], entry: Entry) -> Report | None:
    """An article that an agent sent, for what the customer asked last: the bot, or since then the agent himself."""
    article = entry.body.get("article")
    if article is None or not _from(entry, AuthorKind.AGENT):
        return None
    told = _question_before(timeline, entry.seq)
    spoken = max((one.seq for one in timeline.values() if _is_reply(one) and one.seq < entry.seq), default=0)
    since = [one.seq for one in timeline.values() if one.seq > spoken and _from(one, AuthorKind.CUSTOMER)]
    if spoken and since:  # a question of the human episode, about which nothing was decided
        told = {"question": max(since)}
    if told is None:
        return None
    sent = {"answer": words(entry.body)[:LONGEST], "entry": entry.seq, "agent": entry.author.id}
    return {"kind": "picked", **told, "article": article["id"], "right": True, **sent}


def _is_reply(entry: Entry) -> bool:
    return _from(entry, AuthorKind.AGENT)
