"""Understanding one message: language, hits, decision and mood, all from one generation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kb_index.articles.model import Article, Audience
from kb_index.confidence.decision import Decision, decide
from kb_index.errors import UnknownArticle, UnknownTenant
from kb_index.index.embedding import Encoder
from kb_index.index.generation import Generation, Tenant
from kb_index.mood.judge import Mood
from kb_index.search.retriever import Question, Ranking
from kb_index.text.folding import fold
from kb_index.text.language import detect_language


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A message and what is known about who sent it; earlier holds the customer's former messages."""

    text: str
    tenant: str
    audience: Audience
    language: str | None
    earlier: Sequence[str]
    limit: int


@dataclass(frozen=True)
class Hit:
    """An article found, with the passage that matched best and the probability that it answers."""

    article: str
    language: str
    title: str
    category: str
    passage: str
    answer: str
    score: float
    probability: float


@dataclass(frozen=True)
class Understanding:
    """Everything that one turn needs to know about a message."""

    language: str
    generation: str
    hits: tuple[Hit, ...]
    decision: Decision
    mood: Mood
    took_ms: float


@dataclass(frozen=True)
class Knowledge:
    """A generation with the encoder of its model; immutable, so a request uses one and only one."""

    generation: Generation
    encoder: Encoder

    def tenant(self, name: str) -> Tenant:
        """Raises UnknownTenant."""
        found = self.generation.tenants.get(name)
        if found is None:
            raise UnknownTenant(name)
        return found

    def understand(self, asked: Asked, *, day: date, default_language: str, unhappy_threshold: float) -> Understanding:
        """Language, hits, decision and mood of one message."""
        started = time.perf_counter()
        tenant = self.tenant(asked.tenant)
        language = language_of(asked, default=default_language)
        question = self._question(asked.text)
        ranking = tenant.index.rank(question, language=language, audience=asked.audience, day=day)
        decision, probabilities = decide(ranking, tenant.index, tenant.calibration)
        mood = self.generation.mood.judge(asked.text, question.folded, question.vector, threshold=unhappy_threshold)
        hits = _hits(tenant, ranking, probabilities, limit=asked.limit)
        took = (time.perf_counter() - started) * 1000
        return Understanding(language, self.generation.name, hits, decision, mood, took)

    def search(self, asked: Asked, *, day: date, default_language: str) -> tuple[Hit, ...]:
        """Only the hits, for people who look something up."""
        tenant = self.tenant(asked.tenant)
        language = language_of(asked, default=default_language)
        question = self._question(asked.text)
        ranking = tenant.index.rank(question, language=language, audience=asked.audience, day=day)
        _, probabilities = decide(ranking, tenant.index, tenant.calibration)
        return _hits(tenant, ranking, probabilities, limit=asked.limit)

    def article(self, tenant: str, article: str, *, language: str | None, audience: Audience, day: date) -> Article:
        """The version in the language, or else the one there is; raises UnknownTenant, UnknownArticle."""
        versions = [
            version
            for version in self.tenant(tenant).index.articles
            if version.id == article and version.valid_on(day) and version.visible_to(audience)
        ]
        if not versions:
            raise UnknownArticle(tenant, article)
        return next((version for version in versions if version.language == language), versions[0])

    def _question(self, text: str) -> Question:
        folded = fold(text)
        return Question.of(folded, self.encoder.encode([folded])[0])


def language_of(asked: Asked, *, default: str) -> str:
    """The message's own language, or if it tells none, the language known or used before."""
    known = asked.language
    for text in reversed(asked.earlier):
        known = known or detect_language(text, known=None, default="") or None
    return detect_language(asked.text, known=known, default=default)


def _hits(tenant: Tenant, ranking: Ranking, probabilities: Sequence[float], *, limit: int) -> tuple[Hit, ...]:
    hits = []
    for candidate, probability in list(zip(ranking.candidates, probabilities, strict=True))[:limit]:
        article = tenant.index.articles[candidate.version]
        hits.append(
            Hit(
                article=article.id,
                language=article.language,
                title=article.title,
                category=article.category,
                passage=tenant.index.passages[candidate.passage].text,
                answer=article.answer,
                score=candidate.score,
                probability=probability,
            )
        )
    return tuple(hits)
