"""The story, chapter by chapter, against the real parts."""

from __future__ import annotations

import pytest

from tests.end_to_end.story import CHAPTERS, DISRUPTIVE, EN, ZH, Chapter, Lines, Stage, expect

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("lines", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.__name__)
async def test_chapter_is_as_told(stage: Stage, chapter: Chapter, lines: Lines) -> None:
    await stage.play(chapter, lines)
    expect(not stage.answers_ms or max(stage.answers_ms) < 10_000, f"an answer took {stage.answers_ms}")


@pytest.mark.parametrize("lines", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("chapter", DISRUPTIVE, ids=lambda chapter: chapter.__name__)
async def test_disruptive_chapter_is_as_told(stage: Stage, chapter: Chapter, lines: Lines) -> None:
    await stage.play(chapter, lines)
    expect(stage.answers_ms, "the bot never answered")
