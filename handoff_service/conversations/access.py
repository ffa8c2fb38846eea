"""Who may see a conversation, and what he sees of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service.agents.model import Agent
from handoff_service.callers import Caller
from handoff_service.conversations import store
from handoff_service.conversations.model import Conversation, Entry, Kind
from handoff_service.conversations.projection import for_agent, for_customer, withheld
from handoff_service.errors import NotFound
from handoff_service.handoffs.view import agent_names
from handoff_service.live.principal import Principal
from handoff_service.mentions.ask import may_read
from handoff_service.permissions import Permission
from handoff_service.tickets.tell import HIDDEN_FROM


def visible(connection: sa.Connection, principal: Principal, conversation: str, *, lock: bool = False) -> Conversation:
    """The conversation. Raises NotFound, for a customer also when it is somebody else's."""
    found = store.find(connection, principal.tenant, conversation, lock=lock)
    if principal.customer is not None and found.contact != principal.customer.contact:
        raise NotFound(f"There is no conversation {conversation}.", conversation=conversation)
    return found


def projected(connection: sa.Connection, principal: Principal, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries as the principal may see them."""
    named = any(entry.kind is Kind.STATE for entry in entries)
    names = agent_names(connection, principal.tenant) if named else {}
    if principal.customer is not None:
        contact = principal.customer.contact
        return [for_customer(entry, names, contact) for entry in entries]
    viewer = principal.as_agent()
    return [for_agent(entry, names) if _may_read(entry, viewer) else withheld(entry) for entry in entries]


def readable(entries: Sequence[Entry], viewer: Agent) -> list[Entry]:
    """Those that an agent sees."""
    return [entry for entry in entries if _may_read(entry, viewer)]


def projected_to(connection: sa.Connection, caller: Caller, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries as an integrator's key may see them, or an agent who asks where integrators do."""
    names = agent_names(connection, caller.tenant)
    return [for_agent(entry, names) if _is_open_to(entry, caller) else withheld(entry) for entry in entries]


def _is_open_to(entry: Entry, caller: Caller) -> bool:
    """Whether whispers, and what is kept from an accused agent, may be read: a key needs the permission for each."""
    if caller.agent is not None:
        return _may_read(entry, caller.agent)
    if entry.body.get("whisper") is not None and Permission.CONVERSATIONS_SUPERVISE not in caller.permissions:
        return False
    return entry.body.get(HIDDEN_FROM) is None or Permission.COMPLAINTS_DECIDE in caller.permissions


def _may_read(entry: Entry, viewer: Agent) -> bool:
    """Whether an agent sees an entry: no whisper to others, and nothing about a complaint against himself."""
    return may_read(entry, viewer) and entry.body.get(HIDDEN_FROM) != viewer.id
