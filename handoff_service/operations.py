"""Commands that may be repeated: the same op_id returns the recorded result instead of acting twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations.model import body_hash
from handoff_service.database import Transaction
from handoff_service.errors import Mismatch
from handoff_service.statements import Statement, inserting

O = tables.operations.c  # noqa: E741
_mine = (
    O.tenant == sa.bindparam("of_tenant"),
    O.actor == sa.bindparam("of_actor"),
    O.op_id == sa.bindparam("of_op_id"),
)
KNOWN = Statement(sa.select(O.body_hash, O.result).where(*_mine))
ADD = inserting(tables.operations, "tenant", "actor", "op_id", "body_hash", "result", "at")
KEEP = Statement(sa.update(tables.operations).where(*_mine).values(result=sa.bindparam("result")))

Result = dict[str, Any]


def once(
    tx: Transaction,
    tenant: str,
    actor: str,
    op_id: str,
    *,
    request: Mapping[str, Any],
    now: datetime,
    work: Callable[[], Result],
) -> Result:
    """Runs `work` unless this actor's op_id was done before. Raises Mismatch if it was for another request.

    Errors are not recorded: a command that was refused may be tried again with the same op_id.
    """
    digest = body_hash("operation", actor, request)
    known = KNOWN.first(tx.connection, of_tenant=tenant, of_actor=actor, of_op_id=op_id)
    if known is not None:
        if known["body_hash"] != digest:
            raise Mismatch(f"op_id {op_id} was used before for another request; use a new one.", op_id=op_id)
        return dict(known["result"])
    # First the row, then the work: a repeat at the same moment waits here, starts over and finds the result.
    ADD.run(tx.connection, tenant=tenant, actor=actor, op_id=op_id, body_hash=digest, result={}, at=now)
    result = work()
    KEEP.run(tx.connection, of_tenant=tenant, of_actor=actor, of_op_id=op_id, result=result)
    return result


def is_known(connection: sa.Connection, tenant: str, actor: str, op_id: str) -> bool:
    """Whether this actor's op_id was done before."""
    return KNOWN.first(connection, of_tenant=tenant, of_actor=actor, of_op_id=op_id) is not None


def forget_before(connection: sa.Connection, moment: datetime) -> None:
    """Deletes results of commands that were carried out before this moment."""
    connection.execute(sa.delete(tables.operations).where(O.at < moment))


def forget(connection: sa.Connection, tenant: str, actor: str, subjects: Sequence[str]) -> int:
    """Deletes the commands of an actor, and everybody's on these conversations and tickets. Returns how many.

    The hash of a command covers its text, and that of a short text can be guessed.
    """
    about = sa.or_(*(O.result[part].as_string().in_(subjects) for part in ("conversation", "ticket")))
    return connection.execute(
        sa.delete(tables.operations).where(O.tenant == tenant, sa.or_(O.actor == actor, about))
    ).rowcount
