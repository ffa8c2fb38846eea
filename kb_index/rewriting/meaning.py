"""What a clause says, as sets that can be compared: values, names, markers of logic and time, and content words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import rjieba

from kb_index.articles.mentions import mentions_in
from kb_index.articles.numbers import arabic, chinese_number
from kb_index.articles.values import FactKind, normalise
from kb_index.text.folding import fold, visible

_WORDS = Path(__file__).parent / "words"

MAY_DROP = frozenset({"ALL", "SURE", "DONE", "PROMISE"})
"""Markers that only promise more: dropping them is no new promise, adding them is."""
KEPT = frozenset(
    {"NOT", "NONEED", "MUST", "SHOULD", "MAY", "USUALLY", "ABOUT", "ONLY", "EXCEPT", "LEAST", "MOST", "UNDER", "FREE"}
    | {"BEFORE", "AFTER", "WITHIN", "ELSE"}
)
"""Markers that a rewording neither adds nor drops."""
CONDITIONS = frozenset({"IF", "EXCEPT", "MUST", "BUT", "ELSE"})
"""A clause with one of these restricts those beside it in its sentence."""
RESTRICTIONS = CONDITIONS | {"NOT", "ONLY", "NONEED", "SHOULD", "MAY", "USUALLY"}
"""A clause with one of these is never left out of an answer."""

_EMAIL = re.compile(r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE | re.ASCII)
_URL = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s)\]>，。；、\"'“”]+|(?<![@a-z0-9_.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s，。；、]*)?",
    re.IGNORECASE | re.ASCII,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9]*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CONDITIONAL = re.compile(
    r"(?:后|前|时|起|期间|的话)[，,]?$|^(?:after|before|if|when|once|during|unless|except|until|on|within|for)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"[零一二两三四五六七八九十百千]+(?=[件次步张条份台位名种项笔遍折倍级层楼寸])")
_ENGLISH = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "thousand": 1000,
    "twice": 2, "double": 2, "half": 50,
}  # fmt: skip
_ENGLISH_NUMBER = re.compile(rf"\b(?:{'|'.join(_ENGLISH)})\b", re.IGNORECASE)
_ONE_OF = re.compile(r"\bone(?=[ -](?:dollar|euro|pound|yuan|day|hour|week|month|year|minute|working|business))", re.I)
_TOWARDS = frozenset({*"从由向给比被到至往", "from", "to", "by", "than", "into", "instead"})
_CONTENT = re.compile(r"\w")


@dataclass(frozen=True)
class Meaning:
    """A clause taken apart; markers are counted, text is the folded clause without its markers.

    values are in the order of the text within each kind: "buy 3 get 1" is not "buy 1 get 3".
    roles: the words that stand after "from", "to", "by", "than" and the like. conditional: by its form it tells when
    something beside it holds.
    """

    values: tuple[str, ...]
    addresses: frozenset[str]
    names: frozenset[str]
    markers: Mapping[str, int]
    words: tuple[str, ...]
    roles: frozenset[tuple[str, str]]
    text: str
    conditional: bool


@lru_cache(maxsize=4096)
def meaning(clause: str, language: str) -> Meaning:
    """The meaning of a clause, or of several that are read as one."""
    shown = visible(clause)
    rest = _without_values(shown, language)
    found: Counter[str] = Counter()
    for code in ("zh", "en") if _HAN.search(rest) else ("en",):
        rest = _marked(rest, code, found)
    folded = fold(rest)
    pieces = [word for word in map(str, rjieba.cut(folded)) if word in _TOWARDS or _tells(word)]
    return Meaning(
        values=_values(shown, language),
        addresses=addresses_in(clause),
        names=_names(shown),
        markers=dict(found),
        words=tuple(word for word in pieces if word not in _TOWARDS),
        roles=frozenset(pair for pair in pairwise(pieces) if pair[0] in _TOWARDS and pair[1] not in _TOWARDS),
        text=folded,
        conditional=_CONDITIONAL.search(clause.strip()) is not None,
    )


def _tells(word: str) -> bool:
    return _CONTENT.search(word) is not None and not word[0].isdigit() and word not in light() and not _is_number(word)


def _is_number(word: str) -> bool:
    return word in _ENGLISH or all(sign in "零一二两三四五六七八九十百千半" for sign in word)


def _values(shown: str, language: str) -> tuple[str, ...]:
    """Normalised values of every number in the text, typed where their kind is known."""
    rest = _URL.sub(" ", _EMAIL.sub(" ", shown))
    mentions = sorted(mentions_in(_ONE_OF.sub("1", rest), language), key=lambda mention: mention.kind)
    values = [f"{mention.kind} {mention.value}" for mention in mentions]
    rest = _COUNTED.sub(lambda found: chinese_number(found[0]), _without_values(shown, language))
    rest = _ENGLISH_NUMBER.sub(lambda found: f" {_ENGLISH[found[0].lower()]} ", rest)
    for number in _NUMBER.findall(rest):
        values.append(_plain_number(number))
    return tuple(values)


def _plain_number(written: str) -> str:
    """1,000 and 1000.0 as one; a code with leading zeros or several dots stays as it is written."""
    if written.count(".") > 1 or (written.startswith("0") and not written.startswith("0.")):
        return written
    return str(normalise(FactKind.NUMBER, written))


def addresses_in(text: str) -> frozenset[str]:
    """Links, host names and e-mail addresses of a text, lower-case."""
    shown = visible(text)
    return frozenset(found.lower().rstrip("./") for found in (*_EMAIL.findall(shown), *_URL.findall(shown)))


def _without_values(shown: str, language: str) -> str:
    """The text without addresses and without the values whose kind is known, units included."""
    rest = arabic(_ONE_OF.sub("1", _URL.sub(" ", _EMAIL.sub(" ", shown))))
    for mention in mentions_in(rest, language):
        rest = rest.replace(mention.written, " ", 1)
    return rest


def _marked(text: str, language: str, found: Counter[str]) -> str:
    """The text without its markers, which are counted; what only looks like one stays."""
    pattern, names = _markers()[language]

    def taken(hit: re.Match[str]) -> str:
        name = names[int((hit.lastgroup or "m0")[1:])]
        if name == "-":
            return hit[0]
        found[name] += 1
        return " "

    return pattern.sub(taken, text)


def _names(shown: str) -> frozenset[str]:
    """Latin words of a Chinese text; of an English one those that are written like a name or a code."""
    words = [(hit.start(), hit[0]) for hit in _LATIN.finditer(shown)]
    if _HAN.search(shown):
        return frozenset(word.lower() for _, word in words)
    return frozenset(
        word.lower()
        for place, word in words
        if place and (word[0].isupper() or any(sign.isdigit() for sign in word)) and word.lower() not in light()
    )


@cache
def _markers() -> dict[str, tuple[re.Pattern[str], tuple[str, ...]]]:
    """Per language one pattern with a group for each line of markers.txt, and the names of the groups."""
    lines: dict[str, list[tuple[str, str]]] = {"zh": [], "en": []}
    for line in _lines("markers"):
        language, name, pattern = line.split(maxsplit=2)
        lines[language].append((name, rf"\b(?:{pattern})\b" if language == "en" else pattern))
    found = {}
    for language, listed in lines.items():
        pattern = "|".join(f"(?P<m{number}>{each})" for number, (_, each) in enumerate(listed))
        found[language] = re.compile(pattern, re.IGNORECASE), tuple(name for name, _ in listed)
    return found


@cache
def light() -> frozenset[str]:
    """Words that a rewording may add or leave out."""
    return frozenset(word for line in _lines("light") for word in line.split())


@cache
def same() -> dict[str, frozenset[str]]:
    """For each word of a group of same meaning the whole group."""
    found: dict[str, frozenset[str]] = {}
    for line in _lines("same"):
        group = frozenset(line.split())
        for word in group:
            found[word] = found.get(word, frozenset()) | group
    return found


@cache
def contrasts() -> tuple[tuple[str, ...], ...]:
    """Groups of words of which none may stand for another."""
    return tuple(tuple(line.split()) for line in _lines("contrasts"))


def _lines(name: str) -> list[str]:
    lines = (_WORDS / f"{name}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]
