"""What a customer can do besides writing, in a real browser: on a strict page, on two devices, in a frame, by mail."""

from __future__ import annotations

import asyncio
import email
import os
import re
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from playwright.async_api import Browser, Page, Route, expect

from tests.end_to_end.pages import DESK, PHONE, Console, Widget, chromium_path, new_page, open_browser, sends
from tests.end_to_end.story import EN, Stage
from tests.end_to_end.test_browser import PIXEL
from tests.handoff_service.web.serving import free_port

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
DEVICES = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-features=LocalNetworkAccessChecks",  # pages that a test makes up come from no network at all
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBER = "+86 138 0013 8000"
PHOTO = {"name": "photo.png", "mimeType": "image/png", "buffer": PIXEL}
# A page that listens to what it is told of the conversation.
HEAR = """() => {
  window.heard = { owner: [], message: [] };
  window.Tandem ??= [];
  Tandem.push(["on", "owner", ({ kind, name }) => heard.owner.push([kind, name])]);
  Tandem.push(["on", "message", ({ from, text }) => heard.message.push([from, text])]);
}"""
# How many frames go by after Enter until one's own words are there.
FRAMES = """(text) => new Promise((done) => {
  const root = document.querySelector("tandem-widget").shadowRoot;
  const shown = () => [...root.querySelectorAll(".message.customer .bubble")].some((one) => one.textContent === text);
  const look = (frames) => (shown() ? done(frames) : requestAnimationFrame(() => look(frames + 1)));
  const enter = { key: "Enter", bubbles: true, composed: true, cancelable: true };
  root.querySelector(".composer textarea").dispatchEvent(new KeyboardEvent("keydown", enter));
  look(0);
})"""
# What a browser does when files are pasted into, or dropped on, an element.
BRING = """(element, kind) => {
  const data = new DataTransfer();
  data.items.add(new File(["hello"], `${kind}.txt`, { type: "text/plain" }));
  const more = { bubbles: true, composed: true, cancelable: true };
  element.dispatchEvent(kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, ...more })
    : new DragEvent(kind, { dataTransfer: data, ...more }));
}"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser(*DEVICES) as browser:
        yield browser


async def _host(page: Page, address: str, body: str, policy: str) -> None:
    """A page of the shop's own site that the shop does not have."""

    async def answer(route: Route) -> None:
        html = f"<!doctype html><html lang=en><title>Host</title><body>{body}</body></html>"
        await route.fulfill(body=html, content_type="text/html", headers={"Content-Security-Policy": policy})

    await page.route(address, answer)
    await page.goto(address)


async def test_a_strict_page_has_everything_that_a_customer_can_do(browser: Browser, stage: Stage) -> None:
    """Trusted Types without any policy, no styles and no pictures of others: what the widget needs is its script."""
    context = await browser.new_context(viewport=DESK, locale="en-US", timezone_id="Asia/Shanghai")
    widget = Widget(await context.new_page())
    page, sockets = widget.page, stage.gateway.replace("http", "ws", 1)
    policy = (
        f"default-src 'none'; script-src {stage.gateway}; connect-src {stage.gateway} {sockets}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    script = (
        f'<script async src="{stage.gateway}/widget/v1/widget.js" data-tenant="demo" data-accent="#7a1fa2"></script>'
    )
    await _host(page, f"{stage.shop}/strict", script, policy)
    await widget.open()
    await page.locator(".suggestions .choice").first.click()  # a quick reply
    await expect(page.locator(".source").first).to_be_visible()
    await page.locator(".vote").nth(1).click()
    await page.locator(".reason").first.click()
    await expect(page.locator(".voted")).to_be_visible()

    field = page.locator(".composer textarea")
    await page.locator(".emoji-button").click()
    await page.locator(".one-emoji").first.click()
    await expect(field).to_have_value("😀")
    await page.locator(".emoji-button").click()
    enter = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    await field.dispatch_event("keydown", enter)  # chooses a character of an input method
    await expect(field).to_have_value("😀")
    await field.fill("")
    for kind, target in (("paste", field), ("drop", page.locator(".panel"))):
        await target.evaluate(BRING, kind)
        await expect(page.locator(".waiting-file.ready .file-name")).to_have_text(f"{kind}.txt")
        await page.locator(".waiting-file .tool").last.click()
        await expect(page.locator(".tray")).to_have_count(0)

    await page.get_by_role("button", name="Record a voice note").click()
    await expect(page.locator(".recording")).to_contain_text("0:01")
    await page.locator(".recorder .send").click()
    await expect(page.locator(".waiting-file.ready")).to_be_visible()
    await page.locator(".composer .send").click()
    await expect(page.locator(".message.customer .attachment")).to_contain_text("Voice note")

    await _ask_to_be_called(page, stage)
    await _take_along(page)
    await page.locator(".menu-button").click()
    await page.get_by_role("button", name="Delete my data").click()
    await page.locator(".menu .danger").click()
    await expect(page.locator(".menu [role=status]")).to_contain_text("Your data has been deleted")
    await expect(page.locator(".message.customer")).to_have_count(0)
    assert widget.complaints == []


async def _ask_to_be_called(page: Page, stage: Stage) -> None:
    """While he waits: a number and a time become a ticket that is due then."""
    agent = await stage.agent()
    await page.locator(".shortcut").click()
    await expect(page.locator(".queue")).to_be_visible()
    at = (datetime.now(SHANGHAI) + timedelta(days=1)).replace(hour=11, minute=0, second=0, microsecond=0)
    await page.get_by_role("button", name="Call me back").click()
    await page.locator("input[type=tel]").fill(NUMBER)
    await page.locator("input[type=datetime-local]").fill(f"{at:%Y-%m-%dT%H:%M}")
    await page.get_by_role("button", name="Request the call").click()
    await expect(page.locator("[role=log]")).to_contain_text(NUMBER)
    await expect(page.locator(".card h3")).to_be_visible()
    tickets = (await agent.get("/v1/tickets"))["tickets"]
    await agent.leave()
    (ticket,) = [one for one in tickets if one["reply_to"] == NUMBER and one["type"] == "callback"][-1:]
    assert datetime.fromisoformat(ticket["due_at"]) == at


async def _take_along(page: Page) -> None:
    """A copy as a file."""
    await page.locator(".menu-button").click()
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download transcript").click()
    path = await (await started.value).path()
    assert NUMBER in path.read_text(encoding="utf-8-sig")


async def test_who_waits_can_do_something_else_and_the_page_hears_of_it(browser: Browser, stage: Stage) -> None:
    """Steps one by one; the assistant again, or words for the team, instead of a place in the queue."""
    agent = await stage.agent()
    widget = Widget(await new_page(browser, size=PHONE))
    page = widget.page
    held: list[Route] = []
    await page.route("**/v1/widget/config?*", lambda route: held.append(route))
    await page.goto(f"{stage.shop}/orders")
    await expect(page.locator(".launcher")).to_be_visible()  # whatever the gateway answers, and when
    for route in held:
        await route.continue_()
    await page.evaluate(HEAR)
    await _press_slowly(page)
    await expect(page.locator(".bubble").first).to_contain_text("想查哪笔订单")  # the first words of this page
    await page.locator(".composer textarea").fill("支付失败怎么办")
    assert await page.evaluate(FRAMES, "支付失败怎么办") <= 2
    await page.locator(".steps-button").click()
    further = page.get_by_role("button", name="下一步")
    await expect(further).to_be_visible()
    while await further.count():
        await further.click()
    await page.get_by_role("button", name="还没有").click()
    await expect(page.locator(".guide")).to_contain_text("抱歉没能解决")

    await page.locator(".guide .button").click()  # a person
    await expect(page.locator(".place")).to_have_text("1")
    await page.get_by_role("button", name="继续问 AI 助手").click()
    await expect(page.locator(".place")).to_have_count(0)
    await widget.write("转人工")
    await expect(page.locator(".place")).to_be_visible()
    await page.get_by_role("button", name="改为留言").click()
    words = f"请发邮件给我 {secrets.token_hex(4)}"
    await page.locator(".card.form textarea").fill(words)
    await page.locator(".card.form input").fill("ann@customers.example")
    await page.get_by_role("button", name="提交留言").click()
    await expect(page.locator(".card h3")).to_have_text("留言已收到")
    await widget.reads(words)
    tickets = (await agent.get("/v1/tickets"))["tickets"]
    assert [one["reply_to"] for one in tickets if words in str(one)] == ["ann@customers.example"]
    heard = await page.evaluate("heard")
    assert [kind for kind, _ in heard["owner"]] == ["queue", "bot", "queue", "mailbox"]
    assert {"bot"} <= {who for who, _ in heard["message"]}
    assert widget.complaints == []


async def _press_slowly(page: Page) -> None:
    """The conversation has come before the button is let go; it opens all the same."""
    async with page.expect_event("requestfinished", lambda request: "/zh-Hans-" in request.url):
        await page.locator(".launcher").hover()
        await page.mouse.down()
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await page.mouse.up()


async def test_a_customer_who_signed_in_goes_on_on_another_device_and_sleeps_in_between(
    browser: Browser, stage: Stage
) -> None:
    console = Console(await new_page(browser, language="en"))
    await console.sign_in(stage.gateway, stage.logins[0])
    phone = Widget(await new_page(browser, size=PHONE, language="en"))
    name = await _sign_in(phone, stage)
    await phone.open()
    await phone.write(EN.start_form)  # the order, before anybody is asked
    await phone.reads(re.compile(r"LY2026\d+"))
    await phone.write(EN.ask_human)
    await expect(phone.page.locator(".place")).to_be_visible()
    desk = Widget(await new_page(browser, language="en"))
    await _sign_in(desk, stage)
    await desk.open()
    await desk.reads(EN.ask_human)

    await console.page.locator(".list-waiting .card", has_text=name).click()
    await console.page.locator(".conversation-head .primary").click()
    await expect(console.page.locator(".conversation-head .strong")).to_be_visible()
    words = f"one moment {secrets.token_hex(4)}"
    await console.page.locator("textarea").first.press_sequentially(words)
    await expect(desk.page.locator(".typing")).to_be_visible()

    await desk.page.locator(".launcher").click()  # closes the panel
    asleep = await phone.page.context.new_cdp_session(phone.page)
    await asleep.send("Page.setWebLifecycleState", {"state": "frozen"})
    await sends(console.page)
    await expect(desk.page.locator(".launcher .badge")).to_have_text("1")
    await asleep.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(phone.page.locator(".message.agent .bubble", has_text=words)).to_have_count(1, timeout=20_000)
    await desk.open()
    await expect(desk.page.locator(".launcher .badge")).to_have_count(0)

    await _show_the_damage(phone, console)
    await console.page.locator(".conversation-head .strong").click()
    await console.page.locator(".modal-close .choice").first.click()
    await console.page.locator(".modal-close footer .primary").click()
    await expect(phone.page.locator(".star").first).to_be_visible()
    assert phone.complaints + desk.complaints + console.complaints == []


async def _sign_in(widget: Widget, stage: Stage) -> str:
    """At the shop, whose page then tells the widget who this is; returns the customer's name."""
    await widget.page.goto(f"{stage.shop}/en")
    button = widget.page.locator("form[action='/sign-in'] button").last
    name = await button.inner_text()
    await button.click()
    await expect(widget.page.locator("form[action='/sign-out']")).to_be_visible()
    return name


async def _show_the_damage(customer: Widget, console: Console) -> None:
    """The agent asks for three photos by name; each side sees which are missing until none is."""
    await console.page.locator(".ask-photos").click()
    await console.page.locator(".modal-photos footer .primary").click()
    card = customer.page.locator(".photos").last
    places = card.locator(".photo-place")
    await expect(places).to_have_count(3)
    await expect(places.nth(1)).to_contain_text("The damage")
    for index in (1, 0, 2):
        await places.nth(index).locator("input").set_input_files([PHOTO])
    await expect(card.locator(".photo-place.there")).to_have_count(3)
    await expect(card).to_have_class(re.compile("complete"))
    asked = console.page.locator("[role=log] .photos").last
    await expect(asked.locator(".badge.good")).to_be_visible()
    await expect(asked.locator("li.there img")).to_have_count(3)


async def test_the_full_page_works_in_a_frame_of_the_shop_and_sends_the_conversation_by_mail(
    browser: Browser, stage: Stage
) -> None:
    post = PostOffice(free_port())
    running = Controller(post, hostname="127.0.0.1", port=post.port)
    running.start()
    account = await _mail_account(stage, post.port)
    try:
        widget = Widget(await new_page(browser, language="en"))
        address = f"{stage.gateway}/chat/?tenant=demo&language=en"
        frame = f'<iframe title="Chat" width=420 height=760 src="{address}"></iframe>'
        await _host(widget.page, f"{stage.shop}/framed", frame, f"default-src 'none'; frame-src {stage.gateway}")
        chat = widget.page.frame_locator("iframe")
        await chat.locator(".composer textarea").fill(EN.routine[0])
        await chat.locator(".composer textarea").press("Enter")
        await expect(chat.locator(".source").first).to_be_visible()
        await chat.locator(".menu-button").click()
        await chat.get_by_role("button", name="Send conversation by e-mail").click()
        await chat.locator(".letter input").fill("ann@customers.example")
        await chat.locator(".letter input").press("Enter")
        await chat.locator(".letter input[autocomplete=one-time-code]").fill(await post.code())
        await chat.get_by_role("button", name="Send conversation", exact=True).click()
        await expect(chat.locator(".menu")).to_contain_text("on its way to ann@customers.example")
        assert EN.routine[0] in post.mails[-1].get_content()
        assert widget.complaints == []
    finally:
        await _switch_off(stage, account)
        running.stop()


class PostOffice:
    """An SMTP server that keeps what it is given."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        """aiosmtpd's hook."""
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    async def code(self) -> str:
        async with asyncio.timeout(10):
            while not self.mails:
                await asyncio.sleep(0.05)
        found = re.search(r"\b\d{6}\b", self.mails[0].get_content())
        assert found is not None
        return found[0]


async def _mail_account(stage: Stage, port: int) -> str:
    owner = await stage.agent(-1)
    fields = {
        "address": "support@lanyu.example",
        "provider": "mailgun",
        "smtp": f"smtp://127.0.0.1:{port}",
        "signing_key": "k" * 32,
    }
    added = await owner.post("/v1/channels/accounts", channel="email", name="Lanyu", fields=fields)
    await owner.leave()
    return str(added["account"])


async def _switch_off(stage: Stage, account: str) -> None:
    owner = await stage.agent(-1)
    await owner.post(f"/v1/channels/accounts/{account}", disabled=True)
    await owner.leave()
