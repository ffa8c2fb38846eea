"""The two pages in a real browser, as their users see them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

TRIES = 10
expect.set_options(timeout=30_000)  # ms: a busy machine is slow, not wrong


def chromium_path() -> str | None:
    """The installed Chromium or Chrome, or None."""
    names = (
        os.environ.get("TANDEM_CHROMIUM") or "chromium",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    return next((found for name in names if (found := shutil.which(name))), None)


@asynccontextmanager
async def open_browser(*more: str) -> AsyncIterator[Browser]:
    """A browser of its own; `more`: arguments besides those that every test needs."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            await browser.close()


class Window:
    """A browser window of its own, with what its pages complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._console)

    def _console(self, message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        if kind == "error" and "401" not in text:  # not signed in yet is an answer, not a mistake
            self.complaints.append(text)


async def new_page(
    browser: Browser, *, size: Mapping[str, int] = DESK, language: str = "zh", dark: bool = False
) -> Page:
    """A window of its own: nothing is shared with the other ones."""
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        locale={"zh": "zh-CN", "en": "en-US"}[language],
        color_scheme="dark" if dark else "light",
    )
    return await context.new_page()


class Widget(Window):
    """The shop's page with the widget on it."""

    async def visit(self, shop: str, *, language: str) -> None:
        await self.page.goto(f"{shop}/{'en' if language == 'en' else ''}")
        await self.open()

    async def open(self) -> None:
        """Opens the panel; it is open already on a page that was reloaded with it open."""
        launcher = self.page.locator(".launcher")
        if await launcher.get_attribute("aria-expanded") != "true":
            await launcher.click()
        await expect(self.page.locator(".bubble").first).to_be_visible()

    async def write(self, text: str) -> None:
        await self.page.locator(".composer textarea").fill(text)
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator(".message.customer").last).to_contain_text(text[:20])

    async def reads(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.locator("[role=log]")).to_contain_text(text)

    async def texts(self) -> list[str]:
        """Every bubble from top to bottom."""
        return await self.page.locator("[role=log] .bubble").all_inner_texts()


class Console(Window):
    """An agent's desk."""

    async def sign_in(self, gateway: str, login: Mapping[str, str]) -> None:
        await self.page.goto(f"{gateway}/console/")
        await self.page.locator("input[name=email]").fill(login["email"])
        await self.page.locator("input[name=password]").fill(login["password"])
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("input[name=password]")).to_have_count(0)

    async def write(self, text: str) -> None:
        await self.page.locator("textarea").first.fill(text)
        await sends(self.page)


async def sends(desk: Page) -> None:
    """Enter in the desk's composer, and again where it only showed what had just come in."""
    field = desk.locator(".composer .editor textarea")
    for _ in range(TRIES):
        await field.press("Enter")
        with contextlib.suppress(AssertionError):
            return await expect(field).to_have_value("", timeout=2000)
    await expect(field).to_have_value("")


async def barriers(page: Page) -> list[str]:
    """Serious and critical findings of axe, each with where it is."""
    result = await Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{one['id']}: {one['nodes'][0]['target']}"
        for one in result.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
