"""Mistyped English words read as the known word that is one slip away."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

SHORTEST = 4
"""Letters; a shorter word is one slip away from too many others."""

LONG = 8
"""Letters from which on two slips are forgiven."""


class Spelling:
    """The known words; `corrected` gives the nearest of them, the commonest first as they were given."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(words))
        self._known = frozenset(self.words)
        self._nearby: dict[str, list[str]] = defaultdict(list)
        for word in self.words:
            if len(word) >= SHORTEST:
                for shorter in {word, *_shorter(word)}:
                    self._nearby[shorter].append(word)
        self.corrected = lru_cache(maxsize=1 << 12)(self._corrected)

    def _corrected(self, word: str) -> str:
        """The word itself when it is known, no English word, or like none."""
        if word in self._known or len(word) < SHORTEST or not (word.isascii() and word.isalpha()):
            return word
        found = {near for shorter in (word, *_shorter(word)) for near in self._nearby.get(shorter, ())}
        allowed = 2 if len(word) >= LONG else 1
        ranked = sorted((slips(word, near), self.words.index(near)) for near in found)
        return self.words[ranked[0][1]] if ranked and ranked[0][0] <= allowed else word


def _shorter(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def slips(a: str, b: str) -> int:
    """Letters left out, added, replaced, or two of them swapped, to come from `a` to `b`."""
    before, row = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before = before, row
        row = [i] + [0] * len(b)
        for j, y in enumerate(b, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]
