"""Files that are taken back while they are on their way, by the customer and by the agent: nobody gets them."""

from __future__ import annotations

import os

import pytest
from playwright.async_api import Route, expect

from tests.end_to_end.desk import taken
from tests.end_to_end.pages import Console, Widget, barriers, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]


async def test_an_upload_is_cancelled_while_it_is_on_its_way(stage: Stage) -> None:
    async with open_browser() as browser:
        widget = Widget(await new_page(browser, language="en"))
        page = widget.page
        await widget.visit(stage.shop, language="en")
        await widget.write(EN.hello)
        await expect(page.locator(".message.customer.pending")).to_have_count(0)
        held: list[Route] = []
        await page.route(lambda url: "/files?" in url, lambda route: held.append(route))
        file = {"name": "holiday.txt", "mimeType": "text/plain", "buffer": b"x" * 100_000}
        await page.locator("input[type=file]").first.set_input_files([file])
        await expect(page.locator(".waiting-file")).to_contain_text("Uploading")
        async with page.expect_event("requestfailed", lambda one: "/files?" in one.url) as ended:
            await page.locator(".waiting-file .tool").last.click()
        await expect(page.locator(".tray")).to_have_count(0)
        assert (await ended.value).failure == "net::ERR_ABORTED"
        assert len(held) == 1
        await widget.write("never mind")
        await expect(page.locator(".message.customer")).to_have_count(2)
        await expect(page.locator(".message.customer .attachment")).to_have_count(0)


async def test_an_agent_stops_his_upload_by_keyboard_and_sends_the_file_afterwards(stage: Stage) -> None:
    async with open_browser() as browser:
        console = Console(await new_page(browser, language="en"))
        desk = console.page
        await console.sign_in(stage.gateway, stage.logins[0])
        customer, conversation = await taken(desk, stage)
        held: list[Route] = []
        await desk.route(lambda url: "/files?" in url, lambda route: held.append(route))
        file = {"name": "terms.txt", "mimeType": "text/plain", "buffer": b"x" * 100_000}
        await desk.locator(".composer input[type=file]").set_input_files([file])
        line = desk.locator(".waiting-files li")
        stop = line.get_by_role("button", name="Stop uploading terms.txt")
        await expect(stop).to_be_visible()
        await expect(desk.locator(".uploading")).to_have_text("Sending terms.txt…")
        assert await barriers(desk) == []
        await stop.focus()
        async with desk.expect_event("requestfailed", lambda one: "/files?" in one.url) as ended:
            await desk.keyboard.press("Enter")
        await expect(line.get_by_role("button", name="Remove terms.txt")).to_be_focused()
        await expect(desk.locator(".notices")).to_contain_text("terms.txt was not sent")
        assert ((await ended.value).failure, len(held)) == ("net::ERR_ABORTED", 1)
        await desk.unroute_all(behavior="ignoreErrors")
        await desk.keyboard.press("Shift+Tab")
        await desk.keyboard.press("Enter")
        await expect(line).to_have_count(0)
        await expect(desk.locator("[role=log] .file-link")).to_contain_text("terms.txt")
        came = await customer.live.entry(conversation, lambda one: one["body"].get("file"), "the file")
        assert came["body"]["file"]["name"] == "terms.txt"
        assert console.complaints == []
