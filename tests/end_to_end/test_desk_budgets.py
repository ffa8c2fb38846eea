"""A busy desk stays light: however long a conversation and however many are open, the page holds few nodes.

What it costs in time is measured by `python -m tests.bench desk`; times are no tests, counts are.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.end_to_end.busy_desk import CONVERSATIONS, busy_desk
from tests.end_to_end.pages import chromium_path, open_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium_path() is None and not os.environ.get("CI"), reason="NO CHROMIUM: install it to test the pages"
    ),
]
ENTRIES = 1500  # the bench opens 5,000; what a stretch holds does not depend on it
MOST_ROWS = 160  # MOST of console/timeline.ts
MOST_NODES = 6000
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
