"""Whether the customer is still writing, so that several quick messages get one answer. Pure.

Nobody waits whose words look complete: a question, a sentence with its full stop, a pressed button, what the bot has
just asked for, the wish for a person. Held for a moment is what looks unfinished, a file (pictures come one by one),
what follows close upon another message, and who is typing; and nobody for longer than `most_s` after his first words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff_service.bots.asking import asks_for_human
from handoff_service.conversations.model import AuthorKind, Entry, Kind

TYPING_S = 3.2
"""So long after a sign of typing the next one may come: clients send one every three seconds at most."""

ASKING = frozenset({"form", "clarify", "offer_human"})
"""Kinds of messages after which few words are an answer."""

_COMPLETE = re.compile(
    r"[。.!！?？~～;；)）】」』\"”’]\s*$|[吗嘛呢吧么]\s*$|怎么|怎样|如何|为什么|为啥|多久|多少|几[天个点时]|什么|啥|哪|谁|能不能|可不可以|"
    r"是不是|有没有|能否|可否|"
    r"^\W*(谢谢|多谢|感谢|好的?|嗯+|行|可以|不用|不是|不要|没有|没事|是的?|对的?|再见|拜拜|知道了|明白了?|收到)[了啦您你的哈啊呀吧]*\W*$|"
    r"^\W*(thanks?( you)?|thx|ok(ay)?|yes|yeah|yep|no|nope|sure|bye|goodbye|great|perfect|fine|got it|done)\W*$|"
    r"^\W*(how|what|when|where|why|who|which|can|could|do|does|did|is|are|will|would|should|may)\b.*\s\S+\s+\S",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"[,，、:：(（—-]\s*$|(\.\.\.|…)\s*$|(然后|但是|可是|因为|所以|还有|而且|就是|如果|比如|另外|不过|以及|或者|的话)\s*$|"
    r"\b(and|but|because|so|or|if|then|also|the|my|a|an)\s*$",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^\W*((你好|您好|哈喽|嗨|早上好|上午好|下午好|晚上好|早|亲|在吗|在么|在不在|有人吗|请问(一下)?|问一下|想问(一下|下)?|我想问(一下|下)?|咨询一下|"
    r"打扰(一下|了)?|那个)[啊呀哈，,\s]*)+\W*$|"
    r"^\W*((hi|hello|hey|good (morning|afternoon|evening)|hi there|excuse me|quick question|i have a question|"
    r"anyone there|are you there)[\s,]*)+\W*$",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[。.!！?？]\s*$|[吗呢]\s*$")
_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
FEW_CHARACTERS, FEW_WORDS = 4, 2
_NUMBER = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Patience:
    """For how long, in seconds, an answer is held back at most after the last and after the first of his words."""

    quiet_s: float
    most_s: float


def hold_until(
    recent: Sequence[Entry],
    unanswered: Sequence[Entry],
    patience: Patience,
    *,
    now: datetime,
    typing_at: datetime | None = None,
) -> datetime | None:
    """When to look again, or None when the bot should answer now.

    `recent` are the entries around the unanswered ones; `typing_at` is the last sign that the customer types.
    """
    last = unanswered[-1]
    text = str(last.body.get("text", ""))
    if patience.quiet_s <= 0 or any(is_urgent(entry) for entry in unanswered):
        return None
    pause = 0.0
    if "file" in last.body or _is_unfinished(text, asked=_was_asked(recent, unanswered)):
        pause = patience.quiet_s
    elif _follows_closely(recent, last, patience):
        pause = patience.quiet_s / 2 if _ENDED.search(text) else patience.quiet_s
    until = last.at + timedelta(seconds=pause)
    if typing_at is not None and typing_at > last.at:
        until = max(until, typing_at + timedelta(seconds=TYPING_S))
    most = timedelta(seconds=patience.most_s)
    until = min(until, unanswered[0].at + most, now + most)  # a clock that is ahead keeps nobody waiting
    return until if until > now else None


def is_urgent(entry: Entry) -> bool:
    """Whether it is answered at once, whatever may follow: a button, the wish for a person."""
    return "pressed" in entry.body or asks_for_human(str(entry.body.get("text", "")))


def _was_asked(recent: Sequence[Entry], unanswered: Sequence[Entry]) -> bool:
    """Whether the last thing that was said to him wants a short answer."""
    said = [
        entry
        for entry in recent
        if entry.seq < unanswered[0].seq and entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.BOT
    ]
    return bool(said) and said[-1].body.get("kind") in ASKING


def _follows_closely(recent: Sequence[Entry], last: Entry, patience: Patience) -> bool:
    """Whether the customer wrote something else just before, answered or not."""
    before = [
        entry.at
        for entry in recent
        if entry.seq < last.seq and entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.CUSTOMER
    ]
    return bool(before) and last.at - before[-1] < timedelta(seconds=patience.quiet_s)


def _is_unfinished(text: str, *, asked: bool) -> bool:
    """Whether more is to come by the look of it: a comma, a greeting, a word or two that are no answer."""
    if _DANGLING.search(text):
        return True
    if asked or (_COMPLETE.search(text) and not _OPENING.search(text)):
        return False
    return _OPENING.search(text) is not None or _is_fragment(text)


def _is_fragment(text: str) -> bool:
    """A word or two without a number that could be an order's."""
    if _NUMBER.search(text):
        return False
    characters = len(_IDEOGRAPH.findall(text))
    if characters:
        return characters <= FEW_CHARACTERS
    return 0 < len(re.findall(r"[A-Za-z']+", text)) <= FEW_WORDS
