"""A file that its customer takes back while it is on its way: nobody gets it, and what he writes goes out alone."""

from __future__ import annotations

import os

import pytest
from playwright.async_api import Route, expect

from tests.end_to_end.pages import Widget, chromium_path, new_page, open_browser
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
        ended: list[str] = []
        page.on("requestfailed", lambda one: ended.append(str(one.failure)))
        await page.route(lambda url: "/files?" in url, lambda route: held.append(route))
        file = {"name": "holiday.txt", "mimeType": "text/plain", "buffer": b"x" * 100_000}
        await page.locator("input[type=file]").first.set_input_files([file])
        await expect(page.locator(".waiting-file")).to_contain_text("Uploading")
        await page.locator(".waiting-file .tool").last.click()
        await expect(page.locator(".tray")).to_have_count(0)
        assert ended == ["net::ERR_ABORTED"]
        assert len(held) == 1
        await widget.write("never mind")
        await expect(page.locator(".message.customer")).to_have_count(2)
        await expect(page.locator(".message.customer .attachment")).to_have_count(0)
