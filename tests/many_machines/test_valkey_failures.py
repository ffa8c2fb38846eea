"""F-43: Valkey may stop, forget everything or hang. Messages are stored and acknowledged all the same; what was rung
meanwhile is heard when it is back. These replicas do not poll, so nothing else could have told them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.handoff_service.web.visitors import Customer, Socket
from tests.many_machines.replicas import WITHIN_S, Replica, Town, eventually, gapless, town
from tests.many_machines.servers import Valkey


@pytest.fixture
async def here(valkey_pair: list[Replica]) -> AsyncIterator[Town]:
    async with town(valkey_pair) as one:
        yield one


async def followed_elsewhere(here: Town) -> tuple[Customer, Socket]:
    """A customer who writes on one replica, and a socket that follows him on the other."""
    customer = await here.customer(0)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    socket = await (await here.moved(customer, to=1)).socket((customer.conversation, 0))
    await socket.entry(lambda entry: entry["author"]["kind"] == "bot", within=WITHIN_S)
    return customer, socket


async def carried(customer: Customer, socket: Socket) -> None:
    """The wire works again: what is written here is seen there."""

    async def seen() -> bool:
        sent = await customer.write("are you there?")
        try:
            await socket.reach(customer.conversation, sent["seq"], within=1)
        except TimeoutError:
            return False
        return True

    await eventually(seen, "a message on the other replica")


async def test_messages_go_on_while_valkey_is_gone_and_are_all_heard_when_it_is_back(
    here: Town, valkey: Valkey
) -> None:
    customer, socket = await followed_elsewhere(here)
    await asyncio.to_thread(valkey.stop)
    try:
        for number in range(10):
            sent = await customer.write(f"alone {number}")
        assert await here.replicas[0].readiness() == 200, "it takes messages"
        assert await here.replicas[1].readiness() == 200
    finally:
        await asyncio.to_thread(valkey.start)
    await socket.reach(customer.conversation, sent["seq"], within=WITHIN_S)
    await carried(customer, socket)
    assert [text for text in gapless(await here.entries(customer.conversation)) if text.startswith("alone")] == [
        f"alone {number}" for number in range(10)
    ]


async def test_a_killed_valkey_and_a_flushed_one_cost_nothing(here: Town, valkey: Valkey) -> None:
    customer, socket = await followed_elsewhere(here)
    await asyncio.to_thread(valkey.client().flushall)
    await carried(customer, socket)
    await asyncio.to_thread(valkey.kill)
    sent = await customer.write("meanwhile")
    await asyncio.to_thread(valkey.start)
    await socket.reach(customer.conversation, sent["seq"], within=WITHIN_S)
    await asyncio.to_thread(valkey.client().client_kill_filter, _type="pubsub")  # only the subscribers lose it
    await carried(customer, socket)


async def test_nobody_waits_for_a_valkey_that_hangs(here: Town, valkey: Valkey) -> None:
    customer, socket = await followed_elsewhere(here)
    hanging = asyncio.create_task(asyncio.to_thread(valkey.client().execute_command, "DEBUG", "SLEEP", "5"))
    await asyncio.sleep(0.2)
    for number in range(10):
        sent = await customer.write(f"not waiting {number}")
    assert not hanging.done(), "all were acknowledged while it hung"
    await hanging
    await socket.reach(customer.conversation, sent["seq"], within=WITHIN_S)
