"""How many messages the timeline takes per second, beside what SQLite can commit durably on the same disk."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Latency, show_latencies, show_table
from tests.bench.own_gateway import OwnGateway, instant_bot, own_gateway
from tests.bench.processes import cpu_seconds
from tests.bench.setting import Bench
from tests.end_to_end.clients import Agent, Customer

CLIENTS = 32
IN_FLIGHT = 8  # the most that the protocol allows a client without acknowledgement
SECONDS = 5.0
STEADY_PER_S, STEADY_S = 100, 10
TEXT = {"text": "请问我的退款什么时候到账？订单 LY20261103001。"}


@dataclass(frozen=True)
class Writer:
    """A customer and his conversation, which an agent owns, so that no bot turn follows."""

    customer: Customer
    conversation: str

    async def write(self, begun: float) -> float:
        """Sends a message; ms from `begun` to the acknowledgement, which follows the durable commit."""
        await self.customer.live.send(self.conversation, TEXT)
        return (time.perf_counter() - begun) * 1000


@dataclass(frozen=True)
class Throughput:
    """Acknowledged messages per second; the share of one core that the gateway used; ms of each acknowledgement."""

    per_s: float
    core: float | None
    acknowledged_ms: list[float]


async def appends(bench: Bench) -> None:
    """Prints the ceiling of the disk and what the gateway reaches."""
    answer = {"duplicate": False, "handoff": None, "messages": [{"text": "一", "kind": "small_talk", "buttons": []}]}
    async with (
        instant_bot(answer) as bot_url,
        own_gateway(bench, bot_url=bot_url) as gateway,
        writers(gateway) as people,
    ):
        full = await as_fast_as_possible(gateway, people)
        steady = await steadily(people)
    single, grouped = (raw_inserts_per_s(gateway.database, rows_per_commit=rows) for rows in (1, 64))
    used = "" if full.core is None else f"{full.core:.0%}"
    show_table(
        f"4. Appends per second, SQLite, every one durable before it is acknowledged (synchronous=FULL), {SECONDS:g} s",
        ["", "per second", "of the core"],
        [
            ["sqlite3 alone, the same row, 1 per commit", f"{single:.0f}", ""],
            ["sqlite3 alone, the same row, 64 per commit", f"{grouped:.0f}", ""],
            [f"gateway, {CLIENTS} WebSocket clients, {IN_FLIGHT} in flight each", f"{full.per_s:.0f}", used],
        ],
    )
    show_latencies(
        "   Acknowledgement",
        [
            Latency(f"at {STEADY_PER_S} messages per second", steady),
            Latency("as fast as the gateway can", full.acknowledged_ms),
        ],
    )


@contextlib.asynccontextmanager
async def writers(gateway: OwnGateway) -> AsyncIterator[list[Writer]]:
    """CLIENTS connected customers whose conversations belong to an agent."""
    with contextlib.closing(sqlite3.connect(gateway.database)) as database:
        database.execute("UPDATE agents SET capacity = ?", (CLIENTS,))
        database.commit()
    agent: Agent = await gateway.stage.agent()
    people = []
    for _ in range(CLIENTS):
        customer = await Customer(gateway.stage.gateway, gateway.stage.shop, language="zh").arrive()
        conversation, _, _ = await customer.write("你好")
        await customer.live.entry(conversation, lambda one: one["author"].get("kind") == "bot", "the bot's word")
        epoch = (await customer.owned_by(conversation, "bot"))["epoch"]
        await agent.command(conversation, "take-over", epoch=epoch)
        await customer.owned_by(conversation, "agent")
        people.append(Writer(customer, conversation))
    await agent.leave()  # his desk would be redrawn ten times a second, which is another thing to measure
    try:
        yield people
    finally:
        for person in people:
            await person.customer.leave()


async def as_fast_as_possible(gateway: OwnGateway, people: list[Writer]) -> Throughput:
    """Every client keeps IN_FLIGHT messages under way for SECONDS."""
    took: list[float] = []
    pid = gateway.process.pid
    before, begun = cpu_seconds(pid), time.perf_counter()

    async def keep_writing(person: Writer) -> None:
        while (now := time.perf_counter()) < begun + SECONDS:
            took.append(await person.write(now))

    await asyncio.gather(*(keep_writing(person) for person in people for _ in range(IN_FLIGHT)))
    seconds, after = time.perf_counter() - begun, cpu_seconds(pid)
    core = None if before is None or after is None else (after - before) / seconds
    return Throughput(len(took) / seconds, core, took)


async def steadily(people: list[Writer]) -> list[float]:
    """ms from the moment a message was due, whether or not the ones before it were through."""
    begun = time.perf_counter()
    writing = []
    for number in range(STEADY_PER_S * STEADY_S):
        due = begun + number / STEADY_PER_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writing.append(asyncio.create_task(people[number % len(people)].write(due)))
    return list(await asyncio.gather(*writing))


def raw_inserts_per_s(written: Path, *, rows_per_commit: int) -> float:
    """Rows of the gateway's `entries` per second that sqlite3 stores durably in a new file beside its database."""
    with contextlib.closing(sqlite3.connect(written)) as gateway:
        tables = gateway.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'entries' AND sql IS NOT NULL")
        schema = [sql for (sql,) in tables]
        found = gateway.execute("SELECT * FROM entries WHERE author_kind = 'customer' ORDER BY seq DESC LIMIT 1")
        row = dict(zip((column[0] for column in found.description), found.fetchone(), strict=True))
    insert = f"INSERT INTO entries ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"
    with contextlib.closing(sqlite3.connect(written.with_name(f"raw-{rows_per_commit}.sqlite"))) as raw:
        raw.isolation_level = None
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *schema):
            raw.execute(statement)
        stored, begun = 0, time.perf_counter()
        while time.perf_counter() < begun + SECONDS:
            raw.execute("BEGIN IMMEDIATE")
            for seq in range(stored, stored + rows_per_commit):
                raw.execute(insert, {**row, "seq": seq, "mid": f"m_{seq}", "client_id": f"bench-{seq}"})
            raw.execute("COMMIT")
            stored += rows_per_commit
        return stored / (time.perf_counter() - begun)
