"""All tables, the same on SQLite and PostgreSQL. The tenant comes first in every key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(sa.types.TypeDecorator[datetime]):
    """A timezone-aware datetime stored as microseconds since 1970, which sorts and subtracts alike everywhere."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone reached the database")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + timedelta(microseconds=value)


def _text(name: str, *args: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, *args, nullable=options.pop("nullable", False), **options)


def _maybe(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _key(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _number(name: str, default: int = 0) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False, default=default)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, Moment, nullable=False)


meta = sa.Table("meta", metadata, *_key("key"), _text("value"))

tenants = sa.Table("tenants", metadata, *_key("id"), _text("name"), sa.Column("settings", sa.JSON, nullable=False))

contacts = sa.Table(
    "contacts",
    metadata,
    *_key("tenant", "id"),
    _text("name"),
    _maybe("language"),
    _moment("created_at"),
    _maybe("erased_at", Moment),
)

contact_identities = sa.Table(
    "contact_identities",
    metadata,
    *_key("tenant", "channel", "external_id"),
    _text("contact"),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Index("identities_by_contact", "tenant", "contact"),
)

visitor_tokens = sa.Table(
    "visitor_tokens", metadata, *_key("token_hash"), _text("tenant"), _text("contact"), _moment("expires_at")
)

used_identity_tokens = sa.Table(
    "used_identity_tokens", metadata, *_key("tenant", "jti"), _text("contact"), _moment("expires_at")
)

conversations = sa.Table(
    "conversations",
    metadata,
    *_key("tenant", "id"),
    _text("channel"),
    _text("contact"),
    _text("language"),
    _text("owner_kind"),
    _maybe("owner_agent"),
    _maybe("queue"),
    _number("epoch"),
    _number("phase", 1),
    _number("last_seq"),
    _maybe("handoff"),
    _maybe("deadline_at", Moment),
    _moment("opened_at"),
    _moment("updated_at"),
    _maybe("closed_at", Moment),
    _text("preview"),
    _maybe("mood", sa.Float),
    _maybe("rated_seq", sa.Integer),
    _maybe("account"),
    sa.Column("hold", sa.Boolean, nullable=False, server_default=sa.false()),
    _maybe("erased_at", Moment),
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
    *_key("tenant", "conversation"),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    _text("mid"),
    _text("kind"),
    _text("audience"),
    _text("author_kind"),
    _text("author_id"),
    _text("author_name"),
    _maybe("client_id"),
    sa.Column("body", sa.JSON, nullable=False),
    _text("body_hash"),
    _number("epoch"),
    _maybe("turn"),
    _moment("at"),
    sa.Index("entries_by_client_id", "tenant", "author_kind", "author_id", "client_id", unique=True),
    sa.Index("entries_by_mid", "mid", unique=True),
)

handoffs = sa.Table(
    "handoffs",
    metadata,
    *_key("tenant", "id"),
    _text("conversation"),
    _text("reason"),
    _number("priority"),
    _text("queue"),
    _text("language"),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("rank", sa.BigInteger, nullable=False),
    _number("requested_seq"),
    _moment("requested_at"),
    _maybe("queued_at", Moment),
    _maybe("offered_at", Moment),
    _maybe("offered_to"),
    _maybe("accepted_at", Moment),
    _maybe("accepted_by"),
    _maybe("first_reply_at", Moment),
    _maybe("closed_at", Moment),
    _maybe("wrap_up"),
    sa.Column("declined", sa.JSON, nullable=False),
    sa.Index("handoffs_by_conversation", "tenant", "conversation"),
    sa.Index("handoffs_by_rank", "tenant", "queue", "rank"),
    sa.Index("handoffs_by_acceptance", "tenant", "queue", "accepted_at"),
)

agents = sa.Table(
    "agents",
    metadata,
    *_key("tenant", "id"),
    _text("email"),
    _text("name"),
    _text("password_hash"),
    _text("role"),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("queues", sa.JSON, nullable=False),
    _number("capacity"),
    _number("open"),
    _text("status"),
    sa.Column("disabled", sa.Boolean, nullable=False),
    _maybe("seen_at", Moment),
    _maybe("last_assigned_at", Moment),
    sa.Index("agents_by_email", "tenant", "email", unique=True),
)

agent_sessions = sa.Table(
    "agent_sessions",
    metadata,
    *_key("token_hash"),
    _text("tenant"),
    _text("agent"),
    _moment("created_at"),
    _moment("seen_at"),
)

desks = sa.Table(
    "desks", metadata, *_key("tenant", "agent", "session"), sa.Column("lease_until", Moment, nullable=False)
)

socket_tickets = sa.Table(
    "socket_tickets",
    metadata,
    *_key("ticket_hash"),
    _text("tenant"),
    _text("principal_kind"),
    _text("principal_id"),
    _moment("expires_at"),
    _maybe("sign_in"),
)

cursors = sa.Table(
    "cursors",
    metadata,
    *_key("tenant", "principal_kind", "principal_id", "device", "conversation"),
    _number("acked_seq"),
    _number("read_seq"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    *_key("tenant", "id"),
    _text("conversation"),
    _text("destination"),
    _number("seq"),
    _text("state"),
    _number("attempts"),
    _moment("next_at"),
    _maybe("lease_owner"),
    _maybe("lease_until", Moment),
    _maybe("error"),
    _maybe("provider_id"),
    _maybe("parts_sent", sa.Integer),
    sa.Index("outbox_by_head", "tenant", "conversation", "destination", "state", "seq"),
    sa.Index("outbox_by_due", "state", "next_at"),
)

turns = sa.Table(
    "turns",
    metadata,
    *_key("tenant", "id"),
    _text("conversation"),
    _number("epoch"),
    _number("upto_seq"),
    _text("state"),
    _maybe("bot"),
    sa.Column("errors", sa.JSON, nullable=False),
    _moment("started_at"),
    _maybe("ended_at", Moment),
    sa.Index("turns_by_conversation", "tenant", "conversation", "state"),
)

operations = sa.Table(
    "operations",
    metadata,
    *_key("tenant", "actor", "op_id"),
    _text("body_hash"),
    sa.Column("result", sa.JSON, nullable=False),
    _moment("at"),
)

tickets = sa.Table(
    "tickets",
    metadata,
    *_key("tenant", "id"),
    _text("conversation"),
    _text("subject"),
    _text("reply_to"),
    _text("state"),
    _moment("due_at"),
    _moment("created_at"),
    _maybe("number"),
    _maybe("type"),
    _maybe("fields", sa.JSON),
    _maybe("turn"),
    sa.Index("tickets_by_state", "tenant", "state", "due_at"),
    sa.Index("tickets_by_number", "tenant", "number", unique=True),
    sa.Index("tickets_by_turn", "tenant", "turn", unique=True),
)

article_copies = sa.Table(
    "article_copies",
    metadata,
    *_key("tenant", "article", "language"),
    _text("title"),
    sa.Column("questions", sa.JSON, nullable=False),
    _text("answer"),
    _moment("copied_at"),
)

channel_accounts = sa.Table(
    "channel_accounts",
    metadata,
    *_key("tenant", "id"),
    _text("channel"),
    _text("name"),
    _text("url"),
    sa.Column("options", sa.JSON),
    sa.Column("secrets", sa.JSON, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    _moment("created_at"),
    _maybe("last_event_at", Moment),
    _maybe("last_error"),
)

channel_windows = sa.Table(
    "channel_windows",
    metadata,
    *_key("tenant", "account", "external_id"),
    _maybe("since", Moment),
    _maybe("until", Moment),
    _maybe("remaining", sa.Integer),
    _maybe("hint"),
    sa.Column("left", sa.Boolean, nullable=False, server_default=sa.false()),
    _moment("updated_at"),
)

channel_cursors = sa.Table(
    "channel_cursors",
    metadata,
    *_key("tenant", "account"),
    _text("cursor"),
    _maybe("node"),
    _maybe("lease_until", Moment),
    _moment("fetched_at"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    *_key("tenant", "account", "provider_id"),
    _text("conversation"),
    sa.Column("seq", sa.Integer, nullable=False),
    _moment("at"),
    sa.Index("deliveries_by_conversation", "tenant", "conversation"),
    sa.Index("deliveries_by_time", "at"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    *_key("tenant", "account", "event_id"),
    _text("body_hash"),
    _maybe("conversation"),
    _maybe("seq", sa.Integer),
    _moment("received_at"),
    sa.Index("inbox_by_time", "tenant", "received_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    *_key("tenant"),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    _moment("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    sa.Column("detail", sa.JSON, nullable=False),
    _text("previous_hash"),
    _text("hash"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    *_key("tenant", "id"),
    _text("kind"),
    _text("subject"),
    _text("state"),
    _text("step"),
    sa.Column("progress", sa.JSON, nullable=False),
    _text("requested_by"),
    _moment("created_at"),
    _moment("updated_at"),
    sa.Index("jobs_by_state", "tenant", "state"),
)

training_messages = sa.Table(
    "training_messages",
    metadata,
    *_key("tenant", "id"),
    _text("conversation"),
    _number("seq"),
    _moment("at"),
    _text("language"),
    _text("reason"),
    _text("state"),
    _text("text"),
    _maybe("intent"),
    _maybe("confidence", sa.Float),
    _maybe("wording"),
    _maybe("label"),
    _maybe("labelled_by"),
    _maybe("labelled_at", Moment),
    _maybe("reviewed_by"),
    _maybe("reviewed_at", Moment),
    _moment("created_at"),
    sa.Index("training_messages_by_entry", "tenant", "conversation", "seq", unique=True),
    sa.Index("training_messages_by_state", "tenant", "state", "at"),
)

training_cursors = sa.Table("training_cursors", metadata, *_key("tenant"), _moment("upto"))

nodes = sa.Table("nodes", metadata, *_key("id"), _text("version"), _moment("started_at"), _moment("seen_at"))

files = sa.Table(
    "files",
    metadata,
    *_key("tenant", "id"),
    _text("contact"),
    _maybe("conversation"),
    _text("name"),
    _text("type"),
    _number("size"),
    _text("sha256"),
    _maybe("author"),
    _maybe("seq", sa.Integer),
    _maybe("audience"),
    _moment("created_at"),
    sa.Index("files_by_contact", "tenant", "contact"),
    sa.Index("files_by_conversation", "tenant", "conversation"),
)
