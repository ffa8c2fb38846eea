"""Understanding one message: language, reading, hits, decision and mood, all from one generation."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from kb_index.articles.model import Article, Audience
from kb_index.confidence.decision import Action, Decision
from kb_index.errors import UnknownArticle, UnknownTenant
from kb_index.index.contents import Tenant
from kb_index.index.embedding import Encoder
from kb_index.index.generation import Generation
from kb_index.mood.judge import Mood
from kb_index.reading.follow_up import Said
from kb_index.reading.read import Reading, read
from kb_index.reading.vocabulary import vocabulary_of
from kb_index.search.attempts import Attempt, Search
from kb_index.search.doubted import are_known, check, doubts_on
from kb_index.search.personal import Contact, Reminder, reminder
from kb_index.text.language import detect_language, foreign_language

FAR = "pgvector"
"""The kind of vectors that are asked for over a network; all others are in this process."""

CHAT, PAGE = "chat", "page"
"""Kinds of channels that every article has a wording for; others may have one of their own."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A message and what is known about who sent it and where; earlier holds the messages before, oldest first."""

    text: str
    tenant: str
    audience: Audience
    language: str | None
    limit: int
    earlier: Sequence[Said] = ()
    channel: str = CHAT
    contact: Contact | None = None


@dataclass(frozen=True)
class Hit:
    """An article found, with the passage that matched best and the probability that it answers.

    answer is the wording for the channel. Who gets a quote must not change a word of it; in doubt is what must not
    be answered today, with the reason. What is internal is for agents to read, and for no customer.
    """

    article: str
    language: str
    title: str
    category: str
    passage: str
    answer: str
    score: float
    probability: float
    quote: bool = False
    internal: bool = False
    doubt: str | None = None


@dataclass(frozen=True)
class Understanding:
    """Everything that one turn needs to know about a message; reading is None when it is read as it is written."""

    language: str
    generation: str
    hits: tuple[Hit, ...]
    decision: Decision
    mood: Mood
    took_ms: float
    reading: Reading | None = None
    reminder: Reminder | None = None


@dataclass(frozen=True)
class Knowledge:
    """A generation with the encoder of its model; immutable, so a request uses one and only one."""

    generation: Generation
    encoder: Encoder

    def __post_init__(self) -> None:
        """Work out now what the first question would wait for."""
        for tenant in self.generation.tenants.values():
            read("tuikuan 退款 refnd", vocabulary_of(tenant.index))

    def tenant(self, name: str) -> Tenant:
        """Raises UnknownTenant."""
        found = self.generation.tenants.get(name)
        if found is None:
            raise UnknownTenant(name)
        return found

    def prepare(self, day: date) -> None:
        """Check the articles for a day now, so that no question waits for it."""
        for tenant in self.generation.tenants.values():
            check(tenant.index, day)

    def is_far(self, tenant: str) -> bool:
        """Whether each search of a tenant waits for another machine. Raises UnknownTenant."""
        return self.tenant(tenant).index.vectors.kind == FAR

    def is_prepared(self, day: date) -> bool:
        return all(are_known(tenant.index, day) for tenant in self.generation.tenants.values())

    def understand(self, asked: Asked, *, day: date, default_language: str, unhappy_threshold: float) -> Understanding:
        """Language, reading, hits, decision and mood of one message."""
        started = time.perf_counter()
        tenant = self.tenant(asked.tenant)
        search = self._search(asked, tenant, day=day, default_language=default_language)
        attempt, itself = search.best(asked.text, asked.earlier)
        heads = tenant.mood or self.generation.mood
        mood = heads.judge(asked.text, itself.folded, itself.vector, threshold=unhappy_threshold)
        hits = hits_of(asked, tenant, attempt, day=day)
        decision = cautious(attempt.decision, hits, asked.text)
        language = search.language_of(attempt.reading.text)
        return Understanding(
            language=language,
            generation=self.generation.name,
            hits=hits,
            decision=decision,
            mood=mood,
            took_ms=(time.perf_counter() - started) * 1000,
            reading=attempt.reading if attempt.reading.notes else None,
            reminder=self._reminder(asked, tenant, attempt, decision, language=language, day=day),
        )

    def search(self, asked: Asked, *, day: date, default_language: str) -> tuple[Hit, ...]:
        """Only the hits, for people who look something up."""
        tenant = self.tenant(asked.tenant)
        attempt, _ = self._search(asked, tenant, day=day, default_language=default_language).best(asked.text, ())
        return hits_of(asked, tenant, attempt, day=day)

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

    def doubt(self, article: Article, *, day: date) -> str | None:
        """Why an article must not be answered on a day, None when nothing speaks against it."""
        return _doubt(article, doubts_on(self.tenant(article.tenant).index, day))

    def _search(self, asked: Asked, tenant: Tenant, *, day: date, default_language: str) -> Search:
        known = language_before(asked, default=default_language)
        return Search(
            tenant=tenant,
            embed=self.encoder.encode,
            audience=asked.audience,
            day=day,
            contact=asked.contact,
            language_of=lambda text: detect_language(text, known=known, default=default_language),
        )

    def _reminder(
        self, asked: Asked, tenant: Tenant, attempt: Attempt, decision: Decision, *, language: str, day: date
    ) -> Reminder | None:
        if asked.contact is None or not asked.contact.asked:
            return None
        versions = [each for each in tenant.index.articles if each.valid_on(day) and each.visible_to(asked.audience)]
        answers = decision.action is Action.ANSWER
        article = tenant.index.articles[attempt.ranking.candidates[0].version] if answers else None
        return reminder(asked.contact, article, versions, language=language, greeted=decision.rule == "nothing asked")


def language_before(asked: Asked, *, default: str) -> str | None:
    """The language that is known, or else that of the customer's last message that tells one."""
    known = asked.language
    for said in reversed(asked.earlier):
        if said.author == "customer":
            known = known or detect_language(said.text, known=None, default="") or None
    return known or default


def cautious(decision: Decision, hits: Sequence[Hit], text: str) -> Decision:
    """Nothing is answered in a language that is not judged here, nor from an article in doubt."""
    foreign = foreign_language(text)
    if foreign is not None and decision.action is not Action.ABSTAIN:
        return replace(decision, action=Action.ABSTAIN, rule=f"a language that is not judged here: {foreign}")
    doubted = bool(hits) and hits[0].doubt is not None
    if doubted and decision.action is not Action.ABSTAIN:
        return replace(decision, action=Action.ABSTAIN, rule="fact in doubt")
    return decision


def hits_of(asked: Asked, tenant: Tenant, attempt: Attempt, *, day: date) -> tuple[Hit, ...]:
    """The first articles that an attempt found, as they are answered on a day."""
    hits = []
    doubts = doubts_on(tenant.index, day)
    channel = None if asked.channel == PAGE else asked.channel
    found = zip(attempt.ranking.candidates, attempt.probabilities, strict=True)
    for candidate, probability in islice(found, asked.limit):
        article = tenant.index.articles[candidate.version]
        hits.append(
            Hit(
                article=article.id,
                language=article.language,
                title=article.title,
                category=article.category,
                passage=tenant.index.passages[candidate.passage].text,
                answer=article.answer_for(channel),
                score=candidate.score,
                probability=probability,
                quote=article.quote_only,
                internal=article.audience is Audience.AGENTS,
                doubt=_doubt(article, doubts),
            )
        )
    return tuple(hits)


def _doubt(article: Article, doubts: Mapping[tuple[str, str], Sequence[str]]) -> str | None:
    found = doubts.get((article.id, article.language))
    return "; ".join(found) if found else None
