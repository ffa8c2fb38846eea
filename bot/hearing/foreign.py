"""Languages that customers write and the bot does not speak: knows them, hears who asks for a person, and says so."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("foreign.yml")
WORD = re.compile(r"[^\W\d_]+")
HAN = re.compile(r"[\u3400-\u9fff]")
ENGLISH = re.compile(
    r"\b(?:the|is|are|my|im?|to|and|of|you|it|for|have|has|can|could|how|where|what|when|do|does|did|not|was|want|need|"
    r"please|order|with|on|at|from|this|that|your|me|we|get)\b",
    re.IGNORECASE,
)
LETTERS_OF_SCRIPT = 2
SHARE_OF_SCRIPT = 0.25  # of all letters: a brand's name in kana makes no Japanese
FEW, TELLING_LETTERS = 3, 4  # in so few words, one of so many letters is enough
MOST_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A language: how it is known, how a person is asked for in it, and the two sentences that are said in it.

    cannot: that we do not read it, and the two ways on; handing: that people get what was written.
    """

    cannot: str
    handing: str
    person: re.Pattern[str]
    words: frozenset[str] = frozenset()
    script: tuple[str, ...] = ()


def _read(content: Mapping[str, Mapping[str, object]]) -> Mapping[str, Foreign]:
    return {
        language: Foreign(
            cannot=str(entry["cannot"]),
            handing=str(entry["handing"]),
            person=re.compile("|".join(entry["person"]), re.IGNORECASE),  # type: ignore[arg-type]
            words=frozenset(entry.get("words", ())),  # type: ignore[call-overload]
            script=tuple(entry.get("script", ())),  # type: ignore[arg-type]
        )
        for language, entry in content.items()
    }


LANGUAGES = _read(yaml.safe_load(FILE.read_text(encoding="utf-8")))


@lru_cache(maxsize=512)
def language_of(text: str) -> Foreign | None:
    """The language that the text is written in, if it is one of those; None for Chinese, English and pinyin."""
    text = unicodedata.normalize("NFC", text[:MOST_CHARACTERS])
    return _by_script(text) or _by_words(text)


def asks_for_person(text: str) -> bool:
    """Whether a person is asked for in one of these languages."""
    language = language_of(text)
    return language is not None and language.person.search(text) is not None


def _by_script(text: str) -> Foreign | None:
    names = [unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()]
    for language in LANGUAGES.values():
        found = sum(name in language.script for name in names)
        if found >= LETTERS_OF_SCRIPT and found >= SHARE_OF_SCRIPT * len(names):
            return language
    return None


def _by_words(text: str) -> Foreign | None:
    words = [word.lower() for word in WORD.findall(text)]
    if HAN.search(text) or not words:
        return None
    english = len(ENGLISH.findall(text))
    found = {name: [word for word in words if word in language.words] for name, language in LANGUAGES.items()}
    best = max(found, key=lambda name: len(found[name]))
    if len(found[best]) <= english:
        return None
    enough = len(found[best]) >= 2 or (len(words) <= FEW and len(max(found[best], key=len)) >= TELLING_LETTERS)
    return LANGUAGES[best] if enough else None
