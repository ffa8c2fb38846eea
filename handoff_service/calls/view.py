"""What desks see of calls: whether a card rings for this agent, and which call his desk is to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service.agents.model import Agent
from handoff_service.calls import store
from handoff_service.calls.model import Rung, this_wait
from handoff_service.calls.whom import last_for
from handoff_service.clock import iso
from handoff_service.conversations.model import OwnerKind
from handoff_service.handoffs.model import Handoff
from handoff_service.permissions import Permission, holds
from handoff_service.tenants import store as tenants

Card = dict[str, Any]


def mark_calls(connection: sa.Connection, agent: Agent, *lists: Sequence[Card]) -> None:
    """Adds to each waiting or offered card's handoff `call`: the last one for him, {"n", "rung", "at", "shown"}."""
    waiting = (OwnerKind.QUEUE, OwnerKind.OFFER)
    of = [one["handoff"] for cards in lists for one in cards if one["handoff"] and one["owner"]["kind"] in waiting]
    found = store.of_handoffs(connection, agent.tenant, {one["id"] for one in of})
    tenant = tenants.find(connection, agent.tenant)
    for one in of:
        last = last_for(found.get(one["id"], []), agent, tenant, one["queue"])
        one["call"] = last and {
            "n": last.n,
            "rung": last.rung,
            "at": iso(last.at),
            "shown": last.shown_at is not None,
        }


def called_to(cards: Sequence[Card]) -> list[Card]:
    """Of what colleagues hold, the offers that he may take all the same, because he was called."""
    return [
        one
        for one in cards
        if one["owner"]["kind"] == OwnerKind.OFFER
        and (one["handoff"].get("call") or {}).get("rung") in (Rung.TEAM, Rung.SUPERVISOR)
    ]


def listed_for(connection: sa.Connection, agent: Agent, waiting: Sequence[Handoff]) -> list[Handoff]:
    """What waits in the agent's queues; supervisors also see what nobody noticed in the others."""
    elsewhere = [one.id for one in waiting if one.queue not in agent.queues]
    unseen: set[str] = set()
    if elsewhere and holds(agent, Permission.CONVERSATIONS_SUPERVISE):
        calls = store.of_handoffs(connection, agent.tenant, elsewhere)
        unseen = {
            handoff for handoff, made in calls.items() if any(one.rung is Rung.SUPERVISOR for one in this_wait(made))
        }
    return [one for one in waiting if one.queue in agent.queues or one.id in unseen]
