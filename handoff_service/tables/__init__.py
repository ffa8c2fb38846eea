"""All tables, the same on SQLite and PostgreSQL. The tenant comes first in every key."""

from handoff_service.columns import EPOCH, Moment, metadata
from handoff_service.tables.channels import (
    channel_accounts,
    channel_cursors,
    channel_windows,
    deliveries,
    inbox,
    outbox,
)
from handoff_service.tables.conversations import conversations, cursors, entries, files, operations, turns
from handoff_service.tables.customers import contact_identities, contacts, used_identity_tokens, visitor_tokens
from handoff_service.tables.keeping import article_copies, audit, jobs, training_cursors, training_messages
from handoff_service.tables.people import agent_sessions, agents, desks, handoffs, socket_tickets, tickets
from handoff_service.tables.tenants import meta, nodes, tenants

__all__ = [
    "EPOCH",
    "Moment",
    "agent_sessions",
    "agents",
    "article_copies",
    "audit",
    "channel_accounts",
    "channel_cursors",
    "channel_windows",
    "contact_identities",
    "contacts",
    "conversations",
    "cursors",
    "deliveries",
    "desks",
    "entries",
    "files",
    "handoffs",
    "inbox",
    "jobs",
    "meta",
    "metadata",
    "nodes",
    "operations",
    "outbox",
    "socket_tickets",
    "tenants",
    "tickets",
    "training_cursors",
    "training_messages",
    "turns",
    "used_identity_tokens",
    "visitor_tokens",
]
