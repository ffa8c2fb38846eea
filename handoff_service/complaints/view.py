"""Complaints as JSON for desks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from handoff_service.clock import iso
from handoff_service.complaints import store
from handoff_service.complaints.model import Complaint, Remedy, checklist, found_evidence
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Entry
from handoff_service.tenants import store as tenants
from handoff_service.tickets import log
from handoff_service.tickets import store as tickets
from handoff_service.tickets.model import Ticket

MOST_ENTRIES = 2000


def complaint_json(connection: sa.Connection, ticket: Ticket, names: Mapping[str, str]) -> dict[str, Any]:
    """What the register knows of a complaint, with what its timelines prove, and the remedies."""
    complaint = store.find(connection, ticket.tenant, ticket.id)
    rules = tenants.find(connection, ticket.tenant).settings.complaints
    family = tickets.family(connection, ticket)
    timeline = timelines(connection, ticket)
    evidence = [*complaint.evidence, *found_evidence(timeline)]
    needed = checklist(rules.category(complaint.category), evidence, transcript=bool(timeline))
    return {
        **register_json(complaint),
        "wanted": complaint.wanted,
        "evidence": [dict(one) for one in evidence],
        "checklist": [{"kind": kind, "there": there} for kind, there in needed.items()],
        "complete": all(needed.values()),
        "currency": rules.currency,
        "remedies": [remedy_json(one, names) for one in store.remedies(connection, ticket.tenant, family)],
    }


def register_json(complaint: Complaint) -> dict[str, Any]:
    """A line of the register, without words of the customer."""
    parts = ("ticket", "category", "cause", "threat")
    shown = {part: getattr(complaint, part) for part in parts}
    return {**shown, "filed_at": iso(complaint.filed_at), "answered_at": iso(complaint.answered_at)}


def remedy_json(remedy: Remedy, names: Mapping[str, str]) -> dict[str, Any]:
    """A remedy; `amount` in hundredths."""
    parts = ("id", "ticket", "kind", "amount", "note", "state")
    return {
        **{part: getattr(remedy, part) for part in parts},
        "proposed_by": _person(remedy.proposed_by, names),
        "proposed_at": iso(remedy.proposed_at),
        "decided_by": _person(remedy.decided_by, names) if remedy.decided_by else None,
        "decided_at": iso(remedy.decided_at),
        "done_at": iso(remedy.done_at),
    }


def _person(agent: str, names: Mapping[str, str]) -> dict[str, str]:
    return {"id": agent, "name": names.get(agent, "")}


def timelines(connection: sa.Connection, ticket: Ticket) -> list[Entry]:
    """The entries of every conversation of the ticket, each in its order; of each the last MOST_ENTRIES."""
    entries: list[Entry] = []
    for name in log.linked(connection, ticket):
        head = conversations.find(connection, ticket.tenant, name)
        first = max(0, head.last_seq - MOST_ENTRIES)
        entries += conversations.entries_after(connection, ticket.tenant, name, first, limit=MOST_ENTRIES)
    return entries
