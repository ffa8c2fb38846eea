"""Tracker store in memory that forgets the conversations that were silent longest."""

from collections import OrderedDict
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker


class RecentTrackers(InMemoryTrackerStore):
    """Keeps the `limit` conversations spoken in last; Rasa's own keeps all and grows for ever.

    Nothing is lost by forgetting or by a restart: the gateway owns the conversation, a tracker holds only a
    running form and the last misses.
    """

    def __init__(
        self, domain: Domain, event_broker: EventBroker | None = None, limit: int = 5000, **options: Any
    ) -> None:
        super().__init__(domain, event_broker, **options)
        self.store: OrderedDict[str, str] = OrderedDict()
        self.limit = limit

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the tracker as the most recent one and drop what is over the limit."""
        await super().save(tracker)
        self.store.move_to_end(tracker.sender_id)
        while len(self.store) > self.limit:
            self.store.popitem(last=False)
