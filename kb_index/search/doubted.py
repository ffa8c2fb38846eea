"""Which articles are in doubt today; checked once per index and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from weakref import WeakKeyDictionary

from kb_index.articles.checks import doubts
from kb_index.search.retriever import TenantIndex

Doubts = Mapping[tuple[str, str], Sequence[str]]

_DAYS = 4
"""So many days are remembered per index: today, and those that replays ask for."""

_known: WeakKeyDictionary[TenantIndex, dict[date, Doubts]] = WeakKeyDictionary()


def doubts_on(index: TenantIndex, day: date) -> Doubts:
    """Messages by (article, language) of what the articles say that cannot all be right on a day."""
    known = _known.setdefault(index, {})
    if day not in known:
        while len(known) >= _DAYS:
            known.pop(next(iter(known)), None)
        found = doubts(index.articles, day)
        known[day] = {article: [doubt.message for doubt in each] for article, each in found.items() if each}
    return known[day]


def are_known(index: TenantIndex, day: date) -> bool:
    return day in _known.get(index, {})
