"""Which language a message is written in, as far as it matters here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from kb_index.text.words import read_words

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LATIN_WORD = re.compile(r"(?<![\w])[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f'\u2019]*(?![\w])")
_SCRIPTS = {
    "ja": re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u30fc\uff66-\uff9d]"),
    "ko": re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]"),
    "ar": re.compile(r"[\u0620-\u064a\u066e-\u06d3\u0750-\u077f]"),
    "ru": re.compile(r"[\u0400-\u052f]"),
    "th": re.compile(r"[\u0e01-\u0e3a\u0e40-\u0e4e]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u05d0-\u05ea]"),
}
_FEW_KANA = 0.2
"""Share of kana up to which Chinese has only borrowed a particle, such as \u306e."""

FEWEST_FOREIGN = 2
"""Words of another language's grammar that a Latin text needs to count as written in it."""


def holds_han(text: str) -> bool:
    return _HAN.search(text) is not None


def detect_language(text: str, *, known: str | None, default: str) -> str:
    """Return "zh" or "en"; a text that says nothing (digits, codes, "ok", emoji) keeps the known one."""
    han = len(_HAN.findall(text))
    words = _LATIN_WORD.findall(text)
    if han:
        # "how do I pay with \u652f\u4ed8\u5b9d" is English that names something Chinese.
        return "en" if len(words) >= 3 and han <= len(words) else "zh"
    telling = [word for word in words if len(word) > 1]
    if not telling or (len(telling) == 1 and len(telling[0]) <= 3):
        return known or ("en" if telling else default)
    return "en"


def foreign_language(text: str) -> str | None:
    """The code of the other language that a text is plainly written in; None for Chinese, English and no language.

    Other scripts are told by their letters, languages in Latin letters by their commonest words.
    """
    if text.isascii() and len(text) < 8:
        return None
    han = len(_HAN.findall(text))
    if not text.isascii():
        for language, script in _SCRIPTS.items():
            letters = len(script.findall(text))
            enough = _FEW_KANA if language == "ja" else 0.5
            if letters and letters > enough * (letters + han + len(re.findall(r"[A-Za-z]", text)) / 4):
                return language
    return None if han else _by_words(text)


def _by_words(text: str) -> str | None:
    words = [word.lower().replace("\u2019", "'") for word in _LATIN_WORD.findall(text)]
    english = sum(word in _grammar("en") for word in words)
    counts = {code: sum(word in _grammar(code) for word in words) for code in _CODES}
    most = max(counts, key=lambda code: counts[code])
    return most if counts[most] >= FEWEST_FOREIGN and counts[most] > 2 * english else None


_CODES = ("fr", "es", "de", "it", "pt", "nl", "id", "vi", "tr", "pl")


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, frozenset[str]]:
    listed: dict[str, set[str]] = {code: set() for code in (*_CODES, "en")}
    for entry in read_words("grammar"):
        code, _, words = entry.partition("=")
        listed[code].update(words.split(","))
    return {code: frozenset(words) for code, words in listed.items()}


def _grammar(code: str) -> frozenset[str]:
    return _listed()[code]
