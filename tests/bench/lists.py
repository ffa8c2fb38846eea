"""Every list and report page over a year of 2,000 conversations a day, through the gateway's own routes: < 200 ms.

Also alone, without any part running: `python -m tests.bench.lists [--count N] [--postgres]`. The gateway runs in this
process without its workers; a page is measured from the request to the last byte of its JSON.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import httpx2
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.access import COOKIE
from handoff_service.agents import store as agents
from handoff_service.agents.model import Role
from handoff_service.analytics.signals import tally
from handoff_service.app import create_app
from handoff_service.database import Transaction
from handoff_service.ids import token_hash
from handoff_service.migrate import migrate
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import QueueSettings
from tests.bench.alone import play
from tests.bench.figures import Latency, show_latencies
from tests.bench.on_postgres import own_postgres
from tests.bench.setting import Bench
from tests.bench.year import AGENTS, OPEN, QUEUES, YEAR, write_postgres, write_sqlite
from tests.handoff_service.stage import MONDAY, FakeClock, person, shop, trial_settings

GOAL_MS = 200.0
ROUNDS = 20
TOKEN = "t" * 40
COMPLAINT = f"t_{7:026}"  # the first of tests/bench/year.py
# What desks, supervisors, analysts and integrators page through; {cursor} is that of the page before.
PAGES = {
    "conversations: mine": "/v1/conversations?box=mine&limit=50",
    "conversations: waiting": "/v1/conversations?box=waiting&limit=50",
    "conversations: bot": "/v1/conversations?box=bot&limit=50",
    "conversations: closed": "/v1/conversations?box=closed&limit=200",
    "conversations of a contact": "/v1/contacts/k_1000/conversations",
    "one conversation": "/v1/conversations/c_000000300",
    "its entries": "/v1/conversations/c_000000300/entries",
    "its receipt": "/v1/conversations/c_000000300/receipt",
    "its canned replies": "/v1/conversations/c_000000300/canned-replies",
    "its customer's care": "/v1/contacts/k_100/care",
    "one handoff": "/v1/handoffs/h_300",
    "search: a common word": "/v1/search?q=refund",
    "search: Chinese": "/v1/search?q=%E8%8A%B1%E7%93%B6",
    "search: nothing": "/v1/search?q=elephant",
    "search: an id": "/v1/search?q=c_000000300",
    "search: a tag": "/v1/search?q=tag%203",
    "wall": "/v1/wall",
    "queues now": "/v1/queues",
    "mentions": "/v1/mentions",
    "tickets: unfinished": "/v1/tickets",
    "tickets: done": "/v1/tickets?state=closed",
    "tickets: words": "/v1/tickets?text=refund",
    "tickets of an agent": "/v1/tickets?owner=a_7",
    "tickets of a customer": "/v1/tickets?contact=k_2",
    "one ticket": f"/v1/tickets/{COMPLAINT}",
    "a complaint's case file": f"/v1/complaints/{COMPLAINT}/case.json",
    "the same for the printer": f"/v1/complaints/{COMPLAINT}/case.html",
    "complaints": "/v1/complaints",
    "complaints of a year": "/v1/complaints?since=2025-11-02T00:00:00Z&limit=200",
    "promises: open": "/v1/promises?box=open",
    "promises: overdue": "/v1/promises?box=overdue",
    "promises: mine": "/v1/promises",
    "promises: kept": "/v1/promises?box=kept",
    "promises: cancelled": "/v1/promises?box=cancelled",
    "SLA: going": "/v1/sla?box=going",
    "SLA: late": "/v1/sla?box=late",
    "SLA: ended, 14 days": "/v1/sla?box=ended&days=14",
    "report of signals: 1 day": "/api/reports/signals?days=1",
    "report of signals: 30 days": "/api/reports/signals?days=30",
    "report of signals: a year": "/api/reports/signals?days=366",
    "staffing: 4 weeks": "/v1/staffing?queue=q_1",
    "staffing: 12 weeks": "/v1/staffing?queue=q_1&weeks=12",
    "training messages": "/v1/training/messages",
    "hours": "/v1/hours",
    "agents": "/v1/admin/agents",
    "roles": "/v1/admin/roles",
    "audit": "/v1/admin/audit?limit=200",
    "audit, a hundred thousand rows ago": "/v1/admin/audit?limit=200&before=80000",
    "a list of the settings": "/v1/admin/lists/queues",
    "channel accounts": "/v1/admin/channels",
    "channel accounts in the console": "/v1/channels/accounts",
    "kinds of channels": "/v1/channels/kinds",
    "webhooks": "/v1/admin/webhooks",
    "configuration": "/v1/admin/config",
    "webhooks' deliveries": "/v1/admin/webhooks/messages?limit=200",
    "of one webhook": "/v1/admin/webhooks/messages?webhook=w_1",
    "one delivery": "/v1/admin/webhooks/messages/msg_000000400_00",
    "dead ones": "/v1/admin/webhooks/messages?state=dead",
    "dead ones of one webhook": "/v1/admin/webhooks/messages?webhook=w_0&state=dead",
    "API keys": "/v1/admin/api-keys",
    "what is kept of a customer": "/v1/contacts/k_100/kept",
    "erasures": "/v1/jobs",
    "integrators: conversations": "/v1/api/conversations?limit=200",
    "integrators: one": "/v1/api/conversations/c_000000300",
    "integrators: its entries": "/v1/api/conversations/c_000000300/entries",
}
# Files that somebody saves: everything of a time, however much that is. They are measured, and have no goal.
FILES = {
    "a conversation as a file": "/v1/conversations/c_000000300/export",
    "register of complaints, a year, CSV": "/v1/complaints/export?since=2025-11-02T00:00:00Z",
    "training lines": "/v1/training/lines",
    "everything kept of a customer": "/v1/contacts/k_100/export",
}
# What is read over HTTP and is no list or report of this database, each with why.
ELSEWHERE = {
    r"/v1/knowledge/.*": "asks the knowledge base, which has figures of its own",
    r"/v1/training/models": "asks the bot",
    r"/v1/conversations/\{conversation_id\}/orders": "asks the shop",
    r"/v1/jobs/\{job_id\}": "one row by its key",
    r"/v1/files/\{file_id\}": "the content of a file",
}


async def lists(bench: Bench) -> None:
    """Prints a line for each page, on SQLite."""
    await on_sqlite(bench.folder, YEAR)


async def on_sqlite(folder: Path, count: int) -> None:
    path = folder / "year.sqlite"
    url = f"sqlite:///{path}"
    await migrate(url)
    begun = time.perf_counter()
    await asyncio.to_thread(write_sqlite, path, count)
    print(f"\n{count} conversations, {path.stat().st_size >> 20} MB, written in {time.perf_counter() - begun:.0f} s")
    await _measure(url, folder, f"SQLite, {count} conversations")


async def on_postgres(count: int) -> None:
    with own_postgres() as server, tempfile.TemporaryDirectory() as folder:
        url = server("postgres")
        await migrate(url)
        begun = time.perf_counter()
        await write_postgres(url, count)
        print(f"\n{count} conversations, written in {time.perf_counter() - begun:.0f} s")
        await _measure(url, Path(folder), f"PostgreSQL, {count} conversations")


async def _measure(url: str, folder: Path, engine: str) -> None:
    app = create_app(trial_settings(var=folder, database_url=url), clock=FakeClock(MONDAY))
    service = app.state.service
    await service.database.write(_move_in)
    await tally(service.database, MONDAY)  # as the keeper does
    waited, worked = [], []
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://desk") as client:
        client.cookies.set(COOKIE, TOKEN)
        for title, path in {**PAGES, **FILES}.items():
            goals = {"p95": GOAL_MS} if title in PAGES else {}
            samples: list[float] = []
            busy: list[float] = []
            await client.get(path)  # compiles the statements
            for _ in range(ROUNDS):
                begun, used = time.perf_counter(), time.process_time()
                answer = await client.get(path)
                samples.append((time.perf_counter() - begun) * 1000)
                busy.append((time.process_time() - used) * 1000)
                if answer.status_code != 200:
                    raise AssertionError(f"{title}: {answer.status_code} {answer.text[:300]}")
                if sum(samples) > 15_000:
                    break
            waited.append(Latency(f"{title} ({len(answer.content) >> 10} kB)", samples, goals))
            worked.append(Latency(title, busy, goals))
    await service.database.close()
    show_latencies(f"17. Pages on {engine}, {OPEN} of them open", waited)
    show_latencies("    The same as processor time of the gateway, whatever else runs on the machine", worked)


def _move_in(tx: Transaction) -> None:
    """The tenant with its queues, everybody at work, and the session of the owner who looks at all these pages."""
    tenant = shop()
    queues = tuple(QueueSettings(id=f"q_{number}", name=f"Queue {number}") for number in range(QUEUES))
    settings = tenant.settings.model_copy(update={"queues": queues})
    tenants.save(tx.connection, tenant.model_copy(update={"settings": settings}))
    for number in range(AGENTS):
        served = tuple(f"q_{(number + part) % QUEUES}" for part in range(5))
        role = Role.OWNER if number == 0 else Role.AGENT
        agents.save(tx.connection, person(str(number), queues=served, role=role), "-")
    # The audit was written past its chain; case files and exports leave a row each, which follows the last one.
    last = tx.connection.execute(sa.select(sa.func.max(tables.audit.c.n))).scalar_one()
    tx.connection.execute(sa.insert(tables.meta).values(key="audit_head/demo", value=f"{last}:-"))
    until = MONDAY + timedelta(hours=8)
    desks = [{"tenant": "demo", "agent": f"a_{n}", "session": "s", "lease_until": until} for n in range(AGENTS)]
    tx.connection.execute(sa.insert(tables.desks), desks)
    agents.add_session(tx.connection, "demo", "a_0", token_hash(TOKEN), MONDAY)


if __name__ == "__main__":
    play("tests.bench.lists", __doc__, rows=YEAR, on_sqlite=on_sqlite, on_postgres=on_postgres)
