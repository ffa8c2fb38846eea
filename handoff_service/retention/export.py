"""A copy of everything that is kept about one person, as he may see it; of files the names and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handoff_service import audit
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Entry
from handoff_service.conversations.projection import for_customer
from handoff_service.database import Transaction
from handoff_service.desk.care import care_of
from handoff_service.handoffs.view import agent_names
from handoff_service.promises.view import promised_to
from handoff_service.retention.reach import OWN, Whom, check_shown, reached
from handoff_service.tickets import customer as tickets

PAGE = 500


def export_person(
    tx: Transaction,
    tenant: str,
    contact: str,
    whom: Whom = OWN,
    *,
    requested_by: str,
    context: Context,
) -> dict[str, Any]:
    """Contacts, conversations and tickets; internal notes, and what the bot thought, are left out.

    Leaves a row in the audit. Raises NotFound, and Conflict when it is of others than the contacts that were shown.
    """
    named = contacts.details(tx.connection, tenant, contact)
    person = reached(tx.connection, tenant, contact, whom)
    check_shown(person, whom)
    named |= {"person": person, "channels": contacts.channels_of(tx.connection, tenant, person)}
    named["care"] = care_of(tx.connection, tenant, person)
    names = agent_names(tx.connection, tenant)
    told = [_conversation(tx, one, names) for who in person for one in _all_of(tx, tenant, who)]
    detail = {"conversations": len(told), "contacts": len(person)}
    audit.record(tx, tenant, actor=requested_by, action="export", subject=contact, detail=detail, now=context.now)
    return {
        "tenant": tenant,
        "made_at": iso(context.now),
        "contact": named,
        "persons": [_contact(tx, tenant, one) for one in person],
        "conversations": told,
        "tickets": [each for one in person for each in tickets.without_conversation(tx.connection, tenant, one)],
    }


def _all_of(tx: Transaction, tenant: str, contact: str) -> list[Conversation]:
    return conversations.of_contact(tx.connection, tenant, contact)


def _conversation(tx: Transaction, one: Conversation, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "conversation": one.id,
        "channel": one.channel,
        "language": one.language,
        "opened_at": iso(one.opened_at),
        "closed_at": iso(one.closed_at),
        "entries": [for_customer(entry, names, one.contact) for entry in _timeline(tx, one.tenant, one.id)],
        "tickets": tickets.of_conversation(tx.connection, one),
        "promises": promised_to(tx.connection, one.tenant, one.id),
    }


def _contact(tx: Transaction, tenant: str, contact: str) -> dict[str, Any]:
    """What is kept of one contact himself; of whom he is merged with the caller decides."""
    details = contacts.details(tx.connection, tenant, contact)
    told = {name: value for name, value in details.items() if name not in ("person", "channels")}
    return {**told, "care": care_of(tx.connection, tenant, [contact])}


def _timeline(tx: Transaction, tenant: str, conversation: str) -> list[Entry]:
    found: list[Entry] = []
    while page := conversations.entries_after(tx.connection, tenant, conversation, len(found), limit=PAGE):
        found += page
    return found
