"""What is kept about the work: the audit, jobs, training, copies of articles."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, number, text

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

# What the bot noticed on a day of the tenant's, [[signal, rule, outcome, count]]; counted from the timelines.
signal_days = sa.Table(
    "signal_days",
    metadata,
    *key("tenant", "day"),
    sa.Column("counts", sa.JSON, nullable=False),
    moment("counted_at"),
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

article_copies = sa.Table(
    "article_copies",
    metadata,
    *key("tenant", "article", "language"),
    text("title"),
    sa.Column("questions", sa.JSON, nullable=False),
    text("answer"),
    moment("copied_at"),
    maybe("category"),
)
