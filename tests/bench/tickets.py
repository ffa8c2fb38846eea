"""Lists of tickets over a year of 2,000 conversations a day: every filter and the search, each page in < 200 ms.

Also alone, without any part running: `python -m tests.bench.tickets [--count N] [--postgres]`. The rows are written
past the gateway, then read through its own `page`; a page is measured with its JSON.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pysqlite3 as sqlite3

from handoff_service.bell import Bell
from handoff_service.columns import EPOCH
from handoff_service.database import Database, open_database
from handoff_service.migrate import migrate
from handoff_service.tickets.listing import Filter, counts, page
from handoff_service.tickets.model import State
from handoff_service.tickets.view import ticket_json
from handoff_service.tickets.words import words_of
from tests.bench.alone import play
from tests.bench.figures import Latency, show_latencies
from tests.bench.on_postgres import own_postgres
from tests.bench.setting import SEED, Bench
from tests.handoff_service.stage import MONDAY, person

YEAR = 700_000
PAGE, ROUNDS, PAGES = 50, 6, 5
GOAL_MS = 200.0
AGENTS, QUEUES = 1500, 200
COLUMNS = (
    "tenant", "id", "conversation", "subject", "reply_to", "state", "due_at", "created_at", "number", "type",
    "priority", "tier", "last_n", "source", "contact", "agent", "queue",
)  # fmt: skip
SUBJECTS = (
    "花瓶破损要求退款",
    "快递一直没有送到",
    "parcel is late and wet",
    "refund not received",
    "发票抬头写错了",
    "cannot log in",
)
TYPES = ("order", "refund", "technical", "question", "complaint", None)
# Shares of a year's tickets: nearly all are done.
STATES = (("done", 950), ("resolved", 30), ("filed", 10), ("in_progress", 5), ("waiting", 5))
ASKED = {
    "unfinished": Filter(),
    "of one agent": Filter(agent="a_7"),
    "of nobody": Filter(agent="none"),
    "of one queue": Filter(queue="q_3"),
    "complaints": Filter(type="complaint"),
    "done complaints": Filter(type="complaint", states=frozenset({State.CLOSED})),
    "done, priority 9": Filter(priority=9, states=frozenset({State.CLOSED})),
    "any state": Filter(states=frozenset(State)),
    "overdue": Filter(due_before=MONDAY),
    "of one contact": Filter(contact="k_77"),
    "a common word": Filter(text="refund"),
    "a Chinese phrase": Filter(text="花瓶破损"),
    "two common words": Filter(text="parcel wet"),
    "a word, one agent": Filter(text="快递", agent="a_7"),
    "an order number": Filter(text="LY20260000004242"),
    "no such word": Filter(text="elephant"),
}


async def tickets(bench: Bench) -> None:
    """Prints a line for each filter, on SQLite."""
    await on_sqlite(bench.folder, YEAR)


async def on_sqlite(folder: Path, count: int) -> None:
    path = folder / "tickets.sqlite"
    await migrate(f"sqlite:///{path}")
    begun = time.perf_counter()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    found: dict[str, list[str]] = {}
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(f"INSERT INTO tickets ({', '.join(COLUMNS)}) VALUES ({marks})", _rows(count, found))
    connection.executemany("INSERT INTO ticket_words (tenant, word, ticket) VALUES (?, ?, ?)", _words(found))
    connection.commit()
    connection.close()
    print(f"\n{count} tickets, {path.stat().st_size >> 20} MB, written in {time.perf_counter() - begun:.0f} s")
    await _measure(open_database(f"sqlite:///{path}", Bell()), "SQLite")


async def on_postgres(count: int) -> None:
    with own_postgres() as server:
        url = server("postgres")
        await migrate(url)
        begun = time.perf_counter()
        connection = await asyncpg.connect(url)
        found: dict[str, list[str]] = {}
        await connection.copy_records_to_table("tickets", records=_rows(count, found), columns=COLUMNS)
        await connection.copy_records_to_table(
            "ticket_words", records=_words(found), columns=("tenant", "word", "ticket")
        )
        await connection.execute("ANALYZE")
        await connection.close()
        print(f"\n{count} tickets, written in {time.perf_counter() - begun:.0f} s")
        await _measure(open_database(url, Bell()), "PostgreSQL")


def _rows(count: int, found: dict[str, list[str]]) -> Iterator[tuple[Any, ...]]:
    """Tickets of the year before MONDAY, oldest first; fills in which of them have which word."""
    draw = random.Random(SEED)
    states = draw.choices([state for state, _ in STATES], [share for _, share in STATES], k=count)
    first = MONDAY - timedelta(days=365)
    for number in range(count):
        at = first + timedelta(days=365) * number / count
        name, kind = f"t_{number:026}", TYPES[draw.randrange(len(TYPES))]
        subject = f"{draw.choice(SUBJECTS)} LY2026{number:010}"
        promise = kind is None
        state = ("closed" if states[number] == "done" else "open") if promise else states[number]
        visible = None if promise else f"T{at:%y%m%d}-{number:06}"
        for word in () if promise else words_of(str(visible), subject):
            found.setdefault(word, []).append(name)
        agent = f"a_{draw.randrange(AGENTS)}" if draw.random() < 0.7 else None
        due = _micros(at + timedelta(hours=48))
        head = ("demo", name, f"c_{number}", subject, "", state, due, _micros(at), visible, kind)
        yield (*head, draw.randrange(10), 1, 2, "bot", f"k_{number // 3}", agent, f"q_{draw.randrange(QUEUES)}")


def _words(found: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    for word in sorted(found):
        for name in found[word]:
            yield "demo", word, name


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


async def _measure(database: Database, engine: str) -> None:
    """The first PAGES pages of each filter, ROUNDS times."""
    lin = person("lin", queues=tuple(f"q_{number}" for number in range(5)))
    lines = []
    for title, asked in ASKED.items():
        samples: list[float] = []
        for _ in range(ROUNDS):
            cursor: str | None = None
            for _ in range(PAGES):
                begun = time.perf_counter()
                found = await database.read(lambda c, a=asked, p=cursor: page(c, lin, a, cursor=p, limit=PAGE))  # type: ignore[misc]
                _ = [ticket_json(one, {}) for one in found.tickets]
                samples.append((time.perf_counter() - begun) * 1000)
                cursor = found.next
                if cursor is None:
                    break
        lines.append(Latency(title, samples, {"p95": GOAL_MS}))
    samples = []
    for _ in range(ROUNDS * PAGES):
        begun = time.perf_counter()
        await database.read(lambda c: counts(c, lin, MONDAY))
        samples.append((time.perf_counter() - begun) * 1000)
    lines.append(Latency("counts of a desk", samples, {"p95": GOAL_MS}))
    await database.close()
    show_latencies(f"11. Pages of {PAGE} tickets on {engine}", lines)


if __name__ == "__main__":
    play("tests.bench.tickets", __doc__, rows=YEAR, on_sqlite=on_sqlite, on_postgres=on_postgres)
