"""`make screenshots`: the pictures of the README, taken from the real pages in the middle of a real conversation."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.end_to_end.clients import op_id
from tests.end_to_end.desk import view
from tests.end_to_end.pages import DESK, PHONE, Console, Widget, new_page, open_browser
from tests.end_to_end.stage import open_stage
from tests.end_to_end.story import EN, ZH, Lines, Stage, ask, end

TABLET = {"width": 1024, "height": 768}
# `administration` is the widget's look with the widget beside it.
PAGES = ("wall", "tickets", "articles", "administration")
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"


async def take(stage: Stage) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with open_browser() as browser:
        for lines in (ZH, EN):
            await _conversation(browser, stage, lines)
            await _before_a_conversation(browser, stage, lines)
            async with _busy(stage, lines):
                await _pages(browser, stage, lines)


@asynccontextmanager
async def _busy(stage: Stage, lines: Lines) -> AsyncIterator[None]:
    """One customer waits, one waits and is angry, one has left a message, and a colleague has written a ticket."""
    waiting = []
    for text in (lines.ask_human, lines.angry):
        customer = await stage.customer(lines)
        conversation, _ = await ask(stage, customer, text)
        await customer.owned_by(conversation, "queue")
        waiting.append((customer, conversation))
    absent = await stage.customer(lines)
    conversation, _ = await ask(stage, absent, lines.ask_human)
    await absent.owned_by(conversation, "queue")
    await absent.command(conversation, "leave-message", text=lines.with_facts, reply_to="alex@example.com")
    await absent.owned_by(conversation, "mailbox")
    await absent.leave()
    agent = await stage.agent()
    mine = {"type": "question", "agent": agent.me["agent"]["id"]}
    ticket = (await agent.post("/v1/tickets", op_id=op_id(), subject=lines.unknown[0], **mine))["ticket"]
    try:
        yield
    finally:  # the next language begins with an empty desk
        await end(agent, conversation, await agent.waiting(conversation, box="mailbox"))
        await agent.post(f"/v1/tickets/{ticket}/resolve", op_id=op_id(), note=lines.agent_says)
        for customer, one in waiting:
            await end(agent, one, await agent.waiting(one))
            await customer.leave()
        await agent.leave()


async def _before_a_conversation(browser: Browser, stage: Stage, lines: Lines) -> None:
    """By night: articles while one types; and the help centre by day."""
    language = lines.language
    night = Widget(await new_page(browser, size=PHONE, language=language, dark=True))
    await night.visit(stage.shop, language=language)
    await night.page.locator(".composer textarea").fill(lines.routine[0])
    await expect(night.page.locator(".suggestion").first).to_be_visible()
    await _shoot(night, f"widget-search-{language}")
    help_centre = Widget(await new_page(browser, size=DESK, language=language))
    await help_centre.page.goto(f"{stage.gateway}/help/demo/{language}/")
    await _shoot(help_centre, f"help-centre-{language}")


async def _conversation(browser: Browser, stage: Stage, lines: Lines) -> None:
    language = lines.language
    desk = Console(await new_page(browser, size=DESK, language=language))
    phone_desk = Console(await new_page(browser, size=PHONE, language=language))
    night_desk = Console(await new_page(browser, size=TABLET, language=language, dark=True))
    for console in (desk, phone_desk, night_desk):
        await console.sign_in(stage.gateway, stage.logins[0])
    customers = {}
    for name, size in (("phone", PHONE), ("desk", DESK)):
        widget = Widget(await new_page(browser, size=size, language=language))
        await widget.visit(stage.shop, language=language)
        await widget.write(lines.routine[0])
        await expect(widget.page.locator(".source")).to_be_visible()
        await _shoot(widget, f"widget-{name}-{language}")
        customers[name] = widget
    customer = customers["phone"]
    await customer.write(lines.with_facts)
    await expect(customer.page.locator(".message.bot")).to_have_count(3)
    await customer.write(lines.ask_human)
    await expect(customer.page.locator(".place")).to_be_visible()
    await _shoot(customer, f"widget-queue-{language}")
    await desk.page.locator(".list-waiting .card").last.click()
    await desk.page.locator(".conversation-head .primary").click()
    await expect(desk.page.locator(".conversation-head .strong")).to_be_visible()
    await desk.write(lines.agent_says)
    await customer.reads(lines.agent_says)
    await _shoot(desk, f"console-desk-{language}")
    for console, name in ((phone_desk, "phone"), (night_desk, "night")):
        await console.page.locator(".list-mine .card").first.click()
        await expect(console.page.locator("[role=log]")).to_contain_text(lines.agent_says)
        await _shoot(console, f"console-{name}-{language}")
    await desk.page.locator(".conversation-head .strong").click()
    await desk.page.locator(".modal-close .choice").first.click()
    await desk.page.locator(".modal-close footer .primary").click()
    await expect(customer.page.locator(".rating")).to_be_visible()
    await _shoot(customer, f"widget-rating-{language}")


async def _pages(browser: Browser, stage: Stage, lines: Lines) -> None:
    """What the owner of the shop sees beside the conversations."""
    console = Console(await new_page(browser, size=DESK, language=lines.language))
    page = console.page
    await console.sign_in(stage.gateway, stage.logins[-1])
    for name in PAGES:
        await view(page, name)
        if name == "tickets":
            await page.locator(".page.tickets .rows .link-row", has_text=lines.unknown[0]).first.click()
            await expect(page.locator(".page-panel.ticket")).to_be_visible()
        if name == "articles":
            await page.locator(".try input").fill(lines.routine[0])
            await page.locator(".try button").click()
            await expect(page.locator(".page.articles .badge.good")).to_be_visible()
        if name == "administration":
            await page.locator("[data-part=queues]").click()
            await page.locator(".things .link-row").first.click()
            await _shoot(console, f"console-queues-{lines.language}")
            await page.locator("[data-part=widget]").click()
            frame = page.frame_locator(".look-preview")
            await frame.locator(".launcher").press("Enter")  # the frame is scaled, which clicks are not
            await expect(frame.locator(".bubble").first).to_be_visible()
        await _shoot(console, f"console-{name}-{lines.language}")


async def _shoot(window: Widget | Console, name: str) -> None:
    await window.page.wait_for_timeout(400)  # animations
    await window.page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


if __name__ == "__main__":
    asyncio.run(take(open_stage(Path(os.environ.get("TANDEM_VAR", "var")))))
