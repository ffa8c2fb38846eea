"""Text as search sees it: folded characters, tokens, and n-grams; never shown to anyone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import rjieba
from opencc import OpenCC

LONGEST_SEARCHED = 1000
"""Characters of a message that search looks at; more only costs time."""

_traditional_to_simplified = OpenCC("t2s")
_SPACE = re.compile(r"\s+")
_MARKS_ON_TOP = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]+")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
_LONG_CODE = re.compile(r"(?<![a-z0-9])[a-z]{0,4}-?\d[\d-]{5,}(?![a-z0-9])")
_WORD = re.compile(r"\w")

SHORT, REMEMBERED = 100, 1 << 15
"""An edit reads all passages of a knowledge base again: those up to so many characters are remembered (10 MB)."""


def visible(text: str) -> str:
    """The text in plain characters: half width, no accents and piled-up marks, nothing that cannot be seen."""
    if text.isascii() and text.isprintable():
        return text
    letters = unicodedata.normalize("NFKD", _UNSEEN.sub("", text))
    return unicodedata.normalize("NFKC", _MARKS_ON_TOP.sub("", letters))


def fold(text: str) -> str:
    """One searchable form: plain and simplified characters, lower case, single spaces, no long codes.

    Order, phone and card numbers say nothing about what is asked, but move an embedding a lot.
    """
    return _fold_short(text) if len(text) <= SHORT else _fold(text)


@lru_cache(maxsize=REMEMBERED)
def _fold_short(text: str) -> str:
    return _fold(text)


def _fold(text: str) -> str:
    plain = visible(text)[:LONGEST_SEARCHED]
    plain = _SPACE.sub(" ", _traditional_to_simplified.convert(plain).lower()).strip()
    return _SPACE.sub(" ", _LONG_CODE.sub(" ", plain)).strip() or plain


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """Harman's S-stemmer: the plural of English words, nothing else."""
    if not word.isascii() or len(word) < 4:
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")):
        return word[:-1]
    return word


def tokens(folded: str) -> list[str]:
    """Words of a folded text in order; Chinese by dictionary, English without plural endings."""
    return list(_short_tokens(folded)) if len(folded) <= SHORT else _tokens(folded)


@lru_cache(maxsize=REMEMBERED)
def _short_tokens(folded: str) -> tuple[str, ...]:
    return tuple(_tokens(folded))


def _tokens(folded: str) -> list[str]:
    return [_stem(word) for word in rjieba.cut(folded) if _WORD.search(word)]


@lru_cache(maxsize=64)
def character_grams(folded: str, *, shortest: int = 1, longest: int = 4) -> Mapping[str, int]:
    """Counts of character n-grams, the text's edges marked by a space; several heads ask for the same text."""
    padded = f" {folded} "
    return Counter(
        padded[start : start + size] for size in range(shortest, longest + 1) for start in range(len(padded) - size + 1)
    )
