"""Webhooks of the signed API at a steady rate: how soon each is acknowledged, also while the bot is down."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import Counter
from dataclasses import replace

from handoff_service.launch.prepare import run_module
from tests.bench.appends import SMALL_TALK
from tests.bench.figures import Latency, show_latencies
from tests.bench.own_gateway import instant_bot, own_gateways
from tests.bench.posts import Post, Posted, posted
from tests.bench.processes import cpu_seconds, free_address
from tests.bench.setting import Bench
from tests.end_to_end.clients import NotAsTold, op_id

PER_S, SECONDS, CONNECTIONS, CONTACTS = 200, 10, 32, 400
GOAL = {"p50": 30.0, "p99": 250.0}


async def webhooks(bench: Bench) -> None:
    """Prints the latency of the acknowledgement, which follows the durable commit."""
    lines, costs = [], []
    async with instant_bot(SMALL_TALK) as bot_url:
        for name, bot in (("the bot answers", bot_url), ("the bot is down", free_address())):
            folder = bench.folder / name.replace(" ", "-")
            folder.mkdir()
            done, cost = await _deliver(replace(bench, folder=folder), bot)
            lines.append(Latency(f"acknowledged, {name}", [took for _, took in done.answers], GOAL))
            costs.append(f"{name}: {cost}; the load itself {done.cpu_s * 1000 / len(done.answers):.2f} ms")
    show_latencies(f"7. Webhooks of the signed API, {PER_S} per second, {CONTACTS} contacts, SQLite", lines)
    print(f"  processor time of the gateway per webhook, turns of the bot included — {'; '.join(costs)}")


async def _deliver(bench: Bench, bot_url: str) -> tuple[Posted, str]:
    async with own_gateways(bench, bot_url=bot_url) as (gateway,):
        place = "http://127.0.0.1:9/nowhere"  # what the bot says is delivered in vain
        command = ["handoff_service", "channel", "add", "api", "--name", "bench", "--url", place]
        account = json.loads(
            run_module(gateway.settings, gateway.settings.python, command, doing="making a channel account")
        )
        path = account["webhook"].removeprefix(gateway.stage.gateway)
        posts = [_post(number, path, account["secret"]) for number in range(PER_S * SECONDS)]
        before = cpu_seconds(gateway.process.pid)
        done = await posted(gateway.stage.gateway, posts, bench.settings.root)
        after = cpu_seconds(gateway.process.pid)
    statuses = Counter(status for status, _ in done.answers)
    if set(statuses) != {200}:
        raise NotAsTold(f"not every webhook was acknowledged: {statuses}")
    spent = "unknown" if before is None or after is None else f"{(after - before) * 1000 / len(posts):.1f} ms"
    return done, spent


def _post(number: int, path: str, secret: str) -> Post:
    event = {"event_id": f"e-{op_id()}", "contact": {"id": f"c-{number % CONTACTS}"}, "text": f"退款多久？ {number}"}
    body, stamp = json.dumps(event, ensure_ascii=False), str(int(time.time()))
    digest = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = f"X-Tandem-Timestamp: {stamp}\r\nX-Tandem-Signature: v1={digest}\r\n"
    return Post(number / PER_S, number % CONNECTIONS, path, headers, body)
