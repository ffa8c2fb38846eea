"""What other systems of a tenant are told, and the keys with which they ask."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, number, text

webhooks = sa.Table(
    "webhooks",
    metadata,
    *key("tenant", "id"),
    text("url"),
    text("description"),
    sa.Column("events", sa.JSON, nullable=False),
    sa.Column("secrets", sa.JSON, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    moment("created_at"),
)

# One row for each event and each webhook that is to be told; `position` orders what concerns the same subject.
webhook_messages = sa.Table(
    "webhook_messages",
    metadata,
    *key("tenant", "id"),
    text("webhook"),
    text("subject"),
    number("position"),
    text("event"),
    sa.Column("body", sa.JSON, nullable=False),
    text("state"),
    number("attempts"),
    moment("next_at"),
    maybe("lease_until", Moment),
    maybe("error"),
    moment("created_at"),
    maybe("ended_at", Moment),
    sa.Index("webhook_messages_by_subject", "tenant", "webhook", "subject", "position"),
    sa.Index("webhook_messages_by_state", "state", "next_at"),
    sa.Index("webhook_messages_listed", "tenant", "state", "id"),
)

webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    *key("tenant", "message"),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    moment("at"),
    number("took_ms"),
    maybe("status", sa.Integer),
    maybe("error"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    *key("tenant", "id"),
    text("name"),
    text("hash"),
    sa.Column("permissions", sa.JSON, nullable=False),
    text("created_by"),
    moment("created_at"),
    maybe("last_used_at", Moment),
    maybe("revoked_at", Moment),
    sa.Index("api_keys_by_hash", "tenant", "hash", unique=True),
    sa.Index("api_keys_by_name", "tenant", "name"),
)
