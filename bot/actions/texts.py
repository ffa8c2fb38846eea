"""The bot's own sentences: reads texts.yml and builds messages from it."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.hearing.danger import SENTENCES
from bot.language import LANGUAGES

TEXTS = Path(__file__).with_name("texts.yml")
TASKS = Path(__file__).parents[1] / "tasks"
GAP = re.compile(r"\{\w+\}")
ENOUGH = 4  # characters beside its gaps: a text of fewer is no sentence that could be known again


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to the customer, as the turn contract shapes it; `said` names the text and variant that it is."""

    text: str
    kind: str
    buttons: Sequence[Mapping[str, str]] = ()
    sources: Sequence[Mapping[str, Any]] = ()
    said: str = ""
    rest: str | None = None


class Texts:
    """Sentences in one language; of several variants one not said yet in this conversation, while there is one.

    `turn` (a counter) chooses among those left.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._texts = content["texts"]
        self._buttons = content["buttons"]
        self._soothing = [(re.compile(c["pattern"], re.IGNORECASE), c) for c in content["soothing"]]
        self._hours = content["hours"]
        named = list(self._named())
        self._whole: dict[str, list[str]] = {}
        for name, variant in named:
            self._whole.setdefault(variant, []).append(name)
        self._gapped = [(pattern_of(v), name) for name, v in named if GAP.search(v) and len(GAP.sub("", v)) >= ENOUGH]
        self._names = lru_cache(maxsize=4096)(self._names_of)

    @classmethod
    def load(cls, path: Path = TEXTS) -> "Texts":
        """Read the texts file, what is said in danger and those of the Tasks: `done` in undo.yml is "undo.done"."""
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["texts"] |= SENTENCES
        for file in sorted(TASKS.glob("*.yml")):
            own = yaml.safe_load(file.read_text(encoding="utf-8"))
            content["texts"] |= {f"{file.stem}.{name}": text for name, text in own["texts"].items()}
            content["buttons"] |= own.get("buttons", {})
        return cls(content)

    def has(self, name: str) -> bool:
        """Whether there is such a text."""
        return name in self._texts

    def message(self, name: str, *, language: str, turn: int, used: Collection[str] = (), **values: str) -> Message:
        """The text `name` with its values filled in, its kind and its buttons."""
        entry = self._texts[name]
        said, variant = fresh(name, entry[language], turn=turn, used=used)
        return Message(
            text=variant.format(**values),
            kind=entry["kind"],
            buttons=[self.button(button, language=language) for button in entry.get("buttons", ())],
            said=said,
        )

    def soothing(self, text: str, *, language: str, turn: int, used: Collection[str]) -> Message | None:
        """A sentence that names what the customer is angry about; None when all that fit were said already."""
        for number, (pattern, entry) in enumerate(self._soothing):
            if not pattern.search(text):
                continue
            said, variant = fresh(f"soothing.{number}", entry[language], turn=turn, used=used)
            if said not in used:
                return Message(text=variant, kind="soothe", said=said)
        return None

    def said_in(self, texts: Iterable[str]) -> frozenset[str]:
        """The names of the texts and variants that these messages are, whatever stood in their gaps."""
        return frozenset(name for text in texts for name in self._names(text))

    def _names_of(self, text: str) -> tuple[str, ...]:
        lines = (text, text.partition("\n")[2])  # a sentence in the customer's language may stand before it
        found = [name for each in lines for name in self._whole.get(each, ())]
        return (*found, *(name for pattern, name in self._gapped if any(map(pattern.fullmatch, lines))))

    def _named(self) -> Iterator[tuple[str, str]]:
        """Every variant in both languages, with the name by which it counts as said."""
        entries = {**self._texts, **{f"soothing.{number}": entry for number, (_, entry) in enumerate(self._soothing)}}
        for name, entry in entries.items():
            for language in LANGUAGES:
                yield from numbered(name, entry[language])

    def hello(self, hour: int | None, *, language: str) -> str:
        """The greeting of the hour; without one, that of any hour."""
        if hour is None:
            return str(self._hours["any"][language])
        return next(str(part[language]) for part in self._hours["parts"] if hour < part["before"])

    def button(self, name: str, *, language: str) -> dict[str, str]:
        """A button's title in the language, with its payload."""
        entry = self._buttons[name]
        return {"title": entry[language], "payload": entry["payload"]}


def numbered(name: str, variants: Sequence[str]) -> list[tuple[str, str]]:
    """The variants, each with its name."""
    return [(f"{name}/{number}", variant) for number, variant in enumerate(variants)]


def pattern_of(variant: str) -> re.Pattern[str]:
    """What finds the variant with anything in its gaps."""
    return re.compile(".*?".join(map(re.escape, GAP.split(variant))), re.DOTALL)


def fresh(name: str, variants: Sequence[str], *, turn: int, used: Collection[str]) -> tuple[str, str]:
    """A variant that was not said yet, with its name; when all were, the next in turn."""
    named = numbered(name, variants)
    left = [each for each in named if each[0] not in used] or named
    return left[turn % len(left)]
