"""What helps an agent to answer well: before he writes, while he writes, and beside the conversation."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.end_to_end.clients import Agent, Customer
from tests.end_to_end.desk import field, taken
from tests.end_to_end.pages import Console, chromium_path, new_page, open_browser, sends
from tests.end_to_end.story import EN, Stage, ask

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
QUESTION = EN.routine[0]


class Translator(BaseHTTPRequestHandler):
    """The far side of `desk.translate_url`: says in which language it has been asked to say what."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"text": f"<{asked['to']}> {asked['text']}"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest.fixture
def translator() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Translator)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


async def test_the_composer_helps_before_and_while_one_writes(browser: Browser, stage: Stage) -> None:
    """Words for who is upset, the article that answers, warnings that stop nothing, and the promise that they kept."""
    console = Console(await new_page(browser, language="en"))
    desk = console.page
    await console.sign_in(stage.gateway, stage.logins[0])
    ann, conversation = await taken(desk, stage, words=EN.angry)

    await desk.locator(".hint-line").first.click()
    await expect(field(desk)).to_have_value("I'm very sorry for the trouble this has caused you. Let me sort it out.")
    await expect(field(desk)).to_be_focused()
    await expect(desk.locator(".hints")).to_have_count(0)
    await _sends(desk, ann, conversation, "very sorry for the trouble")

    await ann.live.send(conversation, {"text": QUESTION})
    article = desk.locator(".hint-article")
    await expect(article).to_contain_text("%")
    title = (await article.locator("span").first.inner_text()).strip()
    await article.click()
    await expect(desk.locator(".quoted")).to_contain_text(title)
    await field(desk).press("Control+End")
    await field(desk).press_sequentially(" Just ask if anything is unclear.")
    await _sends(desk, ann, conversation, "Just ask if anything", article=EN.routine[1])

    await field(desk).fill("Please calm down.")
    await expect(desk.locator(".warning-tone")).to_be_visible()
    await field(desk).fill("I will send it again within 2 days. Your card 4111 1111 1111 1111 was charged.")
    await expect(desk.locator(".warning-tone")).to_have_count(0)
    await expect(desk.locator(".warning-private")).to_be_visible()
    await expect(desk.locator(".warning-promise")).to_be_visible()
    await field(desk).fill("I will send it again within 2 days.")
    await _sends(desk, ann, conversation, "within 2 days")
    owed = desk.locator(".owed .owed-line", has_text="within 2 days")
    await expect(owed.locator(".due")).to_contain_text("left")
    await owed.get_by_role("button", name="Done").click()
    await expect(owed).to_have_count(0)
    assert console.complaints == []


async def _sends(desk: Page, customer: Customer, conversation: str, words: str, *, article: str | None = None) -> None:
    """What is written goes out; the customer reads it, and from which article."""
    await sends(desk)
    said = await customer.live.entry(conversation, lambda one: words in one["body"].get("text", ""), words)
    assert (said["body"].get("article") or {}).get("id") == article


async def test_what_helps_stands_beside_the_conversation(
    browser: Browser, stage: Stage, translator: str, tmp_path: Path
) -> None:
    """Steps of the case, the customer's other self, other languages, and the conversation as a file."""
    owner = await stage.agent(-1)
    former = await _translate(owner, translator)
    try:
        console = Console(await new_page(browser, language="en"))
        desk = console.page
        await console.sign_in(stage.gateway, stage.logins[0])
        bob = await stage.customer(EN)
        parrot = f"Hugo{secrets.token_hex(4)}"
        other, _ = await ask(stage, bob, f"my parrot {parrot} ate the invoice")
        ann, conversation = await taken(desk, stage)
        await _steps(desk)
        await _same_person(desk, owner, parrot, (conversation, other))
        await _languages(desk, ann, conversation)
        await _export(desk, tmp_path)
        await _survey(desk, ann, conversation)
        assert console.complaints == []
    finally:
        await _put(owner, former)


async def _put(owner: Agent, desk: object) -> None:
    version = (await owner.get("/v1/admin/config"))["version"]
    await owner.post("/v1/admin/config/apply", yaml=json.dumps({"desk": desk}), version=version)


async def _translate(owner: Agent, address: str) -> object:
    """Sets the address; returns what the desk was configured to before."""
    former = (await owner.get("/v1/admin/config"))["document"]["desk"]
    await _put(owner, {**former, "translate_url": address})
    return former


async def _steps(desk: Page) -> None:
    """What is ticked stays with the conversation."""
    book = desk.locator(".playbook")
    await book.locator("select").select_option("refund")
    await book.get_by_label("Check the order and the amount").check()
    await expect(book.get_by_role("status")).to_contain_text("1")
    await expect(book.locator("li.done .hint")).to_have_text("me", ignore_case=True)
    await desk.reload()
    await expect(book.locator("select")).to_have_value("refund")
    await expect(book.get_by_label("Check the order and the amount")).to_be_checked()
    await book.get_by_label("Check the order and the amount").uncheck()
    await expect(book.locator("li.done")).to_have_count(0)


async def _same_person(desk: Page, owner: Agent, parrot: str, conversations: tuple[str, str]) -> None:
    """Found by what he wrote elsewhere, merged, and parted again."""
    contact = desk.locator(".contact")
    await contact.get_by_role("button", name="Same person as").click()
    await contact.locator("input[type=search]").fill(parrot)
    await contact.locator("li", has_text=parrot).get_by_role("button").click()
    await expect(contact.get_by_role("button", name="Not the same person")).to_be_visible()
    persons = [(await owner.get(f"/v1/conversations/{one}"))["contact"]["person"] for one in conversations]
    assert sorted(persons[0]) == sorted(persons[1])
    await expect(desk.locator(".history")).to_contain_text(parrot)
    await contact.get_by_role("button", name="Not the same person").click()
    await expect(contact.get_by_role("button", name="Not the same person")).to_have_count(0)


async def _languages(desk: Page, ann: Customer, conversation: str) -> None:
    """The reply goes out in the other language, and what was written stays beside it."""
    await field(desk).fill("Your parcel is on its way.")
    line = desk.locator(".translate-line")
    await line.locator("select").select_option("fr")
    await line.get_by_role("button", name="Translate").click()
    await expect(field(desk)).to_have_value("<fr> Your parcel is on its way.")
    await expect(line.locator(".original q")).to_have_text("Your parcel is on its way.")
    await _sends(desk, ann, conversation, "<fr> Your parcel")
    assert "original" not in str(ann.live.entries[conversation][-1]["body"])
    await ann.live.send(conversation, {"text": "merci beaucoup"})
    message = desk.locator(".message", has_text="merci beaucoup")
    await message.get_by_role("button", name="Translate").click()
    await expect(message.locator(".translated p")).to_have_text("<en> merci beaucoup")


async def _export(desk: Page, folder: Path) -> None:
    """As JSON with the notes of colleagues, and as text without them."""
    await desk.locator("body").press("Control+Shift+N")
    await field(desk).fill("only for colleagues")
    await field(desk).press("Enter")
    await expect(desk.locator(".message.note", has_text="only for colleagues")).to_be_visible()
    saved = []
    for form, notes in (("JSON", True), ("Text", False)):
        await desk.locator(".more summary").click()
        await desk.locator(".more-list button", has_text="Export").click()
        dialog = desk.locator(".modal-export")
        await dialog.get_by_label(form).check()
        if notes:
            await dialog.locator("input[type=checkbox]").check()
        async with desk.expect_download() as download:
            await dialog.locator("footer .primary").click()
        await expect(dialog).to_have_count(0)
        file = await download.value
        await file.save_as(folder / file.suggested_filename)
        saved.append((folder / file.suggested_filename).read_text())
    assert "only for colleagues" in json.dumps(json.loads(saved[0]))
    assert "merci beaucoup" in saved[1]
    assert "only for colleagues" not in saved[1]


async def _survey(desk: Page, ann: Customer, conversation: str) -> None:
    """Whether the customer is asked how it was follows the code with which it is closed."""
    await _close(desk, "Spam")
    await ann.owned_by(conversation, "closed")
    assert ann.live.status[conversation]["rate"] is False


async def _close(desk: Page, code: str) -> Locator:
    await desk.locator(".conversation-head .strong").click()
    dialog = desk.locator(".modal-close")
    await dialog.get_by_label(code).check()
    await dialog.locator("footer .primary").click()
    await expect(dialog).to_have_count(0)
    return dialog
