"""The four signals that speak for a person: asked, unsure, unhappy, failed. All pure, all with their evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.actions.situation import Situation
from bot.hearing.danger import Danger, danger
from bot.signals.asked import asked
from bot.signals.failed import failed
from bot.signals.model import REASONS, Name, Signal
from bot.signals.unhappy import unhappy
from bot.signals.unsure import unsure
from bot.tasks import own_words

__all__ = ["Danger", "Name", "Signal", "danger", "deciding", "see", "with_handoff"]


def see(s: Situation) -> tuple[Signal, ...]:
    """Every signal of this turn, the weightiest first, whether or not it leads to anything."""
    told = own_words(s)
    found = [*asked(s, own_words=told), *unsure(s), *unhappy(s, own_words=told), *failed(s)]
    return tuple(sorted(found, key=lambda signal: signal.weight, reverse=True))


def deciding(signals: Sequence[Signal], name: Name) -> Signal | None:
    """The weightiest signal of a kind that brings a person in by itself."""
    return next((signal for signal in signals if signal.signal is name and signal.decides), None)


def with_handoff(signals: Sequence[Signal], handoff: Mapping[str, Any] | None) -> tuple[Signal, ...]:
    """The signals with the one behind a handoff that only an action saw, such as a shop that was down."""
    if handoff is None:
        return tuple(signals)
    names = [name for name, reason in REASONS.items() if reason.value == handoff["reason"]]
    if not names or any(signal.signal in names for signal in signals):
        return tuple(signals)
    behind = Signal(signal=names[0], rule=str(handoff["evidence"]["rule"]), strength=1.0, say="", decides=True)
    return (behind, *signals)
