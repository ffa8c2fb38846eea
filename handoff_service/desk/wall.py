"""The supervisor's wall: every queue, everybody on duty, and the conversations that need a look now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.calendars.moments import is_open
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import OwnerKind
from handoff_service.desk import store
from handoff_service.desk.store import Load
from handoff_service.handoffs.view import cards, colleague
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings

HOUR = timedelta(hours=1)
UPSET = 0.42  # mood from which a conversation is shown: the default of the setting unhappy
LISTED = 20


def wall(connection: sa.Connection, agent: Agent, context: Context) -> dict[str, Any]:
    """{"at", "queues", "bot", "mailbox", "agents", "upset", "overdue"}; times are ISO 8601, waits in seconds."""
    tenant, now = agent.tenant, context.now
    settings = tenants.find(connection, tenant).settings
    loads = store.loads(connection, tenant)
    connected = agents.connected(connection, tenant, now)
    return {
        "at": iso(now),
        "queues": queues(settings, loads, store.accepted_since(connection, tenant, now - HOUR), now),
        "bot": sum(load.count for load in loads if load.kind is OwnerKind.BOT),
        "mailbox": sum(load.count for load in loads if load.kind is OwnerKind.MAILBOX),
        "agents": [colleague(one, connected) for one in agents.everyone(connection, tenant)],
        "upset": _listed(connection, agent, store.upset(connection, tenant, mood=UPSET, limit=LISTED)),
        "overdue": _listed(connection, agent, store.overdue(connection, tenant, limit=LISTED)),
    }


def queues(
    settings: TenantSettings, loads: Sequence[Load], accepted: Mapping[str, int], now: datetime
) -> list[dict[str, Any]]:
    """A line for each queue, also for one that was taken away while somebody still waits in it. Pure."""
    named = {queue.id: queue.name for queue in settings.queues}
    still = {load.queue: load.queue for load in loads if load.queue and load.count}
    return [
        _queue(queue, name, settings, loads, accepted.get(queue, 0), now) for queue, name in (still | named).items()
    ]


def _queue(
    queue: str, name: str, settings: TenantSettings, loads: Sequence[Load], accepted: int, now: datetime
) -> dict[str, Any]:
    mine = {load.kind: load for load in loads if load.queue == queue}
    waits = [mine[kind] for kind in (OwnerKind.QUEUE, OwnerKind.OFFER) if kind in mine]
    oldest = min((load.oldest for load in waits if load.oldest is not None), default=None)
    return {
        "id": queue,
        "name": name,
        "open": is_open(settings.calendar(queue), now),
        "waiting": sum(load.count for load in waits),
        "longest_wait_s": None if oldest is None else max(0, int((now - oldest).total_seconds())),
        "held": mine[OwnerKind.AGENT].count if OwnerKind.AGENT in mine else 0,
        "accepted_last_hour": accepted,
    }


def _listed(connection: sa.Connection, agent: Agent, ids: Sequence[str]) -> list[dict[str, Any]]:
    return cards(connection, [conversations.find(connection, agent.tenant, one) for one in ids], agent)
