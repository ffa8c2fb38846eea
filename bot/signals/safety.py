"""Words that say somebody may be hurt, or that the law is in the house: not for a bot, whatever else was asked."""

from dataclasses import dataclass

from bot.signals.words import DANGER, HAPPENED, HYPOTHETICAL, IDIOMS

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
