"""All SQL of cursors: what a device received, and what a person has seen."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.statements import Statement

K = tables.cursors.c
# Of every status that a served customer is sent.
SEEN = Statement(
    sa.select(sa.func.max(K.read_seq).label("seen")).where(
        K.tenant == sa.bindparam("tenant"),
        K.principal_kind == "agent",
        K.principal_id == sa.bindparam("agent"),
        K.conversation == sa.bindparam("conversation"),
    )
)


def save_cursor(
    connection: sa.Connection,
    tenant: str,
    principal: tuple[str, str],
    device: str,
    conversation: str,
    *,
    acked: int,
    read: int,
) -> bool:
    """Remembers what a device received and a person has seen; neither ever goes back. Whether it has received more."""
    where = (
        K.tenant == tenant,
        K.principal_kind == principal[0],
        K.principal_id == principal[1],
        K.device == device,
        K.conversation == conversation,
    )
    known = connection.execute(sa.select(K.acked_seq, K.read_seq).where(*where)).first()
    if known is None:
        connection.execute(
            sa.insert(tables.cursors).values(
                tenant=tenant,
                principal_kind=principal[0],
                principal_id=principal[1],
                device=device,
                conversation=conversation,
                acked_seq=acked,
                read_seq=read,
            )
        )
        return True
    connection.execute(
        sa.update(tables.cursors)
        .where(*where)
        .values(acked_seq=max(known.acked_seq, acked), read_seq=max(known.read_seq, read))
    )
    return bool(acked > known.acked_seq)


def read_seqs(connection: sa.Connection, tenant: str, principal: tuple[str, str]) -> dict[str, int]:
    """How far a person has read in each conversation, over all devices."""
    query = (
        sa.select(K.conversation, sa.func.max(K.read_seq).label("seq"))
        .where(K.tenant == tenant, K.principal_kind == principal[0], K.principal_id == principal[1])
        .group_by(K.conversation)
    )
    return {row.conversation: row.seq for row in connection.execute(query)}


def read_by_customers(connection: sa.Connection, tenant: str, listed: Sequence[Conversation]) -> dict[str, int]:
    """How far the customer of each of these conversations has read, as his page or his platform tells."""
    return _by_customers(connection, tenant, listed, K.read_seq)


def got_by_customers(connection: sa.Connection, tenant: str, listed: Sequence[Conversation]) -> dict[str, int]:
    """How far the customer's page has received each of these conversations; an open one receives every entry."""
    return _by_customers(connection, tenant, listed, K.acked_seq) if listed else {}


def _by_customers(
    connection: sa.Connection, tenant: str, listed: Sequence[Conversation], seq: sa.Column[int]
) -> dict[str, int]:
    query = (
        sa.select(K.conversation, sa.func.max(seq).label("seq"))
        .where(K.tenant == tenant, K.principal_kind == "customer")
        .where(K.principal_id.in_({one.contact for one in listed}), K.conversation.in_([one.id for one in listed]))
        .group_by(K.conversation)
    )
    return {row.conversation: row.seq for row in connection.execute(query)}


def seen(connection: sa.Connection, conversation: Conversation) -> dict[str, int]:
    """{"seen": seq} up to where the agent who has the conversation has read it; {} while nobody of us reads."""
    if conversation.owner.kind is not OwnerKind.AGENT:
        return {}
    row = SEEN.first(
        connection, tenant=conversation.tenant, agent=conversation.owner.agent, conversation=conversation.id
    )
    return {"seen": row["seen"]} if row is not None and row["seen"] else {}


def forget(connection: sa.Connection, tenant: str, principal: tuple[str, str]) -> int:
    """Deletes the cursors of a person on all his devices. Returns how many these were."""
    where = (K.tenant == tenant, K.principal_kind == principal[0], K.principal_id == principal[1])
    return connection.execute(sa.delete(tables.cursors).where(*where)).rowcount
