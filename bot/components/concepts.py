"""What words stand for, in both languages: "cancel" and "取消" are one thing to the intent model.

A concept is found by a piece of Chinese text or by an English word or phrase; `*` ends an English word openly
("cancel*" finds "cancelled"). Words that nobody has put into a training line yet belong here too.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot.components.concepts_of_shop import SHOP
from bot.components.concepts_of_talk import TALK
from bot.components.sounds import syllable_of

CONCEPTS = {**TALK, **SHOP}


_LATIN = re.compile(r"(?:(?<=\|)|^)[a-z0-9]+(?=\||$)")
"""A Chinese concept's piece of Latin letters and digits: it stands alone or between Chinese characters."""


def _alone(piece: re.Match[str]) -> str:
    """The pattern of such a piece: "sb" is not in "usb", and "88" or "12345" is no part of a longer number."""
    if piece[0].isdigit():
        return rf"(?<![a-z0-9])(?<!\d[ .-])(?<!\d - )(?<!\+ ){piece[0]}(?![a-z0-9])(?! ?[-.]? ?\d)"
    return rf"(?<![a-z0-9]){piece[0]}(?![a-z0-9])"


def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = []
    for name, (zh, en) in CONCEPTS.items():
        words = [re.escape(word.strip("\\")).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in en.split("|")]
        ends = [rf"\b{word}\b" if word[0].isalnum() else word for word in words]
        pieces = [_LATIN.sub(_alone, zh), *ends]
        found.append((name, re.compile("|".join(pieces))))
    return tuple(found)


_PATTERNS = _compiled()


@lru_cache(maxsize=2048)
def concepts_in(text: str) -> tuple[str, ...]:
    """The concepts of a text in small letters, in the order of their first words."""
    found = [(match.start(), name) for name, pattern in _PATTERNS if (match := pattern.search(text))]
    return tuple(name for _, name in sorted(found))


def _by_sound() -> dict[tuple[str, ...], str]:
    heard: dict[tuple[str, ...], str] = {}
    for name, (zh, _) in CONCEPTS.items():
        for word in zh.split("|"):
            if len(word) > 1 and all("\u3400" <= c <= "\u9fff" for c in word):
                heard.setdefault(tuple(map(syllable_of, word)), name)
    return heard


_SOUNDS = _by_sound()
_LONGEST_SOUND = max(map(len, _SOUNDS))


def concepts_heard(syllables: Sequence[str]) -> frozenset[str]:
    """The concepts whose Chinese words of two characters or more sound like a part of the text."""
    return frozenset(
        _SOUNDS[window]
        for length in range(2, _LONGEST_SOUND + 1)
        for start in range(len(syllables) - length + 1)
        if (window := tuple(syllables[start : start + length])) in _SOUNDS
    )


def english_words() -> Iterator[str]:
    """Every whole English word of the concepts."""
    for _, english in CONCEPTS.values():
        yield from (w for phrase in english.split("|") for w in phrase.split() if w.isascii() and w.isalpha())
