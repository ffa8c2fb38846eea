"""What the signals listen for: reads words.yml."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.hearing.script import simplified

A_REMARK = 60
"""Characters: who says that it is solved, or takes leave, needs no more."""

WORDS = Path(__file__).with_name("words.yml")


@dataclass(frozen=True)
class Heard:
    """An expression that hears traditional characters as simplified ones; positions stay those of the text."""

    pattern: re.Pattern[str]

    def search(self, text: str) -> re.Match[str] | None:
        """The first place in the text."""
        return self.pattern.search(simplified(text))

    def places(self, text: str) -> Iterator[re.Match[str]]:
        """All places in the text."""
        return self.pattern.finditer(simplified(text))

    def match(self, text: str) -> re.Match[str] | None:
        """The beginning of the text."""
        return self.pattern.match(simplified(text))

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The whole text."""
        return self.pattern.fullmatch(simplified(text))

    def sub(self, instead: str, text: str) -> str:
        """The text, simplified, with something else in all these places."""
        return self.pattern.sub(instead, simplified(text))


def one_of(patterns: Iterable[str]) -> Heard:
    """One expression for all lines of a list."""
    return Heard(re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL))


_CONTENT: Mapping[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
IDIOMS = one_of(_CONTENT["idioms"])
HYPOTHETICAL = one_of(_CONTENT["hypothetical"])
HAPPENED = one_of(_CONTENT["happened"])
DANGER = {kind: one_of(lines) for kind, lines in _CONTENT["danger"].items()}
THREATS = {kind: one_of(lines) for kind, lines in _CONTENT["threats"].items()}
UPSET = one_of(_CONTENT["upset"])
ASKED_CALMLY = one_of(_CONTENT["asked_calmly"])
THREATS_DENIED = one_of(_CONTENT["threats_denied"])
CLAUSE_ENDS = one_of(_CONTENT["clause_ends"])
NOT_HELPED = one_of(_CONTENT["not_helped"])
AGREED = one_of(_CONTENT["agreed"])
MARKUP = one_of(_CONTENT["markup"])
TAMPERING = one_of(_CONTENT["tampering"])
SPOKEN = one_of(_CONTENT["spoken"])
NONE_OF_THESE = one_of(_CONTENT["none_of_these"])
ASKS_WHEN = one_of(_CONTENT["asks_when"])
SOLVED = one_of(_CONTENT["solved"])
_BUT = one_of(_CONTENT["but"])
_IS_MISSING = one_of(_CONTENT["is_missing"])
_FAREWELLS = one_of(rf"\W*(?:{each})\W*" for each in _CONTENT["farewells"])
ASKS_FOR_PERSON = one_of(_CONTENT["asks_for_person"])
ASKS_FOR_NO_PERSON = one_of(_CONTENT["asks_for_no_person"])
ADVERTISES = one_of(_CONTENT["advertises"])
LEADS_AWAY = one_of(_CONTENT["leads_away"])
OF_OURS = one_of(_CONTENT["of_ours"])
OTHER_MATTERS = one_of(_CONTENT["other_matters"])
SENIOR = one_of(_CONTENT["senior"])
REFUSES_PERSON = one_of(_CONTENT["refuses_person"])
BEGINS_A_WISH = one_of(_CONTENT["begins_a_wish"])
GIVES_A_REASON = one_of(_CONTENT["gives_a_reason"])


def goes_on(text: str) -> bool:
    """Whether a "but" follows, and behind it something is missing, wrong or asked: "cheers, but nobody fixed it"."""
    return any(_IS_MISSING.search(each) for each in _BUT.pattern.split(simplified(text))[1:])


def says_farewell(text: str) -> bool:
    """Whether a remark does nothing but take leave, in so many words."""
    return len(text) <= A_REMARK and _FAREWELLS.fullmatch(text) is not None
