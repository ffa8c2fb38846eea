"""Every page and state of the product by axe: no serious barrier, in both languages, by day and by night."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.pages import DESK, PHONE, Console, Widget, barriers, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, ZH, Lines, Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
VIEWS = ("wall", "tickets", "articles", "training", "administration")
SETTINGS = ("queues", "widget", "file")  # parts of the page of settings: a form, the widget tried out, the whole file


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


class Inspector:
    """Collects what axe finds, page by page."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.found: dict[str, list[str]] = {}

    async def look(self, page: Page, name: str) -> None:
        self.seen.append(name)
        if found := await barriers(page):
            self.found[name] = found


@pytest.mark.parametrize(
    ("lines", "size", "dark"), [(ZH, PHONE, False), (EN, DESK, True)], ids=["zh-phone-day", "en-desk-night"]
)
async def test_no_page_has_a_serious_barrier(
    browser: Browser, stage: Stage, lines: Lines, size: Mapping[str, int], dark: bool
) -> None:
    inspector = Inspector()
    widget = Widget(await new_page(browser, size=size, language=lines.language, dark=dark))
    console = Console(await new_page(browser, size=size, language=lines.language, dark=dark))
    await asyncio.gather(_before_anybody_is_asked(inspector, widget, stage, lines), _desk(inspector, console, stage))
    await _with_a_person(inspector, widget, console, lines, narrow=size == PHONE)
    await asyncio.gather(_views(inspector, console), _public(inspector, widget, stage, lines))
    assert inspector.found == {}
    assert len(inspector.seen) > 20
    missing = [one for one in widget.complaints if "404" in one]
    assert len(missing) == 1, "the help page that is not there"
    assert widget.complaints + console.complaints == missing


async def _public(inspector: Inspector, widget: Widget, stage: Stage, lines: Lines) -> None:
    """The full-page chat, and the help centre down to a page that it does not have."""
    place = f"help/demo/{lines.language}/"
    articles = (f"{place}articles/{lines.routine[1]}", f"{place}articles/nowhere")
    for name in (f"chat/?tenant=demo&language={lines.language}", place, f"{place}?q={lines.search}", *articles):
        await widget.page.goto(f"{stage.gateway}/{name}")
        await inspector.look(widget.page, name)


async def _before_anybody_is_asked(inspector: Inspector, widget: Widget, stage: Stage, lines: Lines) -> None:
    page = widget.page
    await widget.visit(stage.shop, language=lines.language)
    await page.locator(".composer textarea").fill(lines.search)
    await expect(page.locator(".suggestion").first).to_be_visible()
    await inspector.look(page, "articles while one types")
    await widget.write(lines.routine[0])
    await expect(page.locator(".source").first).to_be_visible()
    await page.locator(".vote").nth(1).click()
    await expect(page.locator(".reason").first).to_be_visible()
    await inspector.look(page, "an answer")
    await page.locator(".source-link").first.click()
    await expect(page.locator(".article-text")).to_be_visible()
    await inspector.look(page, "an article")
    await page.locator(".article-back").click()
    await page.locator(".menu-button").click()
    await expect(page.locator(".menu-item").first).to_be_focused()
    await inspector.look(page, "the menu")
    await page.keyboard.press("Escape")


async def _desk(inspector: Inspector, console: Console, stage: Stage) -> None:
    await console.page.goto(f"{stage.gateway}/console/")
    await expect(console.page.locator("input[name=email]")).to_be_visible()
    await inspector.look(console.page, "sign in")
    await console.sign_in(stage.gateway, stage.logins[-1])
    await expect(console.page.locator(".list-waiting")).to_be_visible()
    await inspector.look(console.page, "the lists")


async def _with_a_person(inspector: Inspector, widget: Widget, console: Console, lines: Lines, *, narrow: bool) -> None:
    """Waiting, its forms, being served, and rating; the desk with a conversation and its dialogs."""
    theirs, ours = widget.page, console.page
    await widget.write(lines.ask_human)
    await expect(theirs.locator(".place")).to_be_visible()
    await inspector.look(theirs, "waiting")
    for form in (0, 1):  # leave a message, be called back
        await theirs.locator(".choices-grid .button").nth(form).click()
        await expect(theirs.locator(".card.form")).to_be_visible()
        await inspector.look(theirs, f"form {form}")
        await theirs.locator(".card.form .plain-button").click()
    await ours.locator(".list-waiting .card").last.click()
    await ours.locator(".conversation-head .primary").click()
    await expect(ours.locator(".conversation-head .strong")).to_be_visible()
    await inspector.look(ours, "a conversation")
    if narrow:
        await ours.locator(".details-button").click()
        await inspector.look(ours, "its details")
        await ours.locator(".narrow-only:visible").click()
    await ours.locator(".ask-photos").click()
    await inspector.look(ours, "photos by name")
    await ours.locator(".modal-photos footer .primary").click()
    await expect(theirs.locator(".photo-place")).to_have_count(3)
    await expect(theirs.locator(".photo-place .file-text").first).to_have_css("display", "grid")  # it brings its styles
    await inspector.look(theirs, "photos that are wanted")
    await ours.locator(".conversation-head .strong").click()
    await inspector.look(ours, "closing")
    await ours.locator(".modal-close .choice").first.click()
    await ours.locator(".modal-close footer .primary").click()
    await expect(theirs.locator(".star").first).to_be_visible()
    await theirs.locator(".star").nth(2).click()
    await inspector.look(theirs, "rating")


async def _views(inspector: Inspector, console: Console) -> None:
    page = console.page
    for view in VIEWS:
        if view == VIEWS[0]:
            await page.keyboard.press("Control+k")
            await expect(page.locator("#palette-list")).to_be_visible()
            await inspector.look(page, "the palette")
            await page.keyboard.press("Escape")
        # Beside a conversation these buttons are not drawn on a phone; there they are in the palette.
        await page.evaluate("(view) => document.querySelector(`.views [data-view=${view}]`).click()", view)
        await expect(page.locator(f".page.{view} h1")).to_be_visible()
        await expect(page.locator(".page [role=status]", has_text="…")).to_have_count(0)
        await inspector.look(page, view)
    for part in SETTINGS:
        await page.locator(f".settings-nav [data-part={part}]").click()
        if part == "queues":
            await page.locator(".things .link-row").first.click()
        await expect(page.locator(".page [role=status]", has_text="…")).to_have_count(0)
        await inspector.look(page, f"settings: {part}")
