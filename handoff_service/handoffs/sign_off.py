"""An agent goes and says what becomes of his conversations: requeued, passed on, or kept until he is back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Status
from handoff_service.bell import desk_topic
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import Invalid, OpenConversations
from handoff_service.handoffs.assign import as_author, requeue, take_back
from handoff_service.handoffs.moves import destination
from handoff_service.handoffs.release import pass_on
from handoff_service.handoffs.request import as_read
from handoff_service.tenants import store as tenants
from handoff_service.texts import say

LONGEST_KEPT = timedelta(hours=16)
MOST = 500


class Fate(StrEnum):
    REQUEUE = "requeue"
    TRANSFER = "transfer"
    KEEP = "keep"


def sign_off(
    tx: Transaction,
    agent: Agent,
    context: Context,
    *,
    fate: Fate | None = None,
    to_agent: str | None = None,
    back_at: datetime | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Makes the agent offline; all of his conversations share one fate, or nothing happens.

    Raises OpenConversations, with their ids, when he has some and names no fate; Invalid, NotFound, CapacityFull.
    """
    held = conversations.listed(tx.connection, agent.tenant, [OwnerKind.AGENT], agent=agent.id, limit=MOST)
    if held and fate is None:
        raise OpenConversations(
            f"You have {len(held)} open conversations; say what becomes of them.",
            conversations=[one.id for one in held],
            choices=list(Fate),
        )
    if (to_agent is not None) != (fate is Fate.TRANSFER):
        raise Invalid("`to_agent` goes with `transfer`, and `transfer` with `to_agent`.")
    until = _back(fate, back_at, context.now)
    offered = conversations.listed(tx.connection, agent.tenant, [OwnerKind.OFFER], agent=agent.id, limit=MOST)
    for one in sorted([*held, *offered], key=lambda found: found.id):  # before his own row, as everybody else does
        conversations.find(tx.connection, agent.tenant, one.id, lock=True)
    for one in sorted(held, key=lambda found: found.id):
        conversation = conversations.find(tx.connection, agent.tenant, one.id, lock=True)
        if conversation.owner.kind is OwnerKind.AGENT and conversation.owner.agent == agent.id and fate is not None:
            _settle(tx, conversation, agent, context, fate=fate, to_agent=to_agent, back_at=until)
    for one in offered:
        asked = conversations.find(tx.connection, agent.tenant, one.id, lock=True)
        if asked.owner.kind is OwnerKind.OFFER and asked.owner.agent == agent.id:
            take_back(tx, asked, Event.DECLINE, context, actor=as_author(agent))
    agents.set_status(tx.connection, agent.tenant, agent.id, Status.OFFLINE, reason=reason, back_at=until)
    tx.ring(desk_topic(agent.tenant))
    return {"status": Status.OFFLINE, "moved": 0 if fate is Fate.KEEP else len(held), "back_at": iso(until)}


def _back(fate: Fate | None, back_at: datetime | None, now: datetime) -> datetime | None:
    """Until when his conversations wait for him. Raises Invalid."""
    if fate is not Fate.KEEP:
        if back_at is not None:
            raise Invalid("`back_at` goes with `keep`.")
        return None
    if back_at is None or back_at.tzinfo is None:
        raise Invalid("`keep` needs `back_at`: a time with its zone, such as 2026-11-02T15:00:00+08:00.")
    if not now < back_at <= now + LONGEST_KEPT:
        raise Invalid(f"`back_at` lies ahead, within {LONGEST_KEPT // timedelta(hours=1)} hours; requeue otherwise.")
    return back_at


def _settle(
    tx: Transaction,
    conversation: Conversation,
    agent: Agent,
    context: Context,
    *,
    fate: Fate,
    to_agent: str | None,
    back_at: datetime | None,
) -> None:
    act: dict[Fate, Callable[[], object]] = {
        Fate.REQUEUE: lambda: requeue(
            tx,
            conversation,
            context,
            event=Event.TRANSFER,
            text=say("requeued", conversation.language),
            actor=as_author(agent),
        ),
        Fate.TRANSFER: lambda: pass_on(
            tx,
            conversation,
            agent,
            destination(tx, agent, conversation, context, to_agent=to_agent, to_queue=None, to_tier=None),
            context,
        ),
        Fate.KEEP: lambda: _tell_back(tx, conversation, agent, context, back_at),
    }
    act[fate]()


def _tell_back(
    tx: Transaction, conversation: Conversation, agent: Agent, context: Context, back_at: datetime | None
) -> None:
    assert back_at is not None, "checked before"
    tenant = tenants.find(tx.connection, agent.tenant)
    back = as_read(back_at, tenant, conversation.language)
    body = {"text": say("agent_back", conversation.language, agent=agent.name, back=back), "kind": "notice"}
    conversations.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), context.now)
