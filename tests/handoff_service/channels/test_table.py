"""docs/channels.md says what the code can do."""

from __future__ import annotations

from pathlib import Path

from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.table import table
from tests.handoff_service.channels.platforms import PLATFORMS

PAGE = Path(__file__).parents[3] / "docs" / "channels.md"


def test_the_table_of_the_page_is_that_of_the_code() -> None:
    text = PAGE.read_text("utf-8")
    shown = text.split("<!-- table -->\n")[1].split("<!-- end of table -->")[0]
    assert shown.strip() == table(CHANNELS).strip(), "python -m handoff_service channel kinds --table"


def test_every_platform_has_a_fake_and_runs_through_the_contract() -> None:
    assert set(PLATFORMS) == set(CHANNELS) - {"api"}, "the signed API has tests of its own"
