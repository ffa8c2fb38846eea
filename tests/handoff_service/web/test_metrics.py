"""GET /metrics: who may read it, what it counts, and that it tells nothing about customers."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pysqlite3 as sqlite3
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from handoff_service import metrics, tables
from handoff_service.clock import utc_now
from tests.handoff_service.stage import ScriptedBot, answer
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.torture.rules import Pause
from tests.handoff_service.web.visitors import accepted, refused

FORWARDED = [
    {"X-Forwarded-For": "10.0.0.1"},
    {"Forwarded": "for=10.0.0.1"},
    {"X-Real-IP": "10.0.0.1"},
    {"Via": "1.1 p"},
]


async def read(gateway: Gateway, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as watcher:
        return await watcher.get(f"{gateway.url}/metrics", headers=headers)


async def values(gateway: Gateway) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    page = await read(gateway)
    assert page.status_code == 200
    families = text_string_to_metric_families(page.text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


async def test_a_conversation_is_counted(open_gateway: Callable[..., Gateway], build_house: Any) -> None:
    gateway = open_gateway()
    house = await build_house(gateway)
    before = await values(gateway)

    def grown(after: dict[tuple[str, ...], float], *name: str) -> float:
        return after[name] - before.get(name, 0)

    customer = await house.customer()
    socket = await customer.socket()
    await customer.write("hello")
    await customer.answered()
    after = await values(gateway)
    assert grown(after, "tandem_appends_total", "customer") == 1
    assert grown(after, "tandem_appends_total", "bot") == 1
    assert grown(after, "tandem_turn_seconds_count", "scripted", "posted") == 1
    assert grown(after, "tandem_commit_seconds_count") >= 2
    assert grown(after, "tandem_commit_group_size_sum") >= grown(after, "tandem_commit_group_size_count")
    assert grown(after, "tandem_sockets") == 1
    await asyncio.sleep(metrics.LAG_EVERY_S * 1.5)
    assert grown(await values(gateway), "tandem_loop_lag_seconds_count") >= 1
    await socket.leave()
    assert grown(after, "tandem_reconnects_total") == 0
    await (await customer.socket((customer.conversation, 1))).leave()
    assert grown(await values(gateway), "tandem_reconnects_total") == 1
    async with asyncio.timeout(20):
        while grown(await values(gateway), "tandem_sockets") != 0:
            await asyncio.sleep(0.05)
    assert after["tandem_queue_age_seconds",] == 0
    assert (await values(gateway))["tandem_outbox_age_seconds",] == 0


async def test_who_waits_makes_the_queue_old(open_gateway: Callable[..., Gateway], build_house: Any) -> None:
    gateway = open_gateway()
    house = await build_house(gateway)
    lin = await house.agent("lin")
    await lin.socket()
    customer, _ = await house.waiting()
    await asyncio.sleep(0.2)
    assert (await values(gateway))["tandem_queue_age_seconds",] >= 0.2
    accepted(await lin.accept(await house.handoff_of(customer)))
    assert (await values(gateway))["tandem_queue_age_seconds",] == 0
    before = (await values(gateway))["tandem_fenced_total",]
    refused(await lin.reply(customer.conversation, "hello", 1), 409, "fenced")
    assert (await values(gateway))["tandem_fenced_total",] == before + 1


async def test_what_the_bot_owes_makes_the_outbox_old(open_gateway: Callable[..., Gateway], build_house: Any) -> None:
    thinking = Pause(answer("At last."))
    gateway = open_gateway(bot=ScriptedBot([thinking]))
    house = await build_house(gateway)
    customer = await house.customer()
    before = await values(gateway)
    assert before["tandem_outbox_age_seconds",] == 0
    await customer.write("hello")
    await thinking.until_asked()
    await asyncio.sleep(0.2)
    assert (await values(gateway))["tandem_outbox_age_seconds",] >= 0.2
    thinking.go()
    await customer.answered()
    async with asyncio.timeout(20):
        while (after := await values(gateway))["tandem_outbox_age_seconds",] != 0:
            await asyncio.sleep(0.05)
    waited = ("tandem_turn_seconds_sum", "scripted", "posted")
    assert after[waited] - before.get(waited, 0) >= 0.2, "and a turn that took its time is counted with it"


async def test_what_nobody_looks_after_is_seen(open_gateway: Callable[..., Gateway], build_house: Any) -> None:
    gateway = open_gateway(sweep_s=3600)
    house = await build_house(gateway)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    assert (await values(gateway))["tandem_oldest_unowned_seconds",] == 0
    late = sa.update(tables.conversations).values(deadline_at=utc_now() - timedelta(seconds=90))
    await house.database.write(lambda tx: tx.connection.execute(late))
    assert (await values(gateway))["tandem_oldest_unowned_seconds",] >= 90


async def test_without_a_token_only_this_machine_reads_them(open_gateway: Callable[..., Gateway]) -> None:
    gateway = open_gateway()
    assert (await read(gateway)).status_code == 200
    for header in FORWARDED:
        refused(await read(gateway, **header), 404, "not_found")


async def test_with_a_token_only_its_holder_does(open_gateway: Callable[..., Gateway]) -> None:
    token = "a-token-that-only-the-watcher-has"
    gateway = open_gateway(metrics_token=token)
    assert (await read(gateway, Authorization=f"Bearer {token}")).status_code == 200
    through = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "10.0.0.1"}
    assert (await read(gateway, **through)).status_code == 200
    for wrong in ("", "Bearer", f"Bearer {token}x", f"Basic {token}", "Bearer \u00e9"):
        answer = await read(gateway, **({"Authorization": wrong.encode("latin-1")} if wrong else {}))  # type: ignore[dict-item]
        refused(answer, 404, "not_found")


async def test_they_tell_nothing_about_customers(open_gateway: Callable[..., Gateway], build_house: Any) -> None:
    gateway = open_gateway()
    house = await build_house(gateway)
    customer, handoff = await house.waiting("canary-words")
    page = (await read(gateway)).text
    for private in ("canary", house.tenant.id, customer.conversation, handoff, customer.contact):
        assert private not in page
    labels = {name for found in re.findall(r"\{([^}]*)\}", page) for name in re.findall(r"(\w+)=", found)}
    assert labels <= {
        "author_kind", "le", "bot", "state", "channel", "what", "version", "implementation", "major", "minor",
        "patchlevel", "directive",
    }  # fmt: skip


async def test_ages_are_no_numbers_while_the_database_cannot_be_read(open_gateway: Callable[..., Gateway]) -> None:
    """The last known value would look healthy for as long as the fault lasts."""
    gateway = open_gateway()
    path = sa.make_url(gateway.settings.database).database
    assert path is not None
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE outbox RENAME TO gone")
    found = await values(gateway)
    assert str(found["tandem_outbox_age_seconds",]) == "nan"
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE gone RENAME TO outbox")
    other.close()
    assert (await values(gateway))["tandem_outbox_age_seconds",] == 0


async def test_the_event_loop_s_lag_is_seen() -> None:
    """F-50: whatever blocks the loop shows here."""
    probe = asyncio.create_task(metrics.LoopLag().run())
    before = _late()
    await asyncio.sleep(0.01)
    time.sleep(metrics.LAG_EVERY_S + 0.3)
    await asyncio.sleep(0.05)
    probe.cancel()
    assert _late() > before


def _late() -> float:
    """How often tasks have waited for more than a quarter of a second."""
    counts = {sample.labels["le"]: sample.value for sample in _lag() if sample.name.endswith("_bucket")}
    return float(counts["+Inf"] - counts["0.25"])


def _lag() -> list[Any]:
    return [sample for family in metrics.loop_lag.collect() for sample in family.samples]
