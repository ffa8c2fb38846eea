"""A flood of new visitors: what those who are talking already feel of it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from tests.bench.appends import SMALL_TALK
from tests.bench.figures import Latency, show_latencies, show_table
from tests.bench.gathering import TENANT, Visitor, settle_visitors
from tests.bench.own_gateway import instant_bot, own_gateway
from tests.bench.posts import Post, Posted, posted
from tests.bench.setting import Bench
from tests.end_to_end.clients import NotAsTold, op_id

SECONDS = 10
WITNESSES, PER_S = 20, 20
ARRIVING_PER_S, ARRIVING_LINES = 600, 300
GOAL = {"p99": 250.0}


async def flood(bench: Bench) -> None:
    """Twenty visitors write one message per second each, without anything else and while hundreds per second arrive.

    Witnesses and flood are a process each, so that neither waits for the other; the cores they share with the gateway.
    """
    async with instant_bot(SMALL_TALK) as bot_url, own_gateway(bench, bot_url=bot_url) as gateway:
        url, root = gateway.process.url, bench.settings.root
        witnesses = await settle_visitors(gateway.database, WITNESSES)
        await posted(url, _messages(witnesses, bench.shop_url), root)  # what is done for the first time
        calm = await posted(url, _messages(witnesses, bench.shop_url), root)
        flooded, arrived = await asyncio.gather(
            posted(url, _messages(witnesses, bench.shop_url), root), posted(url, _arrivals(bench.shop_url), root)
        )
    lines = [
        Latency("acknowledged, nothing else", _taken(calm), GOAL),
        Latency("acknowledged, flooded", _taken(flooded), GOAL),
    ]
    show_latencies(f"16. {WITNESSES} visitors write a message per second each, SQLite", lines)
    statuses = Counter(status for status, _ in arrived.answers)
    come = [took for status, took in arrived.answers if status == 201]
    show_table(
        f"   The flood: {ARRIVING_PER_S} new visitors per second for {SECONDS} s",
        ["", ""],
        [
            ["came in at the first try", str(statuses[201])],
            ["told to come back (503 with Retry-After)", str(statuses[503])],
            ["any other answer", str(len(arrived.answers) - statuses[201] - statuses[503])],
        ],
    )
    if come:
        show_latencies("   How long those waited who came in", [Latency("new visitor", come)])


def _messages(witnesses: list[Visitor], origin: str) -> list[Post]:
    posts = []
    for number in range(PER_S * SECONDS):
        token, _ = witnesses[number % WITNESSES]
        body = {"client_id": f"w-{op_id()}", "body": {"text": f"还在吗？ {number}"}}
        headers = f"Origin: {origin}\r\nAuthorization: Bearer {token}\r\n"
        path = "/v1/conversations/current/messages"
        posts.append(Post(number / PER_S, number % WITNESSES, path, headers, json.dumps(body, ensure_ascii=False)))
    return posts


def _arrivals(origin: str) -> list[Post]:
    visit = json.dumps({"tenant": TENANT, "token": None, "identity": None, "language": "zh"})
    return [
        Post(number / ARRIVING_PER_S, number % ARRIVING_LINES, "/v1/widget/sessions", f"Origin: {origin}\r\n", visit)
        for number in range(ARRIVING_PER_S * SECONDS)
    ]


def _taken(done: Posted) -> list[float]:
    statuses = Counter(status for status, _ in done.answers)
    if set(statuses) != {200}:
        raise NotAsTold(f"not every message of the witnesses was taken: {statuses}")
    return [took for _, took in done.answers]
