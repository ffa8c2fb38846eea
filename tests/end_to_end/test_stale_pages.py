"""Pages that live in another time: clocks that are years off, and pages that slept or were left while much happened."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.pages import Console, Widget, chromium_path, new_page, open_browser, sends
from tests.end_to_end.story import EN, Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
# All that a page can ask for the time says another year; timers run as always.
ANOTHER_YEAR = """(() => {
  const Real = Date, off = Real.UTC(%d, 0, 19, 3, 14, 7) - Real.now();
  globalThis.Date = class extends Real {
    constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + off); }
    static now() { return Real.now() + off; }
  };
})()"""
SHOWN_MS = 20_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def _window(browser: Browser, year: int) -> Page:
    page = await new_page(browser, language="en")
    await page.add_init_script(ANOTHER_YEAR % year)
    return page


@pytest.mark.parametrize("year", [1999, 2038])
async def test_a_page_whose_clock_is_years_off_talks_as_all_others(browser: Browser, stage: Stage, year: int) -> None:
    """F-29: order and waiting come from the server, on both sides; a reload shows the same once more."""
    widget, console = Widget(await _window(browser, year)), Console(await _window(browser, year))
    theirs, ours = widget.page, console.page
    await console.sign_in(stage.gateway, stage.logins[0])
    await widget.visit(stage.shop, language="en")
    assert await theirs.evaluate("new Date().getFullYear()") == year
    await widget.write(EN.routine[0])
    await expect(theirs.locator(".source").first).to_be_visible()
    await widget.write(EN.ask_human)
    await expect(theirs.locator(".place")).to_be_visible()
    waits = await ours.locator(".list-waiting .card").last.inner_text()
    assert not [word for word in ("year", "month", "day", "hour") if word in waits], f"he has just come: {waits}"
    await ours.locator(".list-waiting .card-accept").last.click()
    await expect(ours.locator(".conversation-head .strong")).to_be_visible()
    words = f"I look at it {secrets.token_hex(4)}"
    await ours.locator(".composer .editor textarea").fill(words)
    await sends(ours)
    await widget.reads(words)
    await widget.write("thank you")
    await expect(theirs.locator(".message.pending")).to_have_count(0)
    await expect(ours.locator("[role=log]")).to_contain_text("thank you")

    said = await widget.texts()
    places = [next(at for at, one in enumerate(said) if text in one) for text in (EN.routine[0], words, "thank you")]
    assert places == sorted(places)
    await theirs.reload()
    await widget.open()
    await expect(theirs.locator(".message.customer").last).to_contain_text("thank you")
    assert [one for one in await widget.texts() if one in said] == said
    assert widget.complaints + console.complaints == []


async def test_a_page_that_was_left_and_comes_back_shows_what_happened_meanwhile(
    browser: Browser, stage: Stage
) -> None:
    """F-30: the customer leaves the page and presses Back; the agent's desk slept while a supervisor took over."""
    widget, console = Widget(await new_page(browser, language="en")), Console(await new_page(browser, language="en"))
    theirs, ours = widget.page, console.page
    await console.sign_in(stage.gateway, stage.logins[0])
    await widget.visit(stage.shop, language="en")
    await widget.write(EN.ask_human)
    await expect(theirs.locator(".place")).to_be_visible()
    await ours.locator(".list-waiting .card-accept").last.click()
    await expect(ours.locator(".conversation-head .strong")).to_be_visible()
    await theirs.locator(".composer textarea").fill("half a sent")
    await theirs.goto(f"{stage.gateway}/help/demo")
    words = f"are you there? {secrets.token_hex(4)}"
    await ours.locator(".composer .editor textarea").fill(words)
    await sends(ours)
    await theirs.go_back()
    await widget.open()
    await expect(theirs.locator(".message.agent .bubble", has_text=words)).to_have_count(1, timeout=SHOWN_MS)
    await expect(theirs.locator(".composer textarea")).to_have_value("half a sent")

    typed = f"what he has not sent {secrets.token_hex(4)}"
    field = ours.locator(".composer .editor textarea")
    await field.fill(typed)
    asleep = await ours.context.new_cdp_session(ours)
    await asleep.send("Page.setWebLifecycleState", {"state": "frozen"})
    chief = await stage.agent(2)
    desk = await chief.live.until(lambda: chief.live.desk, "a desk")
    (card,) = [one for name in ("mine", "waiting", "offers", "others") for one in desk[name] if _is_served(one)]
    await chief.command(card["conversation"], "take-over", epoch=card["epoch"])
    await asleep.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(ours.locator(".list-mine .card")).to_have_count(0, timeout=SHOWN_MS)
    await expect(ours.locator(".conversation-head .strong")).to_have_count(0)
    await expect(field).to_have_value(typed)
    await widget.write("who is there now?")
    await expect(theirs.locator(".message.pending")).to_have_count(0)
    assert typed not in " ".join(await widget.texts())
    assert widget.complaints + console.complaints == []


def _is_served(card: dict) -> bool:
    return bool(card["owner"]["kind"] == "agent")
