"""What an administrator sets up in forms: people, hours and queues, and the widget with its words."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, FrameLocator, Page, expect

from tests.end_to_end.clients import Agent
from tests.end_to_end.desk import view
from tests.end_to_end.pages import Console, Widget, chromium_path, new_page, open_browser
from tests.end_to_end.story import Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
GREETING = "Ahoy, what shall we look at?"
FIRST = "Say it here, please…"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_a_new_colleague_a_queue_and_its_hours_are_set_up_in_forms(browser: Browser, stage: Stage) -> None:
    """The queue is closed by the hours that were just written; who was just added signs in, until he is disabled."""
    owner = await stage.agent(-1)
    former = (await owner.get("/v1/admin/config"))["document"]
    console = Console(await new_page(browser, language="en"))
    desk = console.page
    await console.sign_in(stage.gateway, stage.logins[-1])
    await view(desk, "administration")
    word = f"night-{secrets.token_hex(3)}"
    try:
        await _hours(desk, word)
        await _queue(desk, word)
        found = {one["queue"]: one for one in (await owner.get("/v1/hours"))["queues"]}
        assert found[word]["open"] is False, "it opens tomorrow"
        await view_again(desk, "wall")
        await expect(desk.locator(".wall-panels tr", has_text=f"Queue {word}").locator(".badge")).to_have_text("closed")
        await view(desk, "administration")
        await _colleague(browser, desk, stage, word)
        assert [one for one in console.complaints if "422" not in one] == [], "a name that is missing is refused once"
    finally:
        for name in ("queues", "calendars"):
            await _put(owner, {name: former[name]})


async def view_again(desk: Page, name: str) -> None:
    """Another page, whose figures come a moment later."""
    await view(desk, name)
    await expect(desk.locator(".tile").first).to_be_visible()


async def _put(owner: Agent, piece: object) -> None:
    version = (await owner.get("/v1/admin/config"))["version"]
    await owner.post("/v1/admin/config/apply", yaml=json.dumps(piece), version=version)


async def _hours(desk: Page, word: str) -> None:
    """A calendar that is open on one day of the week, which is not today."""
    await desk.locator("[data-part=calendars]").click()
    await desk.get_by_role("button", name="New", exact=True).click()
    form = desk.locator(".settings-form")
    await form.get_by_label("Id", exact=True).fill(word)
    await form.get_by_label("Time zone").fill("Europe/Berlin")
    await form.get_by_role("button", name="Add: Weekly hours").click()
    row = form.get_by_role("group", name="Weekly hours 1", exact=True)
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).weekday()
    for number, chip in enumerate(await row.locator(".chip input").all()):
        await chip.set_checked(number == tomorrow)
    await form.locator("footer .primary").click()
    await expect(desk.locator(".notice.good")).to_contain_text("Saved")
    await expect(desk.locator(".things .link-row", has_text=word)).to_be_visible()


async def _queue(desk: Page, word: str) -> None:
    """What is wrong stands beside its field; what is begun stays while one looks elsewhere."""
    await desk.locator("[data-part=queues]").click()
    await desk.get_by_role("button", name="New", exact=True).click()
    form = desk.locator(".settings-form")
    await form.get_by_label("Id", exact=True).fill(word)
    await form.get_by_label("Name", exact=True).fill(f"Queue {word}")
    await form.get_by_label("Time limit of an offer").fill("20")
    await desk.locator("[data-part=tags]").click()
    await desk.locator("[data-part=queues]").click()
    await expect(form.get_by_label("Name", exact=True)).to_have_value(f"Queue {word}")
    await form.get_by_label("Business hours").select_option(word)
    await form.locator("footer .primary").click()
    await expect(desk.locator(".things .link-row", has_text=word)).to_be_visible()


async def _colleague(browser: Browser, desk: Page, stage: Stage, word: str) -> None:
    """Added with a password that is shown once; his role and queues changed; disabled, and out."""
    await desk.locator("[data-part=people]").click()
    login = {"email": f"{word}@lanyu.example"}
    new = desk.locator("form.article-form").last
    await new.locator("input[type=email]").fill(login["email"])
    await new.get_by_label("Name", exact=True).fill(f"Ida {word}")
    await new.locator("footer .primary").click()
    login["password"] = await desk.locator(".drawn code").inner_text()
    hers = Console(await new_page(browser, language="en"))
    await hers.sign_in(stage.gateway, login)
    await expect(hers.page.locator(".views [data-view=wall]")).to_have_count(0)

    line = desk.locator(".accounts li", has_text=f"Ida {word}")
    await line.get_by_role("button", name="Edit").click()
    await line.locator("select").select_option("supervisor")
    await line.get_by_label(f"Queue {word}").check()
    await line.locator("form .primary").click()
    await expect(line.locator(".badge").first).to_have_text("Supervisor")
    await expect(line).to_contain_text(f"Queue {word}")
    await expect(hers.page.locator("input[name=password]")).to_be_visible()  # another role ends every sign-in
    await hers.sign_in(stage.gateway, login)
    await expect(hers.page.locator(".views [data-view=wall]")).to_be_visible()

    await line.get_by_role("button", name="Edit").click()
    await line.get_by_label(f"Queue {word}").uncheck()  # a queue that somebody serves cannot go
    await line.locator("form .primary").click()
    await line.get_by_role("button", name="Disable").click()
    await expect(line.locator(".badge.bad")).to_be_visible()
    await expect(hers.page.locator("input[name=password]")).to_be_visible()


async def test_the_widget_is_tried_out_with_its_words_before_anybody_sees_it(browser: Browser, stage: Stage) -> None:
    """Colour, place, first words, articles and texts change in the frame; the shop's page changes when it is saved."""
    owner = await stage.agent(-1)
    former = (await owner.get("/v1/admin/config"))["document"]["widget"]
    console, widget = Console(await new_page(browser, language="en")), Widget(await new_page(browser, language="en"))
    desk = console.page
    await console.sign_in(stage.gateway, stage.logins[-1])
    await view(desk, "administration")
    await desk.locator("[data-part=widget]").click()
    frame = desk.frame_locator(".look-preview")
    try:
        await frame.locator(".launcher").press("Enter")
        await expect(frame.locator(".bubble").first).to_be_visible()
        await _look(desk, frame)
        await _words(desk, frame)
        await widget.visit(stage.shop, language="en")
        await expect(widget.page.locator(".bubble").first).not_to_contain_text(GREETING)
        await desk.get_by_role("button", name="Take over").click()
        await desk.locator(".settings-form footer .primary").click()
        await expect(desk.locator(".settings-form footer .primary")).to_be_disabled()
        widget = Widget(await new_page(browser, language="en"))  # a browser keeps what it has read for a minute
        await widget.visit(stage.shop, language="en")
        await expect(widget.page.locator(".bubble").first).to_contain_text(GREETING)
        await expect(widget.page.locator(".composer textarea")).to_have_attribute("placeholder", FIRST)
        await expect(widget.page.locator("tandem-widget")).to_have_attribute("data-position", "start")
        assert widget.complaints + console.complaints == []
    finally:
        await _put(owner, {"widget": former})


async def _look(desk: Page, frame: FrameLocator) -> None:
    await desk.locator(".looks input[type=color]").fill("#aa0000")
    await desk.locator(".looks select").first.select_option("start")
    await expect(frame.locator("tandem-chat")).to_have_attribute("data-position", "start")
    await expect(desk.locator(".plan")).to_contain_text('data-accent="#aa0000" data-position="start"')


async def _words(desk: Page, frame: FrameLocator) -> None:
    """First words for every page before those that are there; one article; one text in other words."""
    form = desk.locator(".settings-form")
    row = form.get_by_role("group", name="First words 1", exact=True)
    await row.get_by_label("English").first.fill(GREETING)
    await row.get_by_label("Page").fill("")
    await expect(frame.locator(".bubble").first).to_contain_text(GREETING)
    articles = form.get_by_role("group", name="Articles suggested before anybody types")
    await articles.get_by_label("Articles suggested before anybody types 1", exact=True).fill("shipping-fees")
    await expect(frame.locator(".suggestion").first).to_contain_text("shipping", ignore_case=True)
    english = form.locator("[data-catalogue=en]")
    await english.locator("summary").click()
    await english.get_by_label("Find a text of the widget").fill("ask a question")
    await english.get_by_role("button", name="Ask a question…").click()
    await expect(english.locator("[data-key=composerHint]")).to_be_focused()
    await english.locator("[data-key=composerHint]").fill(FIRST)
    await expect(frame.locator(".composer textarea")).to_have_attribute("placeholder", FIRST)
