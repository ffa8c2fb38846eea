"""Before a platform's window closes, the agent who serves the customer is told: afterwards nothing reaches him."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service.channels import windows
from handoff_service.channels.model import Channel
from handoff_service.channels.window import Rules, Window, ends
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Draft, Kind
from handoff_service.database import Database, Transaction
from handoff_service.handoffs.request import as_read
from handoff_service.tenants import store as tenants
from handoff_service.texts import say

BEFORE = timedelta(hours=1)
LONGEST = timedelta(days=8)  # no window is open for longer
LOOK_BACK = 200  # entries


def closes_soon(rules: Rules, window: Window, now: datetime) -> datetime | None:
    """When the window closes for people, if that is within BEFORE and something may still be sent. Pure.

    Of one that was never open for longer nobody needs to be reminded.
    """
    until = ends(rules, window, by_person=True)
    if not rules.allowances or window.remaining == 0 or until - window.since <= BEFORE:
        return None
    return until if now < until <= now + BEFORE else None


async def warn(database: Database, channels: Mapping[str, Channel], context: Context) -> int:
    """Tells every agent once for each window of his customers that closes soon. Returns how many it told."""
    told = 0
    for tenant in await database.read(windows.tenants):
        found = await database.read(lambda connection, t=tenant: _closing(connection, t, channels, context.now))  # type: ignore[misc]
        for name, until in found:
            told += await database.write(
                lambda tx, t=tenant, n=name, u=until: _tell(tx, t, n, u, channels, context)  # type: ignore[misc]
            )
    return told


def _closing(
    connection: sa.Connection,
    tenant: str,
    channels: Mapping[str, Channel],
    now: datetime,
    conversation: str | None = None,
) -> list[tuple[str, datetime]]:
    """(conversation, when its window closes) of those that agents serve, where that is soon."""
    found = []
    for name, channel, window in windows.of_agents(connection, tenant, now - LONGEST, conversation):
        rules = channels[channel].abilities.rules if channel in channels else Rules()
        until = closes_soon(rules, window, now)
        if until is not None:
            found.append((name, until))
    return found


def _tell(
    tx: Transaction, tenant: str, name: str, until: datetime, channels: Mapping[str, Channel], context: Context
) -> bool:
    """Writes the note, unless it is there, or nobody serves him any more, or he has written or left meanwhile."""
    conversation = conversations.find(tx.connection, tenant, name, lock=True)
    if (name, until) not in _closing(tx.connection, tenant, channels, context.now, name):
        return False
    since = conversation.last_seq - LOOK_BACK
    recent = conversations.entries_after(tx.connection, tenant, name, since, limit=LOOK_BACK)
    if any(one.body.get("closes_at") == iso(until) for one in recent):
        return False
    at = as_read(until, tenants.find(tx.connection, tenant), conversation.language)
    body = {"text": say("window_closing", conversation.language, at=at), "kind": "window", "closes_at": iso(until)}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    conversations.append(tx, conversation, draft, context.now)
    return True
