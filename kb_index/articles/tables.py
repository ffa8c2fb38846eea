"""The tables of articles and tasks, the same on SQLite and PostgreSQL. The tenant comes first in every key."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from kb_index.database import Moment

metadata = sa.MetaData()


def _key(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


articles = sa.Table(
    "articles",
    metadata,
    *_key("tenant", "id", "language"),
    sa.Column("revision", sa.Integer, nullable=False),
    *_texts("state"),
    sa.Column("served", sa.Integer),  # the revision that is published, while a newer one is a draft
    *_texts("title", "category", "audience", "owner", "review_by", "labels", "changed_by"),
    sa.Column("changed_at", Moment, nullable=False),
)

revisions = sa.Table(
    "article_revisions",
    metadata,
    *_key("tenant", "id", "language"),
    sa.Column("revision", sa.Integer, primary_key=True),
    *_texts("state", "action"),
    sa.Column("content", sa.JSON(none_as_null=True)),  # empty once the article was deleted
    *_texts("actor", "why"),
    sa.Column("at", Moment, nullable=False),
)

categories = sa.Table(
    "article_categories", metadata, *_key("tenant", "path"), sa.Column("titles", sa.JSON, nullable=False)
)

operations = sa.Table(
    "article_operations",
    metadata,
    *_key("tenant", "op"),
    *_texts("fingerprint", "id", "language"),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

tasks = sa.Table(
    "article_tasks",
    metadata,
    *_key("tenant", "id"),
    *_texts("cause", "kind", "severity", "article", "language", "owner", "message"),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("opened", Moment, nullable=False),
    *_texts("due"),
    sa.Column("done", Moment),
)

withdrawals = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),  # never used twice
    *_texts("tenant", "article"),
    sa.Column("language", sa.Text),
    sa.Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)
