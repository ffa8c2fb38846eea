"""Work that outlives a conversation: tickets with their logs, and what a complaint has beside them."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, text

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
    sa.Column("priority", sa.Integer, nullable=False, server_default="3"),
    sa.Column("tier", sa.Integer, nullable=False, server_default="1"),
    sa.Column("last_n", sa.Integer, nullable=False, server_default="0"),
    maybe("source"),
    maybe("contact"),
    maybe("agent"),
    maybe("queue"),
    maybe("about_agent"),
    maybe("merged_into"),
    maybe("updated_at", Moment),
    maybe("ended_at", Moment),
    maybe("overdue_at", Moment),
    maybe("check_at", Moment),
    maybe("check_plan", sa.JSON),
    maybe("look_at", Moment),
    maybe("told_in"),
    maybe("told_seq", sa.Integer),
    sa.Index("tickets_by_state", "tenant", "state", "due_at"),
    sa.Index("tickets_by_number", "tenant", "number", unique=True),
    sa.Index("tickets_by_turn", "tenant", "turn", unique=True),
    sa.Index("tickets_by_conversation", "tenant", "conversation"),
    sa.Index("tickets_by_contact", "tenant", "contact"),
    sa.Index(
        "tickets_by_merge",
        "tenant",
        "merged_into",
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    ),
    sa.Index("tickets_by_agent", "tenant", "agent", "state", "due_at"),
    sa.Index("tickets_by_queue", "tenant", "queue", "state", "due_at"),
    sa.Index("tickets_by_type", "tenant", "type", "state", "due_at"),
    sa.Index(
        "tickets_by_look",
        "look_at",
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    ),
)

ticket_events = sa.Table(
    "ticket_events",
    metadata,
    *key("tenant", "ticket"),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    text("kind"),
    text("actor"),
    text("audience"),
    sa.Column("body", sa.JSON, nullable=False),
    moment("at"),
)

ticket_links = sa.Table(
    "ticket_links",
    metadata,
    *key("tenant", "ticket", "conversation"),
    moment("at"),
    sa.Index("ticket_links_by_conversation", "tenant", "conversation"),
)

ticket_files = sa.Table(
    "ticket_files", metadata, *key("tenant", "ticket", "file"), text("actor"), text("audience"), moment("at")
)

ticket_words = sa.Table("ticket_words", metadata, *key("tenant", "word", "ticket"), sqlite_with_rowid=False)

complaints = sa.Table(
    "complaints",
    metadata,
    *key("tenant", "ticket"),
    text("category"),
    maybe("cause"),
    maybe("threat"),
    text("wanted"),
    sa.Column("evidence", sa.JSON, nullable=False),
    moment("filed_at"),
    maybe("answered_at", Moment),
    sa.Index("complaints_by_time", "tenant", "filed_at"),
)

remedies = sa.Table(
    "remedies",
    metadata,
    *key("tenant", "id"),
    text("ticket"),
    text("kind"),
    sa.Column("amount", sa.BigInteger, nullable=False),
    text("note"),
    text("state"),
    text("proposed_by"),
    moment("proposed_at"),
    maybe("decided_by"),
    maybe("decided_at", Moment),
    maybe("done_at", Moment),
    sa.Index("remedies_by_ticket", "tenant", "ticket"),
)
