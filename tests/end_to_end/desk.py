"""What people do at a desk in the browser, for the stories of it."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.end_to_end.clients import Agent, Customer
from tests.end_to_end.story import EN, Stage, ask


def field(desk: Page) -> Locator:
    """Where one writes."""
    return desk.locator(".composer .editor textarea")


async def view(desk: Page, name: str) -> None:
    """Another page of the console."""
    await desk.locator(f".views [data-view={name}]").click()
    await expect(desk.locator(f".page.{name} h1")).to_be_visible()
    await expect(desk.locator(".page [role=status]", has_text="…")).to_have_count(0)


async def accept(desk: Page) -> None:
    """Takes the first who waits."""
    await desk.locator(".list-waiting .card-accept").first.click()
    await expect(desk.locator(".conversation-head .strong")).to_be_visible()


async def taken(desk: Page, stage: Stage, *, words: str = EN.ask_human) -> tuple[Customer, str]:
    """A customer whom the agent at this desk has accepted, and the conversation."""
    customer = await stage.customer(EN)
    conversation, _ = await ask(stage, customer, words)
    await customer.owned_by(conversation, "queue")
    await accept(desk)
    await customer.owned_by(conversation, "agent")
    return customer, conversation


async def served_by(agent: Agent, stage: Stage, *, words: str = EN.ask_human) -> tuple[Customer, str, int]:
    """A customer whom a colleague has accepted at another desk; conversation and epoch."""
    customer = await stage.customer(EN)
    conversation, _ = await ask(stage, customer, words)
    card = await agent.waiting(conversation)
    epoch = int((await agent.accept(card["handoff"]["id"])).json()["epoch"])
    await agent.live.follow(conversation)
    return customer, conversation, epoch
