"""What every answer carries for the browser, who may read it across origins, and what health means."""

from __future__ import annotations

import asyncio
import gzip
import os
import re

import httpx2
import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.http import PAGES
from tests.handoff_service.stage import SHOP_URL
from tests.handoff_service.web.visitors import accepted, refused

built = pytest.mark.skipif(not PAGES.is_dir(), reason="the pages are not built")


async def fetch(url, method="GET", **headers):
    async with httpx2.AsyncClient(trust_env=False) as browser:
        return await browser.request(
            method, url, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )


def policy(answer):
    parts = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize("path", ["/healthz", "/v1/agents/me", "/v1/nothing", "/nothing", "/console/", "/chat/"])
async def test_every_answer_carries_what_protects_users(house, path):
    answer = await fetch(house.gateway.url + path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    calls = "(self)" if path in ("/console/", "/chat/") else "()"
    assert answer.headers["permissions-policy"] == f"camera={calls}, microphone={calls}, geolocation=()"
    assert "server" not in answer.headers
    rules = policy(answer)
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == ["'self'"]
    assert rules["img-src"] == ["'self'", "data:", "blob:"]  # blob: a picture that was fetched with the agent's cookie
    assert rules["frame-ancestors"] == ["'none'"]
    assert rules["base-uri"] == ["'none'"]
    assert rules["require-trusted-types-for"] == ["'script'"]
    assert rules["trusted-types"] == ["'none'"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert rules["connect-src"] == ["'self'", house.gateway.url.replace("http", "ws", 1)]
    assert ("no-store" in answer.headers.get("cache-control", "")) is path.startswith("/v1/")


@built
async def test_the_pages_need_nothing_that_their_policy_forbids(house):
    for page in ("/console/", "/chat/"):
        text = (await fetch(house.gateway.url + page)).text
        assert "<script" in text
        assert all("src=" in tag.partition(">")[0] for tag in text.split("<script")[1:]), "an inline script"
        assert "<style" not in text
        assert " style=" not in text
        assert " onload=" not in text


@built
async def test_the_widget_may_be_embedded_by_other_sites(house):
    answer = await fetch(f"{house.gateway.url}/widget/v1/widget.js")
    assert answer.status_code == 200
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "javascript" in answer.headers["content-type"]


@built
async def test_the_widget_is_small_where_nobody_chats_and_its_parts_are_kept_for_good(house):
    async with httpx2.AsyncClient(base_url=house.gateway.url, trust_env=False) as browser:
        script = await browser.get("/widget/v1/widget.js")
        assert len(gzip.compress(script.content, 9)) < 6_000, "what every page of the shop loads"
        assert script.headers["cache-control"] == "no-cache"
        chat = re.search(r"chat-[\w-]{8}\.js", script.text)[0]
        loaded, waiting = {}, [chat]
        while waiting:
            name = waiting.pop()
            part = await browser.get(f"/widget/v1/{name}")
            assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert part.headers["access-control-allow-origin"] == "*", "modules are loaded across origins"
            loaded[name] = part
            imported = re.findall(r'(?:from|import)\s*"\./([\w-]+\.js)"', part.text)
            waiting += [one for one in imported if one not in loaded and one not in waiting]
    assert len(loaded) <= 2, "each file that needs another one is a journey more before anything is drawn"
    code = sum(len(gzip.compress(part.content, 9)) for part in loaded.values())
    assert code < 28_500, "what an open conversation needs, without its language"


async def test_a_listed_shop_may_call_the_visitors_routes(house):
    url = f"{house.gateway.url}/v1/widget/sessions"
    asked = await fetch(url, "OPTIONS", Origin=SHOP_URL, Access_Control_Request_Method="POST")
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == SHOP_URL
    assert set(asked.headers["access-control-allow-headers"].split(", ")) == {"authorization", "content-type"}
    assert set(asked.headers["access-control-allow-methods"].split(", ")) == {"GET", "POST"}
    assert asked.headers["vary"] == "Origin"
    for path in ("/v1/conversations/c_1/entries", "/v1/ws-ticket"):
        answer = await fetch(house.gateway.url + path, Origin=SHOP_URL)
        assert answer.headers["access-control-allow-origin"] == SHOP_URL
        assert "access-control-allow-credentials" not in answer.headers, "a cookie of an agent never comes along"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{SHOP_URL}.evil.example", "", "*"])
async def test_nobody_else_may(house, origin):
    for method in ("OPTIONS", "GET", "POST"):
        answer = await fetch(f"{house.gateway.url}/v1/widget/sessions", method, Origin=origin)
        assert "access-control-allow-origin" not in answer.headers
        assert answer.status_code >= 400


async def test_the_console_answers_to_no_other_site_at_all(house):
    for path in ("/v1/agents/me", "/v1/agents/sign-in", "/v1/conversations", "/v1/handoffs/h_1", "/v1/tickets"):
        for method in ("GET", "OPTIONS"):
            answer = await fetch(house.gateway.url + path, method, Origin=SHOP_URL)
            assert "access-control-allow-origin" not in answer.headers, f"{method} {path}"


async def test_alive_and_ready(open_gateway):
    gateway = open_gateway()  # of its own: what others have done in a shared one may be late
    assert accepted(await fetch(f"{gateway.url}/healthz")) == {"status": "ok"}
    ready = accepted(await fetch(f"{gateway.url}/readyz"))
    assert ready["status"] == "ok", ready
    assert ready["outbox_age_s"] >= 0


async def test_not_ready_while_nothing_can_be_written(open_gateway):
    gateway = open_gateway()
    accepted(await fetch(f"{gateway.url}/readyz"))
    path = sa.make_url(gateway.settings.database).database
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as prober:
        asking = asyncio.create_task(prober.get(f"{gateway.url}/readyz"))
        await asyncio.sleep(0.1)
        accepted(await prober.get(f"{gateway.url}/healthz"))
        answer = await asking
        assert answer.status_code == 503
        assert answer.json()["status"] == "not ready"
        assert answer.json()["reason"].startswith("database: ")
        holder.execute("ROLLBACK")
        holder.close()
        accepted(await prober.get(f"{gateway.url}/readyz"))


async def test_not_ready_when_the_tables_are_gone(open_gateway):
    gateway = open_gateway()
    path = sa.make_url(gateway.settings.database).database
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE meta RENAME TO gone")
    answer = await fetch(f"{gateway.url}/readyz")
    assert answer.status_code == 503
    assert os.path.dirname(path) not in answer.text, "strangers learn nothing about the machine"
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE gone RENAME TO meta")
    other.close()
    accepted(await fetch(f"{gateway.url}/readyz"))


async def test_a_fault_of_the_database_does_not_stop_the_bot_for_good(open_gateway, build_house):
    gateway = open_gateway(sweep_s=0.1)
    house = await build_house(gateway)
    customer = await house.customer()
    path = sa.make_url(gateway.settings.database).database
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE outbox RENAME TO gone")
    await asyncio.sleep(2.5)  # long enough for the outbox and the sweeper to run into it
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE gone RENAME TO outbox")
    other.close()
    await customer.write("are you there?")
    await customer.answered()


async def test_what_nobody_foresaw_is_answered_with_a_name_to_ask_about(open_gateway, build_house, caplog):
    gateway = open_gateway()
    house = await build_house(gateway)
    customer = await house.customer()
    await customer.write("canary-in-a-message")
    path = sa.make_url(gateway.settings.database).database
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE operations RENAME TO gone")
    answer = await customer.post(customer.path("ask-human"), {"op_id": "canary-op-1"})
    assert answer.status_code in (500, 503)
    error = refused(answer, answer.status_code, "internal" if answer.status_code == 500 else "unavailable")
    assert error["retryable"] is True
    assert "operations" not in answer.text, "no SQL for strangers"
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE gone RENAME TO operations")
    other.close()
    accepted(await customer.post(customer.path("ask-human"), {"op_id": "canary-op-1"}))
    assert "canary-in-a-message" not in caplog.text


async def test_the_tables_and_the_test_agree_on_names(house):
    """The faults above rename tables; a new name would make them test nothing."""
    assert {"meta", "outbox", "operations"} <= set(tables.metadata.tables)
    assert house.tenant.id
