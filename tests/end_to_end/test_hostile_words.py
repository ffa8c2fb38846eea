"""Words that try to become a program, in every field that somebody fills, shown on every page: none runs."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.end_to_end.clients import Agent
from tests.end_to_end.pages import Console, Widget, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, Stage
from tests.end_to_end.test_every_page import VIEWS
from tests.handoff_service.help_centre.hostile import HOSTILE

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
CANARY = "evil.example"
SHORT = f"\"'><img src=//{CANARY}/x onerror=alert(1)>"
WORDS = "\n".join([*HOSTILE, SHORT, f"[x](javascript:alert(1)) [y](//{CANARY}) ![z](//{CANARY}/z.png)"])
TELL = "(words) => { document.title = words; Tandem.push(['setAttributes', { app: words }]); }"
# What a page would have if a word had become more than a word.
HARM = """() => {
  const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
  return roots.flatMap((root) => [...root.querySelectorAll("*")]).filter((one) =>
    /^(javascript|vbscript|data:text)/i.test(one.getAttribute("href") ?? "") || one.hasAttribute("srcdoc")
    || [...one.attributes].some(({ name }) => name.startsWith("on"))
    || [one.getAttribute("src"), one.getAttribute("href")].some((address) => (address ?? "").startsWith("//evil")))
    .map((one) => one.outerHTML.slice(0, 200));
}"""


class Watched:
    """A page on which nothing may run, ask the network of strangers, or complain."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("dialog", self._dialog)
        page.on("request", lambda one: self._asked(one.url))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda one: "Content Security" in one.text and self.wrong.append(one.text))

    async def _dialog(self, dialog: Any) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _asked(self, address: str) -> None:
        if re.match(rf"\w+://([^/]*\.)?{re.escape(CANARY)}", address):
            self.wrong.append(f"asked for {address}")

    async def look(self) -> None:
        self.wrong += await self.page.evaluate(HARM)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_nothing_that_anybody_writes_runs_on_any_page(browser: Browser, stage: Stage) -> None:
    owner = await stage.agent(-1)
    undo = await _settings(owner)
    try:
        widget = Widget(await new_page(browser, language="en"))
        theirs = Watched(widget.page)
        console = Console(await new_page(browser, language="en"))
        ours = Watched(console.page)
        await console.sign_in(stage.gateway, stage.logins[-1])
        await widget.page.goto(f"{stage.shop}/en?title={SHORT}")
        await widget.page.evaluate(TELL, SHORT)
        await widget.open()
        await _talk(widget, console)
        await theirs.look()
        await ours.look()
        addresses = await _work(owner, widget, console)
        for view in VIEWS:
            await console.page.locator(f".views [data-view={view}]").click()
            await expect(console.page.locator(f".page.{view} h1")).to_be_visible()
            await expect(console.page.locator(".page [role=status]", has_text="…")).to_have_count(0)
            await ours.look()
        saved = await console.page.request.get(f"{stage.gateway}{addresses[0]}")
        assert "attachment" in saved.headers["content-disposition"]
        assert "script" not in saved.headers["content-type"]
        await console.page.goto(f"{stage.gateway}{addresses[1]}")
        await ours.look()
        await widget.page.goto(f"{stage.gateway}/help/demo/en/?q={SHORT}")
        await theirs.look()
        assert theirs.wrong + ours.wrong == []
    finally:
        for again in undo:
            await again()
        await owner.leave()


async def _settings(owner: Agent) -> list[Callable[[], Awaitable[Any]]]:
    """Hostile names of what agents choose from; returns what takes each away."""
    lists = {
        "canned-replies": {"title": SHORT, "en": SHORT, "zh": SHORT},
        "tags": {"en": SHORT, "zh": SHORT},
        "wrap-up-codes": {"en": SHORT, "zh": SHORT},
    }
    undo = []
    for name, item in lists.items():
        await owner.post(f"/v1/admin/lists/{name}/hostile", **item)

        async def remove(name: str = name) -> None:
            await owner.post(f"/v1/admin/lists/{name}/hostile/remove")

        undo.append(remove)
    return undo


async def _talk(widget: Widget, console: Console) -> None:
    """Both sides say it, with a file of that name; a note, names of photos, and a canned reply."""
    page, desk = widget.page, console.page
    await page.locator(".composer textarea").fill(WORDS)
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.bot").nth(1)).to_be_visible(timeout=30_000)  # after the greeting
    file = {"name": f"{SHORT.replace('/', '')}.txt", "mimeType": "text/plain", "buffer": b"hello"}
    await page.locator("input[type=file]").first.set_input_files([file])
    await expect(page.locator(".waiting-file.ready")).to_be_visible()
    await page.locator(".send").click()
    await widget.write(EN.ask_human)
    await expect(page.locator(".place")).to_be_visible()
    await desk.locator(".list-waiting .card").last.click()
    await desk.locator(".conversation-head .primary").click()
    await expect(desk.locator(".conversation-head .strong")).to_be_visible()
    await desk.locator(".modes .mode").nth(1).click()
    await console.write(WORDS)
    await desk.locator(".modes .mode").nth(0).click()
    await console.write(WORDS)
    await desk.locator(".ask-photos").click()
    await desk.locator("#photos-lead").fill(SHORT)
    await desk.locator("#photos-names").fill(SHORT)
    await desk.locator(".modal-photos footer .primary").click()
    await expect(page.locator(".photo-place")).to_contain_text("onerror")
    await desk.locator("textarea").first.fill("/")
    await expect(desk.get_by_text(SHORT).first).to_be_visible()
    await desk.locator("textarea").first.fill("")


async def _work(owner: Agent, widget: Widget, console: Console) -> list[str]:
    """What outlives the conversation: tag, ticket, complaint, rating, a public mention; addresses of exports."""
    conversation = (await owner.get("/v1/conversations", box="mine"))["conversations"][0]
    name, contact = conversation["conversation"], conversation["contact"]["id"]
    await owner.command(name, "tags", tags=["hostile"])
    about = {"type": "complaint", "conversation": name, "contact": contact}
    ticket = await owner.post("/v1/tickets", op_id=_op(), subject=SHORT, **about)
    place = f"/v1/tickets/{ticket['ticket']}"
    await owner.post(f"{place}/update", op_id=_op(), text=WORDS, audience="internal")
    author = {"author": secrets.token_hex(6), "author_name": SHORT}
    post = {"id": secrets.token_hex(6), "url": f"https://{CANARY}/", "time": datetime.now(UTC).isoformat()}
    mention = {"platform": "weibo", "text": WORDS, **author, **post}
    await owner.post("/v1/public-mentions", mentions=[mention])
    await owner.command(name, "close", epoch=conversation["epoch"], wrap_up="hostile", note=WORDS)
    await widget.page.locator(".star").first.click()
    await widget.page.locator(".rating textarea").fill(WORDS[:900])
    await widget.page.locator(".rating button[type=submit]").click()
    await expect(widget.page.locator(".rating")).to_have_count(0)
    await expect(console.page.locator("[role=log] .rating")).to_be_visible()
    return [f"/v1/conversations/{name}/export?format=text", f"/v1/complaints/{ticket['ticket']}/case.html"]


def _op() -> str:
    return secrets.token_hex(8)
