"""A busy desk stays light: the page holds few nodes and is quick, however many conversations are open.

The goals are measured by `python -m tests.bench desk widget` on a quiet machine. Here the fastest quarter keeps the
goal itself, and the median three times it: a busy machine is slow now and then, not wrong, but what is slow always is.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.bench.desk import measured
from tests.bench.widget import echoed, visited
from tests.end_to_end.busy_desk import CONVERSATIONS, busy_desk
from tests.end_to_end.busy_desk import ENTRIES as GOAL_ENTRIES
from tests.end_to_end.pages import chromium_path, new_page, open_browser
from tests.end_to_end.story import Stage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
ENTRIES = 1500  # what a stretch holds does not depend on it
MOST_ROWS = 160  # MOST of console/timeline.ts
MOST_NODES = 6000
FRAME_MS, INTERACTION_MS, LAUNCHER_MS, ECHO_MS = 17, 100, 300, 50
BUSY = 3
# Scrolls to the top as fast as rows come, and back; returns the most rows that were there at once, and what was on top.
TO_THE_TOP = """
async () => {
  const box = document.querySelector(".timeline");
  const frame = () => new Promise(requestAnimationFrame);
  let most = 0;
  for (let turns = 0; turns < 400 && document.getElementById("entry-1") === null; turns += 1) {
    box.scrollTop = 0;
    await frame();
    most = Math.max(most, box.children.length);
  }
  const top = document.getElementById("entry-1") !== null;
  document.querySelector(".to-latest").click();
  await frame();
  return { most, top };
}
"""


async def test_a_busy_desk_holds_few_nodes(tmp_path: Path) -> None:
    async with open_browser() as browser, busy_desk(browser, tmp_path, entries=ENTRIES) as desk:
        page = desk.page
        await expect(page.locator(".list-mine .card")).to_have_count(CONVERSATIONS)
        walked = await page.evaluate(TO_THE_TOP)
        assert walked["top"], "the first entry is reached by scrolling"
        assert walked["most"] <= MOST_ROWS + 1
        await expect(page.locator(f"#entry-{ENTRIES}")).to_be_visible()
        assert await page.evaluate("() => document.querySelectorAll('*').length") < MOST_NODES
        assert [one for one in desk.complaints if "503" not in one] == [], "but that no knowledge base is there"


async def test_five_thousand_entries_scroll_and_fifty_conversations_are_quick(tmp_path: Path) -> None:
    async with open_browser() as browser, busy_desk(browser, tmp_path, entries=GOAL_ENTRIES) as desk:
        frames, switches, typed, palette = await measured(desk.page, switches=12, keys=10)
    within(
        {
            "between two frames of 5,000 entries": (frames, FRAME_MS),
            "a card → its conversation": (switches, INTERACTION_MS),
            "a key in the composer": (typed, INTERACTION_MS),
            "Ctrl-K": (palette, INTERACTION_MS),
        }
    )


@pytest.mark.stack
async def test_the_widget_is_there_at_once(stage: Stage) -> None:
    async with open_browser() as browser:
        seen = [(await visited(browser, stage.shop))["launcher"] for _ in range(5)]
        echo = await echoed(await new_page(browser, language="en"), stage.shop, lines=10)
    within({"the launcher": (seen, LAUNCHER_MS), "one's own words": (echo, ECHO_MS)})


def within(measures: Mapping[str, tuple[Sequence[float], float]]) -> None:
    """The fastest quarter keeps each goal, the median three times as much; `-s` prints them beside it."""
    quarters = {name: (statistics.quantiles(times, n=4), goal) for name, (times, goal) in measures.items()}
    told = [
        f"{name}: fastest quarter {fast:.0f} ms, median {median:.0f} ms, goal {goal:.0f} ms"
        for name, ((fast, median, _), goal) in quarters.items()
    ]
    print(*told, sep="\n")
    assert all(fast <= goal and median <= BUSY * goal for (fast, median, _), goal in quarters.values()), told
