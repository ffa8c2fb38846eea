"""The words of a tenant's passages, as evidence and spelling look at them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kb_index.articles.chunking import Passage
from kb_index.text.folding import fold, tokens

Words = frozenset[str]
_NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class PassageWords:
    """Folded text and words by passage, words by version, and the articles whose titles or questions have a word."""

    folds: tuple[str, ...]
    words: tuple[Words, ...]
    versions: tuple[Words, ...]
    asking: Mapping[str, frozenset[int]]

    @classmethod
    def of(cls, passages: Sequence[Passage], article_of: Sequence[int]) -> PassageWords:
        """`article_of` gives the number of each version's article."""
        folds = tuple(fold(passage.text) for passage in passages)
        words = tuple(frozenset(tokens(folded)) for folded in folds)
        asking: dict[str, set[int]] = {}
        for passage, found in zip(passages, words, strict=True):
            for word in found if passage.asks else ():
                asking.setdefault(word, set()).add(article_of[passage.version])
        kept = {word: frozenset(articles) for word, articles in asking.items()}
        return cls(folds, words, _by_version(passages, words, len(article_of)), kept)

    def edited(
        self, passages: Sequence[Passage], article_of: Sequence[int], *, touched: Collection[int], dead: Collection[int]
    ) -> PassageWords:
        """With the passages after those known; `touched` versions consist of these alone, `dead` rows count no more."""
        new = passages[len(self.folds) :]
        folds = (*self.folds, *(fold(passage.text) for passage in new))
        words = (*self.words, *(frozenset(tokens(folded)) for folded in folds[len(self.folds) :]))
        versions = list(self.versions) + [frozenset()] * (len(article_of) - len(self.versions))
        now = _by_version(new, words[len(self.folds) :], len(article_of))
        for version in touched:
            versions[version] = now[version]
        return PassageWords(folds, words, tuple(versions), self._asking(passages, words, article_of, touched, dead))

    def _asking(
        self, passages: Sequence[Passage], words: Sequence[Words], article_of: Sequence[int],
        touched: Collection[int], dead: Collection[int],
    ) -> Mapping[str, frozenset[int]]:  # fmt: skip
        """What `asking` is now: only words of the articles that were touched can have changed theirs."""
        articles = {article_of[version] for version in touched}
        before: dict[int, set[str]] = {article: set() for article in articles}
        after: dict[int, set[str]] = {article: set() for article in articles}
        for row, passage in enumerate(passages):
            article = article_of[passage.version]
            if article in articles and passage.asks:
                if row < len(self.words):
                    before[article] |= words[row]
                if row not in dead:
                    after[article] |= words[row]
        asking = dict(self.asking)
        for article in articles:
            for word in before[article] - after[article]:
                asking[word] = asking[word] - {article}
            for word in after[article] - before[article]:
                asking[word] = asking.get(word, _NONE) | {article}
        return asking


def _by_version(passages: Sequence[Passage], words: Sequence[Words], versions: int) -> tuple[Words, ...]:
    found: list[set[str]] = [set() for _ in range(versions)]
    for passage, each in zip(passages, words, strict=True):
        found[passage.version] |= each
    return tuple(frozenset(each) for each in found)
