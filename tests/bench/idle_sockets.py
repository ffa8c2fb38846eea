"""What a connected visitor costs who says nothing: memory and processor time of the gateway, per socket."""

from __future__ import annotations

import asyncio
import time

from handoff_service.launch.errors import LaunchError
from tests.bench.figures import show_table
from tests.bench.gathering import gathering, settle_visitors
from tests.bench.own_gateway import own_gateway
from tests.bench.processes import cpu_seconds, resident_mb
from tests.bench.setting import Bench

SOCKETS = 10_000
GOAL_KIB = 40
IDLE_S = 30.0
OPEN_WITHIN_S = 600.0


async def idle_sockets(bench: Bench, sockets: int = SOCKETS) -> None:
    """Prints KiB and processor time per idle socket."""
    async with own_gateway(bench, bot_url="http://127.0.0.1:9") as gateway:
        visitors = await settle_visitors(gateway.database, sockets)
        pid = gateway.process.pid
        async with gathering(
            gateway.process.url, bench.shop_url, visitors[:50], processes=1, root=bench.settings.root
        ) as few:  # what the first sockets load and never again
            await few.ask("open", within_s=60)
        await asyncio.sleep(2)
        empty = resident_mb(pid)
        async with gathering(
            gateway.process.url, bench.shop_url, visitors, processes=2, root=bench.settings.root
        ) as crowd:
            begun = time.perf_counter()
            await crowd.ask("open", within_s=OPEN_WITHIN_S)
            took = time.perf_counter() - begun
            await asyncio.sleep(5)
            full, before, begun = resident_mb(pid), cpu_seconds(pid), time.perf_counter()
            await asyncio.sleep(IDLE_S)
            after, seconds = cpu_seconds(pid), time.perf_counter() - begun
            if full is None or empty is None or before is None or after is None:
                raise LaunchError("Memory and processor time are read from /proc, which this system does not have.")
            report = await crowd.ask("report", within_s=60)
    each = (full - empty) * 1024 / sockets
    share = (after - before) / seconds
    reached = "reached" if each < GOAL_KIB else "NOT reached"
    show_table(
        f"Idle sockets: {sockets} visitors with a conversation, who ping every 20 s as the widget does",
        ["", "", "goal"],
        [
            ["memory of the gateway, empty → full (MB)", f"{empty:.0f} → {full:.0f}", ""],
            ["KiB per socket", f"{each:.1f}", f"< {GOAL_KIB} {reached}"],
            [f"share of a core while idle ({IDLE_S:g} s)", f"{share:.1%}", ""],
            ["microseconds per socket and second", f"{share / sockets * 1e6:.1f}", ""],
            ["opened per second, ticket and greeting included", f"{sockets / took:.0f}", ""],
            ["broken meanwhile", str(sum(one["breaks"] for one in report)), ""],
        ],
    )
