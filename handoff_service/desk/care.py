"""Whose customer a contact is, and by how many classes of priority he comes before others: set by supervisors.

An agent of his own is waited for while he is there (`handoffs/wait.py`); classes count like any other, so ageing bounds
what they may do to those who have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service import audit
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.channels import contacts
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.desk import store
from handoff_service.desk.store import Care
from handoff_service.errors import Invalid
from handoff_service.permissions import Permission, holds

NO_CARE = Care(None, 0)


def care_for(connection: sa.Connection, tenant: str, contact: str) -> Care:
    """What is set for a contact or, on another channel, for the same person; the most that is."""
    return _most(connection, tenant, contacts.same_person(connection, tenant, contact))


def _most(connection: sa.Connection, tenant: str, person: Sequence[str]) -> Care:
    found = store.cares(connection, tenant, person)
    named = [one.agent for one in found if one.agent is not None]
    return Care(named[0] if named else None, max((one.classes for one in found), default=0))


def care_json(connection: sa.Connection, tenant: str, contact: str) -> dict[str, Any]:
    """{"agent", "name", "classes"} as set. Raises NotFound for a contact that there is not."""
    return care_of(connection, tenant, contacts.details(connection, tenant, contact)["person"])


def care_of(connection: sa.Connection, tenant: str, person: Sequence[str]) -> dict[str, Any]:
    """The same, as set for these contacts and for nobody else."""
    care = _most(connection, tenant, person)
    name = agents.find(connection, tenant, care.agent).name if care.agent is not None else None
    return {"agent": care.agent, "name": name, "classes": care.classes}


def set_care(
    tx: Transaction, agent: Agent, contact: str, context: Context, *, whose: str | None, classes: int
) -> dict[str, Any]:
    """Sets it for this person on every channel; of nobody and no class it is taken away.

    Raises NotFound, Erased, Invalid.
    """
    person = contacts.lock_person(tx.connection, agent.tenant, contact)
    if whose is not None:
        found = agents.find(tx.connection, agent.tenant, whose)
        if found.disabled or not holds(found, Permission.CONVERSATIONS_ANSWER):
            raise Invalid(f"{found.name} does not answer customers; choose somebody else.")
    store.set_care(tx.connection, agent.tenant, person, Care(whose, classes), by=agent.id, now=context.now)
    detail = {"agent": whose, "classes": classes, "contacts": len(person)}
    actor = f"agent:{agent.id}"
    audit.record(tx, agent.tenant, actor=actor, action="contact_care", subject=contact, detail=detail, now=context.now)
    tx.ring(desk_topic(agent.tenant))
    return care_json(tx.connection, agent.tenant, contact)
