"""All tables, the same on SQLite and PostgreSQL. The tenant comes first in every key."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import EPOCH, Moment, key, maybe, metadata, moment, number, text

__all__ = ["EPOCH", "Moment", "metadata"]

meta = sa.Table("meta", metadata, *key("key"), text("value"))

tenants = sa.Table("tenants", metadata, *key("id"), text("name"), sa.Column("settings", sa.JSON, nullable=False))

contacts = sa.Table(
    "contacts",
    metadata,
    *key("tenant", "id"),
    text("name"),
    maybe("language"),
    moment("created_at"),
    maybe("erased_at", Moment),
)

contact_identities = sa.Table(
    "contact_identities",
    metadata,
    *key("tenant", "channel", "external_id"),
    text("contact"),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Index("identities_by_contact", "tenant", "contact"),
)

visitor_tokens = sa.Table(
    "visitor_tokens", metadata, *key("token_hash"), text("tenant"), text("contact"), moment("expires_at")
)

used_identity_tokens = sa.Table(
    "used_identity_tokens", metadata, *key("tenant", "jti"), text("contact"), moment("expires_at")
)

conversations = sa.Table(
    "conversations",
    metadata,
    *key("tenant", "id"),
    text("channel"),
    text("contact"),
    text("language"),
    text("owner_kind"),
    maybe("owner_agent"),
    maybe("queue"),
    number("epoch"),
    number("phase", 1),
    number("last_seq"),
    maybe("handoff"),
    maybe("deadline_at", Moment),
    moment("opened_at"),
    moment("updated_at"),
    maybe("closed_at", Moment),
    text("preview"),
    maybe("mood", sa.Float),
    maybe("rated_seq", sa.Integer),
    maybe("account"),
    sa.Column("hold", sa.Boolean, nullable=False, server_default=sa.false()),
    maybe("erased_at", Moment),
    sa.Index(
        "one_open_conversation",
        "tenant",
        "channel",
        "contact",
        unique=True,
        sqlite_where=sa.text("owner_kind <> 'closed'"),
        postgresql_where=sa.text("owner_kind <> 'closed'"),
    ),
    sa.Index("conversations_by_owner", "tenant", "owner_kind", "queue"),
    sa.Index("conversations_by_agent", "tenant", "owner_agent"),
    sa.Index("conversations_by_contact", "tenant", "contact", "updated_at"),
    sa.Index("conversations_by_deadline", "deadline_at"),
    sa.Index("conversations_by_change", "updated_at"),
)

entries = sa.Table(
    "entries",
    metadata,
    *key("tenant", "conversation"),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    text("mid"),
    text("kind"),
    text("audience"),
    text("author_kind"),
    text("author_id"),
    text("author_name"),
    maybe("client_id"),
    sa.Column("body", sa.JSON, nullable=False),
    text("body_hash"),
    number("epoch"),
    maybe("turn"),
    moment("at"),
    sa.Index("entries_by_client_id", "tenant", "author_kind", "author_id", "client_id", unique=True),
    sa.Index("entries_by_mid", "mid", unique=True),
)

handoffs = sa.Table(
    "handoffs",
    metadata,
    *key("tenant", "id"),
    text("conversation"),
    text("reason"),
    number("priority"),
    text("queue"),
    text("language"),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("rank", sa.BigInteger, nullable=False),
    number("requested_seq"),
    moment("requested_at"),
    maybe("queued_at", Moment),
    maybe("offered_at", Moment),
    maybe("offered_to"),
    maybe("accepted_at", Moment),
    maybe("accepted_by"),
    maybe("first_reply_at", Moment),
    maybe("closed_at", Moment),
    maybe("wrap_up"),
    sa.Column("declined", sa.JSON, nullable=False),
    sa.Index("handoffs_by_conversation", "tenant", "conversation"),
    sa.Index("handoffs_by_rank", "tenant", "queue", "rank"),
    sa.Index("handoffs_by_acceptance", "tenant", "queue", "accepted_at"),
)

agents = sa.Table(
    "agents",
    metadata,
    *key("tenant", "id"),
    text("email"),
    text("name"),
    text("password_hash"),
    text("role"),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("queues", sa.JSON, nullable=False),
    number("capacity"),
    number("open"),
    text("status"),
    sa.Column("disabled", sa.Boolean, nullable=False),
    maybe("seen_at", Moment),
    maybe("last_assigned_at", Moment),
    sa.Index("agents_by_email", "tenant", "email", unique=True),
)

agent_sessions = sa.Table(
    "agent_sessions",
    metadata,
    *key("token_hash"),
    text("tenant"),
    text("agent"),
    moment("created_at"),
    moment("seen_at"),
)

desks = sa.Table(
    "desks", metadata, *key("tenant", "agent", "session"), sa.Column("lease_until", Moment, nullable=False)
)

socket_tickets = sa.Table(
    "socket_tickets",
    metadata,
    *key("ticket_hash"),
    text("tenant"),
    text("principal_kind"),
    text("principal_id"),
    moment("expires_at"),
    maybe("sign_in"),
)

cursors = sa.Table(
    "cursors",
    metadata,
    *key("tenant", "principal_kind", "principal_id", "device", "conversation"),
    number("acked_seq"),
    number("read_seq"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    *key("tenant", "id"),
    text("conversation"),
    text("destination"),
    number("seq"),
    text("state"),
    number("attempts"),
    moment("next_at"),
    maybe("lease_owner"),
    maybe("lease_until", Moment),
    maybe("error"),
    maybe("provider_id"),
    maybe("parts_sent", sa.Integer),
    sa.Index("outbox_by_head", "tenant", "conversation", "destination", "state", "seq"),
    sa.Index("outbox_by_due", "state", "next_at"),
)

turns = sa.Table(
    "turns",
    metadata,
    *key("tenant", "id"),
    text("conversation"),
    number("epoch"),
    number("upto_seq"),
    text("state"),
    maybe("bot"),
    sa.Column("errors", sa.JSON, nullable=False),
    moment("started_at"),
    maybe("ended_at", Moment),
    sa.Index("turns_by_conversation", "tenant", "conversation", "state"),
)

operations = sa.Table(
    "operations",
    metadata,
    *key("tenant", "actor", "op_id"),
    text("body_hash"),
    sa.Column("result", sa.JSON, nullable=False),
    moment("at"),
)

tickets = sa.Table(
    "tickets",
    metadata,
    *key("tenant", "id"),
    text("conversation"),
    text("subject"),
    text("reply_to"),
    text("state"),
    moment("due_at"),
    moment("created_at"),
    maybe("number"),
    maybe("type"),
    maybe("fields", sa.JSON),
    maybe("turn"),
    sa.Index("tickets_by_state", "tenant", "state", "due_at"),
    sa.Index("tickets_by_number", "tenant", "number", unique=True),
    sa.Index("tickets_by_turn", "tenant", "turn", unique=True),
)

article_copies = sa.Table(
    "article_copies",
    metadata,
    *key("tenant", "article", "language"),
    text("title"),
    sa.Column("questions", sa.JSON, nullable=False),
    text("answer"),
    moment("copied_at"),
)

channel_accounts = sa.Table(
    "channel_accounts",
    metadata,
    *key("tenant", "id"),
    text("channel"),
    text("name"),
    text("url"),
    sa.Column("options", sa.JSON),
    sa.Column("secrets", sa.JSON, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    moment("created_at"),
    maybe("last_event_at", Moment),
    maybe("last_error"),
)

channel_windows = sa.Table(
    "channel_windows",
    metadata,
    *key("tenant", "account", "external_id"),
    maybe("since", Moment),
    maybe("until", Moment),
    maybe("remaining", sa.Integer),
    maybe("hint"),
    sa.Column("left", sa.Boolean, nullable=False, server_default=sa.false()),
    moment("updated_at"),
)

channel_cursors = sa.Table(
    "channel_cursors",
    metadata,
    *key("tenant", "account"),
    text("cursor"),
    maybe("node"),
    maybe("lease_until", Moment),
    moment("fetched_at"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    *key("tenant", "account", "provider_id"),
    text("conversation"),
    sa.Column("seq", sa.Integer, nullable=False),
    moment("at"),
    sa.Index("deliveries_by_conversation", "tenant", "conversation"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    *key("tenant", "account", "event_id"),
    text("body_hash"),
    maybe("conversation"),
    maybe("seq", sa.Integer),
    moment("received_at"),
    sa.Index("inbox_by_time", "tenant", "received_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    *key("tenant"),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    moment("at"),
    text("actor"),
    text("action"),
    text("subject"),
    sa.Column("detail", sa.JSON, nullable=False),
    text("previous_hash"),
    text("hash"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    *key("tenant", "id"),
    text("kind"),
    text("subject"),
    text("state"),
    text("step"),
    sa.Column("progress", sa.JSON, nullable=False),
    text("requested_by"),
    moment("created_at"),
    moment("updated_at"),
    sa.Index("jobs_by_state", "tenant", "state"),
)

training_messages = sa.Table(
    "training_messages",
    metadata,
    *key("tenant", "id"),
    text("conversation"),
    number("seq"),
    moment("at"),
    text("language"),
    text("reason"),
    text("state"),
    text("text"),
    maybe("intent"),
    maybe("confidence", sa.Float),
    maybe("wording"),
    maybe("label"),
    maybe("labelled_by"),
    maybe("labelled_at", Moment),
    maybe("reviewed_by"),
    maybe("reviewed_at", Moment),
    moment("created_at"),
    sa.Index("training_messages_by_entry", "tenant", "conversation", "seq", unique=True),
    sa.Index("training_messages_by_state", "tenant", "state", "at"),
)

training_cursors = sa.Table("training_cursors", metadata, *key("tenant"), moment("upto"))

nodes = sa.Table("nodes", metadata, *key("id"), text("version"), moment("started_at"), moment("seen_at"))

files = sa.Table(
    "files",
    metadata,
    *key("tenant", "id"),
    text("contact"),
    maybe("conversation"),
    text("name"),
    text("type"),
    number("size"),
    text("sha256"),
    maybe("author"),
    maybe("seq", sa.Integer),
    maybe("audience"),
    moment("created_at"),
    sa.Index("files_by_contact", "tenant", "contact"),
    sa.Index("files_by_conversation", "tenant", "conversation"),
)
