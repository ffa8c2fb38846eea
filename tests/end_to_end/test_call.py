"""A video call between two real browsers, with cameras that Chromium plays: each side sees the other's frames."""

from __future__ import annotations

import asyncio
import os

import pytest
from playwright.async_api import Locator, expect

from tests.end_to_end.pages import Console, Widget, chromium_path, new_page, open_browser
from tests.end_to_end.story import ZH, Stage

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
CAMERAS = (
    "--use-fake-device-for-media-stream=device-count=2",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",  # a machine without a network still has two browsers
)
WRITTEN = ["客服邀请您进行视频通话", "视频通话已接通", "视频通话结束，时长"]
WIDTH = """(video) => new Promise((seen) => {
  const look = () => (video.videoWidth > 0 && video.currentTime > 0 ? seen(video.videoWidth) : setTimeout(look, 100));
  look();
})"""


async def test_both_see_each_other_and_the_conversation_keeps_what_happened(stage: Stage) -> None:
    async with open_browser(*CAMERAS) as browser:
        widget = Widget(await new_page(browser))
        console = Console(await new_page(browser))
        await console.sign_in(stage.gateway, stage.logins[0])
        await _hand_over(widget, console, stage)

        await console.page.get_by_role("button", name="视频通话", exact=True).click()
        await expect(console.page.locator(".call [role=status]")).to_have_text("等待客户接受…")
        await expect(widget.page.locator(".call")).to_contain_text("邀请您视频通话")
        await expect(widget.page.locator(".call-note")).to_contain_text("麦克风和摄像头")
        await widget.page.get_by_role("button", name="视频接听").click()
        for page in (console.page, widget.page):
            assert await _frames(page.locator(".call .theirs")) > 0
            assert await _frames(page.locator(".call .mine")) > 0
            await expect(page.locator(".call [role=status]")).to_have_text("通话中")

        await widget.page.locator(".call-switch").click()
        assert await _frames(widget.page.locator(".call .mine")) > 0
        await console.page.locator(".call .snapshot").click()
        await expect(widget.page.locator(".message.agent .picture-button canvas")).to_be_visible()

        await console.page.locator(".views button").nth(1).click()
        assert await _frames(console.page.locator(".call .theirs")) > 0, "the call stays on every page of the desk"
        await console.page.locator(".call-name").click()
        await widget.page.locator(".launcher").click()
        await widget.page.locator(".call-float .call-end").click()
        for page in (console.page, widget.page):
            await expect(page.locator(".call")).to_have_count(0)
        await expect(console.page.locator("[role=log]")).to_contain_text("通话结束")
        await widget.open()
        said = [text for text in await widget.page.locator("[role=log] .notice").all_inner_texts() if "通话" in text]
        assert [text.rstrip("。0123456789: ") for text in said] == WRITTEN
        assert widget.complaints == []
        assert console.complaints == []


async def _hand_over(widget: Widget, console: Console, stage: Stage) -> None:
    """A customer on the shop's page whose conversation the agent has accepted."""
    await widget.visit(stage.shop, language="zh")
    await widget.write(ZH.ask_human)
    await expect(widget.page.locator(".place")).to_be_visible()
    await console.page.locator(".list-waiting .card").last.click()
    await console.page.locator(".conversation-head .primary").click()
    await expect(console.page.locator(".conversation-head .strong")).to_be_visible()


async def _frames(video: Locator) -> int:
    """The width of the frames that a video shows, once it moves."""
    async with asyncio.timeout(20):
        return int(await video.evaluate(WIDTH))
