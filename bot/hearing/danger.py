"""Words that say somebody may be hurt, or that the law is in the house: not for a bot, whatever else was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.hearing.words import DANGER, HAPPENED, HYPOTHETICAL, IDIOMS

_SAID: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("danger.yml").read_text(encoding="utf-8"))
NUMBERS: Mapping[str, str] = _SAID["numbers"]
SENTENCES: Mapping[str, Any] = _SAID["texts"]
FOR_THE_POLICE = ("violence", "fraud")
OF_A_THING = frozenset({"medical", "fire", "police"})  # "can it explode?" asks about a thing


@dataclass(frozen=True, kw_only=True)
class Danger:
    """What kind it is (a key of the tenant's telephone numbers), and the words that say so."""

    kind: str
    words: str


def danger(text: str) -> Danger | None:
    """The first kind of danger that the text speaks of, the gravest first; None for how people just talk."""
    suspected = [kind for kind, pattern in DANGER.items() if pattern.search(text)]
    if not suspected:
        return None
    plain = IDIOMS.sub(" ", text)
    asked_only = HYPOTHETICAL.search(plain) is not None and HAPPENED.search(plain) is None
    for kind in suspected:
        found = DANGER[kind].search(plain)
        if found and not (asked_only and kind in OF_A_THING):
            return Danger(kind=kind, words=found.group())
    return None


def number_for(kind: str, emergency: Mapping[str, Mapping[str, str]], *, language: str) -> str:
    """The telephone number to call: the tenant's for the language, or else the built-in one.

    Where a tenant has set the police of another country, that is who is called for violence and fraud too.
    """
    own = emergency.get(language, {})
    found = own.get(kind) or (own.get("police") if kind in FOR_THE_POLICE else None)
    return found or NUMBERS.get(kind, NUMBERS["police"])
