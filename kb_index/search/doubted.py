"""Which articles are in doubt today; checked once per index and day, and not while a question waits.

The check reads all articles, a second or two for ten thousand. When a withdrawal has taken some of them out of an
index, what was found with them holds until it is checked again: that may be too much for a moment, never too little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from weakref import WeakKeyDictionary

from kb_index.articles.checks import doubts
from kb_index.index.lexical import Lexical
from kb_index.search.retriever import TenantIndex

Doubts = Mapping[tuple[str, str], Sequence[str]]

_DAYS = 4
"""So many days are remembered per index: today, tomorrow, and those that replays ask for."""

_known: WeakKeyDictionary[TenantIndex, dict[date, Doubts]] = WeakKeyDictionary()
_alike: WeakKeyDictionary[Lexical, dict[date, Doubts]] = WeakKeyDictionary()
"""By what an index shares with itself without some of its articles."""


def doubts_on(index: TenantIndex, day: date) -> Doubts:
    """Messages by (article, language) of what the articles say that cannot all be right on a day."""
    found = _known.get(index, {}).get(day)
    if found is None:
        found = _alike.get(index.lexical, {}).get(day)
    return check(index, day) if found is None else found


def check(index: TenantIndex, day: date) -> Doubts:
    """The same, of just this index, looked for now if it was not before."""
    known = _known.setdefault(index, {})
    if day not in known:
        found = doubts(index.articles, day)
        messages = {article: [doubt.message for doubt in each] for article, each in found.items() if each}
        for remembered in (known, _alike.setdefault(index.lexical, {})):
            while len(remembered) >= _DAYS:
                remembered.pop(next(iter(remembered)), None)
            remembered[day] = messages
    return known[day]


def are_known(index: TenantIndex, day: date) -> bool:
    return day in _known.get(index, {})
