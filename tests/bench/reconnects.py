"""How long it takes until everybody is back after the gateway was killed, and whether anything was lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pysqlite3 as sqlite3

from handoff_service.launch.credentials import parts_environment
from tests.bench.figures import Latency, show_latencies, show_table
from tests.bench.gathering import gathering, settle_visitors
from tests.bench.own_gateway import OwnGateway, instant_bot, own_gateway
from tests.bench.processes import Running, cpu_seconds, running
from tests.bench.setting import Bench

CLIENTS = 2_000
GOAL_S = 15
WRITERS, EVERY_S, WRITING_S = 0.05, 1.0, 8.0
KILLED_AFTER_S = 4.0
OPEN_WITHIN_S, SETTLED_WITHIN_S = 300.0, 120.0


async def reconnects(bench: Bench, clients: int = CLIENTS) -> None:
    """Kills the gateway under CLIENTS visitors, of whom some write, and starts it again at once."""
    answer = {"duplicate": False, "handoff": None, "messages": [{"text": "一", "kind": "small_talk", "buttons": []}]}
    async with contextlib.AsyncExitStack() as stack:
        bot_url = await stack.enter_async_context(instant_bot(answer))
        gateway = await stack.enter_async_context(own_gateway(bench, bot_url=bot_url))
        visitors = await settle_visitors(gateway.database, clients)
        crowd = await stack.enter_async_context(
            gathering(gateway.process.url, bench.shop_url, visitors, processes=2, root=bench.settings.root)
        )
        await crowd.ask("open", within_s=OPEN_WITHIN_S)
        writing = asyncio.create_task(
            crowd.ask("write", within_s=60, seconds=WRITING_S, every_s=EVERY_S, share=WRITERS)
        )
        await asyncio.sleep(KILLED_AFTER_S)
        os.kill(gateway.process.pid, signal.SIGKILL)
        killed = time.monotonic()
        again = await stack.enter_async_context(restarted_gateway(bench, gateway))
        restarted = time.monotonic() - killed
        await writing
        settled = await crowd.ask("settled", within_s=SETTLED_WITHIN_S, since=killed)
        cpu = cpu_seconds(again.pid)
        await asyncio.sleep(2)  # the bot's last words
        reports = await crowd.ask("report", within_s=60)
    back = [moment - killed for one in settled for moment in one["resumed_at"]]
    lost, wrong = count_losses(gateway.database, reports)
    acknowledged = sum(len(person["acknowledged"]) for one in reports for person in one["people"])
    reached = "reached" if max(back) < GOAL_S else "NOT reached"
    show_table(
        f"Reconnect storm: {clients} visitors, {clients * WRITERS:g} of them writing, the gateway killed with SIGKILL",
        ["", "", "goal"],
        [
            ["the new process was ready after (s)", f"{restarted:.1f}", ""],
            ["all resumed after (s)", f"{max(back):.1f}", f"< {GOAL_S} {reached}"],
            ["messages acknowledged", str(acknowledged), ""],
            ["entries lost or doubled", str(lost), "0 " + ("NOT reached" if lost else "reached")],
            ["sent away with 503 meanwhile", str(sum(one["refusals"] for one in reports)), ""],
            ["processor time of the new process (s)", "" if cpu is None else f"{cpu:.1f}", ""],
        ],
    )
    for line in wrong:
        print(f"  {line}")
    show_latencies("   From the kill until resumed", [Latency("visitor", [one * 1000 for one in back])])


def restarted_gateway(bench: Bench, gateway: OwnGateway) -> contextlib.AbstractAsyncContextManager[Running]:
    """The same gateway in a new process."""
    return running(
        [gateway.settings.python, "-m", "handoff_service", "serve"],
        url=gateway.process.url,
        ready="/healthz",
        cwd=gateway.settings.root,
        environment=parts_environment(gateway.settings),
        log=bench.folder / "gateway-again.log",
    )


def count_losses(database: Path, reports: list[Any]) -> tuple[int, list[str]]:
    """Entries that somebody should have and has not, or that are not as he was told; with the first few in words."""
    lost, wrong = 0, [line for report in reports for line in report["wrong"]]
    with contextlib.closing(sqlite3.connect(database)) as stored:
        for person in (person for report in reports for person in report["people"]):
            query = "SELECT seq, mid, client_id FROM entries WHERE conversation = ? ORDER BY seq"
            rows = stored.execute(query, (person["conversation"],)).fetchall()
            if [mid for _, mid, _ in rows] != person["seen"]:
                lost += max(1, abs(len(rows) - len(person["seen"])))
                wrong.append(f"{person['conversation']}: {len(rows)} entries, {len(person['seen'])} seen")
            own = {client_id: seq for seq, _, client_id in rows if client_id}
            lost += sum(own.get(client_id) != seq for client_id, seq in person["acknowledged"].items())
    return lost + len(wrong), [json.dumps(line, ensure_ascii=False) for line in wrong[:5]]
