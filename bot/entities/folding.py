"""One way to write digits and letters, character for character, so that positions stay those of the customer's text."""

import unicodedata
from functools import lru_cache

SPOKEN_DIGITS = {
    **dict(zip("〇零一二三四五六七八九", "00123456789", strict=True)),
    "幺": "1",
    "○": "0",
    "洞": "0",
    "拐": "7",
}
SPOKEN_ENGLISH = {
    "zero": "0",
    "oh": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def fold(text: str) -> str:
    """Full-width and other compatible forms as plain ones; exactly as long as `text`."""
    return "".join(map(_folded, text)) if not text.isascii() else text


def digits_of(spoken: str) -> str:
    """The digits of "1 3 8", "幺三八", "one three eight"; what is no digit is left out."""
    words = spoken.lower()
    for word, digit in SPOKEN_ENGLISH.items():
        words = words.replace(word, digit)
    return "".join(SPOKEN_DIGITS.get(c, c) for c in words if c.isdigit() or c in SPOKEN_DIGITS)
