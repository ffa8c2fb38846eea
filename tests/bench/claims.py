"""Fifty agents accept the same request at the same moment, over HTTP, again and again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.access import COOKIE
from handoff_service.bell import Bell
from handoff_service.clock import utc_now
from handoff_service.database import Transaction, open_database
from handoff_service.ids import new_id, token_hash
from tests.bench.figures import Latency, show_latencies
from tests.bench.on_postgres import own_postgres
from tests.bench.own_gateway import instant_bot, own_gateways
from tests.bench.posts import Post, posted
from tests.bench.setting import Bench
from tests.end_to_end.clients import Customer, NotAsTold, op_id

AGENTS, ROUNDS = 50, 20
PAUSE_S = 1.0
GOAL = {"p99": 50.0}
ASKED = {"reason": "asked", "priority": None, "evidence": {}}
HANDED_OVER = {"duplicate": False, "handoff": ASKED, "messages": [{"text": "好", "kind": "handoff", "buttons": []}]}


async def claims(bench: Bench) -> None:
    """Prints how long the winner and all others waited for their answer, on both databases."""
    lines = []
    with own_postgres() as server:
        for name, url in (("SQLite", ""), ("PostgreSQL", server("postgres"))):
            folder = bench.folder / name
            folder.mkdir()
            won, answered = await _race(replace(bench, folder=folder), url)
            lines.append(Latency(f"{name}: the winner", won, GOAL))
            lines.append(Latency(f"{name}: all {AGENTS}", answered, GOAL))
    show_latencies(
        f"6. {AGENTS} agents claim one request at the same moment, {ROUNDS} rounds, one winner in each", lines
    )


async def _race(bench: Bench, database_url: str) -> tuple[list[float], list[float]]:
    tokens = [f"bench-{number}-{op_id()}" for number in range(AGENTS)]

    def hire(tx: Transaction) -> None:
        _hire(tx, tokens)

    async with (
        instant_bot(HANDED_OVER) as bot_url,
        own_gateways(bench, bot_url=bot_url, database_url=database_url, prepare=hire) as (gateway,),
    ):
        waiting = []
        for _ in range(ROUNDS + 1):
            customer = await Customer(gateway.stage.gateway, gateway.stage.shop, language="zh").arrive()
            conversation, _, _ = await customer.write("转人工")
            await customer.owned_by(conversation, "mailbox")  # nobody sits at a desk
            waiting.append(conversation)
            await customer.leave()
        handoffs = await _handoffs(database_url or f"sqlite:///{gateway.database}", waiting)
        posts = [
            Post(
                PAUSE_S * number,
                line,
                f"/v1/handoffs/{handoff}/accept",
                f"X-Requested-By: console\r\nCookie: {COOKIE}={token}\r\n",
                json.dumps({"op_id": op_id()}),
            )
            for number, handoff in enumerate(handoffs)
            for line, token in enumerate(tokens)
        ]
        answers = (await posted(gateway.stage.gateway, posts, bench.settings.root)).answers
    won, all_ms = [], []
    for begin in range(AGENTS, len(answers), AGENTS):  # the first round warms up
        one = answers[begin : begin + AGENTS]
        statuses = Counter(status for status, _ in one)
        if statuses != {200: 1, 409: AGENTS - 1}:
            raise NotAsTold(f"instead of one winner: {statuses}")
        won += [took for status, took in one if status == 200]
        all_ms += [took for _, took in one]
    return won, all_ms


def _hire(tx: Transaction, tokens: list[str]) -> None:
    """Agents who have signed in with these tokens."""
    known = dict(tx.connection.execute(sa.select(tables.agents).limit(1)).mappings().one())
    now = utc_now()
    for number, token in enumerate(tokens):
        agent = {**known, "id": new_id("a"), "email": f"{number}@bench.example", "name": f"Agent {number}"}
        tx.connection.execute(sa.insert(tables.agents).values({**agent, "capacity": ROUNDS + 1, "open": 0}))
        session = {"token_hash": token_hash(token), "agent": agent["id"], "created_at": now, "seen_at": now}
        tx.connection.execute(sa.insert(tables.agent_sessions).values(tenant="demo", **session))


async def _handoffs(url: str, conversations: list[str]) -> list[str]:
    C = tables.conversations.c
    database = open_database(url, Bell())
    query = sa.select(C.id, C.handoff).where(C.id.in_(conversations))
    found = await database.read(lambda connection: {row.id: row.handoff for row in connection.execute(query)})
    await database.close()
    return [str(found[conversation]) for conversation in conversations]
