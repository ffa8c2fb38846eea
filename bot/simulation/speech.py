"""What a simulated customer says: a small grammar in phrases/<language>.yml, filled with the customer's facts."""

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PHRASES = Path(__file__).with_name("phrases")
HOLE = re.compile(r"\{(\w+)(\??)\}")
DEEPEST = 8  # a phrase within a phrase within …: deeper is a circle
SPACES = re.compile(r"\s{2,}")
LEFT_OVER = re.compile(r"^[\s,，]+|[\s,，]+$")


class NoSuchPhrase(KeyError):
    """The grammar has no entry of this name, and the customer no such fact."""


@cache
def phrases(language: str) -> Mapping[str, Any]:
    """The grammar of a language ("zh" or "en")."""
    read: Mapping[str, Any] = yaml.safe_load((PHRASES / f"{language}.yml").read_text(encoding="utf-8"))
    return read


class Speech:
    """Utters phrases of one language with one customer's facts, by one source of chance."""

    def __init__(self, language: str, facts: Mapping[str, str], chance: random.Random) -> None:
        self.language = language
        self._facts = dict(facts)
        self._chance = chance

    def know(self, **facts: str) -> None:
        """Take over facts that changed."""
        self._facts.update(facts)

    def say(self, *path: str) -> str:
        """One phrase of an entry, such as say("give", "address"); raises NoSuchPhrase."""
        entry: Any = phrases(self.language)
        for step in path:
            if not isinstance(entry, Mapping):
                raise NoSuchPhrase("/".join(path))
            found = entry.get(step, entry.get("*"))
            if found is None:
                raise NoSuchPhrase("/".join(path))
            entry = found
        return self.fill(self._pick(entry))

    def fill(self, text: str) -> str:
        """The text with every hole filled."""
        for _ in range(DEEPEST):
            if not HOLE.search(text):
                break
            text = HOLE.sub(self._fill_one, text)
        return LEFT_OVER.sub("", SPACES.sub(" ", text))

    def _fill_one(self, hole: re.Match[str]) -> str:
        name, may_be_left_out = hole.groups()
        if may_be_left_out and self._chance.random() < 0.5:
            return ""
        if name in self._facts:
            return self._facts[name]
        entry = phrases(self.language).get(name)
        if entry is None:
            raise NoSuchPhrase(name)
        return self._pick(entry)

    def _pick(self, entry: Sequence[Any]) -> str:
        return str(self._chance.choice(list(entry)))


def topics(language: str) -> Mapping[str, Sequence[str]]:
    """Article to the questions that it answers."""
    found: Mapping[str, Sequence[str]] = phrases(language)["topics"]
    return found
