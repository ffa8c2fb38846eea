"""What an agent does all day beside answering, in a real browser: by keyboard, on two conversations, and in bulk."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.end_to_end.clients import Agent, Customer
from tests.end_to_end.pages import Console, chromium_path, new_page, open_browser, sends
from tests.end_to_end.story import EN, Stage, ask

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
LINES = 12  # more than the desk shows at once


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_an_agent_works_on_two_conversations_without_losing_a_word(browser: Browser, stage: Stage) -> None:
    maya, owner = await stage.agent(1), await stage.agent(-1)
    console = Console(await new_page(browser, language="en"))
    desk = console.page
    await console.sign_in(stage.gateway, stage.logins[0])
    ann, anns = await _waits(stage)
    bob, bobs = await _waits(stage)

    await expect(desk.locator(".list-waiting .card")).to_have_count(2)
    await desk.locator("body").press("j")  # the first who waits
    await desk.locator("body").press("a")
    await expect(desk.locator(".conversation-head .strong")).to_be_visible()
    await expect(desk.locator(".list-waiting .card")).to_have_count(1)
    await desk.locator(".list-waiting .card-accept").click()
    await expect(desk.locator(".list-mine .card")).to_have_count(2)
    of_ann, of_bob = [desk.locator(".list-mine .card", has_text=await _name(owner, one)) for one in (anns, bobs)]
    await ann.owned_by(anns, "agent")
    await bob.owned_by(bobs, "agent")

    await of_bob.click()
    await _canned(desk, owner, bob, bobs)
    await _drafts(desk, of_ann, of_bob)
    await _forbidden(desk)
    await _stale(desk, bob, bobs, of_bob)
    await _mention(desk, maya, bobs)
    await _aside(desk, bob, bobs)
    await _passed_on(desk, maya, of_ann)
    await _bulk(desk)
    assert console.complaints == []


async def _waits(stage: Stage) -> tuple[Customer, str]:
    customer = await stage.customer(EN)
    conversation, _ = await ask(stage, customer, EN.ask_human)
    await customer.owned_by(conversation, "queue")
    return customer, conversation


async def _name(owner: Agent, conversation: str) -> str:
    return str((await owner.get(f"/v1/conversations/{conversation}"))["contact"]["name"])


def _field(desk: Page) -> Locator:
    return desk.locator(".composer .editor textarea")


async def _canned(desk: Page, owner: Agent, bob: Customer, bobs: str) -> None:
    """`/` finds a reply that is kept ready; its variables are filled before it goes out."""
    word = f"kept-{secrets.token_hex(3)}"
    place = f"/v1/admin/lists/canned-replies/{word}"
    await owner.post(place, title=word, en="Hello, {agent} of {shop} here.", zh="您好")
    try:
        await _field(desk).fill(f"/{word}")
        await expect(desk.locator(".canned [role=option]")).to_have_count(1)
        await _field(desk).press("Enter")
        await expect(_field(desk)).to_have_value(re.compile(r"^Hello, .*Lin of Lanyu Mall here\.$"))
        await sends(desk)
        await bob.live.entry(bobs, lambda one: "of Lanyu Mall here" in one["body"].get("text", ""), "the kept reply")
    finally:
        await owner.post(f"{place}/remove")


async def _drafts(desk: Page, of_ann: Locator, of_bob: Locator) -> None:
    """Each conversation keeps what is half written in it."""
    await _field(desk).fill("half a thought for Bob")
    await of_ann.click()
    await expect(_field(desk)).to_have_value("")
    await of_bob.click()
    await expect(_field(desk)).to_have_value("half a thought for Bob")


async def _forbidden(desk: Page) -> None:
    """What agents must not say does not go out, and what to say instead stands beside it."""
    await _field(desk).fill("That is not my job.")
    await expect(desk.locator(".composer .send")).to_be_disabled()
    await expect(desk.locator(".composer")).to_contain_text("let me find who can help you")


async def _stale(desk: Page, bob: Customer, bobs: str, of_bob: Locator) -> None:
    """Something came below what the agent has before his eyes: the reply stops, and what he missed is shown."""
    for number in range(LINES):
        await bob.live.send(bobs, {"text": f"line {number}"})
    await expect(desk.locator("[role=log]")).to_contain_text(f"line {LINES - 1}")
    await _field(desk).fill("an answer to what you said")
    await desk.locator(".timeline").evaluate("(box) => { box.scrollTop = 0; }")
    await expect(desk.locator(".to-latest")).to_be_visible()
    await bob.live.send(bobs, {"text": "forget that, it is solved"})
    await expect(of_bob.locator(".unread")).to_be_visible()
    await _field(desk).press("Enter")
    await expect(desk.locator(".refusal")).to_contain_text("forget that, it is solved")
    await expect(_field(desk)).to_have_value("an answer to what you said")
    await _field(desk).press("Enter")
    await bob.live.entry(bobs, lambda one: one["body"].get("text") == "an answer to what you said", "what was meant")


async def _mention(desk: Page, maya: Agent, bobs: str) -> None:
    """A note that names a colleague rings at her desk, and nowhere else."""
    await desk.locator("body").press("Control+Shift+N")
    await expect(desk.locator(".composer.mode-note")).to_be_visible()
    await _field(desk).fill("please have a look, @Maya")
    await _field(desk).press("Enter")
    await maya.live.until(
        lambda: [one for one in maya.live.desk.get("mentions", []) if one["conversation"] == bobs], "the mention"
    )
    await desk.locator("body").press("Control+Shift+N")
    await expect(desk.locator(".composer.mode-reply")).to_be_visible()


async def _aside(desk: Page, bob: Customer, bobs: str) -> None:
    """Out of the way until tomorrow, and back at once when the customer writes."""
    await desk.get_by_role("button", name="Later").click()
    await desk.locator(".modal-aside footer .primary").click()
    await expect(desk.locator(".list-aside .count")).to_have_text("1")
    await expect(desk.locator(".list-mine .card")).to_have_count(1)
    await bob.live.send(bobs, {"text": "one more thing"})
    await expect(desk.locator(".list-aside")).to_have_count(0)
    await expect(desk.locator(".list-mine .card")).to_have_count(2)


async def _passed_on(desk: Page, maya: Agent, of_ann: Locator) -> None:
    """To a colleague, who has it at once."""
    await of_ann.click()
    await desk.get_by_role("button", name="Transfer").click()
    await desk.locator(".modal-transfer .choice", has_text="Maya").click()
    await desk.locator(".modal-transfer footer .primary").click()
    await expect(of_ann).to_have_count(0)
    await maya.live.until(lambda: len(maya.live.desk.get("mine", [])) == 1, "what was passed on")


async def _bulk(desk: Page) -> None:
    """Several at once: what was done to each, taken back, and the end of what is left."""
    await desk.locator(".select-several").click()
    await desk.locator(".list-mine .card-choice").check()
    await desk.locator(".bulk-bar button", has_text="Tag").click()
    await desk.locator(".modal-bulk input").fill("vip")
    await desk.locator(".modal-bulk footer .primary").click()
    await expect(desk.locator(".bulk-results .good")).to_have_count(1)
    tag = desk.locator(".list-mine .badge", has_text="vip")
    await expect(tag).to_have_count(1)
    await desk.locator(".modal-bulk footer button", has_text="Undo").click()
    await expect(tag).to_have_count(0)
    await desk.locator(".modal-bulk footer .primary").click()
    await desk.locator(".select-several").click()
    await desk.locator(".list-mine .card-choice").check()
    await desk.locator(".bulk-bar button", has_text="Close").click()
    await desk.locator(".modal-bulk select").select_option("solved")
    await desk.locator(".modal-bulk footer .primary").click()
    await expect(desk.locator(".list-mine .card")).to_have_count(0)
