"""The tables of learning, the same on SQLite and PostgreSQL. The tenant comes first in every key."""

from __future__ import annotations

import sqlalchemy as sa

from kb_index.database import Moment

metadata = sa.MetaData()

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("event", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("conversation", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("question", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("generation", sa.Text),
    sa.Column("action", sa.Text),
    sa.Column("probability", sa.Float),
    sa.Column("threshold", sa.Float),
    sa.Column("margin", sa.Float),
    sa.Column("rule", sa.Text),
    sa.Column("features", sa.JSON),
    sa.Column("shown", sa.JSON, nullable=False),
    sa.Column("article", sa.Text),
    sa.Column("right", sa.Boolean),
    sa.Column("reason", sa.Text),
    sa.Column("entry", sa.Integer),
    sa.Column("agent", sa.Text),
    sa.Column("answer", sa.Text),
    sa.Column("original", sa.Text),
    sa.Column("wrap_up", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("vector", sa.LargeBinary),
    sa.Index("feedback_by_conversation", "tenant", "conversation", "question", "at"),
    sa.Index("feedback_by_time", "tenant", "at"),
)

# Ids of conversations that were erased, which name nobody any more: a report that was under way comes too late.
forgotten = sa.Table(
    "forgotten_conversations",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("conversation", sa.Text, primary_key=True),
    sa.Column("upto", Moment, nullable=False),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("article", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("questions", sa.JSON, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("extends", sa.Boolean, nullable=False),
    sa.Column("provenance", sa.JSON, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("accepted", sa.JSON, nullable=False),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", Moment),
    sa.Index("drafts_by_state", "tenant", "state", "created_at"),
)

golden = sa.Table(
    "golden_questions",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("article", sa.Text),
    sa.Column("also", sa.JSON, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("conversation", sa.Text),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("added_at", Moment, nullable=False),
)
