"""The check for doubts is not made while a question waits, and what it found before still holds meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kb_index.search import doubted
from kb_index.search.doubted import are_known, check, doubts_on
from kb_index.search.understand import Knowledge
from tests.kb_index.shop_articles import DAY


def test_after_a_withdrawal_nobody_waits_for_the_check(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """It took 1.8 s for 12,000 articles, in the event loop, at the first question after each withdrawal."""
    index = knowledge.tenant("shop").index
    before = check(index, DAY)
    without = index.without({0})
    looked: list[int] = []
    monkeypatch.setattr(doubted, "doubts", lambda articles, _: looked.append(len(articles)) or {})
    assert doubts_on(without, DAY) == before
    assert looked == []
    assert not are_known(without, DAY), "the watcher still has to look"
    check(without, DAY)
    assert looked == [len(index.articles)]
    assert are_known(without, DAY)


def test_a_day_that_was_not_prepared_is_looked_at(knowledge: Knowledge) -> None:
    index = knowledge.tenant("shop").index
    day = DAY + timedelta(days=400)
    assert not are_known(index, day)
    doubts_on(index, day)
    assert are_known(index, day)
