"""What the people at the desks do with each other and beside their conversations, in real browsers."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.end_to_end.clients import Customer
from tests.end_to_end.pages import Console, Widget, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, Stage, ask

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
SERVER, TOKEN, BOT_TOKEN = (
    "https://telegram.invalid",
    "123456:AAH_a-token-of-a-bot-that-is-not-real",
    re.compile("token"),
)
QUESTION = "How do I clean a kaleidoscope lamp?"
PUBLISHED_S = 120.0  # a busy machine is slow, not wrong


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_a_case_goes_through_many_hands(browser: Browser, stage: Stage) -> None:
    """A colleague is consulted, the supervisor whispers, it is escalated and offered, a ticket becomes a complaint."""
    lin, chen = [Console(await new_page(browser, language="en")) for _ in range(2)]
    await lin.sign_in(stage.gateway, stage.logins[0])
    await chen.sign_in(stage.gateway, stage.logins[2])
    ann, conversation = await _taken(lin.page, stage)

    await _consult(lin.page, chen.page)
    await _whisper(lin.page, chen.page)
    texts = [str(one["body"].get("text")) for one in ann.live.entries[conversation]]
    assert not [one for one in texts if "warehouse" in one or "softly" in one], "what colleagues say to each other"
    subject = f"A lamp that hums {secrets.token_hex(3)}"
    await _ticket(lin.page, subject)
    await _escalate(lin.page, chen.page, ann, conversation)
    await _complaint(lin.page, subject)
    assert lin.complaints + chen.complaints == []


async def test_the_bot_has_it_again_and_who_is_a_nuisance_is_heard_no_more(browser: Browser, stage: Stage) -> None:
    """A conversation is given back with what was agreed; another one is closed as spam and its customer is blocked."""
    console, widget = Console(await new_page(browser, language="en")), Widget(await new_page(browser, language="en"))
    desk, theirs = console.page, widget.page
    await console.sign_in(stage.gateway, stage.logins[0])
    await widget.visit(stage.shop, language="en")
    await widget.write(EN.ask_human)
    await expect(theirs.locator(".place")).to_be_visible()
    await _accept(desk)
    await desk.get_by_role("button", name="Give back").click()
    await desk.locator(".modal-give-back textarea").fill("The address was changed.")
    await desk.locator(".modal-give-back footer .primary").click()
    await expect(theirs.locator(".speaker")).to_contain_text("AI")
    await widget.write(EN.routine[0])
    await expect(theirs.locator(".source")).to_have_count(1)

    await widget.write(EN.ask_human)
    await expect(theirs.locator(".place")).to_be_visible()
    await _accept(desk)
    await _more(desk, "Block")
    await desk.locator(".modal-block footer .primary").click()
    await expect(desk.locator(".contact .page-failed")).to_be_visible()
    await expect(desk.locator(".list-mine .card")).to_have_count(0)
    await theirs.locator(".composer textarea").fill("buy my watches")
    await theirs.keyboard.press("Enter")
    await expect(theirs.locator(".message.customer").last).to_contain_text("buy my watches")
    await expect(theirs.locator(".message.pending")).to_have_count(0)  # it is kept, and rings nowhere
    await expect(desk.locator("[role=log]")).to_contain_text("buy my watches")
    await expect(desk.locator(".list-waiting .card")).to_have_count(0)
    await desk.locator(".contact .page-failed button").click()
    await expect(desk.locator(".contact .page-failed")).to_have_count(0)
    assert console.complaints == []


async def test_what_is_published_at_the_desk_is_the_bots_answer(
    browser: Browser, stage: Stage, lanterns: Mapping[str, str]
) -> None:
    """An article from its draft to the customer; and a channel's account, whose secret no other server is given."""
    console, widget = Console(await new_page(browser, language="en")), Widget(await new_page(browser, language="en"))
    desk = console.page
    await desk.goto(f"{stage.gateway}/console/")
    for name, value in lanterns.items():
        await desk.locator(f"input[name={name}]").fill(value)
    await desk.keyboard.press("Enter")
    await _view(desk, "articles")
    await _publish(desk)
    await widget.page.goto(f"{stage.gateway}/chat/?tenant={lanterns['tenant']}&language=en")
    await expect(widget.page.locator(".bubble").first).to_be_visible()
    await widget.write(QUESTION)
    await expect(widget.page.locator(".source")).to_have_count(1)
    await widget.reads("soft brush")
    await _take_back(desk)
    await _channel(desk)
    assert widget.complaints + console.complaints == []


async def _taken(desk: Page, stage: Stage) -> tuple[Customer, str]:
    customer = await stage.customer(EN)
    conversation, _ = await ask(stage, customer, EN.ask_human)
    await _accept(desk)
    await customer.owned_by(conversation, "agent")
    return customer, conversation


async def _accept(desk: Page) -> None:
    await desk.locator(".list-waiting .card-accept").click()
    await expect(desk.locator(".conversation-head .strong")).to_be_visible()


def _field(desk: Page) -> Locator:
    return desk.locator(".composer .editor textarea")


async def _note(desk: Page, text: str) -> None:
    if not await desk.locator(".composer.mode-note").count():
        await desk.locator(".modes .mode").nth(1).click()
    await expect(desk.locator(".composer.mode-note")).to_be_visible()
    await _field(desk).fill(text)


async def _consult(lin: Page, chen: Page) -> None:
    """Whom a note asks finds it on top of his lists, and his note is the answer; the conversation stays where it is."""
    await _note(lin, "does the warehouse have it? @ch")
    await _field(lin).press("End")
    await lin.locator("[role=option]", has_text="Chen").click()
    await _field(lin).press("Enter")
    await chen.locator(".owed .link-row").first.click()
    await expect(chen.locator("[role=log]")).to_contain_text("does the warehouse have it?")
    await _note(chen, "the warehouse has two")
    await _field(chen).press("Enter")
    await expect(lin.locator("[role=log]")).to_contain_text("the warehouse has two")
    await expect(chen.locator(".owed")).to_have_count(0)
    await expect(lin.locator(".conversation-head .strong")).to_be_visible()


async def _whisper(lin: Page, chen: Page) -> None:
    """A supervisor's word to the one who speaks with the customer."""
    await _note(chen, "speak softly")
    await chen.locator(".whisper input").check()
    await _field(chen).press("Enter")
    await expect(lin.locator(".message.note", has_text="speak softly").locator(".note-label")).to_contain_text(
        "for you"
    )


async def _ticket(desk: Page, subject: str) -> None:
    await desk.locator(".open-ticket").click()
    await desk.locator("#ticket-subject").fill(subject)
    await desk.locator("#ticket-type").select_option("question")
    await desk.locator(".modal-ticket footer .primary").click()
    await expect(desk.locator(".modal-ticket")).to_have_count(0)


async def _escalate(lin: Page, chen: Page, ann: Customer, conversation: str) -> None:
    """It is offered to who has been idle longest; as he declines, to the next one, whatever page he looks at."""
    await lin.get_by_role("button", name="Escalate").click()
    await lin.locator("#escalate-reason").fill("I may not decide this")
    await lin.locator(".modal-escalate footer .primary").click()
    await expect(lin.locator(".list-mine .card")).to_have_count(0)
    await chen.locator(".list-offers .offer button").first.click()
    await expect(chen.locator(".list-offers")).to_have_count(0)
    await _view(lin, "tickets")
    await lin.locator(".offer-bar .primary").click()
    await ann.owned_by(conversation, "agent")
    await expect(lin.locator(".offer-bar")).to_have_count(0)


async def _view(desk: Page, view: str) -> None:
    await desk.locator(f".views [data-view={view}]").click()
    await expect(desk.locator(f".page.{view} h1")).to_be_visible()


async def _complaint(desk: Page, subject: str) -> None:
    """A ticket is found on the board, becomes a complaint of the register, gets a remedy, and is resolved."""
    if not await desk.locator(".page.tickets").count():
        await _view(desk, "tickets")
    await desk.locator(".page.tickets .rows .link-row", has_text=subject).click()
    ticket = desk.locator(".page-panel.ticket")
    await ticket.get_by_role("button", name="Take").click()
    await expect(ticket.locator(".badge").first).to_have_text("In progress")
    await ticket.get_by_role("button", name="complaint").click()
    await expect(ticket.locator(".complaint")).to_be_visible()
    await ticket.locator(".complaint input[inputmode=decimal]").fill("12.50")
    await ticket.locator(".complaint form button").click()
    await expect(ticket.locator(".complaint .rows li")).to_contain_text("12.50")
    await desk.get_by_role("tab", name="Register").click()
    await expect(desk.locator(".page.tickets .rows .link-row", has_text=subject)).to_be_visible()


async def _more(desk: Page, name: str) -> None:
    await desk.locator(".more summary").click()
    await desk.locator(".more-list button", has_text=name).click()


async def _publish(desk: Page) -> None:
    """Written as a draft, looked at, published; then asked for until it is live."""
    await desk.get_by_role("button", name="New article").click()
    form = desk.locator(".article-form")
    await form.get_by_label("Id", exact=True).fill(f"kaleidoscope-{secrets.token_hex(3)}")
    await form.get_by_label("Title").fill(QUESTION)
    await form.get_by_label("Category").fill("aftersales")
    await form.get_by_label("Questions").fill(f"{QUESTION}\ncleaning the kaleidoscope lamp\nmy kaleidoscope is dirty")
    await form.get_by_label("Answer (").fill("Clean a kaleidoscope lamp with a **soft brush**, never with water.")
    await form.locator("summary", has_text="Preview").click()
    await expect(form.locator(".article-preview strong")).to_have_text("soft brush")
    await form.locator("footer .primary").click()
    await form.get_by_role("button", name="Publish", exact=True).click()
    await expect(form.locator("header .badge")).to_have_text("Published")
    live, ask_both = form.locator(".compared > div").first, form.locator(".compare .try button")
    await form.locator(".compare input").fill(QUESTION)
    async with asyncio.timeout(PUBLISHED_S):
        await ask_both.click()
        await expect(live).to_be_visible()
        while "kaleidoscope" not in await live.inner_text():
            await ask_both.click()
            await expect(ask_both).to_be_enabled()


async def _take_back(desk: Page) -> None:
    """Retired, and then gone for good."""
    form = desk.locator(".article-form")
    await form.get_by_role("button", name="Retire").click()
    await form.get_by_role("button", name="Delete", exact=True).click()
    await form.get_by_role("button", name="Delete for good").click()
    await expect(form).to_have_count(0)


async def _channel(desk: Page) -> None:
    """An account is added and changed; a server that it has not had before is given the secret again."""
    name = f"Lantern bot {secrets.token_hex(3)}"
    await _view(desk, "administration")
    await desk.locator("[data-part=channels]").click()
    new = desk.locator("form.article-form").last
    await new.locator("select").select_option("telegram")
    await new.get_by_label("Name").fill(name)
    await new.get_by_label(BOT_TOKEN).fill(TOKEN)
    await new.locator(".primary").click()
    line = desk.locator(".accounts li", has_text=name)
    await expect(line.locator(".address")).to_contain_text("/webhook")
    await line.get_by_role("button", name="Edit").click()
    await line.get_by_label("another Bot API server").fill(SERVER)
    await line.get_by_label(BOT_TOKEN).fill(TOKEN)
    await line.get_by_label("another Bot API server").fill(f"{SERVER}/2")
    await expect(line.get_by_label(BOT_TOKEN)).to_have_value("")
    await line.get_by_label(BOT_TOKEN).fill(TOKEN)
    await line.locator("form .primary").click()
    await expect(line.locator("form")).to_have_count(0)
    await line.get_by_role("button", name="Disable").click()
    await expect(line.locator(".badge.bad")).to_be_visible()
