"""Commands that are repeated: recorded once, however many copies of them arrive at the same moment."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.database import Database, Transaction
from handoff_service.errors import Invalid, Mismatch
from handoff_service.operations import once
from tests.handoff_service.stage import MONDAY

M = tables.meta.c


def count(tx: Transaction) -> dict[str, Any]:
    """Work with an effect that shows how often it happened."""
    before = tx.connection.execute(sa.select(M.value).where(M.key == "count").with_for_update()).scalar_one_or_none()
    if before is None:
        tx.connection.execute(sa.insert(tables.meta).values(key="count", value="1"))
        return {"count": 1}
    tx.connection.execute(sa.update(tables.meta).where(M.key == "count").values(value=str(int(before) + 1)))
    return {"count": int(before) + 1}


def command(op_id: str, *, actor: str = "agent:a_1", tenant: str = "demo", **request: Any) -> Any:
    def work(tx: Transaction) -> dict[str, Any]:
        return once(tx, tenant, actor, op_id, request=request, now=MONDAY, work=lambda: count(tx))

    return work


async def test_a_repeat_returns_the_recorded_result(database: Database) -> None:
    assert await database.write(command("op-00001", wish="a")) == {"count": 1}
    assert await database.write(command("op-00001", wish="a")) == {"count": 1}
    assert await database.write(command("op-00002", wish="a")) == {"count": 2}


async def test_the_same_op_id_for_something_else_is_a_mismatch(database: Database) -> None:
    await database.write(command("op-00001", wish="a"))
    with pytest.raises(Mismatch):
        await database.write(command("op-00001", wish="b"))
    assert await database.write(command("op-00002")) == {"count": 2}


async def test_op_ids_of_different_people_and_tenants_do_not_meet(database: Database) -> None:
    for number, who in enumerate(({}, {"actor": "agent:a_2"}, {"actor": "customer:a_1"}, {"tenant": "other"}), 1):
        assert await database.write(command("op-00001", **who)) == {"count": number}


async def test_a_refused_command_may_be_tried_again(database: Database) -> None:
    def refused(tx: Transaction) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            raise Invalid("not now")

        return once(tx, "demo", "agent:a_1", "op-00001", request={}, now=MONDAY, work=work)

    with pytest.raises(Invalid):
        await database.write(refused)
    assert await database.write(command("op-00001")) == {"count": 1}


async def test_twenty_copies_at_once_act_once_and_all_hear_the_same(database: Database) -> None:
    results = await asyncio.gather(*(database.write(command("op-00001", wish="a")) for _ in range(20)))
    assert results == [{"count": 1}] * 20
