"""A signal: something in a turn that speaks for a person, whether or not it brings one in by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bot.actions.situation import PRIORITY, Reason


class Name(str, Enum):
    """The four kinds, kept apart in the log, the evidence and the report."""

    ASKED = "asked"
    UNSURE = "unsure"
    UNHAPPY = "unhappy"
    FAILED = "failed"


REASONS: Mapping[Name, Reason] = {
    Name.ASKED: Reason.ASKED,
    Name.UNSURE: Reason.UNSURE,
    Name.UNHAPPY: Reason.UNHAPPY,
    Name.FAILED: Reason.BOT_FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What was seen: the rule that saw it, how strongly (0..1), and what it saw.

    say: the text of the handoff that it leads to; priority: of that handoff (0..9); decides: whether it brings a
    person in by itself, or only stands in the log and in the evidence.
    """

    signal: Name
    rule: str
    strength: float
    say: str
    decides: bool = False
    priority: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> Reason:
        """The reason of the handoff that it leads to."""
        return REASONS[self.signal]

    @property
    def weight(self) -> tuple[int, float]:
        """What is acted on first: the more urgent, then the stronger."""
        return (PRIORITY[self.reason] if self.priority is None else self.priority, self.strength)

    def plain(self) -> dict[str, Any]:
        """As the turn contract shapes it."""
        strength = round(min(max(self.strength, 0.0), 1.0), 3)
        return {"signal": self.signal.value, "rule": self.rule, "strength": strength, "evidence": dict(self.evidence)}
