"""What a socket is shown of a conversation behind its cursor: entries, and who speaks, waits and reads there; and how
often a desk is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from handoff_service.conversations import store
from handoff_service.conversations.access import projected, visible
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import by_customer
from handoff_service.conversations.projection import owner_for_customer
from handoff_service.handoffs.view import customer_status
from handoff_service.live.principal import Principal

PAGE = 200
Page = tuple[list[dict[str, Any]], dict[str, Any] | None]  # at most PAGE entries, and the status if it may have changed

DESK_EVERY_S, DESK_SHARE, DESK_LATEST_S = 0.1, 0.2, 1.0


def desk_pause_s(took_s: float) -> float:
    """Seconds from the begin of one look at the desk, which took so long, to the next.

    A desk is drawn ten times a second at most and takes at most a fifth of the time: a busy database is not asked more.
    But no slow look makes it wait for more than a second: an offer would end unseen.
    """
    return max(DESK_EVERY_S, min(took_s / DESK_SHARE, took_s + DESK_LATEST_S))


@dataclass(slots=True)
class Following:
    """A conversation that a session follows: the last entry and the last status (as JSON) that were sent of it."""

    seq: int
    status: str = ""
    waits: bool = False

    def lacks(self, upto: int | None) -> bool:
        """Whether there is anything to read after a ring with this detail, see conversation_topic."""
        return upto is None or self.seq < upto

    def heard_only_words(self, upto: int | None) -> bool:
        """Whether this ring was for the customer's words only, and the status that was shown still holds."""
        return upto is not None and self.status != ""


def read_page(
    connection: sa.Connection,
    principal: Principal,
    context: Context,
    conversation: str,
    after: int,
    *,
    only_words: bool = False,
) -> Page:
    """What is new after `after`; `only_words`: nobody has rung for more than what the customer says himself.

    His own words change nothing in a status, and its many questions are most of what a page costs. Raises NotFound.
    """
    found = visible(connection, principal, conversation)
    behind = found.last_seq > after
    fresh = store.entries_after(connection, found.tenant, found.id, after, limit=PAGE) if behind else []
    entries = projected(connection, principal, fresh)
    if only_words and all(by_customer(one) for one in fresh):
        return entries, None
    status = customer_status(connection, found, context)
    if principal.customer is not None:
        status["owner"] = owner_for_customer(status["owner"])
    return entries, status
