"""What the signals listen for: reads words.yml."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

WORDS = Path(__file__).with_name("words.yml")


def one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for all lines of a list."""
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


_CONTENT: Mapping[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
IDIOMS = one_of(_CONTENT["idioms"])
HYPOTHETICAL = one_of(_CONTENT["hypothetical"])
DANGER = {kind: one_of(lines) for kind, lines in _CONTENT["danger"].items()}
THREATS = {kind: one_of(lines) for kind, lines in _CONTENT["threats"].items()}
ASKED_CALMLY = one_of(_CONTENT["asked_calmly"])
NOT_HELPED = one_of(_CONTENT["not_helped"])
AGREED = one_of(_CONTENT["agreed"])
MARKUP = one_of(_CONTENT["markup"])
TAMPERING = one_of(_CONTENT["tampering"])
SPOKEN = one_of(_CONTENT["spoken"])
NONE_OF_THESE = one_of(_CONTENT["none_of_these"])
ASKS_WHEN = one_of(_CONTENT["asks_when"])
SOLVED = one_of(_CONTENT["solved"])
ASKS_FOR_PERSON = one_of(_CONTENT["asks_for_person"])
ASKS_FOR_NO_PERSON = one_of(_CONTENT["asks_for_no_person"])
