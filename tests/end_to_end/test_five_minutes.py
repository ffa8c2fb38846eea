"""The five minutes of the README, step by step, as somebody does them who has just started the product."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.end_to_end.desk import field, view
from tests.end_to_end.pages import PHONE, Console, Widget, chromium_path, new_page, open_browser, sends
from tests.end_to_end.story import EN, ZH, Stage
from tests.end_to_end.test_call import CAMERAS

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
README = Path(__file__).resolve().parents[2] / "README.md"
STEPS = 7
PROMISE = "我明天下午三点前给您回电。"
AFTERWARDS = "还有一个问题，运费怎么算"


def test_the_readme_has_the_steps_that_are_played_here() -> None:
    walk = README.read_text("utf-8").split("### Five minutes with it", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^(\d)\. ", walk, re.MULTILINE) == [str(number) for number in range(1, STEPS + 1)]


async def test_a_newcomer_follows_the_readme(stage: Stage) -> None:
    async with open_browser(*CAMERAS) as browser:
        widget, console = Widget(await new_page(browser, size=PHONE)), Console(await new_page(browser))
        page = widget.page
        await _asks(widget, stage)
        await console.sign_in(stage.gateway, stage.logins[0])
        await _is_handed_over(widget)
        await _works(console.page, widget)
        await _rates(widget)
        owner = Console(await new_page(browser))
        await owner.sign_in(stage.gateway, stage.logins[-1])
        await _looks_around(owner.page)
        await _helps_himself(page, stage)
        assert widget.complaints + console.complaints + owner.complaints == []
        await _kills(widget, stage)


async def _asks(widget: Widget, stage: Stage) -> None:
    """1: articles while typing, a question, and the other language."""
    page = widget.page
    await page.goto(stage.shop)
    await page.get_by_role("link", name="English").click()
    await widget.open()
    await expect(page.locator(".bubble").first).to_contain_text("assistant")
    await page.locator(".panel header button").last.click()
    await page.get_by_role("link", name="中文").click()
    await widget.open()
    await page.locator(".composer textarea").fill("多久能退款?")
    await expect(page.locator(".suggestion").first).to_be_visible()
    await widget.write("多久能退款?")
    await expect(page.locator(".source")).to_be_visible()


async def _is_handed_over(widget: Widget) -> None:
    """2: what nobody can know, twice, with somebody on duty."""
    page = widget.page
    for unknown in ZH.unknown:
        answers = await page.locator(".message.bot").count()
        await widget.write(unknown)
        await expect(page.locator(".message.bot").nth(answers)).to_be_visible()
    await expect(page.locator(".place")).to_be_visible()


async def _works(desk: Page, widget: Widget) -> None:
    """3: everything that a first conversation at the desk shows."""
    await desk.locator(".list-waiting .card-accept").first.click()
    await expect(desk.locator(".conversation-head .strong")).to_be_visible()
    await field(desk).fill(ZH.agent_says)
    await sends(desk)
    await widget.reads(ZH.agent_says)
    await desk.get_by_role("tab", name="知识库").click()
    await desk.locator("#knowledge-search").fill(ZH.interim[0])
    await expect(desk.locator(".hit").first).to_contain_text("%")
    await field(desk).fill(PROMISE)
    await expect(desk.locator(".warning-promise")).to_be_visible()
    await sends(desk)
    await expect(desk.locator(".owed .owed-line", has_text=PROMISE)).to_contain_text("还有")
    await field(desk).press_sequentially("/")
    await expect(desk.locator(".canned [role=option]").nth(1)).to_be_visible()
    await field(desk).press("Enter")
    await expect(field(desk)).not_to_have_value(re.compile(r"^/|[{}]"))
    await sends(desk)
    await desk.locator(".ask-photos").click()
    await desk.locator(".modal-photos footer .primary").click()
    await expect(widget.page.locator(".photo-place")).to_have_count(3)
    await _calls(desk, widget.page)
    await desk.locator(".actions").get_by_role("button", name="稍后").click()
    await desk.locator(".modal-aside .choice").first.click()
    await desk.locator(".modal-aside footer .primary").click()
    await expect(desk.locator(".list-mine .card")).to_have_count(0)
    await desk.get_by_role("button", name="撤销").click()
    await expect(desk.locator(".list-mine .card")).to_have_count(1)
    await desk.locator(".conversation-head .strong").click()
    await desk.locator(".modal-close .choice").first.click()
    await desk.locator(".modal-close footer .primary").click()
    await expect(desk.locator(".list-mine .card")).to_have_count(0)


async def _calls(desk: Page, theirs: Page) -> None:
    await desk.get_by_role("button", name="视频通话", exact=True).click()
    await theirs.get_by_role("button", name="视频接听").click()
    await expect(desk.locator(".call [role=status]")).to_have_text("通话中")
    await desk.locator(".call .danger").click()
    await expect(theirs.locator(".call")).to_have_count(0)


async def _rates(widget: Widget) -> None:
    """4: two stars; and the same conversation goes on."""
    page = widget.page
    await page.locator(".star").nth(1).click()
    await page.locator(".rating button[type=submit]").click()
    await expect(page.locator(".rating")).to_have_count(0)
    await widget.write(AFTERWARDS)
    await expect(page.locator(".message.bot").last).to_contain_text("¥59")
    await widget.reads(PROMISE)


async def _looks_around(desk: Page) -> None:
    """5: what the owner sees beside the conversations; the two stars are among what waits for a look."""
    for name in ("wall", "tickets", "articles", "training", "reports", "administration"):
        await view(desk, name)
        if name == "tickets":
            await expect(_low(desk)).to_be_visible()
    for part in ("queues", "file"):
        await desk.locator(f".settings-nav [data-part={part}]").click()
        await expect(desk.locator(".page-panel h2").first).to_be_visible()


def _low(desk: Page) -> Locator:
    return desk.locator(".page.tickets .rows li", has_text="低分评价：2 星").first


async def _helps_himself(page: Page, stage: Stage) -> None:
    """6: the help centre, another language, a copy of it all."""
    centre = await page.context.new_page()
    await centre.goto(f"{stage.gateway}/help/demo")
    await expect(centre.get_by_role("heading", level=1)).to_be_visible()
    await centre.close()
    await page.locator(".menu-button").click()
    async with page.expect_download():
        await page.get_by_role("button", name="下载聊天记录").click()
    await page.locator(".menu-button").click()
    await page.locator(".menu .language[lang=en]").click()
    await expect(page.locator(".shortcut")).to_contain_text("Talk to a person")


async def _kills(widget: Widget, stage: Stage) -> None:
    """7: each part is killed while he writes; it comes back, and his words are there and answered."""
    assert stage.stop is not None
    assert stage.start is not None
    for part in ("bot", "kb_index", "handoff_service"):
        await stage.stop(part)
        await widget.page.locator(".composer textarea").fill(EN.interim[0])
        answers = await widget.page.locator(".message.bot").count()
        await widget.page.keyboard.press("Enter")
        await stage.start(part)
        await expect(widget.page.locator(".message.pending")).to_have_count(0, timeout=60_000)
        await expect(widget.page.locator(".message.bot")).not_to_have_count(answers, timeout=60_000)
    assert (await widget.texts()).count(EN.interim[0]) == 3, "nothing is lost and nothing doubled"
