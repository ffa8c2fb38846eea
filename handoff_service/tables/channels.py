"""What comes in over channels and goes out again."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, number, text

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
    maybe("parts_digest"),
    maybe("upto", sa.Integer),  # the last entry that the attempts at this one say as well
    sa.Index("outbox_by_head", "tenant", "conversation", "destination", "state", "seq"),
    sa.Index("outbox_by_due", "state", "next_at"),
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
    maybe("last_error_at", Moment),
    maybe("token_until", Moment),
    maybe("probed_at", Moment),
    sa.Column("findings", sa.JSON),
    maybe("refresh_until", Moment),  # of what renews the access token; none where nothing does
    maybe("refresh_is_last", sa.Boolean),
)

channel_media = sa.Table(
    "channel_media",
    metadata,
    *key("tenant", "conversation"),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    text("ref"),
    moment("at"),
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
