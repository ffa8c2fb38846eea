"""Conversations, their entries, the bot's turns and what was done to them."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, number, text

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
    # Of the present handoff, and only while it waits or is offered: the order of a queue is read from this row alone.
    maybe("rank", sa.BigInteger),
    maybe("priority", sa.Integer),
    maybe("reserved_for"),
    maybe("reserved_until", Moment),
    maybe("load", sa.Integer),
    maybe("ladder_at", Moment),  # no later than the next step of its ladder of calls
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
    sa.Index("conversations_by_tenants_change", "tenant", "updated_at"),
    sa.Index(
        "conversations_upset",
        *("tenant", "mood"),
        sqlite_where=sa.text("owner_kind <> 'closed'"),
        postgresql_where=sa.text("owner_kind <> 'closed'"),
    ),
    sa.Index(
        "conversations_by_place",
        *("tenant", "queue", "rank", "handoff"),
        sqlite_where=sa.text("rank IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL"),
    ),
    # Everything that routing asks of those who wait: their rows are not touched until one of them is chosen.
    sa.Index(
        "conversations_by_lane",
        *("tenant", "queue", "language", "owner_kind", "reserved_for", "rank", "handoff"),
        *("id", "channel", "priority", "mood"),
        sqlite_where=sa.text("rank IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL"),
    ),
    sa.Index(
        "conversations_reserved",
        *("tenant", "reserved_until"),
        sqlite_where=sa.text("reserved_for IS NOT NULL"),
        postgresql_where=sa.text("reserved_for IS NOT NULL"),
    ),
    sa.Index(
        "conversations_offered",
        *("tenant", "owner_agent"),
        sqlite_where=sa.text("owner_kind = 'offer'"),
        postgresql_where=sa.text("owner_kind = 'offer'"),
    ),
    sa.Index(
        "conversations_by_ladder",
        *("tenant", "queue", "owner_kind", "ladder_at"),
        sqlite_where=sa.text("ladder_at IS NOT NULL"),
        postgresql_where=sa.text("ladder_at IS NOT NULL"),
    ),
    # What a gateway of the release before took out of a queue without its place; the sweeper takes that away.
    sa.Index(
        "conversations_misplaced",
        *("tenant", "id"),
        sqlite_where=sa.text("rank IS NOT NULL AND owner_kind NOT IN ('queue', 'offer')"),
        postgresql_where=sa.text("rank IS NOT NULL AND owner_kind NOT IN ('queue', 'offer')"),
    ),
    # What a gateway of the release before has put into a queue; the sweeper gives it its place.
    sa.Index(
        "conversations_unplaced",
        *("tenant", "id"),
        sqlite_where=sa.text("owner_kind = 'queue' AND rank IS NULL"),
        postgresql_where=sa.text("owner_kind = 'queue' AND rank IS NULL"),
    ),
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

cursors = sa.Table(
    "cursors",
    metadata,
    *key("tenant", "principal_kind", "principal_id", "device", "conversation"),
    number("acked_seq"),
    number("read_seq"),
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
