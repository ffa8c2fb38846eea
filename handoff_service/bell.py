"""The bell: short hints that something changed. The database is the truth; a lost ring is healed by polling.

Between gateways a wire carries the rings: PostgreSQL's NOTIFY, or Valkey when TANDEM_BELL_URL names one. A wire may
be slow, broken or gone; that costs latency, and nothing else ever waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol


def conversation_topic(tenant: str, conversation: str) -> str:
    """Rung when a timeline grew, or what is shown beside it changed.

    With a `seq`: the customer has said something up to there, and nothing else has changed.
    """
    return f"conversation/{tenant}/{conversation}"


def contact_topic(tenant: str, contact: str) -> str:
    """Rung when a contact got a new conversation."""
    return f"contact/{tenant}/{contact}"


def desk_topic(tenant: str) -> str:
    """Rung when queues, owners or presence of a tenant changed."""
    return f"desk/{tenant}"


TYPING = "typing/"


def typing_topic(tenant: str, conversation: str) -> str:
    """Told with {"session", "author"} while somebody types; may be lost."""
    return f"{TYPING}{tenant}/{conversation}"


OUTBOX_TOPIC = "outbox"

Listener = Callable[[str, Any], None]
Rings = dict[str, int | None]  # what to ring: a detail for each topic


def note(rings: Rings, topic: str, detail: int | None) -> None:
    """Adds one: of two details of a topic the higher one counts, and none, which says the most, before any."""
    known = rings.get(topic, detail)
    rings[topic] = None if known is None or detail is None else max(known, detail)


def payload(topic: str, detail: Any, sender: str = "") -> str:
    """What NOTIFY carries: the topic, and behind a line feed {"from", "detail"} as JSON if there is a detail."""
    return topic if detail is None else f"{topic}\n{json.dumps({'from': sender, 'detail': detail})}"


class Wire(Protocol):
    """Carries rings to the bells of the other gateways and rings this gateway's bell for theirs.

    `hears` tells whether theirs arrive now.
    """

    hears: bool

    def publish(self, topic: str, detail: Any) -> None:
        """Returns at once, whatever has become of the other side; what cannot be carried is dropped."""

    async def run(self) -> None:
        """Carries until cancelled."""


class Bell:
    """Tells those who listen to a topic in this process that it was rung; costs nothing for anybody else."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[Listener, None]] = {}
        self.wire: Wire | None = None

    def listen(self, topic: str, listener: Listener) -> None:
        self._listeners.setdefault(topic, {})[listener] = None

    def ignore(self, topic: str, listener: Listener) -> None:
        listeners = self._listeners.get(topic, {})
        listeners.pop(listener, None)
        if not listeners:
            self._listeners.pop(topic, None)

    def ring(self, topic: str, detail: Any = None) -> None:
        """For those who listen in this process."""
        for listener in tuple(self._listeners.get(topic, ())):
            listener(topic, detail)

    def tell(self, topic: str, detail: Any = None) -> None:
        """For those who listen in this process, and in the others as far as the wire carries."""
        self.ring(topic, detail)
        if self.wire is not None:
            self.wire.publish(topic, detail)

    def ring_all(self) -> None:
        """Every listener once: rings may have been missed, because a wire was away. Typing is not made up."""
        for topic in tuple(self._listeners):
            if not topic.startswith(TYPING):
                self.ring(topic)
