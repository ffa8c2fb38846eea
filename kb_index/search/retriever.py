"""Retrieval for one tenant: filters first, then vector, lexical and head scores in one weighted sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from kb_index.articles.chunking import Passage
from kb_index.articles.model import Article, Audience
from kb_index.index.embedding import Matrix, Vector
from kb_index.index.lexical import Lexical
from kb_index.index.vectors import Chosen, Scores, Vectors
from kb_index.search.heads import ArticleHead
from kb_index.text.folding import fold, tokens

ANSWER_WEIGHT = 0.5
LEXICAL_WEIGHT = 0.3
HEAD_WEIGHT = 1.5
"""The weighted sum, chosen by cross-validation over the articles' own questions; its optimum is flat."""

NEAREST = 1024
"""Passages asked of the vector index; all others count as far away as the last of them."""

RANKED = 50
"""Candidates that a ranking holds; nobody reads further."""


@dataclass(frozen=True)
class Question:
    """A customer's text with all that retrieval needs to know about it."""

    folded: str
    tokens: tuple[str, ...]
    vector: Vector

    @classmethod
    def of(cls, folded: str, vector: Vector) -> Question:
        return cls(folded, tuple(tokens(folded)), vector)


@dataclass(frozen=True)
class Candidate:
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
    candidates: tuple[Candidate, ...]
    background_head: float
    background_cosine: float

    @property
    def margin(self) -> float:
        """How far the first article is ahead of every other, whatever its language; may be negative."""
        first, *others = self.candidates
        return first.score - max((other.score for other in others), default=0.0)


class TenantIndex:
    """Everything searchable of one tenant; immutable, so any number of threads may read it."""

    def __init__(
        self,
        *,
        articles: Sequence[Article],
        passages: Sequence[Passage],
        vectors: Vectors,
        background: Matrix,
        lexical: Lexical,
        head: ArticleHead,
    ) -> None:
        self.articles = tuple(articles)
        self.passages = tuple(passages)
        self.vectors = vectors
        self.background = background
        self.lexical = lexical
        self.head = head
        names = article_names(articles)
        self._article_of_version = np.array([names.index(article.id) for article in articles])
        self._version_of_passage = np.array([passage.version for passage in passages])
        self._asks = np.array([passage.asks for passage in passages])
        self._count = len(names)
        self.passage_folds = tuple(fold(passage.text) for passage in passages)
        self.passage_words = tuple(frozenset(tokens(folded)) for folded in self.passage_folds)
        self.version_words = tuple(frozenset(document) for document in documents_of(articles, passages))
        self._articles_asking: dict[str, set[int]] = {}
        for passage, words in zip(passages, self.passage_words, strict=True):
            for word in words if passage.asks else ():
                article = int(self._article_of_version[passage.version])
                self._articles_asking.setdefault(word, set()).add(article)
        self._shown = lru_cache(maxsize=8)(self._find_shown)
        self._offered = lru_cache(maxsize=16)(self._find_offered)

    def _find_shown(self, audience: Audience, day: date) -> tuple[Chosen, Chosen]:
        """Which versions may be shown, and which passages."""
        versions = np.array([each.valid_on(day) and each.visible_to(audience) for each in self.articles])
        return versions, versions[self._version_of_passage]

    def articles_asking(self, word: str) -> int:
        """In how many articles' titles or questions a token occurs."""
        return len(self._articles_asking.get(word, ()))

    def rank(self, question: Question, *, language: str, audience: Audience, day: date) -> Ranking:
        """Rank what this audience may see on this day, articles in the language first."""
        shown, passages = self._shown(audience, day)
        nearest, cosines = self.vectors.nearest(question.vector, NEAREST, chosen=passages)
        asked = self._by_article(nearest, cosines, self._asks)
        answered = self._by_article(nearest, cosines, ~self._asks)
        lexical = self._lexical_by_article(question.tokens, shown)
        head = self._head(question, shown)
        score = (
            asked
            + ANSWER_WEIGHT * answered
            + LEXICAL_WEIGHT * lexical / (lexical.max(initial=0.0) + 1e-6)
            + HEAD_WEIGHT * head[:-1]
        )
        passage_of_version = self._best_passages(nearest)
        articles, versions, own = self._offered(audience, day, language)
        order = np.lexsort((-score[articles], ~own))[:RANKED]
        candidates = [
            Candidate(
                version=int(versions[place]),
                passage=int(passage_of_version[versions[place]]),
                score=float(score[article]),
                asked=float(asked[article]),
                answered=float(answered[article]),
                lexical=float(lexical[article]),
                head=float(head[article]),
                own_language=bool(own[place]),
            )
            for place, article in zip(order, articles[order], strict=True)
        ]
        background = float((self.background @ question.vector).max(initial=0.0))
        return Ranking(question, tuple(candidates), float(head[-1]), background)

    def _by_article(self, passages: npt.NDArray[np.int64], cosines: Scores, kind: Chosen) -> Scores:
        """Best cosine per article among the passages of a kind."""
        best = np.full(self._count, cosines[-1] if len(cosines) else 0.0, dtype=np.float32)
        wanted = kind[passages]
        articles = self._article_of_version[self._version_of_passage[passages[wanted]]]
        np.maximum.at(best, articles, cosines[wanted])
        return best

    def _lexical_by_article(self, words: Sequence[str], shown: Chosen) -> Scores:
        best = np.zeros(self._count, dtype=np.float32)
        scores = self.lexical.scores(words)
        np.maximum.at(best, self._article_of_version[shown], scores[shown])
        return best

    def _head(self, question: Question, shown: Chosen) -> Scores:
        """Softmax over the shown articles and, last, the background."""
        logits = self.head.logits(question.folded, question.vector)
        hidden = np.ones(self._count + 1, dtype=np.bool_)
        hidden[self._article_of_version[shown]] = False
        hidden[-1] = False
        logits[hidden] = -np.inf
        powers = np.exp(logits - logits.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    def _find_offered(
        self, audience: Audience, day: date, language: str
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Chosen]:
        """Articles, for each its version in the customer's language or else the one there is, and which."""
        chosen: dict[int, int] = {}
        for version in np.flatnonzero(self._shown(audience, day)[0]).tolist():
            article = int(self._article_of_version[version])
            if article not in chosen or self.articles[version].language == language:
                chosen[article] = version
        own = [self.articles[version].language == language for version in chosen.values()]
        articles, versions = list(chosen), list(chosen.values())
        return np.array(articles, np.int64), np.array(versions, np.int64), np.array(own, np.bool_)

    def _best_passages(self, nearest: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """For each version its nearest passage; its title when none is near."""
        best = np.searchsorted(self._version_of_passage, np.arange(len(self.articles)))
        best[self._version_of_passage[nearest[::-1]]] = nearest[::-1]
        return best


def article_names(articles: Sequence[Article]) -> list[str]:
    """The articles' ids in order, once each; versions in several languages share one."""
    return sorted({article.id for article in articles})


def documents_of(articles: Sequence[Article], passages: Sequence[Passage]) -> list[list[str]]:
    """The tokens of each version's title, questions and answer, for the lexical index."""
    documents: list[list[str]] = [[] for _ in articles]
    for passage in passages:
        documents[passage.version].extend(tokens(fold(passage.text)))
    return documents
