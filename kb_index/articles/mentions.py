"""Mentions: phone numbers, amounts, deadlines and the like in running text, each with what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import rjieba

from kb_index.articles.numbers import NUMBER, RANGE_BETWEEN, arabic
from kb_index.articles.values import CURRENCIES, DURATION, FactKind, Value, normalise

CONCEPTS = Path(__file__).parent / "words" / "concepts.txt"

_SIGN = "|".join(pattern for pattern in CURRENCIES.values())
_RANGE = rf"{NUMBER}\s*(?:万|千|[kK](?![A-Za-z]))?(?:\s*{RANGE_BETWEEN}\s*(?:{_SIGN})?\s*{NUMBER})?"
_CLOCK = r"\d{1,2}(?:[:：]\d{2}|\s*点半?)(?:\s*[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\.?"
_SPAN = rf"{NUMBER}(?:\s*{RANGE_BETWEEN}\s*{NUMBER})?"
_PHONE = (
    r"(?<![\dA-Za-z])(?:\+?86[- ]?)?(?:[48]00[- ]?\d{3}[- ]?\d{4}|0\d{2,3}[- ]\d{7,8}|1[3-9]\d{9})"
    r"(?:\s*(?:转|ext\.?)\s*\d{1,5})?(?!\d)"
)
_PERCENT = rf"{_SPAN}\s*(?:%|％|per ?cent)|百分之[零一二两三四五六七八九十百\d.]+"
_AMOUNT = rf"(?:{_SIGN})\s*{_RANGE}(?:\s*万)?|{_RANGE}\s*(?:万|千)?\s*(?:{_SIGN})(?![A-Za-z])"
_DEADLINE = rf"(?<![第\d.]){NUMBER}(?:\s*(?:{DURATION})?\s*{RANGE_BETWEEN}\s*{NUMBER})?\s*-?\s*(?:{DURATION})"
# In this order: what an earlier pattern took is not looked at again.
_PATTERNS = tuple(
    (kind, signs, re.compile(pattern, re.IGNORECASE))
    for kind, signs, pattern in (
        (FactKind.URL, "/", r"https?://[^\s)\]>，。；、\"'“”]+"),
        (FactKind.EMAIL, "@", r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
        (FactKind.DATE, "-年", r"\d{4}(?:-\d{1,2}-\d{1,2}|\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日)"),
        (FactKind.HOURS, ":：点mM", rf"(?:{_CLOCK})\s*(?:{RANGE_BETWEEN})\s*(?:晚上?|下午|次日)?\s*(?:{_CLOCK})"),
        (FactKind.PHONE, "01", _PHONE),
        (FactKind.PERCENT, "%％百c", _PERCENT),
        (FactKind.AMOUNT, "", _AMOUNT),
        (FactKind.DEADLINE, "", _DEADLINE),
    )
)
"""Kinds of values with one of the signs that each of them holds: most sentences need not be searched for most kinds."""
_ALWAYS_ON = re.compile(
    r"24\s*(?:小时|hours?)\s*(?:在线|服务|客服|为您|全天|a day)|(?:7\s*[x×*]\s*24|24\s*[x×*/]\s*7)(?:\s*小时)?",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"(?<=[。！？!?；;\n])|(?<=\.)\s+(?=[A-Z\"“(*-])")
_PART_END = re.compile(r"(?<=[，,：:])")
_MARKS = re.compile(r"[*_`#>|]+|^\s*(?:[-+]|\d+[.)、])\s+", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*[0-9]*|[0-9]+[A-Za-z]+|[\u4e00-\u9fff]+")
HOLE = "\ue000"
"""Stands in a clause where a value was."""

STOP_WORDS = frozenset((Path(__file__).parent / "words" / "stop.txt").read_text("utf-8").split())


@dataclass(frozen=True, slots=True)
class Mention:
    """A value in a text: as written, the clause around it with a hole in its place, and the concepts of the clause."""

    kind: FactKind
    value: Value
    written: str
    clause: str
    concepts: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        """The content words of the clause."""
        return content_words(self.clause)


@lru_cache(maxsize=16_384)  # an edit of one article must not read the numbers of thousands again
def mentions_in(text: str, language: str) -> tuple[Mention, ...]:
    """All values in a text, in its order."""
    text = arabic(_MARKS.sub("", _LINK.sub(r"\1", text)))
    found: list[Mention] = []
    for sentence in _CLAUSE_END.split(text):
        if any(sign.isdigit() for sign in sentence) or "百分之" in sentence or "@" in sentence:
            found.extend(_of_sentence(sentence.strip(), language))
    return tuple(found)


def _of_sentence(sentence: str, language: str) -> Iterator[Mention]:
    spans: list[tuple[int, int, FactKind, Value]] = []
    taken = _ALWAYS_ON.sub(lambda hit: HOLE * len(hit[0]), sentence)
    for kind, signs, pattern in _PATTERNS:
        if signs and not any(sign in taken for sign in signs):
            continue
        for hit in list(pattern.finditer(taken)):
            taken = f"{taken[: hit.start()]}{HOLE * len(hit[0])}{taken[hit.end() :]}"
            try:
                spans.append((hit.start(), hit.end(), kind, normalise(kind, hit[0])))
            except ValueError:
                continue
    for start, end, kind, value in sorted(spans):
        clause = _clause_around(sentence, taken, start, end)
        yield Mention(kind, value, sentence[start:end].strip(), clause, concepts_in(clause, language))


def _clause_around(sentence: str, taken: str, start: int, end: int) -> str:
    """The part of a sentence that speaks of a value: up to the values beside it, or else whole."""
    left, right = 0, len(sentence)
    for hit in _PART_END.finditer(sentence):
        others_before = HOLE in taken[left : hit.start()]
        if hit.start() <= start and others_before:
            left = hit.start()
        if hit.start() >= end and HOLE in taken[hit.start() :]:
            right = hit.start()
            break
    return f"{taken[left:start]}{HOLE}{taken[end:right]}".strip()


@lru_cache(maxsize=8_192)
def content_words(clause: str) -> frozenset[str]:
    """Words that carry meaning, lower-case; English ones without their plural, Chinese ones segmented."""
    found: set[str] = set()
    for word in _WORD.findall(clause):
        if word[0] >= "\u4e00":
            found.update(rjieba.cut(word))
        else:
            found.add(word.lower().rstrip("s") if len(word) > 3 else word.lower())
    return frozenset(word for word in found if word not in STOP_WORDS and f"{word}s" not in STOP_WORDS)


@lru_cache(maxsize=8_192)
def concepts_in(text: str, language: str) -> frozenset[str]:
    """Names of the concepts that a text speaks of."""
    folded = text.lower()
    chinese, english = _concepts()
    found = {name for name, pattern in chinese if pattern.search(folded)}
    if language == "en" or not found:
        found |= {name for name, pattern in english if pattern.search(folded)}
    return frozenset(found)


@cache
def _concepts() -> tuple[list[tuple[str, re.Pattern[str]]], list[tuple[str, re.Pattern[str]]]]:
    """Patterns of the Chinese and the English words of every concept."""
    chinese, english = [], []
    for line in CONCEPTS.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, words = line.partition("=")
        left, _, right = words.partition("|")
        chinese.append((name.strip(), re.compile("|".join(map(re.escape, left.split())))))
        terms = "|".join(re.escape(term).replace("_", "[ -]") for term in right.split())
        english.append((name.strip(), re.compile(rf"\b(?:{terms})\b")))
    return chinese, english
