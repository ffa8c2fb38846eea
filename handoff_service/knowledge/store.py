"""All SQL of the local copy of published articles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.knowledge.matching import Copy

A = tables.article_copies.c

Version = tuple[datetime, int]


def replace(connection: sa.Connection, tenant: str, copies: Sequence[Copy], now: datetime) -> None:
    """What customers of the tenant may read from now on; what is not among it is gone."""
    connection.execute(sa.delete(tables.article_copies).where(A.tenant == tenant))
    rows = [
        {
            "tenant": tenant,
            "article": copy.article,
            "language": copy.language,
            "title": copy.title,
            "questions": list(copy.questions),
            "answer": copy.answer,
            "copied_at": now,
            "category": copy.category,
        }
        for copy in copies
    ]
    if rows:
        connection.execute(sa.insert(tables.article_copies), rows)


def copied_at(connection: sa.Connection, tenant: str) -> datetime | None:
    """When the present copy was made."""
    query = sa.select(sa.func.max(A.copied_at, type_=A.copied_at.type)).where(A.tenant == tenant)
    moment: datetime | None = connection.execute(query).scalar_one()
    return moment


def versions(connection: sa.Connection, tenants: Sequence[str]) -> dict[str, Version]:
    """Which copies these tenants have now, another version whenever they are replaced; none for who has no copies."""
    made = sa.func.max(A.copied_at, type_=A.copied_at.type)
    query = sa.select(A.tenant, made, sa.func.count()).where(A.tenant.in_(tenants)).group_by(A.tenant)
    return {tenant: (moment, count) for tenant, moment, count in connection.execute(query)}


def copies(connection: sa.Connection, tenant: str) -> list[Copy]:
    """Everything that was copied for a tenant."""
    query = sa.select(A.article, A.language, A.title, A.questions, A.answer, A.category).where(A.tenant == tenant)
    ordered = connection.execute(query.order_by(A.article, A.language))
    return [
        Copy(row.article, row.language, row.title, tuple(row.questions), row.answer, row.category or "")
        for row in ordered
    ]
