"""What is known about who asks: it settles near-equal candidates and never overrules a clear match."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kb_index.articles.model import Article
from kb_index.search.retriever import Candidate, Ranking, TenantIndex
from kb_index.text.folding import fold

NEAR = 0.6
"""Candidates whose score is within this of the best one's are near-equal; a clear match is ahead by one or more."""

PREFERENCE = 0.4
"""What the contact's own product, or the topic that he is still busy with, adds to a near-equal candidate's score."""

STANDS_BACK = 0.1
"""What another product's article keeps of the classifier's trust when one for the contact's own is near-equal."""


@dataclass(frozen=True)
class FormerQuestion:
    """An article that the contact was answered with before; solved is None when nobody said."""

    article: str
    at: datetime
    solved: bool | None = None


@dataclass(frozen=True)
class Contact:
    """The products that the contact has, and the articles that he was answered with, in any order."""

    products: Collection[str] = ()
    asked: Sequence[FormerQuestion] = ()


@dataclass(frozen=True)
class Reminder:
    """A former question that may be open still: "last time you asked ..., is it solved?"."""

    article: str
    title: str
    asked_at: datetime


def preferred(ranking: Ranking, index: TenantIndex, contact: Contact | None) -> Ranking:
    """The ranking with near-equal candidates ordered by the contact's products and open questions."""
    if contact is None or len(ranking.candidates) < 2:
        return ranking
    best = max(candidate.score for candidate in ranking.candidates)
    near = [candidate for candidate in ranking.candidates if candidate.score >= best - NEAR]
    named = _named_products(near, index, ranking.question.folded)
    products = named or {fold(product) for product in contact.products}
    own = {each.version for each in near if _is_for(index.articles[each.version], products)}
    open_ones = {each.article for each in contact.asked if each.solved is not True}

    def adjusted(candidate: Candidate) -> Candidate:
        article = index.articles[candidate.version]
        if candidate not in near:
            return candidate
        if candidate.version in own or (not own and article.id in open_ones):
            return candidate._replace(score=candidate.score + PREFERENCE)
        if own and article.products and not _is_for(article, products):
            return candidate._replace(score=candidate.score - PREFERENCE, head=candidate.head * STANDS_BACK)
        return candidate

    candidates = [adjusted(candidate) for candidate in ranking.candidates]
    candidates.sort(key=lambda candidate: (not candidate.own_language, -candidate.score))
    return replace(ranking, candidates=tuple(candidates))


def _is_for(article: Article, products: Collection[str]) -> bool:
    return any(fold(product) in products for product in article.products)


def _named_products(near: Sequence[Candidate], index: TenantIndex, folded: str) -> set[str]:
    """The products that the question itself names: then it does not matter what the contact has."""
    known = {fold(product) for candidate in near for product in index.articles[candidate.version].products}
    return {product for product in known if product in folded}


def reminder(
    contact: Contact | None, article: Article | None, versions: Sequence[Article], *, language: str, greeted: bool
) -> Reminder | None:
    """The newest open question of the contact, on the answered article's topic or when he only says hello.

    versions are the articles that he may see now; article is the one that answers, None when none does.
    """
    if contact is None:
        return None
    for former in sorted(contact.asked, key=lambda each: each.at, reverse=True):
        shown = [version for version in versions if version.id == former.article]
        if former.solved is True or not shown:
            continue
        version = next((each for each in shown if each.language == language), shown[0])
        if greeted or (article is not None and version.category == article.category):
            return Reminder(version.id, version.title, former.at)
    return None
