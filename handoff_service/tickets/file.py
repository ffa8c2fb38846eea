"""Filing a ticket that the bot asks for: once per turn, under a number that can be read out on the telephone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from handoff_service.bell import desk_topic
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.handoffs.hours import next_opening
from handoff_service.tenants import store as tenants
from handoff_service.tickets import store


def file_ticket(
    tx: Transaction, conversation: Conversation, wish: Mapping[str, Any], *, turn: str, context: Context
) -> str:
    """Opens the ticket {"type", "fields", "summary"} and returns its number; the same turn gets the same ticket.

    It stays open when the conversation ends. Its time runs from when the tenant's first queue opens.
    """
    filed = store.of_turn(tx.connection, conversation.tenant, turn)
    if filed is not None:
        return filed
    settings = tenants.find(tx.connection, conversation.tenant).settings
    start = next_opening(settings.default_queue.hours, settings.zone, context.now) or context.now
    drawn = numbers(f"{conversation.tenant}/{turn}", context.now, settings.zone)
    number = next(one for one in drawn if not store.is_taken(tx.connection, conversation.tenant, one))
    store.file(
        tx.connection,
        conversation,
        number=number,
        turn=turn,
        type=str(wish["type"]),
        subject=str(wish["summary"]),
        fields=dict(wish["fields"]),
        due_at=start + timedelta(seconds=context.settings.message_due_s),
        now=context.now,
    )
    tx.ring(desk_topic(conversation.tenant))
    return number


def numbers(seed: str, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """T261102-482915, then others: the tenant's day, and digits that tell nothing of how many tickets there are."""
    for again in count():
        digits = int(hashlib.sha256(f"{seed}/{again}".encode()).hexdigest(), 16) % 1_000_000
        yield f"T{now.astimezone(zone):%y%m%d}-{digits:06}"
