"""One soak from an empty database to a verdict."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.bench.processes import free_address
from tests.history.events import Recorder
from tests.soak.far_bot import FarBot
from tests.soak.gateways import ROOT, Gateway
from tests.soak.nemesis import LONG_SOAK_S, Nemesis, Victims
from tests.soak.people import Agent, Customer
from tests.soak.plain import PlainCustomers
from tests.soak.platform import PlatformCustomers
from tests.soak.proxy import Address, ChaosProxy
from tests.soak.scribe import Scribe
from tests.soak.settle import Settled, settle
from tests.soak.stores import PostgresStore, SqliteStore, ValkeyServer
from tests.soak.verdict import Verdict, judge
from tests.soak.visitors import Passers, Trespasser
from tests.soak.wire import Line, Signals, Traffic

ORIGIN = "http://shop.soak.example"
THREADS = 40
# What the release before does not know; an upgrade is over before anybody does it (docs/scaling.md).
UNKNOWN_TO_0_1 = ("escalate", "whisper")
MOST_PATIENCE = 4.0  # times what an idle machine gets


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is asked of a soak. `keep`: a folder for history and logs; without it they go when all is well."""

    seconds: float = 180.0
    seed: int = 1
    database: Literal["sqlite", "postgresql"] = "sqlite"
    replicas: int = 1
    valkey: bool = False
    keep: Path | None = None
    planted: str = ""
    bot_url: str = ""
    faults: bool = True
    customers: int = 8
    agents: int = 4
    contacts: int = 3  # of a platform that knows repeats, and of one that does not
    strangers: int = 2  # customers of another tenant
    visitor_every_s: float = 2.5  # somebody new comes, for a short while; 0 for nobody
    pace: float = 1.0  # how many times slower people do things
    only: tuple[str, ...] = ()
    old_release: Path | None = None  # the code of the first replica, as in the middle of an upgrade
    patience_s: float = 150.0
    shrink: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def turns_clocks(self) -> bool:
        """Whether the gateways get clocks that can be turned and disks that can be said to be full; otherwise they are
        started exactly as in production."""
        if self.old_release is not None:
            return False
        return self.faults and not self.planted and (not self.only or not {"clock", "disk full"}.isdisjoint(self.only))

    @property
    def command(self) -> str:
        """Repeats this soak."""
        words = [f"python -m tests.soak --minutes {self.seconds / 60:g} --seed {self.seed} --database {self.database}"]
        words += [f"--replicas {self.replicas}"] if self.replicas != 1 else []
        words += ["--valkey"] if self.valkey else []
        words += [f"--planted {self.planted}"] if self.planted else []
        words += [f"--real-bot {self.bot_url}"] if self.bot_url else []
        words += [f"--pace {self.pace:g}"] if self.pace != 1 else []
        words += [f"--only {name!r}" for name in self.only]
        words += [] if self.faults else ["--calm"]
        return " ".join(words)


Say = Callable[[str], None]


@dataclass
class Soak:
    """Everything that a soak has started."""

    options: Options
    folder: Path
    scribe: Scribe
    signals: Signals
    store: SqliteStore | PostgresStore
    bot: FarBot
    proxy: ChaosProxy
    gateways: list[Gateway]
    platform: PlatformCustomers | None
    plain: PlainCustomers | None
    valkey: ValkeyServer | None
    strangers: Scribe
    url: str = ""
    customers: list[Customer] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    passers: Passers | None = None
    trespasser: Trespasser | None = None
    load: list[float] = field(default_factory=list)  # of the machine, by core, once a second
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[Line]:
        """Every device and desk that stays to the end."""
        return [*self.agents, *(device for customer in self.customers for device in customer.devices)]

    @property
    def slowness(self) -> float:
        """How many times slower the machine was than an idle one: its load on each core, when that was above one."""
        return max(1.0, max(self.load, default=1.0))

    @property
    def patience_s(self) -> float:
        """How long everything may take to be finished, which is more on a machine that is busy with other things."""
        return self.options.patience_s * min(MOST_PATIENCE, self.slowness)

    async def product(self, *module: str) -> str:
        """What a module of the product prints that is run to its end with the settings of the gateways."""
        return await _product(self.environment, *module)

    @property
    def supervisors(self) -> dict[str, Agent]:
        """The first agent of each tenant, who may read everything in it."""
        return {agent.scribe.tenant: agent for agent in reversed(self.agents)}


def gateway_settings(options: Options, *, url: str, store_url: str, bot_url: str, valkey_url: str) -> dict[str, str]:
    """Short times, so that minutes see what takes hours; limits that nobody reaches."""
    settings = {
        "DATABASE_URL": store_url,
        "GATEWAY_URL": url,
        "BOT_URL": options.bot_url or bot_url,
        "KB_INDEX_URL": "http://127.0.0.1:9",
        "SHOP_URL": ORIGIN,
        "BOT_SOFT_S": "1",
        "BOT_HARD_S": "3",
        "REPLY_DEADLINE_S": "10",
        "OFFER_S": "3",
        "AGENT_GRACE_S": "4",
        "DESK_LEASE_S": "6",
        "QUEUE_CHECK_S": "4",
        "BOT_IDLE_S": "15",
        "AGENT_IDLE_S": "30",
        "REOPEN_S": "8",
        "SWEEP_S": "0.5",
        "SOCKET_POLL_S": "2",
        "NODE_LOST_S": "4",
        "HANDOFFS_PER_HOUR": "1000",
        "LIMIT_MESSAGES": "10000/second",
        "LIMIT_VISITORS": "100000/hour",
        "LIMIT_SIGN_IN": "100000/minute",
    }
    if valkey_url:
        settings["BELL_URL"] = valkey_url
    return {f"TANDEM_{name}": value for name, value in {**settings, **options.settings}.items()}


def upstreams(gateways: list[Gateway], rng: random.Random) -> Callable[[], list[Address]]:
    """Every replica, in a random order: what refuses is followed by the next, as behind a load balancer.

    One that hangs is among them until the balancer has noticed.
    """

    def order() -> list[Address]:
        addresses = [gateway.address for gateway in gateways if gateway.listed]
        return rng.sample(addresses, k=len(addresses))

    return order


@contextlib.asynccontextmanager
async def started(options: Options, folder: Path, traffic: Traffic) -> AsyncIterator[Soak]:
    """The parts, running and filled; stopped and removed at the end."""
    rng = random.Random(f"{options.seed} parts")
    scribe = Scribe(Recorder(folder / "history.jsonl"), traffic)
    signals = Signals()
    store = SqliteStore(folder) if options.database == "sqlite" else await asyncio.to_thread(PostgresStore, folder)
    valkey = ValkeyServer(folder, _port()) if options.valkey else None
    bot = FarBot(random.Random(f"{options.seed} bot"))
    platform, plain = None, None
    if options.contacts:
        platform = PlatformCustomers(options.contacts, scribe=scribe, signals=signals, seed=options.seed)
        plain = PlainCustomers(options.contacts, scribe=scribe, signals=signals, seed=options.seed)
    gateways: list[Gateway] = []
    proxy = ChaosProxy(upstreams(gateways, rng))
    try:
        await bot.start()
        url = await proxy.start()
        if valkey is not None:
            valkey.start()
        valkey_url = valkey.url if valkey is not None else ""
        environment = {
            **gateway_settings(options, url=url, store_url=store.url, bot_url=bot.url, valkey_url=valkey_url),
            "TANDEM_VAR": str(folder),
        }
        for number in range(options.replicas):
            gateways.append(Gateway(number, _port(), folder, environment, options.planted, options.turns_clocks))
        if options.old_release is not None:
            gateways[0].code = options.old_release
        soak = Soak(
            options, folder, scribe, signals, store, bot, proxy, gateways, platform, plain, valkey,
            scribe.beside("other"), url, environment=environment,
        )  # fmt: skip
        await _fill(soak, environment)
        for gateway in gateways:
            gateway.start()
        for gateway in gateways:
            await gateway.ready()
        yield soak
    finally:
        signals.over.set()
        for gateway in gateways:
            if gateway.process is not None:
                await asyncio.to_thread(gateway.kill)
        await proxy.stop()
        bot.down()
        for far in (platform, plain):
            if far is not None:
                await asyncio.to_thread(far.close)
        if valkey is not None:
            valkey.stop()
        store.close()
        scribe.recorder.close()


def _port() -> int:
    return int(free_address().rpartition(":")[2])


async def _fill(soak: Soak, environment: dict[str, str]) -> None:
    """Migrates and seeds the database with the product's code, in a process of its own."""
    options = soak.options
    people = {"demo": options.agents, **({"other": 1} if options.strangers else {})}
    words = [f"{name}={count}" for name, count in people.items()] + ["plain"] * (options.old_release is not None)
    made = json.loads(await _product(environment, "tests.soak.seeding", *words))
    for scribe, count, first in ((soak.scribe, options.customers, 0), (soak.strangers, options.strangers, 500)):
        for login in made.get(scribe.tenant, []):
            scribe.recorder.write(
                "agent", agent=scribe.named(f"agent:{login['id']}"), cap=login["capacity"],
                queues=["support", "senior"], languages=["zh", "en"],
            )  # fmt: skip
        _people(soak, scribe, made.get(scribe.tenant, []), range(first, first + count))
    if soak.platform is not None:
        command = ["handoff_service", "channel", "add", "api", "--name", "Soak", "--url", soak.platform.url]
        account = json.loads(await _product(environment, *command))
        soak.platform.connect(account["webhook"], account["secret"])
    if soak.plain is not None:
        command = ["handoff_service", "channel", "add", "telegram", "--name", "Plain", *soak.plain.fields]
        soak.plain.connect(json.loads(await _product(environment, *command)))


def _people(soak: Soak, scribe: Scribe, logins: list[dict[str, Any]], numbers: range) -> None:
    """The agents and customers of one tenant."""
    options = soak.options
    more: dict[str, Any] = {"scribe": scribe, "signals": soak.signals, "seed": options.seed, "pace": options.pace}
    without = UNKNOWN_TO_0_1 if options.old_release is not None else ()
    soak.agents += [Agent(soak.url, login, without=without, **more) for login in logins]
    soak.customers += [Customer(number, soak.url, ORIGIN, **more) for number in numbers]


async def _product(environment: dict[str, str], *module: str) -> str:
    """Runs a module of the product, or one that uses its code, to the end; what it printed. Raises RuntimeError."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    command = [sys.executable, "-m", *module]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env={**kept, **environment}, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(module)} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


async def _watch(soak: Soak, say: Say) -> None:
    """Notes memory and unforeseen ends, and says every fifteen seconds that the soak is alive."""
    begun, noted, beats = time.monotonic(), set(), 0
    before = (0, 0.0)
    while not soak.signals.over.is_set():
        await soak.signals.pause(1.0)
        beats += 1
        soak.load.append(os.getloadavg()[0] / (os.cpu_count() or 1))
        for gateway in soak.gateways:
            gateway.measure()
            code = gateway.ended_by_itself()
            if code is not None and gateway.started_at not in noted:
                noted.add(gateway.started_at)
                soak.scribe.recorder.write("exit", node=f"gateway-{gateway.number}", code=code, wanted=False)
                gateway.start()  # as a supervisor of processes would
        if beats % 15 == 0:
            counts, spent = soak.scribe.counts, sum(gateway.cpu_s for gateway in soak.gateways)
            each = (spent - before[1]) / max(1, counts["sent"] - before[0])
            before = counts["sent"], spent
            say(
                f"{time.monotonic() - begun:5.0f} s  {counts['sent']} messages, {counts['changed']} changes, "
                f"{counts['received']} received, {len(soak.scribe.conversations)} conversations; "
                f"{1000 * each:.0f} ms of processor for each message, load {soak.load[-1]:.1f} on each core"
            )


async def run(options: Options, say: Say) -> Verdict:
    """Runs a soak and judges it. The folder with history and logs stays if it failed or `keep` asks for it."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-soak-")) if options.keep is None else options.keep
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    traffic = Traffic()
    # Every contact of a platform waits in a thread while nobody takes his event; repairs must not wait behind them.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    async with started(options, folder, traffic) as soak:
        settled, nemesis = await _play(soak, say)
    verdict = await asyncio.to_thread(judge, soak, settled, traffic, nemesis)
    if verdict.ok and options.keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict


async def _play(soak: Soak, say: Say) -> tuple[Settled, Nemesis]:
    options, rng = soak.options, random.Random(f"{soak.options.seed} nemesis")
    run_name = f"{options.seed}x"
    for customer in soak.customers:
        await customer.prepare(1 + customer.number % 3, run=run_name)
    for agent in soak.agents:
        await agent.prepare()
    platforms = [far for far in (soak.platform, soak.plain) if far is not None]
    bot = None if options.bot_url else soak.bot
    victims = Victims(soak.gateways, soak.proxy, bot, soak.store, platforms, soak.valkey)
    long_stops = int(options.seconds >= LONG_SOAK_S)
    nemesis = Nemesis(victims, soak.scribe, soak.signals, rng, only=options.only, long_stops=long_stops)
    tasks = [asyncio.create_task(customer.run()) for customer in soak.customers]
    tasks += [asyncio.create_task(agent.work()) for agent in soak.agents]
    tasks += [asyncio.create_task(far.run()) for far in (*platforms, *_passing(soak, run_name))]
    watching = asyncio.create_task(_watch(soak, say))
    breaking = asyncio.create_task(nemesis.run()) if options.faults else None
    try:
        await _until(options.seconds, [*tasks, watching, *([breaking] if breaking else [])])
        soak.signals.writing = False
        say("no new messages; the last fault ends")
        if breaking is not None:
            await breaking
        await nemesis.heal()
        say("healed; waiting until everything is answered and delivered")
        settled = await settle(soak, say)
    finally:
        soak.signals.over.set()
        await asyncio.gather(*tasks, watching, return_exceptions=True)
    return settled, nemesis


def _passing(soak: Soak, run_name: str) -> list[Passers | Trespasser]:
    """Those who come and go, and those who try the doors of the first tenant from the other."""
    options, more = soak.options, {"signals": soak.signals, "seed": soak.options.seed}
    found: list[Passers | Trespasser] = []
    if options.visitor_every_s:
        every_s = options.visitor_every_s * options.pace
        soak.passers = Passers(every_s, soak.url, ORIGIN, run_name, scribe=soak.scribe, **more)
        found.append(soak.passers)
    if options.strangers:
        agent, customer = soak.agents[-1], soak.customers[-1]
        soak.trespasser = Trespasser(agent, customer, soak.scribe, **more)
        found.append(soak.trespasser)
    return found


async def _until(seconds: float, tasks: list[asyncio.Task[None]]) -> None:
    """Waits; a task that breaks down breaks the soak down."""
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        await task
