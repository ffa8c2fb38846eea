"""How often words are in a tenant's passages; what an edit changes is counted alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from sys import intern

import numpy as np

from kb_index.articles.chunking import Passage, PassageKind
from kb_index.index.passages import Passages
from kb_index.text.folding import fold, tokens

HAN_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
LATIN_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

Words = frozenset[str]


def words_in(folded: str) -> Words:
    return frozenset(tokens(folded))


class PassageWords:
    """Counts of passages by word or, in `pairs`, by neighbouring characters; `asking` counts articles instead.

    Chinese words of titles are in `titled`, of titles and questions in `chinese`, English ones of these in `english`,
    all of answers in `answered`; `borrowed` are English ones beside Chinese. `asking` tells in how many articles'
    titles or questions a word is.
    """

    def __init__(self) -> None:
        self.titled: Counter[str] = Counter()
        self.chinese: Counter[str] = Counter()
        self.english: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.pairs: Counter[str] = Counter()
        self.borrowed: Counter[str] = Counter()
        self.asking: Counter[str] = Counter()

    @classmethod
    def of(cls, passages: Sequence[Passage], article_of: Sequence[int]) -> PassageWords:
        """`article_of` gives the number of each version's article."""
        counted = cls()
        asking: dict[int, set[str]] = {}
        for passage in passages:
            words = counted._take(passage, 1)
            if passage.asks:
                asking.setdefault(article_of[passage.version], set()).update(words)
        for asked in asking.values():
            counted.asking.update(asked)
        return counted

    def edited(
        self, passages: Passages, article_of: Sequence[int], *, known: int, touched: Collection[int],
        dead: Collection[int],
    ) -> PassageWords:  # fmt: skip
        """With the passages after those `known`; `touched` versions have these alone, `dead` rows count no more."""
        other = PassageWords()
        for name, counts in vars(self).items():
            setattr(other, name, Counter(counts))
        for row in dead:
            other._take(passages[row], -1)
        for row in range(known, len(passages)):
            other._take(passages[row], 1)
        other._ask_anew(passages, article_of, known=known, touched=touched, dead=dead)
        for name, counts in vars(other).items():
            setattr(other, name, +counts)
        return other

    def _take(self, passage: Passage, sign: int) -> Words:
        """Count a passage, or with -1 count it no longer; its words."""
        folded = fold(passage.text)
        words = words_in(folded)
        answers = passage.kind is PassageKind.ANSWER
        latin, runs = set(LATIN_WORD.findall(folded)), HAN_WORD.findall(folded)
        chinese = [word for word in words if HAN_WORD.fullmatch(word)]
        kinds = [self.answered if answers else self.chinese]
        kinds += [self.titled] if passage.kind is PassageKind.TITLE else []
        for counts in kinds:
            _count(counts, chinese, sign)
        _count(self.answered if answers else self.english, latin, sign)
        for run in runs:
            _count(self.pairs, map("".join, pairwise(run)), sign)
        if runs:
            _count(self.borrowed, latin, sign)
        return words

    def _ask_anew(
        self, passages: Passages, article_of: Sequence[int], *, known: int, touched: Collection[int],
        dead: Collection[int],
    ) -> None:  # fmt: skip
        """Correct `asking`: only words of the articles that were touched can have changed theirs."""
        articles = {article_of[version] for version in touched}
        before: dict[int, set[str]] = {article: set() for article in articles}
        after: dict[int, set[str]] = {article: set() for article in articles}
        versions = [version for version, article in enumerate(article_of) if article in articles]
        for row in _rows_of(passages, versions):
            passage = passages[row]
            article = article_of[passage.version]
            words = words_in(fold(passage.text))
            if row < known:
                before[article] |= words
            if row not in dead:
                after[article] |= words
        for article in articles:
            self.asking.subtract(before[article])
            self.asking.update(after[article])

    def plain(self) -> dict[str, dict[str, int]]:
        """The counts as JSON can hold them; restore() gives them back."""
        return {name: dict(counts) for name, counts in vars(self).items()}

    @classmethod
    def restore(cls, values: Mapping[str, Mapping[str, int]]) -> PassageWords:
        counted = cls()
        for name in vars(counted):  # a word is there once, however many count it
            setattr(counted, name, Counter({intern(word): int(count) for word, count in values[name].items()}))
        return counted


def _rows_of(passages: Passages, versions: Collection[int]) -> list[int]:
    """The titles and questions of some versions."""
    chosen = np.isin(passages.versions, np.array(list(versions), np.int32)) & passages.asks
    return [int(row) for row in np.flatnonzero(chosen)]


def _count(counts: Counter[str], found: Iterable[str], sign: int) -> None:
    counts.update(found) if sign > 0 else counts.subtract(found)
