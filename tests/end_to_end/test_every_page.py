"""Every page and state of the product by axe: no serious barrier, in both languages, by day and by night."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.end_to_end.pages import DESK, PHONE, Console, Widget, barriers, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, ZH, Lines, Stage
from tests.end_to_end.test_browser import PIXEL
from tests.end_to_end.test_call import CAMERAS

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
FEWEST_VIEWS = 5
TABLET = {"width": 820, "height": 1180}
# What the palette opens over a conversation that one holds.
DIALOGS = ("transfer", "give_back", "escalate", "aside", "export", "block", "ticket")
GUIDED = {"zh": "支付失败怎么办", "en": "my payment failed"}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser(*CAMERAS) as browser:
        yield browser


class Inspector:
    """Collects what axe finds, page by page."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.found: dict[str, list[str]] = {}
        self.ticket = f"A lamp that hums {secrets.token_hex(3)}"

    async def look(self, page: Page, name: str) -> None:
        self.seen.append(name)
        if found := await barriers(page):
            self.found[name] = found


@pytest.mark.parametrize(
    ("lines", "size", "dark"),
    [(ZH, PHONE, False), (EN, DESK, True), (ZH, TABLET, True)],
    ids=["zh-phone-day", "en-desk-night", "zh-tablet-night"],
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
    assert len(inspector.seen) > 50
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
    await _written_with(inspector, page)
    await widget.write(GUIDED[lines.language])
    await page.locator(".steps-button").last.click()
    await expect(page.locator(".guide .step-count")).to_be_visible()
    await inspector.look(page, "a guide")


async def _written_with(inspector: Inspector, page: Page) -> None:
    """Emoji, the tray of files, the recorder."""
    await page.locator(".emoji-button").click()
    await expect(page.locator(".one-emoji").first).to_be_visible()
    await inspector.look(page, "emoji")
    await page.locator(".emoji-button").click()
    file = {"name": "receipt.txt", "mimeType": "text/plain", "buffer": b"hello"}
    await page.locator("input[type=file]").first.set_input_files([file])
    await expect(page.locator(".waiting-file.ready")).to_be_visible()
    await inspector.look(page, "the tray")
    await page.locator(".waiting-file .tool").last.click()
    await page.get_by_role("button", name=re.compile("Record a voice note|录音|录制语音")).click()
    await expect(page.locator(".recording")).to_be_visible()
    await inspector.look(page, "the recorder")
    await page.locator(".recorder .send").click()
    await expect(page.locator(".waiting-file.ready")).to_be_visible()
    await page.locator(".waiting-file .tool").last.click()


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
    await theirs.locator(".next-steps summary").click()
    await expect(theirs.locator(".stages li").first).to_be_visible()
    await inspector.look(theirs, "what happens next")
    await theirs.locator(".next-steps summary").click()
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
    await _dialogs(inspector, ours)
    await _call(inspector, theirs, ours)
    await ours.locator(".conversation-head .strong").click()
    await inspector.look(ours, "closing")
    await ours.locator(".modal-close .choice").first.click()
    await ours.locator(".modal-close footer .primary").click()
    await expect(theirs.locator(".star").first).to_be_visible()
    await theirs.locator(".star").nth(2).click()
    await inspector.look(theirs, "rating")


async def _palette(page: Page, choice: str) -> None:
    await expect(page.locator("dialog")).to_have_count(0)
    await page.keyboard.press("Control+k")
    await page.locator(f"[data-choice={choice}]").click()


async def _dialogs(inspector: Inspector, ours: Page) -> None:
    """Each dialog of a conversation; the ticket is opened for good. Then several conversations at once."""
    for choice in DIALOGS:
        await _palette(ours, choice)
        await expect(ours.locator("dialog:not(.modal-palette) h2")).to_be_visible()
        await inspector.look(ours, f"dialog: {choice}")
        if choice != "ticket":
            await ours.keyboard.press("Escape")
            await expect(ours.locator("dialog")).to_have_count(0)
    await ours.locator("#ticket-subject").fill(inspector.ticket)
    await ours.locator("#ticket-type").select_option("question")
    await ours.locator(".modal-ticket footer .primary").click()
    await expect(ours.locator("dialog")).to_have_count(0)
    await ours.locator("body").press("?")
    await expect(ours.locator(".modal-shortcuts")).to_be_visible()
    await inspector.look(ours, "dialog: shortcuts")
    await ours.keyboard.press("Escape")
    await _palette(ours, "select")
    await ours.locator(".list-mine .card-choice").check()
    await inspector.look(ours, "several chosen")
    await ours.locator(".bulk-bar p").last.locator("button").first.click()
    await expect(ours.locator(".modal-bulk")).to_be_visible()
    await inspector.look(ours, "dialog: bulk")
    await ours.keyboard.press("Escape")
    await ours.locator(".list-mine .card").click()


async def _call(inspector: Inspector, theirs: Page, ours: Page) -> None:
    """It rings, both see each other, and it is over."""
    await _palette(ours, "call-video")
    await expect(theirs.locator(".call-decline")).to_be_visible()
    await inspector.look(theirs, "a call rings")
    await inspector.look(ours, "ringing")
    await theirs.locator(".call-actions .button").first.click()
    await expect(ours.locator(".call .snapshot")).to_be_visible()
    await inspector.look(ours, "on the call: agent")
    await inspector.look(theirs, "on the call: customer")
    await ours.locator(".call .danger").click()
    await expect(theirs.locator(".call")).to_have_count(0)


async def _work(inspector: Inspector, page: Page) -> None:
    """An open ticket, the same as a complaint, and the register."""
    await page.locator(".page.tickets .rows .link-row", has_text=inspector.ticket).click()
    ticket = page.locator(".page-panel.ticket")
    await expect(ticket).to_be_visible()
    await _filed(ticket)
    await inspector.look(page, "a ticket")
    await ticket.get_by_role("button", name=re.compile("complaint|投诉", re.IGNORECASE)).click()
    await expect(ticket.locator(".complaint")).to_be_visible()
    await inspector.look(page, "a complaint")
    await page.locator(".page.tickets [role=tab]").last.click()
    await expect(page.locator(".page.tickets .filters.ends")).to_be_visible()
    await inspector.look(page, "the register")


async def _filed(ticket: Locator) -> None:
    """A picture is put into it and shown, and what can become of it is unfolded."""
    file = {"name": "label.png", "mimeType": "image/png", "buffer": PIXEL}
    await ticket.locator(".ticket-files input").set_input_files([file])
    await expect(ticket.locator(".ticket-files img")).to_be_visible()
    await ticket.locator(".moves summary").click()
    await expect(ticket.locator(".moves form.part")).to_have_count(2)


async def all_views(page: Page) -> list[str]:
    """Every page beside the conversations that the desk leads to, the settings last."""
    views = await page.locator(".views [data-view]").evaluate_all("(all) => all.map((one) => one.dataset.view)")
    assert len(views) >= FEWEST_VIEWS
    return sorted(views, key=lambda one: one == "administration")


async def _views(inspector: Inspector, console: Console) -> None:
    page = console.page
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette-list")).to_be_visible()
    await inspector.look(page, "the palette")
    await page.keyboard.press("Escape")
    for view in await all_views(page):
        # Beside a conversation these buttons are not drawn on a phone; there they are in the palette.
        await page.evaluate("(view) => document.querySelector(`.views [data-view=${view}]`).click()", view)
        await expect(page.locator(f".page.{view} h1")).to_be_visible()
        await expect(page.locator(".page [role=status]", has_text="…")).to_have_count(0)
        await inspector.look(page, view)
        if view == "tickets":
            await _work(inspector, page)
        if view == "articles":
            await page.locator(".page.articles .rows .link-row").first.click()
            await expect(page.locator(".article-form")).to_be_visible()
            await inspector.look(page, "an article")
    for part in await page.locator(".settings-nav [data-part]").evaluate_all(
        "(all) => all.map((one) => one.dataset.part)"
    ):
        await page.locator(f".settings-nav [data-part={part}]").click()
        await expect(page.locator(".page-panel h2").first).to_be_visible()
        if await page.locator(".things .link-row").count():
            await page.locator(".things .link-row").first.click()
        await expect(page.locator(".page [role=status]", has_text="…")).to_have_count(0)
        await inspector.look(page, f"settings: {part}")
