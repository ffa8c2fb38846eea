"""Both pages over a network that drops, holds and resets connections: nothing is lost or doubled on either screen.

One short story in `make test`; `make soak` plays more (`TANDEM_BAD_NETWORKS`, a count of seeds).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, expect

from tests.end_to_end.pages import Console, Widget, chromium_path, new_page, open_browser
from tests.end_to_end.story import EN, Stage
from tests.end_to_end.test_browser import PIXEL
from tests.soak.proxy import CALM, ChaosProxy, Cut, Script

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
SEEDS = int(os.environ.get("TANDEM_BAD_NETWORKS", "1"))
EACH = 4  # messages of either side
TROUBLED = 0.4  # of the connections
HELD_S = 1.0  # until what is held is closed, as a router does in the end
PATIENCE_MS = 40_000


class Weather:
    """What the proxy does to each new connection, drawn from a seed; calm until it is told otherwise."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.bad = False
        self.cut = 0

    def __call__(self) -> Script:
        if not self.bad or self._random.random() > TROUBLED:
            return CALM
        self.cut += 1
        after = int(2 ** self._random.uniform(6, 13))
        then = self._random.choice(["drop", "reset", "hold"])
        return Script(cut=Cut(self._random.choice(["up", "down"]), after, then))


@contextlib.asynccontextmanager
async def stormy(stage: Stage, weather: Weather) -> AsyncIterator[tuple[Widget, Console]]:
    """A customer and an agent, each in a window of a browser that reaches the gateway through the proxy alone."""
    gateway = urlsplit(stage.gateway)
    assert gateway.hostname is not None
    assert gateway.port is not None
    upstream = (gateway.hostname, gateway.port)
    proxy = ChaosProxy(lambda: [upstream], weather)
    port = urlsplit(await proxy.start()).port
    closing = asyncio.create_task(_close_held(proxy))
    try:
        async with open_browser(f"--host-resolver-rules=MAP {gateway.netloc} 127.0.0.1:{port}") as browser:
            widget, console = (
                Widget(await new_page(browser, language="en")),
                Console(await new_page(browser, language="en")),
            )
            await console.sign_in(stage.gateway, stage.logins[0])
            await widget.visit(stage.shop, language="en")
            weather.bad = True
            proxy.end_all()
            yield widget, console
    finally:
        closing.cancel()
        await proxy.stop()


async def _close_held(proxy: ChaosProxy) -> None:
    while True:
        await asyncio.sleep(HELD_S)
        proxy.end_troubled()


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_whole_conversation_over_a_bad_network_is_there_once_on_both_screens(stage: Stage, seed: int) -> None:
    weather = Weather(seed)
    async with stormy(stage, weather) as (widget, console):
        theirs, ours = widget.page, console.page
        await widget.write(EN.routine[0])
        await expect(theirs.locator(".source").first).to_be_visible(timeout=PATIENCE_MS)
        await widget.write(EN.ask_human)
        await expect(theirs.locator(".place")).to_be_visible(timeout=PATIENCE_MS)
        await ours.locator(".list-waiting .card").last.click(timeout=PATIENCE_MS)
        await _insist(ours.locator(".conversation-head .primary"), until=ours.locator(".conversation-head .strong"))

        said = [f"customer {seed} {number}" for number in range(EACH)]
        replied = [f"agent {seed} {number}" for number in range(EACH)]
        for number, (asked, answered) in enumerate(zip(said, replied, strict=True)):
            await widget.write(asked)
            await console.write(answered)
            if number == 1:
                await _reload(widget)
        await theirs.locator("input[type=file]").first.set_input_files(
            [{"name": "broken.png", "mimeType": "image/png", "buffer": PIXEL}]
        )
        again = theirs.locator(".waiting-file.failed .tool").first
        await _insist(again, until=theirs.locator(".waiting-file.ready"))
        await theirs.locator(".send").click()

        for page, own, others in ((theirs, said, replied), (ours, replied, said)):
            await expect(page.locator("[role=log]")).to_contain_text(others[-1], timeout=PATIENCE_MS)
            await expect(page.locator(".message.pending")).to_have_count(0, timeout=PATIENCE_MS)
            for texts in (own, others):
                assert await _lines(page.locator("[role=log]"), texts) == texts
        await expect(theirs.locator(".message.customer .picture-button canvas")).to_have_count(1, timeout=PATIENCE_MS)
        await expect(ours.locator(".sent-file")).to_have_count(1, timeout=PATIENCE_MS)

        await _close(console)
        await expect(theirs.locator(".star").first).to_be_visible(timeout=PATIENCE_MS)
        await theirs.locator(".star").nth(3).click()
        await _insist(theirs.locator(".rating button[type=submit]"), gone=theirs.locator(".rating"))
        await expect(ours.locator("[role=log] .rating")).to_have_count(1, timeout=PATIENCE_MS)
    assert weather.cut > 0


async def _reload(widget: Widget) -> None:
    """Loads the shop's page again until its script tag got through; all else comes back without a click."""
    async with asyncio.timeout(2 * PATIENCE_MS / 1000):
        while True:
            await widget.page.reload()
            with contextlib.suppress(AssertionError):
                await expect(widget.page.locator("tandem-widget")).to_have_count(1, timeout=3_000)
                break
        await expect(widget.page.locator(".write textarea")).to_be_visible(timeout=PATIENCE_MS)


async def _close(console: Console) -> None:
    page = console.page
    await page.locator(".conversation-head .strong").click()
    await page.locator(".modal-close .choice").first.click()
    await _insist(page.locator(".modal-close footer .primary"), gone=page.locator(".modal-close"))


async def _insist(button: Locator, *, until: Locator | None = None, gone: Locator | None = None) -> None:
    """Clicks a button, again after an answer that did not come, until what it does is seen."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not (await until.count() if until else not await gone.count() if gone else True):
            with contextlib.suppress(Exception):
                await button.click(timeout=500)
            await asyncio.sleep(0.1)


async def _lines(log: Locator, texts: list[str]) -> list[str]:
    """Those of the texts that the log shows, as often and in the order in which it shows them."""
    shown = await log.locator(".message").all_inner_texts()
    return [text for one in shown for text in texts if text in one.splitlines()]
