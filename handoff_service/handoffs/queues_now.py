"""The queues of a tenant at this moment, for who leads the people behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Status
from handoff_service.agents.presence import answers
from handoff_service.calendars.moments import is_open
from handoff_service.clock import iso
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import OwnerKind
from handoff_service.handoffs import store
from handoff_service.tenants import store as tenants

WAITING = (OwnerKind.QUEUE, OwnerKind.OFFER)


def queues_now(connection: sa.Connection, tenant_id: str, context: Context) -> list[dict[str, Any]]:
    """Of each queue: whether it is open, its agents by status, free room, who waits, is served, or lies in the mailbox.

    One that was taken away is listed as long as somebody is in it.
    """
    settings = tenants.find(connection, tenant_id).settings
    people = agents.everyone(connection, tenant_id)
    connected = agents.connected(connection, tenant_id, context.now)
    found: dict[str, dict[str, Mapping[str, Any]]] = {queue.id: {} for queue in settings.queues}
    for row in store.backlog(connection, tenant_id):
        found.setdefault(str(row["queue"]), {})[row["kind"]] = dict(row)
    told = []
    for name, backlog in found.items():
        queue = settings.queue(name)
        waits = [backlog[kind] for kind in WAITING if kind in backlog]
        told.append(
            {
                "id": name,
                "name": queue.name if queue else name,
                "tier": queue.tier if queue else None,
                "open": is_open(settings.calendar(name), context.now),
                "agents": _staff([one for one in people if name in one.queues and answers(one)], connected),
                "waiting": sum(row["count"] for row in waits),
                "oldest": iso(min((row["oldest"] for row in waits), default=None)),
                "served": _count(backlog, OwnerKind.AGENT),
                "mailbox": _count(backlog, OwnerKind.MAILBOX),
            }
        )
    return told


def _staff(serving: list[Agent], connected: set[str]) -> dict[str, int]:
    """How many are in each status, and how many conversations those who are online could take now."""
    said = Counter(one.status if one.id in connected else Status.OFFLINE for one in serving)
    here = [one for one in serving if one.id in connected and one.status is Status.ONLINE]
    return {str(status): said[status] for status in Status} | {
        "full": sum(one.open >= one.capacity for one in here),
        "room": sum(max(0, one.capacity - one.open) for one in here),
    }


def _count(backlog: Mapping[str, Mapping[str, Any]], kind: OwnerKind) -> int:
    return int(backlog[kind]["count"]) if kind in backlog else 0
