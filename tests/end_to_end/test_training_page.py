"""The training page in a real browser: what the bot did not understand becomes a line that two people agreed on."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.end_to_end.pages import DESK, PHONE, Console, Widget, barriers, chromium_path, new_page, open_browser
from tests.end_to_end.story import Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
ADDRESS = "ann@example.com"
SAID = f"my blorptangle wibblequark, write to {ADDRESS}"
WORDED = "my wibblequark is broken, i complain"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_two_supervisors_make_a_training_line_of_what_was_not_understood(browser: Browser, stage: Stage) -> None:
    widget = Widget(await new_page(browser, language="en"))
    await widget.visit(stage.shop, language="en")
    await widget.write(SAID)
    await expect(widget.page.locator(".message.bot").nth(1)).to_be_visible()  # after the greeting

    first, second = [login for login in stage.logins if login["role"] in ("supervisor", "owner")]
    desk = await _training(browser, stage, first, size=DESK)
    message = desk.page.locator(".misunderstood > li", has_text="blorptangle").first
    await expect(message).to_contain_text("[e-mail]")
    assert ADDRESS not in await desk.page.content()
    assert await barriers(desk.page) == []
    await message.locator("textarea").fill(WORDED)
    await message.locator("select").select_option("complaint")
    await message.locator("button.primary").click()
    await desk.page.locator(".message-states button").nth(1).click()
    own = desk.page.locator(".misunderstood > li", has_text=WORDED)
    await expect(own.locator("button.primary")).to_be_disabled()

    other = await _training(browser, stage, second, size=PHONE)
    await other.page.locator(".message-states button").nth(1).click()
    line = other.page.locator(".misunderstood > li", has_text=WORDED)
    await line.locator("button.primary").click()
    await other.page.locator(".message-states button").nth(2).click()
    await expect(other.page.locator(".misunderstood > li", has_text=WORDED)).to_have_count(1)
    await expect(other.page.locator(".version.live .badge.good")).to_have_count(1)
    assert await barriers(other.page) == []
    assert desk.complaints + other.complaints == []


async def _training(browser: Browser, stage: Stage, login: dict[str, str], *, size: dict[str, int]) -> Console:
    desk = Console(await new_page(browser, size=size, language="en"))
    await desk.sign_in(stage.gateway, login)
    if size == PHONE:  # where there is no room for the pages' buttons, they are found like everything else
        await desk.page.locator(".top-bar .find").click()
        await desk.page.locator("#palette-list [role=option]", has_text="Train the bot").click()
    else:
        await desk.page.locator(".views [data-view=training]").click()
    await expect(desk.page.locator(".training h1")).to_be_visible()
    return desk
