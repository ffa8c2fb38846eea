"""Contacts who have an agent of their own, and those who come before others by some classes."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service.agents.model import Role
from handoff_service.desk.care import care_for, set_care
from handoff_service.errors import Invalid, NotFound
from handoff_service.handoffs import store as handoffs
from handoff_service.retention.export import export_person
from tests.handoff_service.handoffs.test_push import Floor, Hire, floor, on_sqlite  # noqa: F401
from tests.handoff_service.stage import end_shift

pytestmark = on_sqlite


async def cared(floor: Floor, sender: Any, by: Any, **care: Any) -> None:  # noqa: F811
    parts = {"whose": None, "classes": 0} | care
    await floor.database.write(lambda tx: set_care(tx, by, sender.contact, floor.context, **parts))


async def test_his_own_agent_is_waited_for_while_he_is_there(floor: Floor, hire: Hire) -> None:  # noqa: F811
    await floor.configure()
    lin = await hire("lin", capacity=1)
    sender, other = await floor.arrive(), await floor.arrive()
    busy = await floor.asks(other)
    await floor.sweep()
    assert await floor.whose(busy) == "lin"
    await floor.accept(busy)
    await cared(floor, sender, await hire("chen"), whose=lin.id)
    his = await floor.asks(sender)
    await floor.sweep(1)
    assert await floor.whose(his) is None, "chen is free, but lin is there"
    await floor.close(busy)
    await floor.sweep(1)
    assert await floor.whose(his) == "lin"


async def test_an_agent_who_is_not_there_or_takes_too_long_is_not_waited_for(floor: Floor, hire: Hire) -> None:  # noqa: F811
    await floor.configure()
    lin, chen = await hire("lin", capacity=0), await hire("chen")
    sender = await floor.arrive()
    await cared(floor, sender, chen, whose=lin.id)
    first = await floor.asks(sender)
    await floor.sweep(59)
    assert await floor.whose(first) is None
    await floor.sweep(1)
    assert await floor.whose(first) == "chen"
    await floor.accept(first)
    await floor.close(first)
    await floor.database.write(lambda tx: end_shift(tx.connection, lin, floor.clock()))
    second = await floor.asks(sender)
    await floor.sweep()
    assert await floor.whose(second) == "chen", "nobody waits for him who has gone home"


async def test_classes_put_him_before_others_and_not_above_the_highest(floor: Floor, hire: Hire) -> None:  # noqa: F811
    await floor.configure()
    chen = await hire("chen", capacity=0)
    plain, dear = await floor.arrive(), await floor.arrive()
    await cared(floor, dear, chen, classes=2)

    async def priority(conversation: str) -> int:
        head = await floor.head(conversation)
        found = await floor.database.read(lambda c: handoffs.find(c, "demo", str(head.handoff)))
        return found.priority

    first = await floor.asks(plain, priority=3)
    floor.clock.advance(1)
    second = await floor.asks(dear, priority=3)
    order = await floor.database.read(lambda c: handoffs.waiting(c, "demo", "support"))
    assert [one.conversation for one in order] == [second, first]
    assert (await priority(first), await priority(second)) == (3, 5)
    dearest = await floor.arrive()
    await cared(floor, dearest, chen, classes=3)
    assert await priority(await floor.asks(dearest, priority=8)) == 9


async def test_what_is_set_is_told_and_taken_away(floor: Floor, hire: Hire) -> None:  # noqa: F811
    await floor.configure()
    lin, chen = await hire("lin"), await hire("chen")
    sender = await floor.arrive()
    await cared(floor, sender, chen, whose=lin.id, classes=1)
    told = await floor.database.write(
        lambda tx: export_person(tx, "demo", sender.contact, requested_by="agent:x", context=floor.context)
    )
    assert told["contact"]["care"] == {"agent": lin.id, "name": lin.name, "classes": 1}
    await cared(floor, sender, chen)
    care = await floor.database.read(lambda c: care_for(c, "demo", sender.contact))
    assert (care.agent, care.classes) == (None, 0)
    with pytest.raises(NotFound):
        await cared(floor, sender, chen, whose="nobody")
    analyst = await hire("ana", role=Role.ANALYST)
    with pytest.raises(Invalid, match="does not answer customers"):
        await cared(floor, sender, chen, whose=analyst.id)
