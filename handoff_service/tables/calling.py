"""Who was called to a handoff, and which colleague was asked inside a conversation."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, text

# The steps by which people were called to a handoff, n = 1, 2, 3: the primary key lets each happen once.
calls = sa.Table(
    "calls",
    metadata,
    *key("tenant", "handoff"),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    text("rung"),
    maybe("agent"),
    moment("at"),
    maybe("shown_at", Moment),
    maybe("shown_to"),
    maybe("held_at", Moment),
)

# When everybody of a queue was last seen with his hands full while somebody was to be called.
full_queues = sa.Table("full_queues", metadata, *key("tenant", "queue"), moment("at"))

mentions = sa.Table(
    "mentions",
    metadata,
    *key("tenant", "agent", "conversation"),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    text("asked_by"),
    moment("at"),
    maybe("seen_at", Moment),
    maybe("answered_seq", sa.Integer),
    sa.Index("mentions_by_answer", "tenant", "agent", "answered_seq", "at"),
    sa.Index("mentions_by_conversation", "tenant", "conversation"),
)
