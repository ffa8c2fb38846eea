"""The bell: short hints that something changed. The database is the truth; a lost ring is healed by polling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def conversation_topic(tenant: str, conversation: str) -> str:
    """Rung when a timeline grew."""
    return f"conversation/{tenant}/{conversation}"


def contact_topic(tenant: str, contact: str) -> str:
    """Rung when a contact got a new conversation."""
    return f"contact/{tenant}/{contact}"


def desk_topic(tenant: str) -> str:
    """Rung when queues, owners or presence of a tenant changed."""
    return f"desk/{tenant}"


def typing_topic(tenant: str, conversation: str) -> str:
    """Rung with {"session", "author"} while somebody types; never leaves the process, may be lost."""
    return f"typing/{tenant}/{conversation}"


OUTBOX_TOPIC = "outbox"

Listener = Callable[[str, Any], None]


class Bell:
    """Tells those who listen to a topic in this process that it was rung; costs nothing for anybody else."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[Listener, None]] = {}

    def listen(self, topic: str, listener: Listener) -> None:
        self._listeners.setdefault(topic, {})[listener] = None

    def ignore(self, topic: str, listener: Listener) -> None:
        listeners = self._listeners.get(topic, {})
        listeners.pop(listener, None)
        if not listeners:
            self._listeners.pop(topic, None)

    def ring(self, topic: str, detail: Any = None) -> None:
        for listener in tuple(self._listeners.get(topic, ())):
            listener(topic, detail)
