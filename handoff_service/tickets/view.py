"""Tickets as JSON for desks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.complaints.view import complaint_json
from handoff_service.files import store as file_store
from handoff_service.handoffs.view import agent_names
from handoff_service.tickets import log, store
from handoff_service.tickets.model import Happening, Ticket
from handoff_service.tickets.settings import COMPLAINT
from handoff_service.tickets.store import Viewer

MOST_LINES = 2000
PARTS = ("id", "number", "type", "subject", "state", "priority", "tier", "source", "conversation", "contact", "queue")


def ticket_json(ticket: Ticket, names: Mapping[str, str]) -> dict[str, Any]:
    """A ticket as a list shows it."""
    return {
        **{part: getattr(ticket, part) for part in PARTS},
        "agent": {"id": ticket.agent, "name": names.get(ticket.agent, "")} if ticket.agent else None,
        "fields": ticket.fields,
        "reply_to": ticket.reply_to,
        "due_at": iso(ticket.due_at),
        "created_at": iso(ticket.created_at),
        "updated_at": iso(ticket.updated_at),
        "ended_at": iso(ticket.ended_at),
        "overdue": ticket.overdue_at is not None,
        "follow_up": ticket.check_plan and {**ticket.check_plan, "at": iso(ticket.check_at)},
        "about_agent": ticket.about_agent,
        "merged_into": ticket.merged_into,
    }


def line_json(line: Happening, names: Mapping[str, str]) -> dict[str, Any]:
    """A line of the log; an agent with his name."""
    kind, _, name = line.actor.partition(":")
    shown = {"n": line.n, "kind": line.kind, "audience": line.audience, "body": dict(line.body), "at": iso(line.at)}
    return {**shown, "actor": {"kind": kind, "id": name, "name": names.get(name, "")}}


def whole_json(connection: sa.Connection, viewer: Viewer, ticket: Ticket) -> dict[str, Any]:
    """A ticket with its log, links and files, and what was merged into it with their logs."""
    names = agent_names(connection, viewer.tenant)
    merged = store.merged_into(connection, ticket.tenant, ticket.id)
    person = contacts.names(connection, ticket.tenant, [ticket.contact]) if ticket.contact else {}
    shown = {
        "ticket": ticket_json(ticket, names),
        "contact": {"id": ticket.contact, "name": person.get(ticket.contact, "")} if ticket.contact else None,
        "log": [line_json(line, names) for line in log.lines(connection, ticket, limit=MOST_LINES)],
        "conversations": log.linked(connection, ticket),
        "files": _files(connection, ticket),
        "merged": [
            {"ticket": ticket_json(one, names), "log": [line_json(line, names) for line in log.lines(connection, one)]}
            for one in merged
        ],
    }
    if ticket.type == COMPLAINT:
        shown["complaint"] = complaint_json(connection, ticket, names)
    return shown


def _files(connection: sa.Connection, ticket: Ticket) -> list[dict[str, Any]]:
    """Files with their names; one that was erased is left out."""
    named = log.files(connection, ticket)
    known = file_store.known(connection, ticket.tenant, list(named))
    found = [file_store.find(connection, ticket.tenant, name) for name in named if name in known]
    return [{**one.as_json(), "audience": named[one.id]} for one in found]
