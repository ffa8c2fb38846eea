"""Asking a colleague inside a conversation, which stays where it is: whom a note names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from handoff_service.agents.model import Agent

MOST = 10  # who is named beside so many others is not asked


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A note that names an agent; `answered_seq` is his first note after it in the same conversation."""

    conversation: str
    seq: int
    agent: str
    asked_by: str
    at: datetime
    seen_at: datetime | None
    answered_seq: int | None


def named_in(text: str, colleagues: Iterable[Agent]) -> list[str]:
    """Ids of the agents whom a note names: @ and the name, or the part of the address before its @.

    A name that begins with another one is taken for itself: @Maya Lin does not also name Maya.
    """
    calls = sorted(
        ((f"@{name}".casefold(), agent.id) for agent in colleagues for name in (agent.name, _short(agent.email))),
        key=lambda call: -len(call[0]),
    )
    left, found = text.casefold(), []
    for call, agent in calls:
        if len(call) > 1 and _stands_alone(left, call):
            left = left.replace(call, " ")
            if agent not in found:
                found.append(agent)
    return found


def _short(email: str) -> str:
    return email.partition("@")[0]


def _stands_alone(text: str, call: str) -> bool:
    """Whether it is there and not only the beginning of a longer word; Chinese words have no spaces around them."""
    at = text.find(call)
    while at >= 0:
        after = text[at + len(call) : at + len(call) + 1]
        before = text[at - 1 : at] if at else ""
        if not (after.isascii() and after.isalnum()) and not (before.isascii() and before.isalnum()):
            return True
        at = text.find(call, at + 1)
    return False


def to_ask(named: Sequence[str], by: str) -> list[str]:
    """Everybody once, without the one who asks."""
    return [agent for agent in dict.fromkeys(named) if agent != by]
