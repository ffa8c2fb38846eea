"""What an administrator does for other systems and for the law: webhooks, API keys, one customer's data."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx2
import pysqlite3 as sqlite3
import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.desk import view
from tests.end_to_end.pages import Console, barriers, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, Stage, ask
from tests.handoff_service.webhooks.receiver import Receiver

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
# As if it had been tried nine times over a day and a half, and were due now.
LAST_TRY = (
    "UPDATE webhook_messages SET attempts = 9, next_at = 0 WHERE id = ? AND state = 'waiting' AND lease_until IS NULL"
)
PATIENCE_S = 30.0


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def at_settings(browser: Browser, stage: Stage, part: str) -> Console:
    """The owner at one part of the settings."""
    console = Console(await new_page(browser, language="en"))
    await console.sign_in(stage.gateway, stage.logins[-1])
    await view(console.page, "administration")
    await console.page.locator(f"[data-part={part}]").click()
    return console


async def test_what_a_receiver_did_not_take_is_seen_mended_and_sent_again(
    browser: Browser, stage: Stage, stage_var: Path
) -> None:
    """It fails its test, then for good; its dead letter is shown with every attempt; mended it gets it, signed anew."""
    name = f"CRM {secrets.token_hex(3)}"
    async with Receiver(answers=[500] * 20) as receiver:
        console = await at_settings(browser, stage, "webhooks")
        desk = console.page
        new = desk.get_by_role("form", name="New webhook")
        await new.get_by_label("Address of the receiver").fill(receiver.url)
        await new.get_by_label("What it is for").fill(name)
        await new.get_by_text("Conversation closed").click()
        await new.locator("footer .primary").click()
        await expect(desk.locator(".drawn code")).to_contain_text("whsec_")
        await desk.get_by_role("button", name="Noted").click()
        await expect(desk.locator("body")).not_to_contain_text("whsec_")

        line = desk.locator(".accounts > li", has_text=name)
        await expect(line).to_contain_text("Conversation closed")
        await line.get_by_role("button", name="Send a test").click()
        await expect(line.locator(".delivery-log")).to_contain_text("127.0.0.1 answered 500")
        await expect(line.locator(".delivery-log")).to_contain_text("Next attempt")
        await _until_it_is_dead(stage_var, receiver)
        await _refreshed(desk, "webhooks")
        await expect(line.locator("> .ticket-line .badge.bad")).to_have_text("1 not delivered")
        await expect(line.locator(".page-failed")).to_contain_text("127.0.0.1 answered 500")

        if await line.locator(".deliveries").count() == 0:
            await line.get_by_role("button", name="Deliveries").click()
        await line.get_by_label("Which to show").select_option("dead")
        letter = line.locator("[data-delivery]")
        await expect(letter).to_have_count(1)
        if await letter.locator(".delivery-log").count() == 0:
            await letter.locator(".link-row").click()
        await expect(letter.locator(".ticket-log li")).to_have_count(len(receiver.got))
        assert await barriers(desk) == []
        receiver.answers.clear()  # mended
        await letter.get_by_role("button", name="Send again").click()
        await expect(letter.locator(".badge")).to_have_text("Delivered")
        await expect(letter.locator(".ticket-log li.public")).to_contain_text("taken by the receiver (200)")
        await expect(line.locator("> .ticket-line .badge.bad")).to_have_count(0)
        await expect(line).to_contain_text("Last delivered")
        assert len({one.id for one in receiver.got}) == 1, "the same webhook-id in every attempt"

        await _two_secrets(desk, name, receiver)
        await line.get_by_role("button", name="Delete").click()
        await line.get_by_role("button", name="Delete for good").click()
        await expect(line).to_have_count(0)
    assert console.complaints == []


async def _until_it_is_dead(var: Path, receiver: Receiver) -> None:
    """Its last attempt fails too: not a day and a half later, but now."""
    message = receiver.got[0].id
    with closing(sqlite3.connect(var / "handoff.sqlite", timeout=20, isolation_level=None)) as database:
        async with asyncio.timeout(PATIENCE_S):
            while database.execute(LAST_TRY, (message,)).rowcount == 0:  # under way in this moment
                await asyncio.sleep(0.1)
            query = "SELECT state FROM webhook_messages WHERE id = ?"
            while database.execute(query, (message,)).fetchone()[0] != "dead":
                await asyncio.sleep(0.1)


async def _refreshed(desk: Page, part: str) -> None:
    """The same part again, as it is by now."""
    await desk.locator("[data-part=queues]").click()
    await desk.locator(f"[data-part={part}]").click()


async def _two_secrets(desk: Page, name: str, receiver: Receiver) -> None:
    """While both are valid both sign; ended, the older one is gone."""
    line = desk.locator(".accounts > li", has_text=name)
    await line.get_by_role("button", name="New secret").click()
    await expect(desk.locator(".drawn code")).to_contain_text("whsec_")
    for wanted in (2, 1):
        before = len(receiver.got)
        await line.get_by_role("button", name="Send a test").click()
        async with asyncio.timeout(PATIENCE_S):
            while len(receiver.got) == before:
                await asyncio.sleep(0.05)
        assert len(receiver.got[-1].headers["webhook-signature"].split()) == wanted
        if wanted == 2:
            await line.get_by_role("button", name="End the old secret").click()
            await line.get_by_role("button", name="It does, end the old one").click()
            await expect(line.get_by_role("button", name="New secret")).to_be_visible()


async def test_a_key_opens_what_was_ticked_until_it_is_revoked(browser: Browser, stage: Stage) -> None:
    console = await at_settings(browser, stage, "keys")
    desk, name = console.page, f"CRM {secrets.token_hex(3)}"
    new = desk.get_by_role("form", name="New key")
    await new.get_by_label("Whose it is").fill(name)
    await expect(new.locator("footer .primary")).to_be_disabled()  # a key that may do nothing is none
    await new.get_by_text("Read tickets").click()
    await new.locator("footer .primary").click()
    key = await desk.locator(".drawn code").inner_text()
    await desk.get_by_role("button", name="Noted").click()
    await expect(desk.locator("body")).not_to_contain_text(key)

    line = desk.locator("[data-key]", has_text=name)
    await expect(line).to_contain_text("Never used")
    await expect(line).to_contain_text(f"Made by {stage.logins[-1]['name']}")
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=stage.gateway, headers=headers, trust_env=False) as crm:
        assert (await crm.get("/v1/tickets")).status_code == 200
        assert (await crm.get("/v1/api/conversations")).status_code == 403, "that was not ticked"
        await _refreshed(desk, "keys")
        await expect(line).to_contain_text("Last used")
        assert await barriers(desk) == []
        await line.get_by_role("button", name="Revoke").click()
        await line.get_by_role("button", name="Cancel").click()
        assert (await crm.get("/v1/tickets")).status_code == 200
        await line.get_by_role("button", name="Revoke").click()
        await line.get_by_role("button", name="Revoke now").click()
        await desk.locator("summary", has_text="Revoked keys").click()
        await expect(line.locator(".badge.bad")).to_contain_text("revoked")
        assert (await crm.get("/v1/tickets")).status_code == 401
    assert console.complaints == []


async def test_a_customer_is_found_copied_held_and_erased(browser: Browser, stage: Stage, tmp_path: Path) -> None:
    """From his conversation to his data; nobody erases him while it is on hold, nor without his name typed."""
    word = f"kakapo{secrets.token_hex(4)}"
    ann = await stage.customer(EN)
    conversation, _ = await ask(stage, ann, f"My {word} hums at night")
    console = await at_settings(browser, stage, "privacy")
    desk = console.page
    await desk.get_by_role("searchbox").fill(conversation)
    await desk.get_by_role("button", name="Find", exact=True).click()
    await desk.locator(".link-row[data-contact]").click()
    data = desk.locator(".person-data")
    name = await data.locator("h3").inner_text()
    async with desk.expect_download() as saving:
        await data.get_by_role("button", name="Export everything").click()
    copy = tmp_path / "copy.json"
    await (await saving.value).save_as(copy)
    assert word in copy.read_text("utf-8")
    assert json.loads(copy.read_text("utf-8"))["conversations"][0]["conversation"] == conversation

    line = data.locator(f"[data-conversation={conversation}]")
    await line.get_by_role("button", name="Put on hold").click()
    await line.get_by_label("For which case").fill("case-17")
    await line.locator("form .primary").click()
    await expect(line).to_contain_text("for the case case-17")
    await expect(data).to_contain_text("Conversations on hold: 1")
    await expect(data.get_by_role("button", name=re.compile("Erase"))).to_have_count(0)
    assert await barriers(desk) == []
    await line.get_by_role("button", name="Lift the hold").click()
    await line.get_by_label("Lifted for which case").fill("case-17")
    await line.locator("form .primary").click()

    await data.get_by_role("button", name="Erase this customer's data").click()
    form = data.get_by_role("form", name="Erase this customer's data")
    await expect(form).to_contain_text("conversations: 1")
    await expect(form.get_by_role("button", name="Erase for good")).to_be_disabled()
    await form.get_by_label("This cannot be undone").fill(name[:-1])
    await expect(form.get_by_role("button", name="Erase for good")).to_be_disabled()
    await form.get_by_label("This cannot be undone").fill(name)
    await form.get_by_role("button", name="Erase for good").click()
    await expect(data).to_contain_text("Nothing is left to erase")
    await expect(desk.locator("[data-job]").first.locator(".badge")).to_have_text("done")
    owner = await stage.agent(-1)
    kept = await owner.get(f"/v1/conversations/{conversation}/entries")
    assert word not in json.dumps(kept)
    assert console.complaints == []
