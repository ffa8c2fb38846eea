"""All SQL of misunderstood messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import Conflict, NotFound
from handoff_service.ids import new_id
from handoff_service.training.model import Found, Misunderstood, Reason, State

M = tables.training_messages.c
K = tables.training_cursors.c
C = tables.conversations.c


def _message(row: sa.RowMapping) -> Misunderstood:
    columns = {name: row[name] for name in Misunderstood.__dataclass_fields__}
    return Misunderstood(**{**columns, "reason": Reason(row["reason"]), "state": State(row["state"])})


def add(connection: sa.Connection, tenant: str, conversation: str, found: Found, text: str, now: datetime) -> bool:
    """Keeps a message under its text without personal data; False when it is known. A stronger reason is noted."""
    where = (M.tenant == tenant, M.conversation == conversation, M.seq == found.seq)
    known = connection.execute(sa.select(M.reason, M.state).where(*where)).first()
    if known is not None:
        reasons = list(Reason)
        if reasons.index(found.reason) < reasons.index(Reason(known.reason)) and known.state == State.OPEN:
            connection.execute(sa.update(tables.training_messages).where(*where).values(reason=found.reason))
        return False
    connection.execute(
        sa.insert(tables.training_messages).values(
            tenant=tenant,
            id=new_id("tm"),
            conversation=conversation,
            seq=found.seq,
            at=found.at,
            language=found.language,
            reason=found.reason,
            state=State.OPEN,
            text=text,
            intent=found.intent,
            confidence=found.confidence,
            created_at=now,
        )
    )
    return True


def find(connection: sa.Connection, tenant: str, message: str, *, lock: bool = False) -> Misunderstood:
    """One message. Raises NotFound."""
    query = sa.select(tables.training_messages).where(M.tenant == tenant, M.id == message)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound(f"There is no message {message} for training.")
    return _message(row)


def listed(connection: sa.Connection, tenant: str, states: Sequence[State], *, limit: int) -> list[Misunderstood]:
    """Messages in these states, the newest first."""
    query = sa.select(tables.training_messages).where(M.tenant == tenant, M.state.in_(states))
    rows = connection.execute(query.order_by(M.at.desc(), M.id).limit(limit)).mappings()
    return [_message(row) for row in rows]


def counts(connection: sa.Connection, tenant: str) -> dict[str, int]:
    """How many messages are in each state."""
    query = sa.select(M.state, sa.func.count()).where(M.tenant == tenant).group_by(M.state)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {state.value: found.get(state.value, 0) for state in State}


def change(connection: sa.Connection, message: Misunderstood, **values: Any) -> Misunderstood:
    """Writes columns if the message is still in the state in which the caller saw it. Raises Conflict."""
    where = (M.tenant == message.tenant, M.id == message.id, M.state == message.state)
    if connection.execute(sa.update(tables.training_messages).where(*where).values(**values)).rowcount == 0:
        raise Conflict("Somebody else has just worked on this message; look at it again.")
    return find(connection, message.tenant, message.id)


def forget(connection: sa.Connection, tenant: str, conversation: str) -> int:
    """Deletes everything that came from an erased conversation, lines that were accepted too. Returns how many."""
    where = (M.tenant == tenant, M.conversation == conversation)
    return connection.execute(sa.delete(tables.training_messages).where(*where)).rowcount


def cursor(connection: sa.Connection, tenant: str) -> datetime | None:
    """Conversations that changed before this moment have been looked through."""
    return connection.execute(sa.select(K.upto).where(K.tenant == tenant)).scalar_one_or_none()


def move_cursor(connection: sa.Connection, tenant: str, upto: datetime) -> None:
    """Notes how far the conversations have been looked through."""
    moved = sa.update(tables.training_cursors).where(K.tenant == tenant).values(upto=upto)
    if connection.execute(moved).rowcount == 0:
        connection.execute(sa.insert(tables.training_cursors).values(tenant=tenant, upto=upto))


def changed_since(
    connection: sa.Connection, tenant: str, after: datetime | None, *, limit: int
) -> list[tuple[str, datetime]]:
    """(id, time of change) of conversations that changed after this moment, the earliest change first."""
    where = [C.tenant == tenant, C.erased_at.is_(None), *([C.updated_at > after] if after is not None else [])]
    query = sa.select(C.id, C.updated_at).where(*where).order_by(C.updated_at, C.id).limit(limit)
    return [(row.id, row.updated_at) for row in connection.execute(query)]
