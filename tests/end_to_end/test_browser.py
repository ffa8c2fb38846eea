"""The story in a real browser, with the customer's and the agent's page open at the same time."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.pages import DESK, PHONE, Console, Widget, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, ZH, Lines, Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
NOTE = "note-that-no-customer-sees"
OFFLINE = "words-without-a-network"
HALF = "half a thought / 半句话"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest.mark.parametrize(("lines", "size"), [(ZH, PHONE), (EN, DESK)], ids=["zh-phone", "en-desk"])
async def test_a_conversation_from_hello_to_rating(
    browser: Browser, stage: Stage, lines: Lines, size: dict[str, int]
) -> None:
    widget = Widget(await new_page(browser, size=size, language=lines.language))
    console = Console(await new_page(browser, language=lines.language))
    await console.sign_in(stage.gateway, stage.logins[0])

    await widget.visit(stage.shop, language=lines.language)
    await _help_oneself(widget, lines)
    await widget.write(lines.routine[0])
    await expect(widget.page.locator(".source").first).to_be_visible()
    await widget.page.locator(".vote").first.click()
    await expect(widget.page.locator(".voted").first).to_be_visible()

    await widget.write(lines.with_facts)
    await expect(widget.page.locator(".message.bot")).to_have_count(3)  # greeting, answer, this
    await widget.write(lines.ask_human)
    await expect(widget.page.locator(".place")).to_be_visible()
    await expect(console.page).to_have_title(re.compile(r"\(\d+\)"))

    await _take(console, lines)
    await widget.reads(lines.agent_says)
    await _cut_off(widget, console)
    await _send_picture(widget)
    await expect(widget.page.locator(".speaker")).to_contain_text(stage.logins[0]["name"].split()[-1])
    await _send_article(console, lines)
    await expect(widget.page.locator(".message.agent")).to_have_count(2)
    assert NOTE not in str(await widget.texts())

    before = await widget.texts()
    await widget.page.locator(".composer textarea").fill(HALF)
    await widget.page.reload()
    await widget.open()
    await expect(widget.page.locator(".message.agent")).to_have_count(2)
    assert await widget.texts() == before
    await expect(widget.page.locator(".composer textarea")).to_have_value(HALF)
    if size is DESK:
        await _look_from_a_second_tab(widget, before)

    await _close(console)
    await widget.page.locator(".star").nth(4).click()
    await widget.page.locator(".rating button[type=submit]").click()
    await expect(widget.page.locator(".rating")).to_have_count(0)
    await expect(console.page.locator("[role=log]")).to_contain_text("5")
    answered = await widget.page.locator(".source").count()
    await widget.write(lines.routine[0])
    await expect(widget.page.locator(".source")).to_have_count(answered + 1)
    assert widget.complaints == []
    assert console.complaints == []


async def _help_oneself(widget: Widget, lines: Lines) -> None:
    """Finds an article while typing, reads it, and comes back to what was typed."""
    page = widget.page
    await page.locator(".composer textarea").fill(lines.routine[0])
    await page.locator(".suggestion").first.click()
    await expect(page.locator(".article .article-text")).to_be_visible()
    await page.locator(".article-back").click()
    await expect(page.locator(".composer textarea")).to_have_value(lines.routine[0])


async def _cut_off(widget: Widget, console: Console) -> None:
    """Writes without a network: shown as not sent, it goes out once when the network is back, and is then read."""
    page = widget.page
    await page.context.set_offline(True)
    await expect(page.locator(".banner")).to_be_visible()
    await widget.write(OFFLINE)
    await expect(page.locator(".message.pending")).to_contain_text(OFFLINE)
    await page.context.set_offline(False)
    await expect(page.locator(".banner")).to_have_count(0, timeout=20_000)
    await expect(page.locator(".message.pending")).to_have_count(0)
    await expect(console.page.locator("[role=log]").get_by_text(OFFLINE)).to_have_count(1)
    await expect(page.locator(".mark.read")).to_be_visible()
    widget.complaints[:] = [one for one in widget.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


async def _send_picture(widget: Widget) -> None:
    page = widget.page
    await page.locator("input[type=file]").set_input_files(
        [{"name": "broken.png", "mimeType": "image/png", "buffer": PIXEL}]
    )
    await expect(page.locator(".waiting-file.ready")).to_be_visible()
    await page.locator(".send").click()
    await expect(page.locator(".message.customer .picture-button canvas")).to_have_attribute("width", "1")


async def _look_from_a_second_tab(widget: Widget, before: list[str]) -> None:
    """A second tab of the same browser is the same customer, and shows the same; in another script when he likes."""
    other = Widget(await widget.page.context.new_page())
    await other.page.add_init_script("window.before = Object.keys(window)")
    await other.page.goto(widget.page.url)
    await other.open()
    added = await other.page.evaluate(
        "Object.keys(window).filter((name) => !before.includes(name) && name !== 'before')"
    )
    assert added == ["Tandem"]
    await expect(other.page.locator(".message.agent")).to_have_count(2)
    assert await other.texts() == before
    await other.page.locator(".menu-button").click()
    await other.page.locator(".menu .language[lang=zh-Hant]").click()
    await expect(other.page.locator(".composer textarea")).to_have_attribute("aria-label", "輸入訊息")
    heard = await other.page.evaluate(
        "() => { const heard = []; Tandem.on('close', () => heard.push('close')); Tandem.close(); return heard; }"
    )
    assert heard == ["close"]
    await expect(other.page.locator(".panel")).to_have_count(0)
    await other.page.evaluate("Tandem.open()")
    await _mirror(other.page)
    assert other.complaints == []
    await other.page.close()


async def _mirror(page: Page) -> None:
    """From right to left one's own words stand on the left, and nothing sticks out."""
    await expect(page.locator(".message.customer").first).to_be_visible()
    await page.locator(".tandem").evaluate("(frame) => { frame.dir = 'rtl'; }")
    panel = await page.locator(".panel").bounding_box()
    own = await page.locator(".message.customer .bubble").last.bounding_box()
    assert panel is not None
    assert own is not None
    assert own["x"] + own["width"] / 2 < panel["x"] + panel["width"] / 2
    assert await page.locator(".panel").evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")


async def _take(console: Console, lines: Lines) -> None:
    """Sees the packet, follows a fact to the entry that says it, accepts, leaves a note, replies."""
    page = console.page
    await page.locator(".list-waiting .card").last.click()
    await expect(page.locator(".packet")).to_contain_text(lines.order_number)
    await page.locator(".packet-line", has_text=lines.order_number).last.click()
    await expect(page.locator("[role=log]")).to_contain_text(lines.order_number)
    await page.locator(".conversation-head .primary").click()
    await expect(page.locator(".conversation-head .strong")).to_be_visible()
    reply, note = page.locator(".modes .mode").nth(0), page.locator(".modes .mode").nth(1)
    await note.click()
    await expect(page.locator(".composer.mode-note")).to_be_visible()
    await console.write(NOTE)
    await expect(page.locator("[role=log]")).to_contain_text(NOTE)
    await reply.click()
    await expect(page.locator(".composer.mode-reply")).to_be_visible()
    await console.write(lines.agent_says)
    await expect(page.locator("[role=log]")).to_contain_text(lines.agent_says)


async def _send_article(console: Console, lines: Lines) -> None:
    page = console.page
    await page.locator("[role=tab]").nth(1).click()
    await page.locator("#knowledge-search").fill(lines.interim[0])
    await page.locator(".hit .primary").first.click()


async def _close(console: Console) -> None:
    page = console.page
    await page.locator(".conversation-head .strong").click()
    await page.locator(".modal-close .choice").first.click()
    await page.locator(".modal-close footer .primary").click()
    await expect(page.locator(".modal-close")).to_have_count(0)


async def test_the_help_centre_needs_no_javascript(browser: Browser, stage: Stage) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{stage.gateway}/help/demo")
    await page.get_by_role("searchbox").fill("how long does a refund take")
    await page.get_by_role("searchbox").press("Enter")
    await page.get_by_role("link", name="How long does a refund take?").first.click()
    await expect(page.locator("article h1")).to_have_text("How long does a refund take?")
    await page.get_by_role("link", name="中文").click()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator("article h1")).to_have_text("退款多久到账")
    await context.close()
