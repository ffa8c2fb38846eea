"""How Chinese is spoken: the syllables of characters and words, and which of them are easily taken for each other."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product

# Whole phrases would cost 43 MB; here every usual reading of a character counts, so that characters are enough.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
from pypinyin.pinyin_dict import pinyin_dict

MOST_READINGS = 2
"""Of a character; the further ones are names of places and old books."""

MOST_SPELLINGS = 8
"""Of a word, when several of its characters have several readings."""

_USUAL = range(0x4E00, 0x9FA6)
_SPOKEN = {code: sys.intern(spoken) for code, spoken in pinyin_dict.items() if code in _USUAL or code == ord("〇")}
pinyin_dict.clear()  # 10 MB with the rare ones; no other module asks this package
_TONES = re.compile("[\u0300-\u0304\u0306\u0307\u0309-\u036f]")  # all marks but the two dots of ü
_NO_SYLLABLES = frozenset({"m", "n", "ng", "hm", "hng", "r", "g"})  # sounds that nobody types as a word
_NEAR_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("h", "f"))
_NEAR_FINALS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


@lru_cache(maxsize=1 << 14)
def readings(character: str) -> tuple[str, ...]:
    """The syllables of a Chinese character without tones, the commonest first; v stands for ü."""
    spoken = _TONES.sub("", unicodedata.normalize("NFD", _SPOKEN.get(ord(character), "")))
    syllables = unicodedata.normalize("NFC", spoken).replace("ü", "v").split(",")
    return tuple(dict.fromkeys(filter(None, syllables)))[:MOST_READINGS]


def spellings(word: str) -> Iterator[tuple[str, ...]]:
    """How a Chinese word may be spoken, at most MOST_SPELLINGS ways; nothing when a character has no reading."""
    return islice(product(*map(readings, word)), MOST_SPELLINGS)


@lru_cache(maxsize=1 << 12)
def near(syllable: str) -> str:
    """One form for the syllables that many speakers do not tell apart: shi and si, lan and nan, xin and xing."""
    for spoken, heard in _NEAR_INITIALS:
        if syllable.startswith(spoken):
            syllable = heard + syllable[len(spoken) :]
            break
    for spoken, heard in _NEAR_FINALS:
        if syllable.endswith(spoken):
            return syllable[: -len(spoken)] + heard
    return syllable


@lru_cache(maxsize=1)
def syllables() -> frozenset[str]:
    """Every syllable that a usual character has, as it is typed without tones."""
    spoken = (syllable for code in _USUAL for syllable in readings.__wrapped__(chr(code)))
    return frozenset(filter(str.isascii, spoken)) - _NO_SYLLABLES


@lru_cache(maxsize=1 << 12)
def is_pinyin(word: str) -> bool:
    """Whether a lower-case Latin word can be cut into syllables."""
    reachable = {0}
    for end in range(1, len(word) + 1):
        if any(start in reachable and word[start:end] in syllables() for start in range(max(0, end - 6), end)):
            reachable.add(end)
    return len(word) in reachable
