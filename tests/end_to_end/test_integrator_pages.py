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
from playwright.async_api import Browser, Locator, Page, expect

from tests.end_to_end.clients import op_id
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
    """It fails its tests, none of which holds up the next; what happens it fails for good: that is shown with every
    attempt, and mended it gets it, signed anew."""
    name = f"CRM {secrets.token_hex(3)}"
    async with Receiver(answers=[500] * 20) as receiver:
        console = await at_settings(browser, stage, "webhooks")
        desk = console.page
        new = desk.get_by_role("form", name="New webhook")
        await new.get_by_label("Address of the receiver").fill(receiver.url)
        await new.get_by_label("What it is for").fill(name)
        await new.get_by_text("Conversation opened").click()
        await new.locator("footer .primary").click()
        await expect(desk.locator(".drawn code")).to_contain_text("whsec_")
        await desk.get_by_role("button", name="Noted").click()
        await expect(desk.locator("body")).not_to_contain_text("whsec_")

        line = desk.locator(".accounts > li", has_text=name)
        await expect(line).to_contain_text("Conversation opened")
        for tests in (1, 2):
            await line.get_by_role("button", name="Send a test").click()
            await expect(line.locator("[data-delivery] .badge.bad")).to_have_count(tests)
            await expect(line.locator(".delivery-log")).to_contain_text("127.0.0.1 answered 500")
            assert len(receiver.got) == tests, "a test is tried once"
        await ask(stage, await stage.customer(EN), EN.hello)
        message = await _opened(receiver)
        await line.get_by_label("Which to show").select_option("waiting")
        await _until_it_says(line, "Next attempt")
        await _until_it_is_dead(stage_var, message)
        await _refreshed(desk, "webhooks")
        await expect(line.locator("> .ticket-line .badge.bad")).to_have_text("1 not delivered")
        await expect(line.locator(".page-failed")).to_contain_text("127.0.0.1 answered 500")

        if await line.locator(".deliveries").count() == 0:
            await line.get_by_role("button", name="Deliveries").click()
        await line.get_by_label("Which to show").select_option("dead")
        letter = line.locator("[data-delivery]", has_text="Conversation opened")
        await expect(letter).to_have_count(1)
        if await letter.locator(".delivery-log").count() == 0:
            await letter.locator(".link-row").click()
        await expect(letter.locator(".ticket-log li")).to_have_count(sum(one.id == message for one in receiver.got))
        assert await barriers(desk) == []
        receiver.answers.clear()  # mended
        await letter.get_by_role("button", name="Send again").click()
        await expect(letter.locator(".badge")).to_have_text("Delivered")
        await expect(letter.locator(".ticket-log li.public")).to_contain_text("taken by the receiver (200)")
        await expect(line.locator("> .ticket-line .badge.bad")).to_have_count(0)
        await expect(line).to_contain_text("Last delivered")
        assert receiver.got[-1].id == message, "the same webhook-id in every attempt"

        await _two_secrets(desk, name, receiver)
        await line.get_by_role("button", name="Delete").click()
        await line.get_by_role("button", name="Delete for good").click()
        await expect(line).to_have_count(0)
    assert console.complaints == []


async def _opened(receiver: Receiver) -> str:
    """The id under which the receiver was told that a conversation was opened."""
    async with asyncio.timeout(PATIENCE_S):
        while receiver.got[-1].body["type"] != "conversation.opened":
            await asyncio.sleep(0.05)
    return receiver.got[-1].id


async def _until_it_says(line: Locator, words: str) -> None:
    """The only delivery that is listed, opened and read anew until it says this."""
    await line.get_by_role("button", name="Refresh").click()
    await line.locator("[data-delivery] .link-row").click()
    async with asyncio.timeout(PATIENCE_S):
        while words not in await line.locator(".delivery-log").inner_text():
            await line.get_by_role("button", name="Refresh").click()
            await asyncio.sleep(0.2)


async def _until_it_is_dead(var: Path, message: str) -> None:
    """Its last attempt fails too: not a day and a half later, but now."""
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
    """While both are valid both sign, also when the new one was lost and drawn again; ended, the older one is gone."""
    line = desk.locator(".accounts > li", has_text=name)
    await line.get_by_role("button", name="New secret").click()
    lost = await desk.locator(".drawn code").inner_text()
    await desk.get_by_role("button", name="Noted").click()
    await line.get_by_role("button", name="New secret").click()
    await line.get_by_role("button", name="Draw another one").click()
    await expect(desk.locator(".drawn code")).to_contain_text("whsec_")
    assert await desk.locator(".drawn code").inner_text() != lost
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
            await expect(line.get_by_role("button", name="End the old secret")).to_have_count(0)


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
        await data.get_by_role("button", name="Export a copy").click()
    copy = tmp_path / "copy.json"
    await (await saving.value).save_as(copy)
    assert word in copy.read_text("utf-8")
    assert json.loads(copy.read_text("utf-8"))["conversations"][0]["conversation"] == conversation

    line = data.locator(f"[data-conversation={conversation}]")
    await line.get_by_role("button", name="Put on hold").click()
    await line.get_by_label("Number of the case that it is held for").fill("case-17")
    await line.locator("form .primary").click()
    await expect(line).to_contain_text("for the case case-17")
    await expect(data).to_contain_text("Conversations on hold: 1")
    await expect(data.get_by_role("button", name=re.compile("Erase"))).to_have_count(0)
    assert await barriers(desk) == []
    await line.get_by_role("button", name="Lift the hold").click()
    await line.get_by_label("Number of the case that allows lifting it").fill("case-17")
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


async def test_whom_an_agent_merged_is_named_and_reached_only_when_that_was_chosen(
    browser: Browser, stage: Stage, tmp_path: Path
) -> None:
    """Eve has talked an agent into being Ann. A copy of Eve, and erasing her, is about Ann only if that was ticked."""
    words = [f"kakapo{secrets.token_hex(4)}" for _ in range(3)]
    told = [await ask(stage, await stage.customer(EN), f"My {word} hums at night") for word in words]
    owner = await stage.agent(-1)
    cards = [await owner.get(f"/v1/conversations/{conversation}") for conversation, _ in told]
    eve, ann, bob = [card["contact"]["id"] for card in cards]
    await owner.post(f"/v1/contacts/{eve}/merge", op_id=op_id(), other=ann)
    console = await at_settings(browser, stage, "privacy")
    desk = console.page
    data, merged = desk.locator(".person-data"), desk.locator(".whose input")
    await _find(desk, eve)
    await expect(merged).not_to_be_checked()
    await expect(data.locator("[data-conversation]")).to_have_count(1)
    copy = tmp_path / "copy.json"

    async def copied() -> list[bool]:
        async with desk.expect_download() as saving:
            await data.get_by_role("button", name="Export a copy").click()
        await (await saving.value).save_as(copy)
        return [word in copy.read_text("utf-8") for word in words]

    assert await copied() == [True, False, False]
    await merged.click()
    await expect(data.locator("[data-conversation]")).to_have_count(2)
    await expect(merged).to_be_checked()
    assert await copied() == [True, True, False]
    assert await barriers(desk) == []

    # Somebody who is merged after that was ticked is not meant by it.
    await owner.post(f"/v1/contacts/{eve}/merge", op_id=op_id(), other=bob)
    await data.get_by_role("button", name="Erase this customer's data").click()
    await expect(desk.locator(".notice", has_text="Nothing was done")).to_be_visible()
    await expect(merged).not_to_be_checked()
    await data.get_by_role("form").get_by_label("This cannot be undone").fill(await data.locator("h3").inner_text())
    await data.get_by_role("button", name="Erase for good").click()
    await expect(data).to_contain_text("Nothing is left to erase")
    kept = [json.dumps(await owner.get(f"/v1/conversations/{conversation}/entries")) for conversation, _ in told]
    assert [word in entries for word, entries in zip(words, kept, strict=True)] == [False, True, True]
    assert console.complaints == []


async def _find(desk: Page, contact: str) -> None:
    await desk.get_by_role("searchbox").fill(contact)
    await desk.get_by_role("button", name="Find", exact=True).click()
