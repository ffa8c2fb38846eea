"""F-39 on PostgreSQL: the disk of its tables is full; nothing acknowledged is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handoff_service.migrate import migrate
from tests.handoff_service.stage import ScriptedBot, trial_settings
from tests.handoff_service.web.conftest import by_text
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.visitors import accepted, fresh, refused
from tests.soak.stores import PostgresStore


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresStore]:
    """A PostgreSQL of this test alone, whose tables have little room."""
    one = PostgresStore(tmp_path, size_mb=48)
    yield one
    one.close()


async def test_with_a_full_disk_reading_goes_on_and_writing_comes_back_by_itself(
    server: PostgresStore, build_house: Any
) -> None:
    if not server.disk.is_small:
        pytest.skip("only root may mount; on SQLite a limit on files stands in for it")
    await migrate(server.url)
    gateway = Gateway(trial_settings(database_url=server.url), bot=ScriptedBot(usually=by_text))
    gateway.start()
    try:
        house = await build_house(gateway)
        customer = await house.customer()
        await customer.write("before")
        await customer.answered()
        await asyncio.to_thread(server.disk.fill)
        sent, waiting = await _until_full(customer)
        timeline = await customer.timeline()
        assert [entry["client_id"] for entry in timeline if entry.get("client_id") in sent] == sent, "reading goes on"
        server.disk.empty()
        async with asyncio.timeout(20):
            while (answer := await customer.post("/v1/conversations/current/messages", waiting)).status_code != 200:
                await asyncio.sleep(0.1)
        assert accepted(answer)["conversation"] == customer.conversation
        await customer.answered()
        timeline = await customer.timeline()
        kept = [entry["client_id"] for entry in timeline if entry.get("author", {}).get("kind") == "customer"][1:]
        assert kept == [*sent, waiting["client_id"]], "each once, in order, and nothing of what was refused"
        assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
        await house.leave()
        await house.database.close()
    finally:
        await asyncio.to_thread(gateway.stop)


async def _until_full(customer: Any) -> tuple[list[str], dict[str, Any]]:
    """Writes until nothing is taken three times in a row; what was acknowledged, and the message that was refused."""
    sent: list[str] = []
    for _ in range(200):  # pages that are there have room for some
        message = {"client_id": fresh("msg"), "body": {"text": secrets.token_hex(3500)}}
        answer = await customer.post("/v1/conversations/current/messages", message)
        if answer.status_code == 200:
            sent.append(message["client_id"])
            continue
        for _ in range(3):
            refused(await customer.post("/v1/conversations/current/messages", message), 503, "unavailable")
        return sent, message
    raise AssertionError("the disk was never full")
