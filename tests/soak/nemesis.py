"""Breaks things: seeded periods with a random subset of faults, about a quarter of them with none."""

from __future__ import annotations

import asyncio
import random
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.soak.far_bot import FarBot
from tests.soak.gateways import Gateway, GatewayEnded
from tests.soak.proxy import CALM, ChaosProxy, Cut, Script
from tests.soak.scribe import Scribe
from tests.soak.stores import PostgresStore, SqliteStore, ValkeyServer, limit_files
from tests.soak.wire import Signals

CALM_PERIODS = 0.25
# What a clock sets that is ahead by less than Tandem can tell from a plan waits until the others get there: at most
# a minute for a conversation and a quarter of an hour for a delivery. So steps forward are short here, or long.
CLOCK_STEPS_S = (-3600.0, -600.0, -30.0, 15.0, 30.0, 3600.0)
LONG_SOAK_S, LONG_STOP_S = 15 * 60.0, 60.0
NOTICED_S = 10.0  # a load balancer looks every few seconds, and believes it the third time


class Moody(Protocol):
    """A platform: it takes every delivery alike, as a step of FakePlatform says, or well for None."""

    def always(self, step: str | None) -> None: ...


@dataclass
class Victims:
    """What a nemesis may break: only what the soak started itself."""

    gateways: Sequence[Gateway]
    proxy: ChaosProxy
    bot: FarBot | None  # None when it is the real one, which nobody started here
    store: SqliteStore | PostgresStore | None  # None where nothing was started here
    platforms: Sequence[Moody]
    valkey: ValkeyServer | None


@dataclass(frozen=True)
class Fault:
    """`act` breaks something for `seconds` and repairs it before it returns."""

    name: str
    act: Callable[[float], Awaitable[None]]


@dataclass
class Nemesis:
    """`run` breaks things until the soak stops writing; `heal` repairs whatever is left.

    The first `long_stops` faults are freezes longer than any lease, each alone; `longest_freeze_s` is measured.
    """

    victims: Victims
    scribe: Scribe
    signals: Signals
    rng: random.Random
    period_s: float = 8.0
    longest_stop_s: float = 6.0
    only: tuple[str, ...] = ()
    long_stops: int = 0
    done: list[str] = field(default_factory=list)
    longest_freeze_s: float = 0.0

    def faults(self) -> list[Fault]:
        """Those that apply to this soak."""
        victims = self.victims
        able = [
            Fault("kill", self._kill),
            Fault("freeze", self._freeze),
            Fault("restart", self._restart),
            Fault("network", self._network),
            Fault("network", self._network),
        ]
        if victims.bot is not None:
            able += [Fault("bot mood", self._bot_mood), Fault("bot down", self._bot_down)]
        if isinstance(victims.store, PostgresStore):
            able.append(Fault("postgres crash", self._postgres))
        elif victims.store is not None:
            able.append(Fault("file limit", self._file_limit))
        if victims.store is not None and victims.store.disk.is_small:
            able.append(Fault("disk full", self._disk_full))
        elif isinstance(victims.store, SqliteStore) and all(gateway.with_clock for gateway in victims.gateways):
            able.append(Fault("disk full", self._commits_fail))
        if victims.valkey is not None:
            able.append(Fault("valkey", self._valkey))
        if victims.platforms:
            able.append(Fault("platform", self._platform))
        if all(gateway.with_clock for gateway in victims.gateways):
            able.append(Fault("clock", self._clock))
        return [fault for fault in able if not self.only or fault.name in self.only]

    async def run(self) -> None:
        able = self.faults()
        while self.signals.writing and not self.signals.over.is_set():
            seconds = self.rng.uniform(0.5, 1.2) * self.period_s
            if self.rng.random() < CALM_PERIODS:
                self.scribe.note("a calm period")
                await self.signals.pause(seconds)
                continue
            chosen = self.rng.sample(able, k=min(len(able), self.rng.choice([1, 1, 2, 3])))
            if self.long_stops:  # a kill meanwhile would make it short
                chosen = [fault for fault in able if fault.name == "freeze"] or chosen
            async with asyncio.TaskGroup() as group:
                for fault in {fault.name: fault for fault in chosen}.values():
                    group.create_task(self._one(fault, seconds))
            await self.signals.pause(self.rng.uniform(0.5, 2.0))

    async def _one(self, fault: Fault, seconds: float) -> None:
        await self.signals.pause(self.rng.uniform(0, seconds / 3))
        self.scribe.fault("start", fault.name)
        self.done.append(fault.name)
        try:
            await fault.act(seconds)
        finally:
            self.scribe.fault("stop", fault.name)

    async def heal(self) -> None:
        """Nothing is broken any more when this returns."""
        victims = self.victims
        victims.proxy.script = lambda: CALM
        victims.proxy.end_troubled()
        if victims.bot is not None:
            victims.bot.mood = "well"
            await victims.bot.start()
        for platform in victims.platforms:
            platform.always(None)
        for gateway in victims.gateways:
            gateway.thaw()
            gateway.turn_clock(0)
            gateway.fill_disk(False)
            if gateway.killed:
                gateway.start()
            await gateway.ready()
        self.scribe.fault("heal")

    # -- processes

    async def _kill(self, seconds: float) -> None:
        gateway = self.rng.choice(self.victims.gateways)
        self.scribe.note(f"SIGKILL gateway {gateway.number}")
        gateway.kill()
        await self.signals.pause(self.rng.uniform(0.1, seconds / 2))
        await self._again(gateway)

    async def _restart(self, seconds: float) -> None:  # noqa: ARG002
        """One replica after the other, as a rolling deploy does."""
        for gateway in self.victims.gateways:
            if not gateway.killed and not gateway.frozen:
                await asyncio.to_thread(gateway.kill, signal.SIGTERM)
                await self._again(gateway)

    async def _again(self, gateway: Gateway) -> None:
        """Starts it until it is ready, unless another fault did; one may also kill it before that."""
        while True:
            if gateway.killed:
                gateway.start()
            try:
                return await gateway.ready()
            except GatewayEnded:
                if not gateway.killed:
                    raise

    async def _freeze(self, seconds: float) -> None:
        gateway = self.rng.choice(self.victims.gateways)
        stopped = min(self.longest_stop_s, seconds * self.rng.uniform(0.3, 1.0))
        if self.long_stops:
            self.long_stops, stopped = self.long_stops - 1, LONG_STOP_S
        self.scribe.note(f"SIGSTOP gateway {gateway.number} for {stopped:.1f} s")
        gateway.freeze()
        begun = time.monotonic()
        noticed = self.rng.choice([0.0, NOTICED_S])
        await self.signals.pause(min(stopped, noticed))
        gateway.listed = False
        await self.signals.pause(max(0.0, stopped - noticed))
        if gateway.frozen:  # else it was killed meanwhile
            self.longest_freeze_s = max(self.longest_freeze_s, time.monotonic() - begun)
        gateway.thaw()

    async def _clock(self, seconds: float) -> None:
        """F-09, F-29, F-48: steps in both directions; who is killed meanwhile comes back with the right time."""
        gateway, step = self.rng.choice(self.victims.gateways), self.rng.choice(CLOCK_STEPS_S)
        self.scribe.note(f"clock of gateway {gateway.number} is {step:+g} s off")
        gateway.turn_clock(step)
        await self.signals.pause(seconds)
        gateway.turn_clock(0)

    # -- the network and the far sides

    async def _network(self, seconds: float) -> None:
        rng, proxy = self.rng, self.victims.proxy
        kind = rng.choice(["cut", "cut", "reset", "hold", "delay", "throttle", "refuse"])
        self.scribe.note(f"network: {kind}")

        def script() -> Script:
            if rng.random() < 0.3:
                return CALM
            if kind in ("cut", "reset", "hold"):
                then = {"cut": "drop", "reset": "reset", "hold": "hold"}[kind]
                return Script(cut=Cut(rng.choice(["up", "down"]), rng.randint(1, 6000), then))  # type: ignore[arg-type]
            if kind == "delay":
                return Script(delay_s=rng.uniform(0.05, 0.8))
            return Script(rate=rng.uniform(2000, 20000)) if kind == "throttle" else Script(refuse=True)

        proxy.script = script
        for connection in tuple(proxy.connections):
            if rng.random() < 0.5:
                connection.end()
        await self.signals.pause(seconds)
        proxy.script = lambda: CALM
        proxy.end_troubled()

    async def _bot_mood(self, seconds: float) -> None:
        bot = self.victims.bot
        assert bot is not None
        bot.mood = self.rng.choice(["slow", "late", "garbage", "failing", "big"])
        self.scribe.note(f"bot: {bot.mood}")
        await self.signals.pause(seconds)
        bot.mood = "well"

    async def _bot_down(self, seconds: float) -> None:
        bot = self.victims.bot
        assert bot is not None
        bot.down()
        await self.signals.pause(seconds)
        await bot.start()

    async def _platform(self, seconds: float) -> None:
        platform = self.rng.choice(self.victims.platforms)
        step = self.rng.choice(["500", "429:1", "reset", "reset_after", "timeout_after:3", "slow:1", "garbage"])
        self.scribe.note(f"platform: {step}")
        platform.always(step)
        await self.signals.pause(seconds)
        platform.always(None)

    # -- the stores

    async def _postgres(self, seconds: float) -> None:
        store = self.victims.store
        assert isinstance(store, PostgresStore)
        await asyncio.to_thread(store.crash)
        await self.signals.pause(self.rng.uniform(0, seconds / 3))
        await asyncio.to_thread(store.start)

    async def _valkey(self, seconds: float) -> None:
        valkey = self.victims.valkey
        assert valkey is not None
        if self.rng.random() < 0.4:
            await valkey.flush()
            return
        valkey.stop()
        await self.signals.pause(seconds)
        valkey.start()

    async def _disk_full(self, seconds: float) -> None:
        store = self.victims.store
        assert store is not None
        await asyncio.to_thread(store.disk.fill)
        await self.signals.pause(seconds / 2)
        store.disk.empty()

    async def _commits_fail(self, seconds: float) -> None:
        """Where no small file system can be mounted: the failpoint before the commit says ENOSPC."""
        for gateway in self.victims.gateways:
            gateway.fill_disk(True)
        await self.signals.pause(seconds / 2)
        for gateway in self.victims.gateways:
            gateway.fill_disk(False)

    async def _file_limit(self, seconds: float) -> None:
        """Writes at the end of the database or its log fail with EFBIG, as with a quota."""
        gateway = self.rng.choice(self.victims.gateways)
        if gateway.process is None or gateway.process.poll() is not None:
            return
        limit_files(gateway.process.pid, self.rng.choice([4096, 200_000, 1_000_000]))
        await self.signals.pause(seconds / 2)
        if gateway.process.poll() is None:
            limit_files(gateway.process.pid, resource.RLIM_INFINITY)
