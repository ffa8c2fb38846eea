"""All SQL of mentions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.mentions.model import Mention

M = tables.mentions.c


def add(connection: sa.Connection, tenant: str, mention: Mention) -> None:
    values = {name: getattr(mention, name) for name in Mention.__dataclass_fields__}
    connection.execute(sa.insert(tables.mentions).values(tenant=tenant, **values))


def listed(
    connection: sa.Connection, tenant: str, *, agent: str | None = None, asked_by: str | None = None, limit: int = 50
) -> list[Mention]:
    """Of whom, or by whom; those without an answer first, then the newest."""
    query = sa.select(tables.mentions).where(M.tenant == tenant)
    if agent is not None:
        query = query.where(M.agent == agent)
    if asked_by is not None:
        query = query.where(M.asked_by == asked_by)
    query = query.order_by(sa.case((M.answered_seq.is_(None), 0), else_=1), M.at.desc(), M.seq).limit(limit)
    return [
        Mention(**{name: row[name] for name in Mention.__dataclass_fields__})
        for row in connection.execute(query).mappings()
    ]


def unanswered(connection: sa.Connection, tenant: str, agent: str, *, limit: int = 50) -> list[Mention]:
    """What an agent was asked and has not answered, the newest first."""
    query = (
        sa.select(tables.mentions)
        .where(M.tenant == tenant, M.agent == agent, M.answered_seq.is_(None))
        .order_by(M.at.desc())
        .limit(limit)
    )
    return [
        Mention(**{name: row[name] for name in Mention.__dataclass_fields__})
        for row in connection.execute(query).mappings()
    ]


def answer(connection: sa.Connection, tenant: str, agent: str, conversation: str, *, seq: int, now: datetime) -> int:
    """An agent wrote entry `seq`: what he was asked here is answered. Returns how many these were."""
    where = (M.tenant == tenant, M.agent == agent, M.conversation == conversation, M.answered_seq.is_(None))
    values = {"answered_seq": seq, "seen_at": sa.func.coalesce(M.seen_at, sa.literal(now, type_=M.seen_at.type))}
    return connection.execute(sa.update(tables.mentions).where(*where).values(**values)).rowcount


def see(connection: sa.Connection, tenant: str, agent: str, conversation: str, now: datetime) -> int:
    """An agent has looked at what he was asked in a conversation. Returns how much was new to him."""
    where = (M.tenant == tenant, M.agent == agent, M.conversation == conversation, M.seen_at.is_(None))
    return connection.execute(sa.update(tables.mentions).where(*where).values(seen_at=now)).rowcount
