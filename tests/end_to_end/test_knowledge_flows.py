"""What the keepers of the knowledge base do at the desk beside publishing: compare, take back, look after, import."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.end_to_end.desk import view
from tests.end_to_end.pages import Console, chromium_path, new_page, open_browser
from tests.end_to_end.story import Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
HEAD = "title,answer,category,id,language,questions\n"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_articles_come_from_a_table_are_compared_corrected_and_taken_back(
    browser: Browser, stage: Stage, lanterns: Mapping[str, str]
) -> None:
    """A table becomes drafts; one of them is tried against what is live, goes through its versions, and grows stale."""
    console = await _keeper(browser, stage, lanterns)
    desk = console.page
    word = f"zoetrope{secrets.token_hex(3)}"
    await _imports(desk, word)
    form = desk.locator(".article-form")
    await desk.locator(".rows .link-row", has_text=f"Winding a {word}").click()
    await _draft_side(form, word)
    await _versions(form, word)
    await _stale(desk, form, word)
    await form.get_by_role("button", name="Delete", exact=True).click()
    await form.get_by_role("button", name="Delete for good").click()
    await expect(form).to_have_count(0)
    assert [one for one in console.complaints if "422" not in one] == [], "the row without an answer was refused"


async def test_what_nobody_answered_becomes_an_article_that_answers(
    browser: Browser, stage: Stage, stage_var: Path, lanterns: Mapping[str, str]
) -> None:
    """Questions in vain are one gap; an agent's answer to one becomes a draft, is replayed, published, and answers."""
    word = f"orrery{secrets.token_hex(3)}"
    await _asked_in_vain(stage_var, lanterns["tenant"], word)
    console = await _keeper(browser, stage, lanterns)
    desk = console.page
    gap = desk.locator(".gaps li", has=desk.locator("summary", has_text=word)).first
    await gap.locator("summary").first.click()
    await expect(gap).to_contain_text("handed to a person")
    await gap.get_by_role("button", name="Make an article of the agent's answer").click()
    form = desk.locator(".article-form")
    await expect(form.get_by_label("Answer (")).to_have_value(f"Oil the {word} every spring.")
    await form.get_by_label("Id", exact=True).fill(word)
    await form.get_by_label("Category").fill("aftersales")
    await form.get_by_label("Similar questions").fill("\n".join(_wordings(word)))
    await form.get_by_role("button", name="Save draft").click()
    replay = form.get_by_role("button", name="Replay")
    await expect(replay).to_be_enabled()
    await replay.click()
    await expect(form.locator(".found-out")).to_contain_text("Asked again: ", timeout=60_000)
    await expect(form.locator(".found-out")).to_contain_text("Newly answered: ")
    await form.get_by_role("button", name="Publish", exact=True).click()
    await expect(desk.get_by_text("customers get this answer from now on")).to_be_visible(timeout=60_000)
    async with asyncio.timeout(60):
        await _answers_with(desk, _wordings(word)[0], word)
    assert console.complaints == []


def _wordings(word: str) -> list[str]:
    return [f"how often do I oil the {word}", f"does the {word} need oil", f"oiling my {word}"]


async def _asked_in_vain(var: Path, tenant: str, word: str) -> None:
    """What the gateway reports of three customers whom the bot could not answer, and an agent answered one."""
    parts = json.loads((var / "run.json").read_text())["parts"]
    kept = json.loads((var / "secrets.json").read_text())
    token = os.environ.get("TANDEM_KB_TOKEN") or kept["TANDEM_KB_TOKEN"]  # `make test` gives its own to all parts
    now = datetime.now(UTC)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=parts["kb_index"]["url"], headers=headers, trust_env=False) as kb_index:

        async def told(number: int, kind: str, **more: object) -> None:
            said = {
                "tenant": tenant, "event": f"{word}_{number}_{kind}", "kind": kind, "conversation": f"c_{word}{number}",
                "at": (now - timedelta(minutes=9 - number)).isoformat(), "question": 2, "text": _wordings(word)[number],
                "language": "en", "action": "abstain", **more,
            }  # fmt: skip
            answer = await kb_index.post("/feedback", json=said)
            assert answer.status_code == 200, answer.text

        for number in range(3):
            await told(number, "asked")
            await told(number, "handoff")
        await told(0, "resolved", answer=f"Oil the {word} every spring.", entry=6, agent="Ida", wrap_up="solved")


async def _answers_with(desk: Page, question: str, word: str) -> None:
    """Tries the question until the bot would answer it with the new article; its index is a moment behind."""
    asked = desk.locator("form.try")
    while True:
        await asked.locator("input").fill(question)
        await asked.locator("button").click()
        await asyncio.sleep(1)
        found = desk.locator(".page-panel", has=asked)
        if await found.locator(".badge.good").count() and word in await found.locator("ol").inner_text():
            return


async def _keeper(browser: Browser, stage: Stage, lanterns: Mapping[str, str]) -> Console:
    """The owner of the other shop, before its knowledge base."""
    console = Console(await new_page(browser, language="en"))
    desk = console.page
    await desk.goto(f"{stage.gateway}/console/")
    for name, value in lanterns.items():
        await desk.locator(f"input[name={name}]").fill(value)
    await desk.keyboard.press("Enter")
    await view(desk, "articles")
    return console


async def _imports(desk: Page, word: str) -> None:
    """What a row lacks is said with its line; the others are drafts."""
    questions = f"how do I wind my {word}|{word} stands still|winding up the {word}"
    good = f'Winding a {word},"Turn the key of the {word} ""slowly"", five times.",aftersales,{word},en,{questions}\n'
    bad = "No answer here,,aftersales,,en,\n"
    table = {"name": "articles.csv", "mimeType": "text/csv", "buffer": (HEAD + bad + good).encode()}
    await desk.locator(".file-choice input").set_input_files([table])
    await expect(desk.get_by_text("1 of 2 drafts made")).to_be_visible()
    await expect(desk.locator(".problems li")).to_have_count(1)
    await expect(desk.locator(".problems li b")).to_contain_text("2")


async def _draft_side(form: Locator, word: str) -> None:
    """A question finds the draft on its own side only: nobody has published it."""
    await expect(form.locator("header .badge")).to_have_text("Draft")
    await form.locator(".compare input").fill(f"how do I wind my {word}")
    await form.locator(".compare .try button").click()
    live, draft = form.locator(".compared > div").nth(0), form.locator(".compared > div").nth(1)
    await expect(draft.locator(".rows")).to_contain_text(f"Winding a {word}")
    await expect(draft.locator(".badge")).to_have_text("answer")
    await expect(live).not_to_contain_text(f"Winding a {word}")


async def _versions(form: Locator, word: str) -> None:
    """Published, corrected, and back to the words of before; each step stays in the history."""
    answer = form.get_by_label("Answer (")
    first = await answer.input_value()
    await form.get_by_role("button", name="Publish", exact=True).click()
    await expect(form.locator("header .badge")).to_have_text("Published")
    async with asyncio.timeout(30):  # what was published comes back into the form a moment after the badge
        while not await form.locator("footer .primary").is_enabled():
            await answer.fill(f"Never turn the key of the {word}.")
            await form.get_by_label("Why").fill("it broke")
            await asyncio.sleep(0.3)
    await expect(form.get_by_role("button", name="Publish", exact=True)).to_be_disabled()
    await expect(answer).to_have_value(f"Never turn the key of the {word}.")
    await form.locator("footer .primary").click()
    await expect(form.locator("footer .primary")).to_be_disabled()
    history = form.locator(".article-history")
    await history.locator("summary").click()
    await expect(history.locator("li", has_text="edited")).to_contain_text("it broke")
    await history.locator("li", has_text="created").get_by_role("button", name="Restore").click()
    await expect(answer).to_have_value(first)
    await expect(history.locator("li", has_text="restored revision")).to_be_visible()


async def _stale(desk: Page, form: Locator, word: str) -> None:
    """Whose day of review is over stands in the list of what needs its owner, after everything was checked."""
    await form.get_by_label("Valid from").fill("2025-01-02")
    await form.get_by_label("Review by").fill("2026-01-02")
    await form.locator("footer .primary").click()
    await expect(form.locator("footer .primary")).to_be_disabled()
    publish = form.get_by_role("button", name="Publish", exact=True)
    await publish.click()
    await expect(publish).to_be_disabled()
    await desk.get_by_role("button", name="Check all").click()
    await expect(desk.get_by_text("new tasks.")).to_be_visible()
    listed = desk.locator("details", has=desk.locator("summary", has_text="To be reviewed"))
    await expect(listed.locator(".link-row", has_text=word)).to_be_visible()
    await form.get_by_role("button", name="Close the article").click()
    await listed.locator(".link-row", has_text=word).click()
    await expect(form.get_by_label("Review by")).to_have_value("2026-01-02")
    await form.get_by_role("button", name="Retire").click()
    await expect(form.locator("header .badge")).to_have_text("Retired")
