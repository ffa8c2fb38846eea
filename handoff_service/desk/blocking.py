"""Blocking a contact, on all channels: what he writes is kept, but it neither rings nor is routed or answered.

Everybody who answers customers may block and unblock; who did it is in the audit. What a colleague holds only a
supervisor may end that way.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from handoff_service import audit
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.database import Transaction
from handoff_service.handoffs.release import close_blocked
from handoff_service.permissions import Permission, require


def block(tx: Transaction, contact: str, agent: Agent, context: Context) -> dict[str, Any]:
    """Blocks a contact with everybody who is known to be the same person, and ends what is open with them.

    Raises NotFound, Erased, and Forbidden when a colleague speaks with him.
    """
    person = contacts.lock_person(tx.connection, agent.tenant, contact)
    # Before looking for what is open: a new conversation of his waits for this row, so none is missed.
    contacts.block(tx.connection, agent.tenant, person, by=agent.id, at=context.now)
    ended = []
    for one in [each for who in person for each in conversations.of_contact(tx.connection, agent.tenant, who)]:
        if one.owner.kind is OwnerKind.CLOSED:
            continue
        held = conversations.find(tx.connection, agent.tenant, one.id, lock=True)
        if held.owner.kind is OwnerKind.CLOSED:
            continue
        if held.owner.kind is OwnerKind.AGENT and held.owner.agent != agent.id:
            why = "A colleague speaks with this customer; a supervisor may block him all the same."
            require(agent, Permission.CONVERSATIONS_SUPERVISE, why, conversation=held.id)
        close_blocked(tx, held, agent, context)
        ended.append(held.id)
    _note(tx, "contact_blocked", contact, agent, {"contacts": len(person), "closed": len(ended)}, context)
    return {"contact": contact, "blocked": True, "closed": ended}


def unblock(tx: Transaction, contact: str, agent: Agent, context: Context) -> dict[str, Any]:
    """Somebody answers the contact again, when he writes the next time. Raises NotFound, Erased."""
    person = contacts.lock_person(tx.connection, agent.tenant, contact)
    contacts.block(tx.connection, agent.tenant, person, by=None, at=context.now)
    _note(tx, "contact_unblocked", contact, agent, {"contacts": len(person)}, context)
    return {"contact": contact, "blocked": False}


def blocking(connection: sa.Connection, conversation: Conversation) -> dict[str, Any]:
    """{"blocked": {"by", "at"}} of the customer of a conversation; empty if he is not blocked."""
    found = contacts.blocked(connection, conversation.tenant, conversation.contact)
    return {} if found is None else {"blocked": {"by": found[0], "at": iso(found[1])}}


def _note(tx: Transaction, action: str, contact: str, agent: Agent, detail: dict[str, int], context: Context) -> None:
    actor = f"agent:{agent.id}"
    audit.record(tx, agent.tenant, actor=actor, action=action, subject=contact, detail=detail, now=context.now)
    tx.ring(desk_topic(agent.tenant))
