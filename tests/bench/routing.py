"""Routing with 1,500 agents and 200 queues: what one decision costs, and that it costs the same however many wait.

Also alone, without any part running: `python -m tests.bench.routing`.
"""

from __future__ import annotations

import asyncio
import gc
import math
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent
from handoff_service.bell import Bell
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import Database, Transaction, open_database
from handoff_service.handoffs import store
from handoff_service.handoffs.model import rank
from handoff_service.handoffs.push import load_board, make_offers
from handoff_service.handoffs.routing.board import Board
from handoff_service.handoffs.routing.model import Waiting, micros, queue_of
from handoff_service.handoffs.wait import wait_at
from handoff_service.migrate import migrate
from handoff_service.simulation.model import Day
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import QueueSettings, Tenant
from tests.bench.figures import Latency, show_latencies, show_table
from tests.bench.on_postgres import own_postgres
from tests.bench.setting import SEED, Bench
from tests.end_to_end.clients import NotAsTold
from tests.handoff_service.simulation.erlang import Came, Steady, erlang_a, erlang_c, first_come
from tests.handoff_service.simulation.plain_days import plain_day, played, seen
from tests.handoff_service.stage import SHIFT, person, shop, trial_settings, waiting_handoff

AGENTS, QUEUES, ROUNDS = 1500, 200, 300
# Of so many decisions the slowest hundredth is ten; what a desk and a waiting customer ask for is measured less often.
DECISIONS, LOOKS = 1000, 60
SERVED_BY_ONE = 8
WAITING = (1_000, 5_000, 20_000, 50_000)
LANGUAGES = ("zh", "en")
GOAL = {"p99": 5.0}
GOALS: Mapping[str, Mapping[str, float]] = {
    "decide": GOAL,
    "decide, processor time": GOAL,
    "decide and offer": {},
    "place": {},
    "expected wait": {},
    "first 100": {},
}
CUSTOMERS = 60_000
SERVICE_S = 300.0
DAYS = 20
# Agents, work per agent, patience in seconds or None.
THEORY = ((5, 0.7, None), (20, 0.8, None), (60, 0.9, None), (10, 1.2, 400.0), (50, 1.1, 200.0), (20, 2.0, 300.0))


async def routing(bench: Bench) -> None:
    """Prints what decisions cost over the number who wait, in memory and in both databases; and waits beside theory."""
    await _measure(bench.folder)


async def _measure(folder: Path) -> None:
    # As a gateway does before it serves: a full collection looks at everything that was imported, 100 ms and more.
    gc.collect()
    gc.freeze()
    show_latencies(
        f"Routing in memory, {AGENTS} agents, {QUEUES} queues: processor time of one decision",
        [line for waiting in (*WAITING, 200_000) for line in _in_memory(waiting)],
    )
    with own_postgres() as server:
        for name in ("SQLite", "PostgreSQL"):
            url = f"sqlite:///{folder}/routing.sqlite" if name == "SQLite" else server("postgres")
            await migrate(url)
            database = open_database(url, Bell())
            try:
                lines = [line async for line in _in_database(database, folder)]
            finally:
                await database.close()
            show_latencies(f"Routing on {name}, one agent has room", lines)
    _theory()
    _days_by_chance()


def _queues() -> tuple[QueueSettings, ...]:
    """Every third one asks for a skill that relaxes."""
    return tuple(
        QueueSettings.model_validate(
            {
                "id": f"q{number:03}",
                "name": f"Queue {number}",
                "mode": "offer",
                "skills": [{"skill": "s", "level": 3, "relax_after_s": 120}] if number % 3 == 0 else [],
            }
        )
        for number in range(QUEUES)
    )


def _agents(chance: random.Random) -> list[Agent]:
    return [
        person(
            f"agent{number:04}",
            capacity=3,
            open=3,
            queues=tuple(f"q{one:03}" for one in chance.sample(range(QUEUES), SERVED_BY_ONE)),
            languages=LANGUAGES if number % 3 else ("zh",),
            skills={"s": chance.randint(1, 5)},
        )
        for number in range(AGENTS)
    ]


def _waiting(number: int, chance: random.Random, now: int) -> Waiting:
    priority = chance.randint(0, 9)
    return Waiting(
        id=f"h_{number:06}",
        queue=f"q{chance.randrange(QUEUES):03}",
        language=chance.choice(LANGUAGES),
        priority=priority,
        rank=now - chance.randrange(3_600_000_000) - priority * 300_000_000,
        weight=chance.choice((1, 1, 1, 3)),
        angry=chance.random() < 0.1,
    )


def _in_memory(waiting: int) -> Iterator[Latency]:
    chance, now = random.Random(SEED), micros(utc_now())
    board = Board({queue.id: queue_of(queue) for queue in _queues()})
    people = _agents(chance)
    for number in range(waiting):
        board.wait(_waiting(number, chance, now))
    freed, came = [], []
    for _ in range(ROUNDS):
        agent = replace(chance.choice(people), open=2)
        freed.append(_worked(lambda agent=agent: (board.free(agent), board.next(now))))  # type: ignore[misc]
        board.busy(agent.id)
    for number in range(ROUNDS):
        one = _waiting(waiting + number, chance, now)
        came.append(_worked(lambda one=one: (board.wait(one), board.next(now))))  # type: ignore[misc]
    yield Latency(f"{waiting:6} wait, an agent is free", freed, GOAL)
    yield Latency(f"{waiting:6} wait, one more comes", came, GOAL)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _timed_twice(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time of this thread; other programs take from the first."""
    begun, busy = time.perf_counter(), time.thread_time()
    work()
    return (time.perf_counter() - begun) * 1000, (time.thread_time() - busy) * 1000


def _worked(work: Callable[[], object]) -> float:
    """The same in time of this thread on a processor: in memory there is nothing to wait for but other programs."""
    begun = time.thread_time()
    work()
    return (time.thread_time() - begun) * 1000


async def _in_database(database: Database, folder: Path) -> AsyncIterator[Latency]:
    """The curve: rows are added until as many wait as the next line says."""
    chance, present = random.Random(SEED), 0
    shop_now = shop()
    tenant = shop_now.model_copy(update={"settings": shop_now.settings.model_copy(update={"queues": _queues()})})
    people = _agents(chance)
    await database.write(partial(_move_in, tenant=tenant, people=people))
    for waiting in WAITING:
        await database.write(partial(_queue_up, first=present, last=waiting, chance=chance))
        await database.write(_count_rows)
        present = waiting
        context = Context(trial_settings(var=folder), utc_now())
        samples: dict[str, list[float]] = {name: [] for name in GOALS}
        for number in range(-3, DECISIONS):  # the first ones compile the statements
            looks = number < LOOKS
            agent = people[number * 7 % AGENTS]
            found = await database.write(partial(_one_offer, tenant=tenant, agent=agent, context=context, offers=looks))
            if looks:
                found |= await database.read(
                    partial(_looks, tenant=tenant, number=abs(number) * 13 % present, context=context)
                )
            for name, took in found.items() if number >= 0 else ():
                samples[name].append(took)
        for name, goals in GOALS.items():
            yield Latency(f"{waiting:6} wait, {name}", samples[name], goals)


def _count_rows(tx: Transaction) -> None:
    """What PostgreSQL's autovacuum does by itself; on SQLite nobody ever does."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.exec_driver_sql("ANALYZE")


def _one_offer(tx: Transaction, tenant: Tenant, agent: Agent, context: Context, *, offers: bool) -> dict[str, float]:
    """How long it takes to decide for the only agent who has room, and to decide and offer; all is taken back."""
    point = tx.connection.begin_nested()
    A = tables.agents.c
    tx.connection.execute(sa.update(tables.agents).where(A.tenant == "demo", A.id == agent.id).values(open=2))
    decided, worked = _timed_twice(lambda: _one(load_board(tx, tenant, context).next(micros(context.now))))
    found = {"decide": decided, "decide, processor time": worked}
    if offers:
        found["decide and offer"] = _timed(lambda: _one(make_offers(tx, "demo", context)))
    point.rollback()
    return found


def _one(found: object) -> None:
    if not found:
        raise NotAsTold("somebody is free and nothing was offered to him")


def _looks(connection: sa.Connection, tenant: Tenant, number: int, context: Context) -> dict[str, float]:
    """What a waiting customer and a desk ask for."""
    one = store.find(connection, "demo", f"h_{number}")
    return {
        "place": _timed(lambda: store.place(connection, one)),
        "expected wait": _timed(lambda: wait_at(connection, tenant, one.queue, one.rank, 9, one.priority, context)),
        "first 100": _timed(lambda: store.waiting(connection, "demo", one.queue, limit=100)),
    }


def _move_in(tx: Transaction, tenant: Tenant, people: list[Agent]) -> None:
    tenants.save(tx.connection, tenant)
    now = utc_now()
    rows, desks = [], []
    for one in people:
        row = {name: getattr(one, name) for name in Agent.__dataclass_fields__ if name in tables.agents.c}
        rows.append({**row, "queues": list(one.queues), "languages": list(one.languages), "password_hash": "-"})
        desks.append({"tenant": "demo", "agent": one.id, "session": "desk", "lease_until": now + SHIFT})
    tx.connection.execute(sa.insert(tables.agents), rows)
    tx.connection.execute(sa.insert(tables.desks), desks)


def _queue_up(tx: Transaction, first: int, last: int, chance: random.Random) -> None:
    now = utc_now()
    conversations, handoffs = [], []
    for number in range(first, last):
        asked = now - timedelta(seconds=chance.randrange(3600))
        queue, language, priority = f"q{chance.randrange(QUEUES):03}", chance.choice(LANGUAGES), chance.randint(0, 9)
        handoff = waiting_handoff(number, priority=priority, at=asked, queue=queue, language=language)
        row = {name: getattr(handoff, name) for name in type(handoff).__dataclass_fields__}
        handoffs.append({**row, "evidence": {}, "declined": []})
        conversations.append(
            {
                **{"tenant": "demo", "id": handoff.conversation, "channel": "web", "contact": f"k_{number}"},
                **{"language": language, "owner_kind": "queue", "queue": queue, "epoch": 2, "phase": 1, "last_seq": 4},
                **{"handoff": handoff.id, "deadline_at": now + timedelta(minutes=1), "preview": "", "hold": False},
                **{"opened_at": asked, "updated_at": asked, "rank": rank(asked, priority), "priority": priority},
            }
        )
    for start in range(0, len(handoffs), 2000):
        tx.connection.execute(sa.insert(tables.handoffs), handoffs[start : start + 2000])
        tx.connection.execute(sa.insert(tables.conversations), conversations[start : start + 2000])


def _theory() -> None:
    """Prints simulated waits beside those of Erlang C and Erlang A."""
    rows = []
    for agents, work, patience_s in THEORY:
        per_s = work * agents / SERVICE_S
        day = plain_day(agents, per_s, SERVICE_S, patience_s, customers=CUSTOMERS, seed=SEED + agents, mode="claim")
        expected = _expected(agents, day, patience_s)
        outcome = played(day)
        found = seen(outcome)
        exact = first_come(agents, [Came(one.at_s, one.service_s, one.patience_s) for one in day.customers])
        apart = max(abs(one.wait_s - wait) for one, wait in zip(outcome.fates, exact, strict=True))
        title = f"{agents} agents, load {work:g}, " + (
            f"patience {patience_s:g} s" if patience_s else "endless patience"
        )
        cells = [f"{value:.3f} / {theory:.3f}" for value, theory in zip(found[:2], expected[:2], strict=True)]
        off = found.mean_wait_s / expected.mean_wait_s - 1
        cells.append(f"{found.mean_wait_s:.1f} / {expected.mean_wait_s:.1f}")
        rows.append([title, *cells, f"{off:+.1%}", f"{apart:.1f}"])
    columns = ["", "has to wait", "gives up", "mean wait s", "off", "s from first come first served"]
    show_table(f"Simulated / by theory (Erlang C, Erlang A), {CUSTOMERS} customers each", columns, rows)


def _days_by_chance() -> None:
    """Prints how far single days of first come first served lie from theory, and from each other."""
    rows = []
    for agents, work, patience_s in THEORY:
        per_s, means = work * agents / SERVICE_S, []
        for seed in range(DAYS):
            chance, came, at_s = random.Random(seed), [], 0.0
            for _ in range(CUSTOMERS):
                at_s += chance.expovariate(per_s)
                patience = chance.expovariate(1 / patience_s) if patience_s else math.inf
                came.append(Came(at_s, chance.expovariate(1 / SERVICE_S), patience))
            means.append(statistics.mean(first_come(agents, came)))
        theory = erlang_a(agents, per_s, SERVICE_S, patience_s) if patience_s else erlang_c(agents, per_s, SERVICE_S)
        cells = [f"{one:.2f}" for one in (theory.mean_wait_s, statistics.mean(means), statistics.stdev(means))]
        rows.append([f"{agents} agents, load {work:g}", *cells, f"{min(means):.1f} to {max(means):.1f}"])
    columns = ["", "by theory", f"mean of {DAYS} days", "standard deviation of one", "from … to"]
    show_table(f"Mean wait in seconds by first come first served, {CUSTOMERS} customers a day", columns, rows)


def _expected(agents: int, day: Day, patience_s: float | None) -> Steady:
    """By theory, for the arrivals and conversations that were drawn: near full load a thousandth more is a lot."""
    per_s = len(day.customers) / day.customers[-1].at_s
    service_s = statistics.mean(one.service_s for one in day.customers)
    if patience_s is None:
        return erlang_c(agents, per_s, service_s)
    return erlang_a(agents, per_s, service_s, patience_s)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as own:
        asyncio.run(_measure(Path(own)))
