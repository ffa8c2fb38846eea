"""Words that try to become a program, in every field that somebody fills, shown on every page: none runs."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.async_api import Browser, Page, expect

from handoff_service.bell import Bell
from handoff_service.channels import contacts
from handoff_service.channels.web_widget import AUDIENCE
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Transaction, open_database
from tests.end_to_end.clients import Agent, Customer
from tests.end_to_end.desk import view
from tests.end_to_end.pages import Console, Widget, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, Stage, ask
from tests.end_to_end.test_every_page import all_views
from tests.handoff_service.help_centre.hostile import HOSTILE
from tests.handoff_service.stage import trial_settings

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


async def test_nothing_that_anybody_writes_runs_on_any_page(browser: Browser, stage: Stage, stage_var: Path) -> None:
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
        for name in await all_views(console.page):
            await view(console.page, name)
            await ours.look()
        for part in ("people", "queues", "skills", "rules", "tone", "complaints", "widget"):
            await console.page.locator(f".settings-nav [data-part={part}]").click()
            await expect(console.page.locator(".page [role=status]", has_text="…")).to_have_count(0)
            await ours.look()
        await console.page.locator(".views [data-view=administration]").click()
        await _waits(stage_var, stage, console)
        await ours.look()
        await _shown(console.page, await _letter(stage_var))
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


async def test_nothing_that_an_article_says_runs_while_it_is_written(
    browser: Browser, stage: Stage, lanterns: Mapping[str, str]
) -> None:
    """The editor with its preview, its other versions beside it, and a table whose every cell is hostile."""
    page = await new_page(browser, language="en")
    watched = Watched(page)
    await page.goto(f"{stage.gateway}/console/")
    for name, value in lanterns.items():
        await page.locator(f"input[name={name}]").fill(value)
    await page.keyboard.press("Enter")
    await view(page, "articles")
    cells = ",".join('"' + one.replace('"', '""') + '"' for one in (SHORT, WORDS, SHORT, "|".join(HOSTILE)))
    table = {
        "name": f"{CANARY}.csv",
        "mimeType": "text/csv",
        "buffer": f"title,answer,category,questions\n{cells}\n".encode(),
    }
    await page.locator(".file-choice input").set_input_files([table])
    await expect(page.get_by_text("of 1 drafts made")).to_be_visible()
    await watched.look()
    await page.get_by_role("button", name="New article").click()
    form = page.locator(".article-form")
    for label in ("Title", "Category", "Owner"):
        await form.get_by_label(label).fill(SHORT)
    await form.get_by_label("Answer (").fill(WORDS)
    await form.locator("summary", has_text="Preview").click()
    await expect(form.locator(".article-preview")).to_contain_text("onerror")
    await watched.look()
    assert watched.wrong == []


async def _settings(owner: Agent) -> list[Callable[[], Awaitable[Any]]]:
    """Hostile names of what agents choose from; returns what takes each away."""
    lists = {
        "canned-replies": {"title": SHORT, "en": SHORT, "zh": SHORT},
        "tags": {"en": SHORT, "zh": SHORT},
        "wrap-up-codes": {"en": SHORT, "zh": SHORT},
    }
    undo = []
    undo.append(await _configured(owner))
    for name, item in lists.items():
        await owner.post(f"/v1/admin/lists/{name}/hostile", **item)

        async def remove(name: str = name) -> None:
            await owner.post(f"/v1/admin/lists/{name}/hostile/remove")

        undo.append(remove)
    return undo


async def _configured(owner: Agent) -> Callable[[], Awaitable[Any]]:
    """Hostile names of a queue, a skill, a colleague, a playbook; words of the widget, and what to say instead."""
    before = (await owner.get("/v1/admin/config"))["document"]
    queue, *queues = before["queues"]
    both = {"zh": SHORT, "en": SHORT}
    playbook = {"id": "hostile", **both, "cases": ["hostile"], "steps": [{"id": "first", **both}]}
    forbidden = {"word": "not my job", "instead": SHORT}
    other = {
        "texts": {"en": {"composerHint": SHORT, "talkToPerson": SHORT}},
        "welcome": [{"text": {"en": WORDS[:900]}}],
    }
    people = before["agents"]
    piece = {
        "queues": [{**queue, "name": SHORT}, *queues],
        "skills": [*before.get("skills", []), {"id": "hostile", **both}],
        "desk": {**before["desk"], "playbooks": [playbook], "forbidden": [forbidden]},
        "widget": {**before["widget"], **other},
        "tone": {"guide": {"en": SHORT}},
        "complaints": {"categories": [{"id": "hostile", **both}]},
        "agents": [{**one, "name": SHORT} if one["role"] == "agent" else one for one in people],
    }

    async def put(document: dict[str, Any]) -> None:
        version = (await owner.get("/v1/admin/config"))["version"]
        await owner.post("/v1/admin/config/apply", yaml=json.dumps(document), version=version)

    await put(piece)
    return lambda: put({name: before.get(name, []) for name in piece})


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
    await desk.locator("textarea").first.fill("that is not my job")
    await expect(desk.locator(".warning-block")).to_contain_text(SHORT)
    await desk.locator("textarea").first.fill("")
    await desk.locator(".playbook select").select_option("hostile")
    await expect(desk.locator(".playbook li")).to_contain_text("onerror")
    await desk.locator(".contact").get_by_role("button", name="Change the name").click()
    await desk.locator(".contact-name input").fill(SHORT[:80])
    await desk.locator(".contact-name .primary").click()
    await expect(desk.locator(".conversation-head h2")).to_have_text(SHORT[:80])
    await desk.get_by_role("button", name="Transfer").click()
    await expect(desk.locator(".modal-transfer .choice", has_text="onerror").first).to_be_visible()
    await desk.keyboard.press("Escape")


async def _waits(var: Path, stage: Stage, console: Console) -> None:
    """Others whose words come another way: as a name that the shop's site has signed, in forms, in notes."""
    desk, owner = console.page, await stage.agent(-1)
    ann = Customer(stage.gateway, stage.shop, language="en")
    stage.people.append(ann)
    await ann.arrive(identity=_signed(SHORT, var))
    conversation, _ = await ask(stage, ann, EN.ask_human)
    card = await owner.waiting(conversation)
    epoch = (await owner.accept(card["handoff"]["id"])).json()["epoch"]
    await owner.command(conversation, "transfer", epoch=epoch, to_queue="support", note=WORDS)
    card = await owner.waiting(conversation)
    epoch = (await owner.accept(card["handoff"]["id"])).json()["epoch"]
    await owner.command(conversation, "escalate", epoch=epoch, reason=WORDS[:500])
    await _shown(desk, conversation)
    bob = await stage.customer(EN)
    left, _ = await ask(stage, bob, EN.ask_human)
    await bob.command(left, "leave-message", text=WORDS, reply_to=SHORT)
    await _shown(desk, left)
    eve = await stage.customer(EN)
    called, _ = await ask(stage, eve, EN.ask_human)
    card = await owner.waiting(called)
    epoch = (await owner.accept(card["handoff"]["id"])).json()["epoch"]
    await owner.command(called, "give-back", epoch=epoch, summary=WORDS)
    await eve.live.send(called, {"text": EN.ask_human})
    await eve.owned_by(called, "queue")
    await eve.command(called, "callback", number="+49 30 1234", text=WORDS)
    await _shown(desk, called)


async def _shown(desk: Page, conversation: str) -> None:
    """Opens it at the desk; what was written is there as words."""
    await desk.goto(f"{desk.url.partition('#')[0]}#{conversation}")
    await desk.reload()
    await expect(desk.locator("[role=log]")).to_contain_text("onerror")
    await expect(desk.locator(".contact h3")).to_be_visible()


def _signed(name: str, var: Path) -> str:
    """What the tenant's site says of who has signed in there."""
    claims = {"sub": secrets.token_hex(6), "name": name, "aud": AUDIENCE, "jti": secrets.token_hex(8)}
    stored = json.loads((var / "secrets.json").read_text())
    secret = os.environ.get("TANDEM_IDENTITY_SECRET") or stored["TANDEM_IDENTITY_SECRET"]  # as the parts choose it
    expires = int(datetime.now(UTC).timestamp()) + 200
    return jwt.encode({"alg": "HS256"}, {**claims, "exp": expires}, OctKey.import_key(secret))


async def _letter(var: Path) -> str:
    """A mail that has come in, as the mail channel files it (its text follows its subject)."""
    database = open_database(f"sqlite:///{var / 'handoff.sqlite'}", Bell())
    now = utc_now()

    def write(tx: Transaction) -> str:
        contact = contacts.add(tx.connection, "demo", name=SHORT, language="en", now=now)
        sender = Sender("demo", "email", contact.id, SHORT, "en")
        body = {"text": f"{SHORT}\n\n{WORDS}"}
        opened, _ = receive(tx, sender, client_id=_op(), body=body, context=Context(trial_settings(var=var), now))
        return opened.id

    try:
        return await database.write(write)
    finally:
        await database.close()


async def _work(owner: Agent, widget: Widget, console: Console) -> list[str]:
    """What outlives the conversation: tag, ticket, complaint, rating, a public mention; addresses of exports."""
    conversation = (await owner.get("/v1/conversations", box="mine"))["conversations"][0]
    name, contact = conversation["conversation"], conversation["contact"]["id"]
    await owner.command(name, "tags", tags=["hostile"])
    about = {"type": "complaint", "conversation": name, "contact": contact}
    ticket = await owner.post("/v1/tickets", op_id=_op(), subject=SHORT, **about)
    place = f"/v1/tickets/{ticket['ticket']}"
    remedy = {"kind": "refund", "amount": 100, "note": WORDS[:500]}
    await owner.post(f"/v1/complaints/{ticket['ticket']}/remedies", op_id=_op(), **remedy)
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
