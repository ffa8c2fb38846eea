"""The bot's own sentences: reads texts.yml and builds messages from it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.hearing.danger import SENTENCES

TEXTS = Path(__file__).with_name("texts.yml")
TASKS = Path(__file__).parents[1] / "tasks"


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

    def hello(self, hour: int | None, *, language: str) -> str:
        """The greeting of the hour; without one, that of any hour."""
        if hour is None:
            return str(self._hours["any"][language])
        return next(str(part[language]) for part in self._hours["parts"] if hour < part["before"])

    def button(self, name: str, *, language: str) -> dict[str, str]:
        """A button's title in the language, with its payload."""
        entry = self._buttons[name]
        return {"title": entry[language], "payload": entry["payload"]}


def fresh(name: str, variants: Sequence[str], *, turn: int, used: Collection[str]) -> tuple[str, str]:
    """A variant that was not said yet, with its name; when all were, the next in turn."""
    named = [(f"{name}/{number}", variant) for number, variant in enumerate(variants)]
    left = [each for each in named if each[0] not in used] or named
    return left[turn % len(left)]
