"""The customer's page in a real Chromium: when the launcher is there, when the panel is, when one's own words are."""

from __future__ import annotations

import gzip
import re
from typing import Any

import httpx2
from playwright.async_api import Browser, Page

from tests.bench.figures import Latency, show_latencies, show_table
from tests.bench.setting import Bench
from tests.end_to_end.pages import Widget, chromium_path, new_page, open_browser

VISITS = 10
LINES = 30
# Runs before the page's own scripts: notes the frame after which each thing is seen for the first time.
WATCH = """
window.firstSeen = {};
const look = () => {
  const root = document.querySelector("tandem-widget")?.shadowRoot;
  for (const [name, selector] of [["launcher", ".launcher"], ["panel", ".panel .composer textarea"]])
    if (root?.querySelector(selector) && !(name in firstSeen)) firstSeen[name] = performance.now();
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
# From Enter to the frame in which the words are in the list.
ECHO = """
(text) => new Promise((done) => {
  const root = document.querySelector("tandem-widget").shadowRoot;
  const field = root.querySelector(".composer textarea");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  requestAnimationFrame(() => {
    const begun = performance.now();
    const look = () => {
      const shown = [...root.querySelectorAll(".message.customer .bubble")].some((one) => one.textContent === text);
      if (shown) done(performance.now() - begun); else requestAnimationFrame(look);
    };
    const enter = { key: "Enter", bubbles: true, composed: true, cancelable: true };
    field.dispatchEvent(new KeyboardEvent("keydown", enter));
    requestAnimationFrame(look);
  });
})
"""


async def widget(bench: Bench) -> None:
    """Sizes, and latencies that a customer sees."""
    gateway = str(bench.settings.gateway_url)
    await _sizes(gateway)
    if chromium_path() is None:
        print("no Chromium: the page is not measured")
        return
    launcher: list[float] = []
    panel: list[float] = []
    async with open_browser() as browser:
        for _ in range(VISITS):
            seen = await visited(browser, bench.shop_url)
            launcher.append(seen["launcher"])
            panel.append(seen["panel"])
        echo = await echoed(await new_page(browser, language="en"), bench.shop_url)
    show_latencies(
        "The widget in Chromium, each visit with an empty cache",
        [
            Latency("the script is asked for → the launcher is seen", launcher, {"p50": 300}),
            Latency("click → the panel is seen", panel, {"p50": 1000}),
            Latency("Enter → one's own words are seen", echo, {"p95": 50}),
        ],
    )


async def visited(browser: Browser, shop: str) -> dict[str, float]:
    """ms until the launcher, counted from the script's request, and until the panel, counted from the click."""
    page = await new_page(browser, language="en")
    await page.add_init_script(WATCH)
    await page.goto(f"{shop}/en")
    await page.locator(".launcher").wait_for()
    clicked: float = await page.evaluate("() => performance.now()")
    await page.locator(".launcher").click()
    await page.locator(".composer textarea").wait_for()
    await page.wait_for_timeout(50)  # the next frame notes it
    seen: dict[str, Any] = await page.evaluate("() => window.firstSeen")
    asked = await page.evaluate(
        "() => performance.getEntriesByType('resource').find((one) => one.name.endsWith('widget.js')).startTime"
    )
    await page.context.close()
    return {"launcher": seen["launcher"] - asked, "panel": seen["panel"] - clicked}


async def echoed(page: Page, shop: str, *, lines: int = LINES) -> list[float]:
    """ms from Enter until one's own words are seen, line by line."""
    customer = Widget(page)
    await customer.visit(shop, language="en")
    return [await page.evaluate(ECHO, f"line {number}") for number in range(lines)]


async def _sizes(gateway: str) -> None:
    """gzip sizes of what a page loads, and of what opening the chat loads besides."""
    async with httpx2.AsyncClient(base_url=gateway, trust_env=False) as client:
        script = (await client.get("/widget/v1/widget.js")).content
        found = re.search(rb"chat-[\w-]{8}\.js", script)
        assert found is not None
        names, waiting = {}, [found[0].decode()]
        while waiting:
            name = waiting.pop()
            names[name] = (await client.get(f"/widget/v1/{name}")).content
            imported = re.findall(rb'(?:from|import)\s*"\./([\w-]+\.js)"', names[name])
            waiting += [one.decode() for one in imported if one.decode() not in names]
    rows = [["widget.js, on every page", f"{len(gzip.compress(script, 9)) / 1000:.1f}"]]
    rows += [
        [f"{name.split('-')[0]}, when it is opened", f"{len(gzip.compress(text, 9)) / 1000:.1f}"]
        for name, text in names.items()
    ]
    show_table("Sizes of the widget (kB, gzip)", ("", "kB"), rows)
