"""What the customer wants, in his own words, and what the bot still wanted to know of him. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from handoff_service.bots.asking import asks_for_human
from handoff_service.conversations.model import Entry, Event
from handoff_service.handoffs.facts import facts_in
from handoff_service.handoffs.model import Handoff

UNANSWERED = ("clarify", "offer_human")
CONTENT = ("answer", "clarify", "offer_human", "form")
SOLVED = re.compile(
    r"^\W*(谢谢|多谢|感谢|解决了|好的?谢谢|知道了|明白了|thanks?( you| a lot)?|thank you|solved|that helps?)\W*", re.I
)
_SMALL_TALK = re.compile(
    r"^\W*((你好|您好|嗨|在吗|在么|请问|好的?|是的?|对|不是?|确认|可以|嗯|行|谢谢|"
    r"hi|hello|hey|yes|no|ok(ay)?|sure|yeah|thanks?( you)?)\W*)+$",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\W*(是的?|对的?|不是|不|没有?|有|确认|可以|好的?|嗯|行|yes|no|yeah|nope|ok(ay)?|sure)\W*$", re.IGNORECASE
)
_FEW = 4
"""Characters or letters besides its facts that a message needs to say what somebody wants."""


def find_goal(handoff: Handoff, said: Sequence[Entry], answers: Sequence[Entry]) -> dict[str, Any]:
    """What upset him; else the last question that found no answer; else what he began with after the last thanks."""
    by_seq = {entry.seq: entry for entry in said}
    cause = by_seq.get(handoff.evidence.get("asked_at", 0))
    if handoff.reason == Event.UNHAPPY and cause is not None:
        return _as_line(cause)
    wishes = [entry for entry in said if _is_wish(entry, answers)]
    for answer in reversed(answers):
        asked = by_seq.get(_answers(answer))
        if answer.body.get("kind") in UNANSWERED and asked in wishes:
            return _as_line(asked)
    thanked = max((entry.seq for entry in said if SOLVED.search(str(entry.body["text"]))), default=0)
    matter = [entry for entry in wishes if entry.seq > thanked] or wishes[-1:] or said[-1:]
    return _as_line(matter[0]) if matter else {"text": "", "entries": []}


def open_question(said: Sequence[Entry], answers: Sequence[Entry]) -> Entry | None:
    """The bot's last question, if what the customer wrote since gives no answer to it."""
    asked = next((answer for answer in reversed(answers) if answer.body.get("kind") in CONTENT), None)
    if asked is None or asked.body.get("kind") != "form" or "form" in asked.body:
        return None
    replies = [str(entry.body["text"]) for entry in said if entry.seq > asked.seq]
    return None if any(_YES_NO.search(text) or any(facts_in(text)) for text in replies) else asked


def _answers(answer: Entry) -> int:
    found: Mapping[str, Any] = answer.body.get("analysis") or {}
    return int(found.get("answers", 0))


def _as_line(entry: Entry) -> dict[str, Any]:
    return {"text": entry.body["text"], "entries": [entry.seq]}


def _is_wish(entry: Entry, answers: Sequence[Entry]) -> bool:
    """Whether it says what he wants: no button, greeting, file, bare number, reply to a form, or call for a person."""
    text = str(entry.body["text"])
    if "pressed" in entry.body or "file" in entry.body or asks_for_human(text) or _SMALL_TALK.search(text):
        return False
    before = [answer for answer in answers if answer.seq < entry.seq]
    if before and before[-1].body.get("kind") == "form":
        return False
    for _, value in facts_in(text):
        text = text.replace(value, "")
    return len(re.findall(r"[\w]", text)) >= _FEW
