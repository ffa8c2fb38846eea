"""The supervisor's wall, stepping in, and what calls somebody to his desk, in real browsers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pysqlite3 as sqlite3
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.end_to_end.clients import Agent, Customer
from tests.end_to_end.desk import accept, field, served_by, view
from tests.end_to_end.pages import Console, chromium_path, new_page, open_browser, sends
from tests.end_to_end.story import EN, Stage, ask

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
PROMISE = "I will call you back within 30 minutes."
# Counts what the desk plays and pops up; the focus is elsewhere while `away` says so.
EARS = """
window.heard = { tones: 0, popups: [] };
window.away = true;
document.hasFocus = () => !window.away;
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { heard.tones += 1; return make.call(this); };
window.Notification = class extends Notification {
  constructor(title, options) { super(title, options); heard.popups.push(title); }
};
"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_the_supervisor_sees_who_needs_a_look_and_steps_in(
    browser: Browser, stage: Stage, stage_var: Path
) -> None:
    """A colleague's unhappy customer and the promise that he did not keep are on the wall; a click leads to them."""
    lin = await stage.agent(0)
    ann, conversation, epoch = await served_by(lin, stage, words=EN.angry)
    told = await lin.live.send(conversation, {"text": PROMISE}, epoch=epoch)
    await ann.live.entry(conversation, lambda one: one["seq"] == told["seq"], "the promise")
    _let_time_pass(stage_var, conversation)
    console = Console(await new_page(browser, language="en"))
    desk = console.page
    await console.sign_in(stage.gateway, stage.logins[2])

    await view(desk, "wall")
    await expect(_tile(desk, "With agents")).to_have_text("1")
    await expect(desk.locator(".people li", has_text="林夕").locator(".load")).to_have_text("1/5")
    promise = desk.locator(".promises .link-row", has_text=PROMISE)
    await expect(promise.locator(".too-long")).to_contain_text("late")
    await expect(promise).to_contain_text("Lin")
    await expect(_tile(desk, "Promises overdue")).not_to_have_text("0")
    await promise.click()
    await expect(desk.locator(f"#entry-{told['seq']}.lit")).to_contain_text(PROMISE)
    await expect(desk.locator(".receipt .next")).to_contain_text("Next:")
    await desk.locator(".receipt .calls summary").click()
    await expect(desk.locator(".receipt .calls li").first).to_be_visible()

    await view(desk, "wall")
    upset = desk.locator(".look-line", has_text="林夕")
    await upset.get_by_role("button", name="Join").click()
    await expect(desk.locator(".conversation-head .strong")).to_be_visible()
    await field(desk).fill("This is the supervisor, I am with you now.")
    await sends(desk)
    said = await ann.live.entry(conversation, lambda one: "with you now" in one["body"].get("text", ""), "her words")
    assert "Chen" in said["author"]["name"]
    await lin.live.until(lambda: not lin.live.desk["mine"], "it is not his any more")

    bob = await stage.customer(EN)
    question = f"{EN.routine[0]}, asks Bob"  # asked by nobody else on this stage
    theirs, _ = await ask(stage, bob, question)
    await desk.locator(".list-others .list-title").click()
    await desk.locator(".list-others .card", has_text=question).click()
    await desk.locator(".actions").get_by_role("button", name="Take over").click()
    await bob.owned_by(theirs, "agent")
    await expect(desk.locator(".list-mine .card")).to_have_count(2)
    await _goes_offline(desk)
    await bob.owned_by(theirs, "queue")
    assert console.complaints == []


def _let_time_pass(var: Path, conversation: str) -> None:
    """What was promised in it was due a quarter of an hour ago."""
    with closing(sqlite3.connect(var / "handoff.sqlite", timeout=20, isolation_level=None)) as database:
        database.execute(
            "UPDATE promises SET due_at = said_at - 900000000 WHERE conversation = ? AND state = 'open'",
            (conversation,),
        )


def _tile(desk: Page, label: str) -> Locator:
    return desk.locator(".tile", has_text=label).locator("strong")


async def _goes_offline(desk: Page) -> None:
    """The status "Offline" asks what becomes of what is open; until that is said nothing changes."""
    status = desk.locator(".presence select")
    await status.select_option("offline")
    await expect(desk.locator(".modal-sign-off")).to_be_visible()
    await expect(status).to_have_value("online")
    await desk.locator(".modal-sign-off footer .primary").click()
    await expect(status).to_have_value("offline")
    await expect(desk.locator(".list-mine .card")).to_have_count(0)


async def test_each_call_rings_once_and_not_for_who_must_not_be_disturbed(browser: Browser, stage: Stage) -> None:
    """Sound, notification and title follow the calls; muting, do-not-disturb and an answer end them."""
    page = await new_page(browser, language="en")
    await page.context.grant_permissions(["notifications"], origin=stage.gateway)
    await page.add_init_script(EARS)
    console = Console(page)
    await console.sign_in(stage.gateway, stage.logins[0])
    await page.locator(".list-waiting .list-title").click(click_count=2)  # a browser plays nothing before a click

    maya = await stage.agent(1)
    first, waits = await _asks(stage)
    await expect(page).to_have_title("(1) Tandem")
    await _rings(page, tones=2, popups=1)
    await accept(page)
    await expect(page).to_have_title("Tandem")
    await page.reload()
    await expect(page.locator(".list-mine .card")).to_have_count(1)
    await _rings(page, tones=0, popups=0)  # an answered call does not ring again

    await page.locator(".presence select").select_option("busy")
    await maya.live.until(lambda: _status_of(maya, "林夕") == "busy", "Lin is busy")
    await view(page, "tickets")  # not before the conversation
    await first.live.send(waits, {"text": "are you still there?"})
    await expect(page).to_have_title("(1) Tandem")
    await page.locator(".views [data-view=tickets]").click()
    await expect(page).to_have_title("Tandem")  # what was read counts no more
    _, second = await _asks(stage)
    await expect(page.locator(".list-waiting .card")).to_have_count(1)
    await maya.accept((await maya.waiting(second))["handoff"]["id"])
    await expect(page.locator(".list-waiting .card")).to_have_count(0)
    await _rings(page, tones=0, popups=0)  # busy is do-not-disturb

    await page.locator(".presence select").select_option("online")
    await maya.live.until(lambda: _status_of(maya, "林夕") == "online", "Lin is there again")
    await page.get_by_role("button", name="Sound is on").click()
    await _asks(stage)
    await expect(page).to_have_title("(1) Tandem")
    await _rings(page, tones=0, popups=1)
    assert console.complaints == []


async def _asks(stage: Stage) -> tuple[Customer, str]:
    customer = await stage.customer(EN)
    conversation, _ = await ask(stage, customer, EN.ask_human)
    await customer.owned_by(conversation, "queue")
    return customer, conversation


def _status_of(agent: Agent, name: str) -> str:
    return next((str(one["status"]) for one in agent.live.desk["agents"] if name in one["name"]), "")


async def _rings(page: Page, *, tones: int, popups: int) -> None:
    """What the page has played and popped up since it was loaded, or since this was asked for the last time."""
    heard = await page.evaluate("() => heard")
    assert heard == {"tones": tones, "popups": ["A customer is waiting for you"] * popups}
    await page.evaluate("() => { heard.tones = 0; heard.popups = []; }")
