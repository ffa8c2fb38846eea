"""Questions that only make sense after what was said before: "那运费呢?", "and the fee?", "多久?", "can I return it".

Whether a message is one is told by a score of my own over what can be seen of it: how it begins and ends, what it
points to, and how little it says by itself. What it goes on from is the customer's last full question and the title
of the article that was answered last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb_index.text.folding import fold, tokens
from kb_index.text.words import read_tokens, read_words

SURELY = 0.5
"""From this score a message is read with what was said before."""

PERHAPS = 0.2
"""From this score it is, when it finds no answer by itself."""

LOOKED_BACK = 8
"""Messages before."""

LONGEST_BASE = 120
"""Characters of a former question that are carried over."""

LONGEST_FOLLOW_UP = 60
"""Characters; a longer message says what it is about."""

_COURTESY, _ASKING, _SEEKING = read_tokens("courtesy"), read_tokens("asking"), read_tokens("seeking")
_POINTING, _LIGHT, _PERSONS = read_tokens("pointing"), read_tokens("light"), read_tokens("persons")
_LEADING = sorted((word.replace("_", " ") for word in read_words("leading")), key=len, reverse=True)
_LEAD = re.compile(
    rf"(?:(?:{'|'.join(word for word in _LEADING if not word.isascii())})(?!个|种|些|样|边|里|款|件|单|儿)"
    rf"|(?:{'|'.join(word for word in _LEADING if word.isascii())})\b)[\s,，、]*"
)
_TRAILING = re.compile(r"[呢呐吶]\s*[?？!！.。~]*$|\b(?:then|though|instead|too)\s*[?!.]*$")
_ASKS = re.compile(r"[?？]|[吗呢么嘛]")
_MARKS = re.compile(r"[\s?？!！.。,，~、]+$")

_START, _LED, _TRAILED, _POINTED, _EMPTY, _ONE, _TWO, _EACH_MORE, _WHOLE = (
    -2.0,
    2.2,
    1.6,
    1.4,
    2.6,
    0.9,
    0.3,
    -0.9,
    -1.2,
)
"""The score's weights, set by hand: a message without signs, each sign, and by the topic words that it holds."""


@dataclass(frozen=True)
class Said:
    """One message before; article is what a bot answered with, when that is known."""

    author: str
    text: str
    article: str | None = None


@dataclass(frozen=True)
class FollowUp:
    """How likely a message goes on from before, and the texts that it may stand for, most telling first."""

    score: float
    texts: tuple[str, ...]


def follow_up(folded: str, earlier: Sequence[Said], *, title_of: Callable[[Said], str | None]) -> FollowUp | None:
    """The message with its topic, when it seems to lack one and there was one before; title_of names a bot's answer."""
    score = dependence(folded) if earlier and len(folded) <= LONGEST_FOLLOW_UP else 0.0
    if score < PERHAPS:
        return None
    question, title = _before(earlier[-LOOKED_BACK:], title_of)
    rest = _MARKS.sub("", _LEAD.sub("", _TRAILING.sub("", folded), count=1)) or folded
    texts = tuple(dict.fromkeys(f"{base} {rest}" for base in (question, title) if base))
    return FollowUp(score, texts) if texts else None


def dependence(folded: str) -> float:
    """How likely (0..1) a folded message only makes sense with what was said before."""
    words = [word for word in tokens(folded) if not any(map(str.isdigit, word))]  # a number is nobody's topic
    told = [word for word in words if word not in _COURTESY]
    topics = _topics(told)
    said = [word for word in tokens(_LEAD.sub("", folded, count=1)) if word not in _PERSONS]
    asks = bool(set(words) & _ASKING) or _ASKS.search(folded) is not None
    led = _LEAD.match(folded) is not None
    trailed = _TRAILING.search(folded) is not None
    pointed = bool(set(words) & _POINTING)
    if not (asks or led or trailed or pointed) or not (topics or (asks and said and (told or pointed))):
        return 0.0  # thanks, yes, a number, "and you?": nothing is asked
    value = _START + _LED * led + _TRAILED * trailed + _POINTED * pointed
    value += (_EMPTY, _ONE, _TWO)[len(topics)] if len(topics) < 3 else _EACH_MORE * (len(topics) - 2)
    if len(topics) > 1 and asks and not trailed:
        value += _WHOLE
    return 1 / (1 + math.exp(-value))


def names_a_topic(folded: str) -> bool:
    """Whether a folded message has a word of its own, beside those that ask, point or need a topic themselves."""
    return bool(_topics([word for word in tokens(folded) if word not in _COURTESY]))


def _topics(told: Sequence[str]) -> set[str]:
    return {word for word in told if not (word in _ASKING or word in _SEEKING or word in _LIGHT or word in _POINTING)}


def _before(earlier: Sequence[Said], title_of: Callable[[Said], str | None]) -> tuple[str | None, str | None]:
    """The customer's last full question, and the title of the article answered last."""
    question = title = None
    for said in reversed(earlier):
        if title is None and said.author != "customer":
            title = title_of(said)
        if question is None and said.author == "customer":
            folded = fold(said.text)[:LONGEST_BASE]
            if _tells_a_topic(folded):
                question = _MARKS.sub("", folded)
    return question, fold(title) if title else None


def _tells_a_topic(folded: str) -> bool:
    apart = _COURTESY | _ASKING | _SEEKING | _LIGHT | _POINTING
    return any(word not in apart for word in tokens(folded)) and dependence(folded) < SURELY
