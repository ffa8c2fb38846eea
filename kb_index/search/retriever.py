"""Retrieval for one tenant: filters first, then vector, lexical and head scores in one weighted sum."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kb_index.articles.chunking import Passage, PassageKind
from kb_index.articles.model import Article, Audience
from kb_index.index.embedding import Matrix, Vector
from kb_index.index.lexical import Lexical
from kb_index.index.passages import KINDS, Passages
from kb_index.index.vectors import Chosen, Scores, Vectors
from kb_index.search.heads import BACKGROUND_NEIGHBOURS, NEIGHBOURS, ArticleHead, Verdict
from kb_index.search.passage_words import PassageWords
from kb_index.text.folding import fold, tokens

ANSWER_WEIGHT = 0.5
LEXICAL_WEIGHT = 0.3
HEAD_WEIGHT = 1.0
"""The weighted sum; between half and twice these weights every development set keeps within half a percent."""

ANSWERED_LEXICAL_WEIGHT = 0.8
FEW_QUESTIONS = 2.0
"""Articles with an answer but fewer questions than this on average are found by the words of their answers."""

NEAREST = 1024
"""Passages asked of the vector index; all others count as far away as the last of them."""

RANKED = 50
"""Candidates that a ranking holds; nobody reads further."""


OWN_LANGUAGE_FIRST = 100.0
"""Added to an article in the customer's language: far more than all other scores together."""

DETECTED = ("zh", "en")
"""Articles in languages that nobody can tell apart here are taken for the customer's own."""


@dataclass(frozen=True)
class Question:
    """A customer's text with all that retrieval needs to know about it.

    strange is the embedding of its words that no article has, None when there are none (search/asking.py).
    """

    folded: str
    tokens: tuple[str, ...]
    vector: Vector
    strange: Vector | None = None

    @classmethod
    def of(cls, folded: str, vector: Vector, *, strange: Vector | None = None) -> Question:
        return cls(folded, tuple(tokens(folded)), vector, strange)


class Candidate(NamedTuple):
    """One article in the ranking: positions of the version to show and of its best passage, and scores.

    asked and answered are cosines with the nearest title or question and with the nearest piece of
    an answer, lexical is raw BM25, head the classifier's probability, score the weighted sum.
    """

    version: int
    passage: int
    score: float
    asked: float
    answered: float
    lexical: float
    head: float
    own_language: bool


@dataclass(frozen=True)
class Ranking:
    """Candidates best first, one per article, and how much the question looks like none of them."""

    question: Question
    language: str
    candidates: tuple[Candidate, ...]
    background_head: float
    background_cosine: float
    novelty: float

    @property
    def margin(self) -> float:
        """How far the first article is ahead of every other, whatever its language; may be negative."""
        first, *others = self.candidates
        return first.score - max((other.score for other in others), default=0.0)


class TenantIndex:
    """Everything searchable of one tenant; immutable, so any number of threads may read it.

    After an edit `gone` are versions that only keep their places, and `dead` passages that are not searched any more;
    `numbers` are then those of the articles. `words` are counted when they are not given.
    """

    def __init__(
        self,
        *,
        articles: Sequence[Article],
        passages: Sequence[Passage],
        vectors: Vectors,
        background: Matrix,
        lexical: Lexical,
        head: ArticleHead,
        gone: Collection[int] = (),
        dead: Collection[int] = (),
        numbers: Mapping[str, int] | None = None,
        words: PassageWords | None = None,
    ) -> None:
        self.articles = tuple(articles)
        self.passages = Passages.of(passages)
        self.vectors = vectors
        self.background = background
        self.lexical = lexical
        self.head = head
        self.gone = frozenset(gone)
        names = numbers or {name: number for number, name in enumerate(article_names(articles))}
        self.numbers = names
        self._article_of_version = np.array([names[article.id] for article in articles], dtype=np.int64)
        self._version_of_passage = self.passages.versions
        self._count = len(names)
        self.counts = np.ones(len(passages), dtype=np.bool_)
        self.counts[list(dead)] = False
        rows = np.flatnonzero(self.counts)[::-1]
        self._first_passage = np.zeros(len(articles), dtype=np.int64)
        self._first_passage[self._version_of_passage[rows]] = rows
        self._versions_by_article = np.argsort(self._article_of_version, kind="stable")
        self._first_version = np.searchsorted(
            self._article_of_version[self._versions_by_article], np.arange(self._count)
        )
        languages = {article.language for article in self.published}
        self.only_language = languages.pop() if len(languages) == 1 else None
        self._lexical_weight = _lexical_weight(self.passages, self.counts, len(articles) - len(self.gone))
        if words is not None:
            self.words = words
        self._remember_filters()

    def _remember_filters(self) -> None:
        self._shown = lru_cache(maxsize=8)(self._find_shown)
        self._offered = lru_cache(maxsize=16)(self._find_offered)

    @property
    def published(self) -> tuple[Article, ...]:
        """The articles without the places of those that are gone."""
        return tuple(article for version, article in enumerate(self.articles) if version not in self.gone)

    @cached_property
    def words(self) -> PassageWords:
        """How often words are in the passages."""
        return PassageWords.of(self.passages, self._article_of_version.tolist())

    def folded(self, passage: int) -> str:
        return fold(self.passages[passage].text)

    def without(self, versions: Collection[int]) -> TenantIndex:
        """The same index in which these versions are never shown; shares everything else."""
        other = copy(self)
        other.articles = tuple(
            replace(article, valid_to=date.min) if version in versions else article
            for version, article in enumerate(self.articles)
        )
        other._remember_filters()
        return other

    def _find_shown(self, audience: Audience, day: date) -> tuple[Chosen, Chosen]:
        """Which versions may be shown, and which passages."""
        versions = np.array(
            [each.valid_on(day) and each.visible_to(audience) for each in self.articles], dtype=np.bool_
        )
        versions[list(self.gone)] = False
        passages = versions[self._version_of_passage] & self.counts
        passages.setflags(write=False)  # so that the vectors know the filter again
        return versions, passages

    def articles_asking(self, word: str) -> int:
        """In how many articles' titles or questions a token occurs."""
        return self.words.asking[word]

    def rank(
        self, question: Question, *, language: str, audience: Audience, day: date, hidden: Collection[str] = ()
    ) -> Ranking:
        """Rank what this audience may see on this day, articles in the language first, as if `hidden` did not exist."""
        if not self.passages:
            return Ranking(question, language, (), 0.0, 0.0, 1.0)
        shown, passages = self._shown(audience, day)
        if hidden:
            shown = shown & np.array([article.id not in hidden for article in self.articles])
            passages = shown[self._version_of_passage] & self.counts
        nearest, cosines = self.vectors.nearest(question.vector, NEAREST, chosen=passages)
        asks = self.passages.asks[nearest]
        asked = self._by_article(nearest[asks], cosines[asks], cosines)
        answered = self._by_article(nearest[~asks], cosines[~asks], cosines)
        lexical = self._lexical_by_article(question.tokens, shown)
        others = self.background @ question.vector
        verdict = self._judged(question, nearest[:NEIGHBOURS], _largest(others, BACKGROUND_NEIGHBOURS))
        score = (
            asked
            + ANSWER_WEIGHT * answered
            + self._lexical_weight * lexical / (lexical.max(initial=0.0) + 1e-6)
            + HEAD_WEIGHT * verdict.articles
        )
        best_passage = self._first_passage.copy()
        best_passage[self._version_of_passage[nearest[::-1]]] = nearest[::-1]
        articles, versions, own = self._offered(audience, day, language)
        if hidden:
            there = shown[versions]
            articles, versions, own = articles[there], versions[there], own[there]
        order = _largest(score[articles] + OWN_LANGUAGE_FIRST * own, RANKED)
        shown_best, best = versions[order], articles[order]
        columns = (
            shown_best, best_passage[shown_best],
            *(figure[best] for figure in (score, asked, answered, lexical, verdict.articles)), own[order],
        )  # fmt: skip
        candidates = map(Candidate, *(column.tolist() for column in columns))
        background = float(others.max(initial=0.0))
        return Ranking(question, language, tuple(candidates), verdict.background, background, verdict.novelty)

    def _judged(self, question: Question, passages: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> Verdict:
        vectors = np.concatenate([self.vectors.at(passages), self.background[others]])
        return self.head.judge(question.folded, question.vector, passages, others, vectors)

    def _by_article(self, passages: npt.NDArray[np.int64], cosines: Scores, found: Scores) -> Scores:
        """Best cosine per article among passages of a kind, of all that were found; without any, nothing speaks."""
        if not len(passages):
            return np.zeros(self._count, dtype=np.float32)
        best = np.full(self._count, found[-1], dtype=np.float32)
        np.maximum.at(best, self._article_of_version[self._version_of_passage[passages]], cosines)
        return best

    def _lexical_by_article(self, words: Sequence[str], shown: Chosen) -> Scores:
        """Best score per article among its shown versions."""
        if not self._count:
            return np.zeros(0, dtype=np.float32)
        scores = np.where(shown, self.lexical.scores(words), np.float32(0))
        return np.asarray(np.maximum.reduceat(scores[self._versions_by_article], self._first_version))

    def _find_offered(
        self, audience: Audience, day: date, language: str
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Chosen]:
        """Articles, for each its version in the customer's language or else the one there is, and which."""
        chosen: dict[int, int] = {}
        for version in np.flatnonzero(self._shown(audience, day)[0]).tolist():
            article = int(self._article_of_version[version])
            if article not in chosen or self.articles[version].language == language:
                chosen[article] = version
        spoken = [self.articles[version].language for version in chosen.values()]
        own = [each == language or each not in DETECTED for each in spoken]
        articles, versions = list(chosen), list(chosen.values())
        return np.array(articles, np.int64), np.array(versions, np.int64), np.array(own, np.bool_)


def _largest(values: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    """Positions of the largest values, largest first; equal ones in their order."""
    cut = len(values) - count
    some = np.sort(np.argpartition(values, cut)[cut:]) if cut > 0 else np.arange(len(values))
    return np.asarray(some[np.argsort(-values[some], kind="stable")], dtype=np.int64)


def _lexical_weight(passages: Passages, counts: Chosen, versions: int) -> float:
    """How much the words weigh: more where articles have answers but hardly any questions."""
    asking = np.count_nonzero(counts & (passages.kinds == KINDS.index(PassageKind.QUESTION)))
    answering = len(np.unique(passages.versions[counts & ~passages.asks]))
    few = asking < FEW_QUESTIONS * versions and answering > versions / 2
    return ANSWERED_LEXICAL_WEIGHT if few else LEXICAL_WEIGHT


def article_names(articles: Sequence[Article]) -> list[str]:
    """The articles' ids in order, once each; versions in several languages share one."""
    return sorted({article.id for article in articles})


def documents_of(articles: Sequence[Article], passages: Sequence[Passage]) -> list[list[str]]:
    """The tokens of each version's title, questions and answer, for the lexical index."""
    documents: list[list[str]] = [[] for _ in articles]
    for passage in passages:
        documents[passage.version].extend(tokens(fold(passage.text)))
    return documents
