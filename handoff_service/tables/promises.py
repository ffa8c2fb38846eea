"""Deadlines that people have: the clocks of the service level, and what was promised in words."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, number, text

sla_clocks = sa.Table(
    "sla_clocks",
    metadata,
    *key("tenant", "handoff", "kind"),
    sa.Column("since_seq", sa.Integer, primary_key=True, autoincrement=False),
    text("conversation"),
    text("queue"),
    text("channel"),
    number("priority"),
    moment("started_at"),
    number("target_s"),
    number("used_s"),
    text("state"),
    maybe("warn_at", Moment),
    maybe("due_at", Moment),
    maybe("warned_at", Moment),
    maybe("breached_at", Moment),
    maybe("ended_at", Moment),
    maybe("next_at", Moment),
    sa.Index("sla_clocks_by_conversation", "tenant", "conversation"),
    sa.Index("sla_clocks_by_state", "tenant", "state", "due_at"),
    # Holds all that the counts of the last days look at.
    sa.Index("sla_clocks_by_start", "tenant", "started_at", "queue", "kind", "state", "breached_at"),
    sa.Index("sla_clocks_by_breach", "tenant", "breached_at"),
    sa.Index("sla_clocks_by_next", "next_at"),
    sa.Index(
        "sla_clocks_going",
        *("tenant", "due_at"),
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    sa.Index(
        "sla_clocks_to_tell",
        *("tenant", "conversation", "next_at"),
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    ),
)

promises = sa.Table(
    "promises",
    metadata,
    *key("tenant", "id"),
    text("conversation"),
    number("seq"),
    number("n"),
    text("text"),
    text("deed"),
    text("by_kind"),
    text("by_id"),
    maybe("queue"),
    moment("said_at"),
    moment("due_at"),
    moment("remind_at"),
    sa.Column("vague", sa.Boolean, nullable=False),
    text("state"),
    maybe("reminded_at", Moment),
    maybe("overdue_at", Moment),
    maybe("settled_at", Moment),
    maybe("settled_by"),
    maybe("reason"),
    maybe("next_at", Moment),
    sa.Index("promises_by_entry", "tenant", "conversation", "seq", "n", unique=True),
    sa.Index("promises_by_state", "tenant", "state", "due_at"),
    sa.Index("promises_by_next", "next_at"),
    sa.Index(
        "promises_owed",
        *("tenant", "conversation", "seq"),
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)
