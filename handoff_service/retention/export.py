"""A copy of everything that is kept about one person, as he may see it."""

from __future__ import annotations

from typing import Any

from handoff_service import audit
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Entry
from handoff_service.conversations.projection import for_customer
from handoff_service.database import Transaction
from handoff_service.desk.care import care_json
from handoff_service.handoffs.view import agent_names
from handoff_service.promises.view import promised_to
from handoff_service.tickets import customer as tickets

PAGE = 500


def export_person(
    tx: Transaction, tenant: str, contact: str, *, requested_by: str, context: Context, by_himself: bool = False
) -> dict[str, Any]:
    """Contact, conversations and tickets; internal notes, and what the bot thought, are left out. Raises NotFound.

    `by_himself`: only of the contacts for whom he may ask (`contacts.own`). Leaves a row in the audit.
    """
    person = contacts.details(tx.connection, tenant, contact)
    if by_himself:
        person["person"] = contacts.own(tx.connection, tenant, contact)
        person["channels"] = contacts.channels_of(tx.connection, tenant, person["person"])
    names = agent_names(tx.connection, tenant)
    listed = []
    for one in (each for who in person["person"] for each in conversations.of_contact(tx.connection, tenant, who)):
        listed.append(
            {
                "conversation": one.id,
                "channel": one.channel,
                "language": one.language,
                "opened_at": iso(one.opened_at),
                "closed_at": iso(one.closed_at),
                "entries": [for_customer(entry, names, contact) for entry in _timeline(tx, tenant, one.id)],
                "tickets": tickets.of_conversation(tx.connection, one),
                "promises": promised_to(tx.connection, tenant, one.id),
            }
        )
    others = tickets.without_conversation(tx.connection, tenant, contact)
    audit.record(
        tx,
        tenant,
        actor=requested_by,
        action="export",
        subject=contact,
        detail={"conversations": len(listed)},
        now=context.now,
    )
    person["care"] = care_json(tx.connection, tenant, contact)
    about = {"tenant": tenant, "made_at": iso(context.now), "contact": person}
    return {**about, "conversations": listed, "tickets": others}


def _timeline(tx: Transaction, tenant: str, conversation: str) -> list[Entry]:
    found: list[Entry] = []
    while page := conversations.entries_after(tx.connection, tenant, conversation, len(found), limit=PAGE):
        found += page
    return found
