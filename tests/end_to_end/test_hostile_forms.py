"""The same words as in test_hostile_words.py, typed into the widget's own forms, told by a ticket, and exported."""

from __future__ import annotations

import os
import secrets

import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.clients import Agent
from tests.end_to_end.desk import view
from tests.end_to_end.pages import Console, Widget, chromium_path, new_page
from tests.end_to_end.story import Stage
from tests.end_to_end.test_hostile_words import SHORT, WORDS, Watched, _shown, browser

__all__ = ["browser"]

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]


async def test_nothing_that_is_typed_into_a_form_runs_in_widget_desk_or_export(browser: Browser, stage: Stage) -> None:
    owner = await stage.agent(-1)
    widget = Widget(await new_page(browser, language="en"))
    theirs = Watched(widget.page)
    console = Console(await new_page(browser, language="en"))
    ours = Watched(console.page)
    await console.sign_in(stage.gateway, stage.logins[-1])
    await widget.visit(stage.shop, language="en")
    await _looks_for_an_order(widget)
    await theirs.look()
    await widget.page.locator(".shortcut").first.click()
    await expect(widget.page.locator(".queue")).to_be_visible()
    await _asks_for_a_call(widget.page)
    await theirs.look()
    await _leaves_a_message(widget.page)
    await theirs.look()
    left = (await owner.get("/v1/conversations", box="mailbox"))["conversations"]
    conversation = next(one["conversation"] for one in left if "onerror" in one["preview"])
    await _shown(console.page, conversation)
    await ours.look()
    await _is_told_of_a_ticket(owner, widget, conversation)
    await theirs.look()
    await view(console.page, "tickets")
    await console.page.get_by_text(SHORT).first.click()
    await expect(console.page.locator(".page.tickets")).to_contain_text("vbscript")
    await ours.look()
    await _is_exported(console.page, stage.gateway, conversation)
    assert theirs.wrong + ours.wrong == []
    await owner.leave()


async def _looks_for_an_order(widget: Widget) -> None:
    """The bot asks for its number, and gets anything but one."""
    said = widget.page.locator(".message.bot")
    await widget.write("Where is my order?")
    await expect(said.nth(1)).to_be_visible()
    before = await said.count()
    await widget.page.locator(".composer textarea").fill(SHORT)
    await widget.page.keyboard.press("Enter")
    await expect(said.nth(before)).to_be_visible()


async def _asks_for_a_call(page: Page) -> None:
    """The number is refused; he waits on."""
    await page.get_by_role("button", name="Call me back").click()
    await page.locator("input[type=tel]").fill(SHORT)
    await page.get_by_role("button", name="Request the call").click()
    await expect(page.locator(".form .problem")).to_be_visible()
    await page.get_by_role("button", name="Keep waiting").click()


async def _leaves_a_message(page: Page) -> None:
    await page.get_by_role("button", name="Leave a message").click()
    await page.locator(".form textarea").fill(WORDS)
    await page.locator(".form input").fill(SHORT)
    await page.locator(".form button[type=submit]").click()
    await expect(page.locator(".form")).to_have_count(0)
    await expect(page.locator(".message.customer").last).to_contain_text("vbscript")


async def _is_told_of_a_ticket(owner: Agent, widget: Widget, conversation: str) -> None:
    """Its subject is hostile, and so is what the customer hears of it."""
    about = {"op_id": secrets.token_hex(8), "subject": SHORT, "type": "other", "conversation": conversation}
    ticket = (await owner.post("/v1/tickets", **about))["ticket"]
    told = {"op_id": secrets.token_hex(8), "text": WORDS, "audience": "public"}
    await owner.post(f"/v1/tickets/{ticket}/update", **told)
    await expect(widget.page.locator(".message").last).to_contain_text("Your case")
    await expect(widget.page.locator(".message").last).to_contain_text("vbscript")


async def _is_exported(page: Page, gateway: str, conversation: str) -> None:
    """Opened as a page, a browser saves it, or shows words."""
    for address in (
        f"/v1/conversations/{conversation}/export?format=text&notes=true",
        f"/v1/conversations/{conversation}/export?format=json&notes=true",
        "/v1/complaints/export",
    ):
        answer = await page.request.get(f"{gateway}{address}")
        assert answer.ok, address
        headers = answer.headers
        assert "attachment" in headers["content-disposition"], address
        assert headers["x-content-type-options"] == "nosniff", address
        assert headers["content-type"].partition(";")[0] in ("text/plain", "application/json", "text/csv"), address
