"""A conversation as a file for people: what was said, by whom and when, with the notes of colleagues if wanted. Pure.

As plain text and as JSON: neither can run anything, whatever somebody has written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from handoff_service.conversations.model import Audience, AuthorKind, Entry, Kind
from handoff_service.conversations.projection import for_agent, for_customer

_WORDS = {
    "zh": {
        "customer": "客户",
        "bot": "机器人",
        "agent": "客服",
        "system": "系统",
        "note": "内部备注",
        "rating": "评价",
        "feedback": "对回答的反馈",
        "original": "原文",
    },
    "en": {
        "customer": "Customer",
        "bot": "Bot",
        "agent": "Agent",
        "system": "System",
        "note": "internal note",
        "rating": "rating",
        "feedback": "feedback on an answer",
        "original": "original",
    },
}


def without_notes(timeline: Sequence[Entry]) -> list[Entry]:
    """What the customer may read too."""
    public = (entry for entry in timeline if entry.audience is Audience.PUBLIC)
    return [replace(one, body={part: one.body[part] for part in one.body if part != "original"}) for one in public]


def as_json(
    card: Mapping[str, Any], timeline: Sequence[Entry], names: Mapping[str, str], *, notes: bool
) -> dict[str, Any]:
    """The card of the conversation and its entries; without notes only what its customer sees of both."""
    if notes:
        return {"conversation": dict(card), "entries": [for_agent(entry, names) for entry in timeline]}
    contact = card["contact"]["id"]
    head = {part: card[part] for part in ("conversation", "contact", "channel", "language")}
    return {"conversation": head, "entries": [for_customer(entry, names, contact) for entry in timeline]}


def as_text(card: Mapping[str, Any], timeline: Sequence[Entry], language: str) -> str:
    """One paragraph for each message, in the language of the agent; times in UTC."""
    words = _WORDS["zh" if language == "zh" else "en"]
    head = f"{card['conversation']} · {card['contact']['name']} · {card['channel']}"
    return "\n\n".join([head, *(line for entry in timeline if (line := _line(entry, words)))]) + "\n"


def _line(entry: Entry, words: Mapping[str, str]) -> str:
    who = entry.author.name if entry.author.kind is not AuthorKind.SYSTEM else ""
    role = words[entry.author.kind]
    marks = [role, *([words["note"]] if entry.audience is Audience.INTERNAL else [])]
    said = _said(entry, words)
    by = f"{who} ({', '.join(marks)})" if who else ", ".join(marks)
    return f"[{entry.at:%Y-%m-%d %H:%M:%S}] #{entry.seq} {by}\n{said}" if said else ""


def _said(entry: Entry, words: Mapping[str, str]) -> str:
    body = entry.body
    if entry.kind is Kind.RATING:
        return f"{words['rating']}: {body.get('score')}/5 {body.get('comment', '')}".strip()
    if entry.kind is Kind.FEEDBACK:
        return f"{words['feedback']} #{body.get('of', '')}: {body.get('value')} {body.get('comment', '')}".strip()
    original = f"\n[{words['original']}] {body['original']}" if body.get("original") else ""
    return f"{body.get('text', '')}{original}".strip()
