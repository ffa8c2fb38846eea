"""Which article a question is about, by its words alone: for when nothing better is up. Pure, and careful.

Coarser than kb_index on purpose: no model, no index file, nothing that could be down.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

SURE = 0.55
"""Likeness of a question to one of an article's own from which on that article is quoted."""

PERHAPS = 0.3
"""From which on an article is offered as a choice."""

AHEAD = 0.08
"""By how much the first must be better than the second to be quoted."""

_WORD = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")
_NOTHING = re.compile(
    r"an?|the|i|m[ey]|you(r)?|we|our|its?|is|are|was|were|be|do(es)?|did|can|could|will|would|should|to|of|in|on|at|for|from|"
    r"with|and|or|but|if|so|th(at|is|ese|ose|ere)|here|ha[vsd]e?|not?|please|hello|hi|hey|just"
)
_FILLERS = re.compile(
    "请问|你好|您好|一下|你们|我们|我的|这个|那个|可以|怎么样|了吗|吗|呢|啊|呀|吧|的|了|我|您|你|想|要|请"
)


@dataclass(frozen=True)
class Copy:
    """A published article in one language, as customers may read it."""

    article: str
    language: str
    title: str
    questions: tuple[str, ...]
    answer: str
    category: str = ""


@dataclass(frozen=True)
class Match:
    """An article and how much the question is like one of its own, 0 to 1."""

    copy: Copy
    likeness: float


def terms(text: str) -> frozenset[str]:
    """Stems of English words and pairs of Chinese characters, without those that say nothing."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: set[str] = set()
    for run in _WORD.findall(_FILLERS.sub(" ", folded)):
        if run[0] >= "\u4e00":
            found.update(run[at : at + 2] for at in range(max(1, len(run) - 1)))
        elif not _NOTHING.fullmatch(run):
            found.add(_stem(run))
    return frozenset(found)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


class Matcher:
    """Compares questions with the titles and questions of articles; a rare word counts more than a common one."""

    def __init__(self, copies: Sequence[Copy]) -> None:
        self._copies = copies

    @cached_property
    def _asked(self) -> list[tuple[Copy, list[frozenset[str]]]]:
        return [(copy, [terms(text) for text in (copy.title, *copy.questions)]) for copy in self._copies]

    @cached_property
    def _weights(self) -> dict[str, float]:
        seen = Counter(term for _, asked in self._asked for term in frozenset().union(*asked))
        return {term: math.log(1 + len(self._asked) / count) for term, count in seen.items()}

    def _weight(self, some: Iterable[str]) -> float:
        unknown = math.log(1 + len(self._asked))  # a word that no article knows speaks against all of them
        return sum(self._weights.get(term, unknown) for term in some)

    def find(self, text: str, *, language: str, limit: int = 3) -> list[Match]:
        """Articles that the text may be about, the best first, those of the language only."""
        wanted = terms(text)
        if not wanted:
            return []
        found = [
            Match(copy, max(self._likeness(wanted, one) for one in asked))
            for copy, asked in self._asked
            if copy.language == language
        ]
        found.sort(key=lambda match: (-match.likeness, match.copy.article))
        return [match for match in found[:limit] if match.likeness >= PERHAPS]

    def _likeness(self, wanted: frozenset[str], asked: frozenset[str]) -> float:
        shared = self._weight(wanted & asked)
        return 2 * shared / (self._weight(wanted) + self._weight(asked)) if shared else 0.0


def is_sure(matches: Sequence[Match]) -> bool:
    """Whether the first may be quoted."""
    if not matches or matches[0].likeness < SURE:
        return False
    return len(matches) == 1 or matches[0].likeness - matches[1].likeness >= AHEAD
