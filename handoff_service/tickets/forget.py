"""Erasing tickets: what was said goes, the place, state, times and amounts stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service.complaints import store as complaints
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.files import store as files
from handoff_service.tickets import log, store
from handoff_service.tickets.log import By
from handoff_service.tickets.model import Deed, State, Ticket
from handoff_service.tickets.states import UNFINISHED


def forget_conversation(tx: Transaction, conversation: Conversation, now: datetime) -> int:
    """Closes and empties the tickets of an erased conversation. Returns how many these were."""
    return _empty(tx, store.on_conversation(tx.connection, conversation.tenant, conversation.id, None), now)


def forget_contact(tx: Transaction, tenant: str, contact: str, now: datetime) -> int:
    """Closes and empties those tickets of an erased contact that have no conversation. Returns how many these were."""
    return _empty(tx, [one for one in store.of_contact(tx.connection, tenant, contact) if not one.conversation], now)


def ids(connection: sa.Connection, tenant: str, contact: str) -> list[str]:
    """Every ticket of a contact."""
    return [one.id for one in store.of_contact(connection, tenant, contact)]


def _empty(tx: Transaction, tickets: Sequence[Ticket], now: datetime) -> int:
    """What is still to be done for somebody who is not there any more will not be done."""
    for ticket in tickets:
        if ticket.state in UNFINISHED or ticket.check_at is not None:
            ticket = store.find(tx.connection, ticket.tenant, ticket.id, None, lock=True)
            if ticket.state in UNFINISHED:
                gone: dict[str, Any] = {"check_at": None, "check_plan": None}
                log.record(tx, ticket, Deed.CLOSED, By(log.SYSTEM, now), to=State.CLOSED, **gone)
        log.empty_log(tx.connection, ticket)
        log.drop_files(tx.connection, ticket)
        files.let_go(tx.connection, ticket.tenant, ticket.contact)
        complaints.forget(tx.connection, ticket.tenant, ticket.id)
    return store.forget(tx.connection, tickets)
