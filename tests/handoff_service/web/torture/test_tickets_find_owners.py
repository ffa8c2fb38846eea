"""A ticket that nobody has, in a queue that gives: whoever comes has it at once, however long nobody came before."""

from __future__ import annotations

import asyncio
from typing import Any

from handoff_service.tickets import store
from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import AGES, configure, cut, gone, queue
from tests.handoff_service.web.visitors import Desk, accepted, fresh, refused

HOUR = 3600


async def unowned(own_house: Any) -> tuple[Any, FakeClock, Desk, str]:
    """A house, its clock, an agent without a desk, and a ticket for which nobody came within two hours."""
    clock = FakeClock()
    house = await own_house(clock=clock, **AGES)
    await configure(house, queues=[queue(assign_tickets=True), {"id": "senior", "name": "Senior"}])
    lin = await house.agent("lin")
    body = {"op_id": fresh(), "subject": "find the parcel", "type": "order", "queue": "support"}
    ticket = accepted(await lin.post("/v1/tickets", body))["ticket"]  # signed in, and no desk open
    for _ in range(40):
        clock.advance(HOUR / 20)
        await looked_at(house, ticket)
    return house, clock, lin, ticket


async def now(house: Any, ticket: str) -> Any:
    return await house.database.read(lambda c: store.find(c, house.tenant.id, ticket, None))


async def looked_at(house: Any, ticket: str) -> None:
    """The sweeper has done what was due."""
    async with asyncio.timeout(20):
        while True:
            found = await now(house, ticket)
            if found.look_at is None or found.look_at > house.gateway.clock():
                return
            await asyncio.sleep(0.02)


async def owned_by(house: Any, ticket: str, agent: str) -> None:
    async with asyncio.timeout(20):
        while (await now(house, ticket)).agent != agent:
            await asyncio.sleep(0.02)


@on_both
async def test_who_opens_his_desk_has_it_without_a_minute_passing(own_house: Any) -> None:
    house, clock, lin, ticket = await unowned(own_house)
    before = await now(house, ticket)
    assert before.agent is None
    assert before.look_at is not None
    assert (before.look_at - clock()).total_seconds() > 15 * 60, "so long it would have lain there"
    await lin.socket()
    await owned_by(house, ticket, lin.id)


async def test_who_says_that_he_is_back_has_it_and_not_before(own_house: Any) -> None:
    house, _, lin, ticket = await unowned(own_house)
    accepted(await lin.post("/v1/agents/me/presence", {"status": "away", "reason": "lunch"}))
    await lin.socket()
    await asyncio.sleep(0.3)
    assert (await now(house, ticket)).agent is None, "he eats"
    accepted(await lin.post("/v1/agents/me/presence", {"status": "online"}))
    await owned_by(house, ticket, lin.id)


async def test_who_has_put_it_back_does_not_get_it_by_coming_again(own_house: Any) -> None:
    house, _, lin, ticket = await unowned(own_house)
    desk = await lin.socket()
    await owned_by(house, ticket, lin.id)
    accepted(await lin.post(f"/v1/tickets/{ticket}/release", {"op_id": fresh()}))
    await cut(desk)
    await gone(house, lin)
    await lin.socket()
    maya = await house.agent("maya")
    await maya.socket()
    await owned_by(house, ticket, maya.id)
    refused(await lin.post(f"/v1/tickets/{ticket}/take", {"op_id": fresh()}), 409, "already_taken")


async def test_who_does_not_serve_its_queue_wakes_nothing(own_house: Any) -> None:
    house, _, _, ticket = await unowned(own_house)
    before = await now(house, ticket)
    other = await house.agent("maya", queues=("senior",))
    await other.socket()
    await asyncio.sleep(0.3)
    after = await now(house, ticket)
    assert (after.look_at, after.agent, after.last_n) == (before.look_at, None, before.last_n)
