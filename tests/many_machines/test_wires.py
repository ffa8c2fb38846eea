"""The wires between bells alone: what they drop they make good, and nobody who rings ever waits for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from handoff_service.bell import Bell, typing_topic
from handoff_service.errors import Unavailable
from handoff_service.wires import CHANNEL, MOST_WAITING, NotifyWire, ValkeyWire
from tests.many_machines.replicas import eventually
from tests.many_machines.servers import Valkey, free_port

TOPIC = "conversation/demo/c_1"


class Node:
    """A bell with a wire, and everything that it was rung for."""

    def __init__(self, url: str) -> None:
        self.bell = Bell()
        self.heard: list[tuple[str, Any]] = []
        for topic in (TOPIC, typing_topic("demo", "c_1")):
            self.bell.listen(topic, lambda topic, detail: self.heard.append((topic, detail)))
        self.wire = ValkeyWire(url, self.bell)
        self.bell.wire = self.wire

    async def __aenter__(self) -> Node:
        self._task = asyncio.create_task(self.wire.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def listening(self) -> None:
        async def hears() -> bool:
            return self.wire.hears

        await eventually(hears, "the wire hears")
        self.heard.clear()

    async def hears(self, topic: str) -> Any:
        """The detail with which the topic was rung."""

        async def rung() -> list[Any]:
            return [[detail] for one, detail in self.heard if one == topic]

        return (await eventually(rung, f"{topic} rung"))[0][0]


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[str], Awaitable[Node]]]:
    """`await connect(url)`: a node with a running wire."""
    async with AsyncExitStack() as stack:
        yield lambda url: stack.enter_async_context(Node(url))


async def test_rings_and_hints_arrive_and_do_not_come_back(valkey: Valkey, connect: Any) -> None:
    a, b = await connect(valkey.url), await connect(valkey.url)
    await a.listening()
    await b.listening()
    a.bell.tell(TOPIC)
    a.bell.tell(typing_topic("demo", "c_1"), {"session": "s_1", "author": {"kind": "customer", "name": "访客"}})
    assert await b.hears(TOPIC) is None
    assert (await b.hears(typing_topic("demo", "c_1")))["author"]["name"] == "访客"
    await asyncio.sleep(0.2)
    assert len(a.heard) == 2, "once here, and not again over the wire"


async def test_nobody_waits_for_a_server_that_is_not_there(connect: Any) -> None:
    a = await connect(f"valkey://127.0.0.1:{free_port()}")
    for _ in range(3 * MOST_WAITING):
        a.bell.tell(TOPIC)
    await asyncio.sleep(0.1)
    assert len(a.heard) == 3 * MOST_WAITING, "all were heard here"
    assert len(a.wire._waiting) <= MOST_WAITING, "and they are not kept for ever"
    assert not a.wire.hears


async def test_who_had_to_drop_rings_rings_everything_afterwards(valkey: Valkey, connect: Any) -> None:
    """The others were connected all the time and could not know that anything was missing."""
    b = await connect(valkey.url)
    await b.listening()
    away = Node(valkey.url)  # its wire does not run yet, as if its server could not be reached
    away.bell.tell(TOPIC)
    for number in range(MOST_WAITING):
        away.bell.tell(f"conversation/demo/c_other{number}")
    assert (TOPIC, None) not in away.wire._waiting, "it was dropped"
    async with away:
        await b.hears(TOPIC)


async def test_what_is_not_understood_is_passed_over(valkey: Valkey, connect: Any) -> None:
    a, b = await connect(valkey.url), await connect(valkey.url)
    await a.listening()
    await b.listening()
    for wrong in (
        b"\xff",
        b"[]",
        b'{"from": 1}',
        json.dumps({"from": "x", "everything": False, "rings": [1]}).encode(),
    ):
        await asyncio.to_thread(valkey.client().publish, CHANNEL, wrong)
    a.bell.tell(TOPIC)
    await b.hears(TOPIC)


async def test_hints_by_notify_know_their_sender_and_survive_a_database_that_is_away() -> None:
    carried: list[str] = []
    failures = 1
    bell, heard = Bell(), []
    bell.listen("typing/demo/c", lambda _, detail: heard.append(detail))

    async def notify(payload: str) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise Unavailable("down")
        carried.append(payload)

    wire, other = NotifyWire(notify, bell), NotifyWire(notify, bell)
    running = asyncio.create_task(wire.run())
    for number in range(3):
        wire.publish("typing/demo/c", {"n": number})
    wire.publish("typing/demo/c", {"n": "x" * 5000})  # more than NOTIFY takes

    async def two() -> bool:
        return len(carried) >= 2

    await eventually(two, "the later hints are carried")
    running.cancel()
    for payload in (*carried, "typing/demo/c\nnonsense", "typing/demo/c\n[]"):
        wire.hear(payload)
    assert heard == [], "its own, and nonsense"
    other.hear(carried[0])
    other.hear("typing/demo/c")
    assert heard == [{"n": 1}, None]


def test_everything_is_rung_once_but_typing_is_not_made_up() -> None:
    bell, heard = Bell(), []
    for topic in ("desk/demo", TOPIC, typing_topic("demo", "c_1")):
        bell.listen(topic, lambda topic, _: heard.append(topic))
    bell.ring_all()
    assert sorted(heard) == [TOPIC, "desk/demo"]
