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


# How bright the frame is that a video shows, 0 to 255; a camera that is off sends black ones.
BRIGHT = """(video) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 16;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 16, 16);
  const { data } = context.getImageData(0, 0, 16, 16);
  return data.filter((_, at) => at % 4 < 3).reduce((sum, one) => sum + one, 0) / (16 * 16 * 3);
}"""
CAMERA = "(video) => video.srcObject.getVideoTracks()[0].getSettings().deviceId"
SOUND = "(video) => video.srcObject.getAudioTracks().every((track) => track.enabled)"


async def test_a_call_is_declined_and_the_next_one_is_muted_hidden_and_of_another_camera(stage: Stage) -> None:
    """The customer says no; he takes the second one, and sees and hears only what the agent lets him."""
    async with open_browser(*CAMERAS) as browser:
        widget, console = Widget(await new_page(browser)), Console(await new_page(browser))
        desk, theirs = console.page, widget.page
        await console.sign_in(stage.gateway, stage.logins[0])
        await _hand_over(widget, console, stage)
        await desk.get_by_role("button", name="视频通话", exact=True).click()
        await theirs.locator(".call-decline").click()
        for page in (desk, theirs):
            await expect(page.locator(".call")).to_have_count(0)

        await desk.get_by_role("button", name="视频通话", exact=True).click()
        await theirs.get_by_role("button", name="视频接听").click()
        assert await _frames(theirs.locator(".call .theirs")) > 0
        assert await _turns(theirs.locator(".call .theirs"), dark=False)
        await desk.get_by_role("button", name="静音", exact=True).click()
        await expect(desk.get_by_role("button", name="取消静音")).to_have_attribute("aria-pressed", "true")
        assert await desk.locator(".call .mine").evaluate(SOUND) is False
        await desk.get_by_role("button", name="关闭摄像头").click()
        assert await _turns(theirs.locator(".call .theirs"), dark=True), "what is hidden reaches nobody"
        await desk.get_by_role("button", name="打开摄像头").click()
        assert await _turns(theirs.locator(".call .theirs"), dark=False)
        before = await desk.locator(".call .mine").evaluate(CAMERA)
        await desk.get_by_role("button", name="切换摄像头").click()
        async with asyncio.timeout(20):
            while await desk.locator(".call .mine").evaluate(CAMERA) == before:
                await asyncio.sleep(0.1)
        assert await _frames(theirs.locator(".call .theirs")) > 0
        await desk.locator(".call .danger").click()
        await expect(theirs.locator(".call")).to_have_count(0)
        assert widget.complaints + console.complaints == []


async def _turns(video: Locator, *, dark: bool) -> bool:
    """Whether the picture becomes dark, or bright, in a moment."""
    for _ in range(100):
        if (await video.evaluate(BRIGHT) < 8) is dark:
            return True
        await asyncio.sleep(0.1)
    return False


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
