"""The bot's own sentences: reads texts.yml and builds messages from it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TEXTS = Path(__file__).with_name("texts.yml")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to the customer, as the turn contract shapes it."""

    text: str
    kind: str
    buttons: Sequence[Mapping[str, str]] = ()
    sources: Sequence[Mapping[str, Any]] = ()


class Texts:
    """Sentences in one language; `turn` (a counter) chooses among the variants so that none repeats at once."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._texts = content["texts"]
        self._buttons = content["buttons"]
        self._concerns = [(re.compile(c["pattern"], re.IGNORECASE), c) for c in content["concerns"]]
        self.order_statuses: Mapping[str, Mapping[str, str]] = content["order_statuses"]
        self.order_lines: Mapping[str, Mapping[str, str]] = content["order_lines"]

    @classmethod
    def load(cls, path: Path = TEXTS) -> "Texts":
        """Read the texts file."""
        return cls(yaml.safe_load(path.read_text(encoding="utf-8")))

    def has(self, name: str) -> bool:
        """Whether there is such a text."""
        return name in self._texts

    def message(self, name: str, *, language: str, turn: int, **values: str) -> Message:
        """The text `name` with its values filled in, its kind and its buttons."""
        entry = self._texts[name]
        variants = entry[language]
        return Message(
            text=variants[turn % len(variants)].format(**values),
            kind=entry["kind"],
            buttons=[self.button(button, language=language) for button in entry.get("buttons", ())],
        )

    def button(self, name: str, *, language: str) -> dict[str, str]:
        """A button's title in the language, with its payload."""
        entry = self._buttons[name]
        return {"title": entry[language], "payload": entry["payload"]}

    def concern(self, text: str, *, language: str) -> str:
        """What the text is about, in words that fit the soothing sentence."""
        return next(str(c[language]) for pattern, c in self._concerns if pattern.search(text))
