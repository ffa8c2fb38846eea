"""All tables, the same on SQLite and PostgreSQL. The tenant comes first in every key."""

from handoff_service.columns import EPOCH, Moment, metadata
from handoff_service.tables.calling import calls, full_queues, mentions
from handoff_service.tables.channels import (
    channel_accounts,
    channel_cursors,
    channel_media,
    channel_windows,
    deliveries,
    inbox,
    outbox,
)
from handoff_service.tables.conversations import conversations, cursors, entries, files, operations, turns
from handoff_service.tables.customers import contact_identities, contacts, used_identity_tokens, visitor_tokens
from handoff_service.tables.desk import contact_care, conversation_tags, playbook_steps, snoozes
from handoff_service.tables.faces import agent_pictures
from handoff_service.tables.integrations import api_keys, webhook_attempts, webhook_messages, webhooks
from handoff_service.tables.keeping import article_copies, audit, jobs, signal_days, training_cursors, training_messages
from handoff_service.tables.people import agent_sessions, agents, desks, handoffs, socket_tickets
from handoff_service.tables.promises import promises, sla_clocks
from handoff_service.tables.tenants import meta, nodes, tenants
from handoff_service.tables.tickets import (
    complaints,
    remedies,
    ticket_events,
    ticket_files,
    ticket_links,
    ticket_words,
    tickets,
)

__all__ = [
    "EPOCH",
    "Moment",
    "agent_pictures",
    "agent_sessions",
    "agents",
    "api_keys",
    "article_copies",
    "audit",
    "calls",
    "channel_accounts",
    "channel_cursors",
    "channel_media",
    "channel_windows",
    "complaints",
    "contact_care",
    "contact_identities",
    "contacts",
    "conversation_tags",
    "conversations",
    "cursors",
    "deliveries",
    "desks",
    "entries",
    "files",
    "full_queues",
    "handoffs",
    "inbox",
    "jobs",
    "mentions",
    "meta",
    "metadata",
    "nodes",
    "operations",
    "outbox",
    "playbook_steps",
    "promises",
    "remedies",
    "signal_days",
    "sla_clocks",
    "snoozes",
    "socket_tickets",
    "tenants",
    "ticket_events",
    "ticket_files",
    "ticket_links",
    "ticket_words",
    "tickets",
    "training_cursors",
    "training_messages",
    "turns",
    "used_identity_tokens",
    "visitor_tokens",
    "webhook_attempts",
    "webhook_messages",
    "webhooks",
]
