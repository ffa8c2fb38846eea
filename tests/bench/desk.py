"""A busy desk in a real Chromium: frames while 5,000 entries scroll, and what each interaction takes with 50 open."""

from __future__ import annotations

from playwright.async_api import Page

from tests.bench.figures import Latency, show_latencies
from tests.bench.setting import Bench
from tests.end_to_end.busy_desk import CONVERSATIONS, ENTRIES, busy_desk
from tests.end_to_end.pages import chromium_path, open_browser

SWITCHES = 40
KEYS = 30
DROPPED_MS = 34  # two frames of a screen that shows sixty a second
# Scrolls up by a screen's third each frame, as a wheel that is turned fast; the time between frames, ms.
SCROLL = """
async () => {
  const box = document.querySelector(".timeline");
  const gaps = [];
  let before = await new Promise(requestAnimationFrame);
  for (let frames = 0; frames < 600 && document.getElementById("entry-1") === null; frames += 1) {
    box.scrollTop -= box.clientHeight / 3;
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - before);
    before = now;
  }
  return gaps;
}
"""
# From an event to the frame after the one in which the page has drawn what it changes.
TIMED = """
async (act) => {
  const begun = performance.now();
  new Function("return " + act)()();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}
"""
TYPE = """() => {
  const field = document.querySelector(".composer textarea");
  field.value += "a";
  field.dispatchEvent(new Event("input", { bubbles: true }));
}"""


async def desk(bench: Bench) -> None:
    """Frames and interactions that an agent sees."""
    if chromium_path() is None:
        print("no Chromium: the desk is not measured")
        return
    async with open_browser() as browser, busy_desk(browser, bench.folder) as console:
        gaps, switches, typed, palette = await measured(console.page)
    dropped = sum(gap > DROPPED_MS for gap in gaps)
    show_latencies(
        f"The desk in Chromium with {CONVERSATIONS} open conversations, one of {ENTRIES} entries",
        [
            Latency(f"scrolling: between two frames ({dropped} of {len(gaps)} late)", gaps, {"p95": DROPPED_MS}),
            Latency("click on a card → the conversation is drawn", switches, {"p95": 100}),
            Latency("a key in the composer → the frame with it", typed, {"p95": 100}),
            Latency("Ctrl-K → the palette is drawn", palette, {"p95": 100}),
        ],
    )


async def measured(
    page: Page, *, switches: int = SWITCHES, keys: int = KEYS
) -> tuple[list[float], list[float], list[float], list[float]]:
    """ms: between frames of scrolling up, of opening conversations, of keys in the composer, of the palette."""
    gaps: list[float] = await page.evaluate(SCROLL)
    await page.locator(".to-latest").click()
    return (
        gaps,
        [await _switch(page, number % CONVERSATIONS) for number in range(switches)],
        [await page.evaluate(_timed(TYPE)) for _ in range(keys)],
        [await _palette(page) for _ in range(keys)],
    )


def _timed(act: str) -> str:
    return f"() => ({TIMED})({act!r})"


async def _switch(page: Page, number: int) -> float:
    took: float = await page.evaluate(_timed(f"() => document.querySelectorAll('.list-mine .card')[{number}].click()"))
    await page.wait_for_timeout(50)
    return took


async def _palette(page: Page) -> float:
    key = '{code:"KeyK",key:"k",ctrlKey:true,bubbles:true}'
    took: float = await page.evaluate(_timed(f"() => document.body.dispatchEvent(new KeyboardEvent('keydown', {key}))"))
    await page.keyboard.press("Escape")
    return took
