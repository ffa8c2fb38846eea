"""What a supervisor sees of the queues: every figure counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service.agents.model import Status
from handoff_service.clock import iso
from handoff_service.handoffs.queues_now import queues_now
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import end_shift

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def test_who_is_there_and_who_waits_since_when(floor: Floor, hire: Any) -> None:
    lin = await hire("lin", capacity=2)
    await hire("maya", capacity=1, status=Status.BUSY)
    await hire("chen", queues=("senior",))
    gone = await hire("gone")
    await floor.do(lambda tx: end_shift(tx.connection, gone, floor.clock()))
    await floor.served(lin)
    asked_at = floor.clock()
    await floor.waits()
    floor.clock.advance(30)
    await floor.waits()
    sender, leaving = await floor.waits()
    await floor.choose(sender, leaving, "leave-message", text="later")
    support, senior = await floor.database.read(lambda c: queues_now(c, "demo", floor.context))
    assert support["agents"] == {"online": 1, "away": 0, "busy": 1, "offline": 1, "full": 0, "room": 1}
    assert (support["waiting"], support["oldest"], support["served"], support["mailbox"]) == (2, iso(asked_at), 1, 1)
    assert (support["open"], support["tier"]) == (True, 1)
    assert senior["agents"] == {"online": 2, "away": 0, "busy": 1, "offline": 1, "full": 0, "room": 4}
    assert (senior["waiting"], senior["oldest"], senior["tier"]) == (0, None, 2)
