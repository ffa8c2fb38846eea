"""Customers who come, say a few things and are gone; and people of one tenant who try the doors of another."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.soak.people import Agent, Customer
from tests.soak.scribe import Scribe
from tests.soak.wire import Signals

STAYS_S = (4.0, 15.0)
WRITES = (1, 4)
ASKS = 0.12  # how many of them want a person
TRIES_EVERY_S = 1.5
# What a foreigner asks for: of an agent's desk and of a customer's widget.
AS_AGENT = ("take-over", "claim", "close", "entries")
AS_CUSTOMER = ("ask-human", "solved", "leave-message", "entries")


class Passers:
    """Visitors, one every `every_s` seconds on the average, each of them somebody new. `run` ends when all are gone."""

    def __init__(
        self, every_s: float, url: str, origin: str, run_name: str, *, scribe: Scribe, signals: Signals, seed: int
    ) -> None:
        self._every_s, self._url, self._origin, self._run_name = every_s, url, origin, run_name
        self._scribe, self._signals, self._seed = scribe, signals, seed
        self._rng = random.Random(f"{seed} passers")
        self.came = 0
        self.here = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while self._signals.writing and not self._signals.over.is_set():
                await self._signals.pause(self._rng.expovariate(1 / self._every_s))
                if self._signals.writing and not self._signals.over.is_set():
                    self.came += 1
                    self.here += 1
                    group.create_task(self._visit(1000 + self.came))

    async def _visit(self, number: int) -> None:
        signals = self._signals
        one = Customer(number, self._url, self._origin, scribe=self._scribe, signals=signals, seed=self._seed)
        try:
            await one.prepare(1, run=self._run_name)
            (device,) = one.devices
            connected = asyncio.create_task(device.run())
            try:
                for _ in range(one.rng.randint(*WRITES)):
                    device.write(one.current or None, one.text(device, "human" if one.rng.random() < ASKS else ""))
                    await device.flush_quietly()
                    await signals.pause(one.rng.uniform(0.3, 4.0))
                await signals.pause(one.rng.uniform(*STAYS_S))
                while device.outbox and not signals.over.is_set():  # nobody leaves before his words are out
                    await signals.pause(0.5)
            finally:
                connected.cancel()
                await asyncio.gather(connected, return_exceptions=True)
                await one.http.close()
        finally:
            self.here -= 1


class Trespasser:
    """An agent and a customer of one tenant who ask for conversations of another. Whatever they get is written down."""

    def __init__(self, agent: Agent, customer: Customer, others: Scribe, *, signals: Signals, seed: int) -> None:
        self._agent, self._customer, self._others, self._signals = agent, customer, others, signals
        self._rng = random.Random(f"{seed} trespasser")
        self.tried = 0
        self.refused = 0

    async def run(self) -> None:
        while not self._signals.over.is_set():
            await self._signals.pause(TRIES_EVERY_S)
            if self._signals.writing and self._others.conversations:
                await self._try(self._rng.choice(sorted(self._others.conversations)))

    async def _try(self, conversation: str) -> None:
        desk = self._rng.random() < 0.5
        who: Agent | Customer = self._agent if desk else self._customer
        principal = self._agent.author if desk else self._customer.principal
        headers = None if desk else self._customer.headers
        door = self._rng.choice(AS_AGENT if desk else AS_CUSTOMER)
        path = f"/v1/conversations/{conversation}/{door}"
        if door == "entries":
            answered = await who.http.get(path, headers, after=0, limit=5)
        else:
            answered = await who.http.post(path, self._asked(door), headers)
        self.tried += answered.outcome != "info"
        self.refused += answered.outcome == "fail"
        if answered.outcome == "ok":
            who.scribe.saw(principal, door, conversation)

    def _asked(self, door: str) -> dict[str, Any]:
        more: dict[str, Any] = {"take-over": {"epoch": 1}, "close": {"epoch": 1, "wrap_up": "solved"}}.get(door, {})
        return {"op_id": f"foreign-{self._rng.getrandbits(48):012x}", **more, **self._words(door)}

    def _words(self, door: str) -> dict[str, Any]:
        return {"text": "call me"} if door == "leave-message" else {}
