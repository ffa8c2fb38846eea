"""How many messages the timeline takes per second, beside what the same disk and database do without a gateway."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pysqlite3 as sqlite3
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.database import Transaction
from tests.bench.figures import Latency, show_latencies, show_table
from tests.bench.load import Outcome, Plan, Seat, carried_out
from tests.bench.own_gateway import OwnGateway, instant_bot, own_gateways
from tests.bench.processes import cpu_seconds
from tests.bench.setting import Bench
from tests.end_to_end.clients import Agent, Customer, NotAsTold

CLIENTS = 32
IN_FLIGHT = 8  # the most that the protocol allows a client without acknowledgement
SECONDS = 5.0
STEADY_PER_S, STEADY_S = 300, 10.0
GOAL_PER_S, GOAL_SHARE = 1000, 0.30
ACKNOWLEDGED_GOAL, SEEN_GOAL = {"p99": 100.0}, {"p50": 50.0, "p99": 250.0}
SMALL_TALK = {"duplicate": False, "handoff": None, "messages": [{"text": "一", "kind": "small_talk", "buttons": []}]}


@dataclass(frozen=True)
class Writer:
    """A customer on a gateway, his conversation, and the agent who owns it, so that no bot turn follows."""

    gateway: OwnGateway
    customer: Customer
    conversation: str
    agent: Agent


@dataclass(frozen=True)
class Measured:
    """What a load found, and the processor seconds of the gateways meanwhile (None where there is no /proc)."""

    outcome: Outcome
    cpu_s: float | None

    @property
    def per_s(self) -> float:
        return len(self.outcome.acknowledged_ms) / self.outcome.seconds

    def cells(self) -> list[str]:
        """Processor time per message of the gateways and of the load itself, in ms."""
        count = len(self.outcome.acknowledged_ms)
        own = f"{self.outcome.cpu_s / count * 1000:.2f}"
        return ["" if self.cpu_s is None else f"{self.cpu_s / count * 1000:.2f}", own]


async def appends(bench: Bench) -> None:
    """Prints the ceiling of the disk and what one gateway on SQLite reaches."""
    async with (
        instant_bot(SMALL_TALK) as bot_url,
        own_gateways(bench, bot_url=bot_url, prepare=make_room) as gateways,
        writers(gateways) as people,
    ):
        full = await measured(bench, people, Plan(await seats(people), [], SECONDS, in_flight=IN_FLIGHT))
        steady = await measured(bench, people, Plan(await seats(people), [], STEADY_S, per_s=STEADY_PER_S))
        watched = await measured(
            bench, people, Plan(await seats(people), await watchers(people), STEADY_S, per_s=STEADY_PER_S)
        )
        single, grouped = (raw_inserts_per_s(gateways[0].database, rows_per_commit=rows) for rows in (1, 64))
    share = full.per_s / grouped
    goals = f"{told(full.per_s >= GOAL_PER_S, f'≥ {GOAL_PER_S}')}, "
    goals += told(share >= GOAL_SHARE, f"≥ {GOAL_SHARE:.0%} of 64 per commit (is {share:.0%})")
    show_table(
        f"4. Appends per second, SQLite, every one durable before it is acknowledged (synchronous=FULL), {SECONDS:g} s",
        ["", "per second", "gateway ms/message", "load ms/message", "goal"],
        [
            ["sqlite3 alone, the same row, 1 per commit", f"{single:.0f}", "", "", ""],
            ["sqlite3 alone, the same row, 64 per commit", f"{grouped:.0f}", "", "", ""],
            [f"gateway, {CLIENTS} sockets, {IN_FLIGHT} in flight each", f"{full.per_s:.0f}", *full.cells(), goals],
            [f"gateway, {STEADY_PER_S}/s asked for", f"{steady.per_s:.0f}", *steady.cells(), ""],
            ["the same, agents' desks watching", f"{watched.per_s:.0f}", *watched.cells(), ""],
        ],
    )
    show_latencies("   Latency", [acknowledged(steady), *seen(watched), acknowledged(full, "as fast as it goes", {})])


def told(reached: bool, goal: str) -> str:
    return f"{goal} {'reached' if reached else 'NOT reached'}"


def acknowledged(
    run: Measured, title: str = f"acknowledged at {STEADY_PER_S}/s", goals: dict[str, float] = ACKNOWLEDGED_GOAL
) -> Latency:
    return Latency(title, run.outcome.acknowledged_ms, goals)


def seen(run: Measured) -> list[Latency]:
    """Acknowledged and seen, while agents watch."""
    return [
        acknowledged(run, f"acknowledged at {STEADY_PER_S}/s, agents watching", {}),
        Latency(f"send → the agent sees it, at {STEADY_PER_S}/s", run.outcome.seen_ms, SEEN_GOAL),
    ]


def make_room(tx: Transaction) -> None:
    """Lets each agent own everything."""
    tx.connection.execute(sa.update(tables.agents).values(capacity=2 * CLIENTS))


@contextlib.asynccontextmanager
async def writers(gateways: Sequence[OwnGateway]) -> AsyncIterator[list[Writer]]:
    """CLIENTS customers spread over the gateways, their conversations over the agents."""
    logins = len(gateways[0].stage.logins)
    # An agent sits at the gateway next to that of his customers.
    agents = [await gateways[number % len(gateways)].stage.agent(number) for number in range(logins)]
    people = []
    for number in range(CLIENTS):
        gateway, agent = gateways[number % len(gateways)], agents[(number + 1) % logins]
        customer = await Customer(gateway.stage.gateway, gateway.stage.shop, language="zh").arrive()
        conversation, _, _ = await customer.write("你好")
        await customer.live.entry(conversation, lambda one: one["author"].get("kind") == "bot", "the bot's word")
        epoch = (await customer.owned_by(conversation, "bot"))["epoch"]
        await agent.command(conversation, "take-over", epoch=epoch)
        await customer.owned_by(conversation, "agent")
        await customer.live.close()
        people.append(Writer(gateway, customer, conversation, agent))
    for agent in agents:
        await agent.live.close()
    try:
        yield people
    finally:
        for one in (*agents, *(person.customer for person in people)):
            await one.leave()


async def seats(people: Sequence[Writer]) -> list[Seat]:
    """Where the customers write."""
    return [
        Seat(one.gateway.stage.gateway, one.gateway.stage.shop, await one.customer.ticket(), one.conversation)
        for one in people
    ]


async def watchers(people: Sequence[Writer]) -> list[Seat]:
    """One desk for each agent, which follows what he owns."""
    found = []
    for agent in {id(one.agent): one.agent for one in people}.values():
        own = [(one.conversation, 0) for one in people if one.agent is agent]
        found.append(Seat(agent.gateway, agent.gateway, await agent.ticket(), watches=own))
    return found


async def measured(bench: Bench, people: Sequence[Writer], plan: Plan) -> Measured:
    """Carries out a plan. Raises NotAsTold when a message was refused, or not acknowledged."""
    pids = {one.gateway.process.pid for one in people}
    before = [cpu_seconds(pid) for pid in pids]
    outcome = await carried_out(plan, bench.settings.root)
    after = [cpu_seconds(pid) for pid in pids]
    if outcome.errors or outcome.unanswered:
        raise NotAsTold(f"{outcome.unanswered} messages without an answer; refused: {outcome.errors[:3]}")
    known = [end - begin for begin, end in zip(before, after, strict=True) if begin is not None and end is not None]
    return Measured(outcome, sum(known) if len(known) == len(pids) else None)


def raw_inserts_per_s(written: Path, *, rows_per_commit: int) -> float:
    """Rows of the gateway's `entries` per second that sqlite3 stores durably in a new file beside its database."""
    with contextlib.closing(sqlite3.connect(written)) as gateway:
        schema = gateway.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'entries' AND sql IS NOT NULL")
        statements = [sql for (sql,) in schema]
        found = gateway.execute("SELECT * FROM entries WHERE author_kind = 'customer' ORDER BY seq DESC LIMIT 1")
        row = dict(zip((column[0] for column in found.description), found.fetchone(), strict=True))
    insert = f"INSERT INTO entries ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"
    with contextlib.closing(sqlite3.connect(written.with_name(f"raw-{rows_per_commit}.sqlite"))) as raw:
        raw.isolation_level = None
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *statements):
            raw.execute(statement)
        stored, begun = 0, time.perf_counter()
        while time.perf_counter() < begun + SECONDS:
            raw.execute("BEGIN IMMEDIATE")
            for seq in range(stored, stored + rows_per_commit):
                raw.execute(insert, {**row, "seq": seq, "mid": f"m_{seq}", "client_id": f"bench-{seq}"})
            raw.execute("COMMIT")
            stored += rows_per_commit
        return stored / (time.perf_counter() - begun)
