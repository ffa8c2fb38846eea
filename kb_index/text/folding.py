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
_LONG_CODE = re.compile(r"(?<![a-z0-9])[a-z]{0,4}-?\d[\d-]{5,}(?![a-z0-9])")
_WORD = re.compile(r"\w")


def fold(text: str) -> str:
    """One searchable form: NFKC, simplified characters, lower case, single spaces, no long codes.

    Order, phone and card numbers say nothing about what is asked, but move an embedding a lot.
    """
    plain = unicodedata.normalize("NFKC", text[:LONGEST_SEARCHED])
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
    return [_stem(word) for word in rjieba.cut(folded) if _WORD.search(word)]


@lru_cache(maxsize=64)
def character_grams(folded: str, *, shortest: int = 1, longest: int = 4) -> Mapping[str, int]:
    """Counts of character n-grams, the text's edges marked by a space; several heads ask for the same text."""
    padded = f" {folded} "
    return Counter(
        padded[start : start + size] for size in range(shortest, longest + 1) for start in range(len(padded) - size + 1)
    )
