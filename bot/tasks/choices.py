"""What a customer can choose from: each choice has a code, a title per language and the words that mean it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import yaml

from bot.tasks.readers import choice, first_of, spoken, words
from bot.tasks.task import Case, Option, Reader

FOLDER = Path(__file__).parent


class Choices:
    """The choices of one slot, in the order in which they are shown; {code: {"zh", "en", "words"}}."""

    def __init__(self, entries: Mapping[str, Mapping[str, str]]) -> None:
        self._entries = entries
        self.read: Reader = choice({code: entry["words"] for code, entry in entries.items()})
        self.early: Reader = spoken(self.read)

    def options(self, case: Case) -> Sequence[Option]:
        """A button for each."""
        return [Option(title=entry[case.language], value=code) for code, entry in self._entries.items()]

    def or_other(self, text: str, now: datetime) -> str | None:
        """The choice that the text names; for any other words "other", which must be one of the choices."""
        return first_of(self.read, lambda text, now: "other" if words(text, now) else None)(text, now)

    def title(self, code: object, language: str) -> str:
        """A choice in words; a code that this bot does not know as it is."""
        entry = self._entries.get(str(code))
        return str(entry[language]) if entry is not None else str(code)


def choices(task: str, slot: str) -> Choices:
    """The section `choices.<slot>` of bot/tasks/<task>.yml; KeyError when there is none."""
    content = yaml.safe_load((FOLDER / f"{task}.yml").read_text(encoding="utf-8"))
    return Choices(content["choices"][slot])
