"""Who is typing: heard from the bell for conversations whose answer is held back, and forgotten afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handoff_service.bell import Bell, typing_topic
from handoff_service.clock import Clock
from handoff_service.conversations.model import AuthorKind


class Typists:
    """The last sign of typing of customers in the conversations that are listened to."""

    def __init__(self, bell: Bell, clock: Clock) -> None:
        self._bell = bell
        self._clock = clock
        self._last: dict[str, datetime | None] = {}

    def listen(self, tenant: str, conversation: str) -> None:
        """From now on; once more changes nothing."""
        topic = typing_topic(tenant, conversation)
        if topic not in self._last:
            self._last[topic] = None
            self._bell.listen(topic, self._heard)

    def ignore(self, tenant: str, conversation: str) -> None:
        """Forgets the conversation."""
        topic = typing_topic(tenant, conversation)
        if topic in self._last:
            del self._last[topic]
            self._bell.ignore(topic, self._heard)

    def last(self, tenant: str, conversation: str) -> datetime | None:
        """When its customer was last heard to type."""
        return self._last.get(typing_topic(tenant, conversation))

    def _heard(self, topic: str, detail: Any) -> None:
        if topic in self._last and (detail or {}).get("author", {}).get("kind") == AuthorKind.CUSTOMER:
            self._last[topic] = self._clock()
