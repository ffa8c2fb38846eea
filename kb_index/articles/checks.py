"""The checks of a tenant's articles: `doubts` for answer time, `review` for import and publishing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from kb_index.articles.contradictions import Contradiction, Statement, contradictions, in_doubt
from kb_index.articles.duplicates import Embed, Twin, twins
from kb_index.articles.findings import Doubt, Finding, FindingKind, Severity
from kb_index.articles.model import Article
from kb_index.articles.placeholders import placeholders_in

Key = tuple[str, str]
"""An article's id and language."""

_LINK = re.compile(r"\[[^\]]*\]\(\s*(?:article:([^)\s]+)|([^):\s]+)\.md(?:#[^)]*)?)\s*\)")


def doubts(articles: Sequence[Article], day: date) -> dict[Key, list[Doubt]]:
    """Why articles of one tenant must not be answered on a day: facts that contradict, are placeholders or expired."""
    found: dict[Key, list[Doubt]] = defaultdict(list)
    for key, held in in_doubt(contradictions(articles, day)).items():
        found[key] += [_doubt_of(each, first=first) for each, first in held]
    for article in articles:
        if not article.valid_on(day):
            continue  # it is not found at all
        for field, what, text in placeholders_in(article):
            message = f"{field} holds a placeholder ({what}): {text!r}"
            found[article.id, article.language].append(Doubt(FindingKind.PLACEHOLDER, f"{field}:{text}", message))
        for name, message in _facts_without_value(article, day):
            found[article.id, article.language].append(Doubt(FindingKind.EXPIRED, f"fact:{name}", message))
    return dict(found)


def review(
    articles: Sequence[Article], day: date, embed: Embed | None = None, *, only: Collection[Key] | None = None
) -> list[Finding]:
    """Everything that the owners of one tenant's articles should look at, errors first.

    `embed` finds questions that mean the same without sharing words; with `only`, findings of these articles.
    """
    findings = [*findings_of_day(articles, day), *_duplicates(articles, twins(articles, embed=embed, only=only))]
    kept = [each for each in findings if only is None or (each.article, each.language) in only]
    return sorted(kept, key=lambda each: (each.severity is Severity.WARNING, each.article, each.language, each.subject))


def findings_of_day(articles: Sequence[Article], day: date) -> list[Finding]:
    """Everything that is found without comparing questions: what a day may bring without anybody editing."""
    findings: list[Finding] = []
    for each in contradictions(articles, day):
        findings += _contradiction(each)
    names = {article.id for article in articles}
    for article in articles:
        findings += _of_one(article, day)
        findings += _broken_links(article, names)
    return findings


def _of_one(article: Article, day: date) -> Iterator[Finding]:
    """What can be seen without another article."""
    for field, what, text in placeholders_in(article):
        message = f"{field} holds a placeholder ({what}): {text!r}; fill it in"
        yield _finding(article, FindingKind.PLACEHOLDER, Severity.ERROR, f"{field}:{text}", message)
    for name, message in _facts_without_value(article, day):
        yield _finding(article, FindingKind.EXPIRED, Severity.ERROR, f"fact:{name}", message)
    if article.valid_to is not None and article.valid_to < day:
        message = f"not valid since {article.valid_to}, so it is not answered: renew or retire it"
        yield _finding(article, FindingKind.EXPIRED, Severity.WARNING, "article", message)
    if article.review_by < day:
        message = f"was to be reviewed by {article.review_by}: read it, correct it, set a new review_by"
        yield _finding(article, FindingKind.REVIEW, Severity.WARNING, "review_by", message)


def _facts_without_value(article: Article, day: date) -> Iterator[tuple[str, str]]:
    """Facts of which no declared value is valid on the day."""
    by_name = defaultdict(list)
    for fact in article.facts:
        by_name[fact.name].append(fact)
    for name, facts in by_name.items():
        if not any(fact.valid_on(day) for fact in facts):
            ends = [fact.valid_to for fact in facts if fact.valid_to is not None and fact.valid_to < day]
            when = f"expired on {max(ends)}" if ends else "is not valid yet"
            yield name, f"fact {name!r} {when}: state its value of today"


def _broken_links(article: Article, names: Collection[str]) -> Iterator[Finding]:
    """Links to articles that are not there: [text](article:id) or [text](../zh/id.md)."""
    for hit in _LINK.finditer(article.answer):
        name = (hit[1] or hit[2]).rpartition("/")[2]
        if name not in names:
            message = f"links to article {name!r}, which is not published: correct the link"
            yield _finding(article, FindingKind.BROKEN_LINK, Severity.WARNING, name, message)


def _contradiction(found: Contradiction) -> Iterator[Finding]:
    """One finding for each side, so that either owner can repair it."""
    for mine, theirs in ((found.one, found.other), (found.other, found.one)):
        yield _finding(
            mine.article,
            FindingKind.CONTRADICTION,
            Severity.ERROR,
            f"{found.subject}|{theirs.article.language}/{theirs.article.id}",
            _says(mine, theirs),
            {"subject": found.subject, "here": _evidence(mine), "there": _evidence(theirs)},
        )
        if found.one.article is found.other.article:
            return


def _says(mine: Statement, theirs: Statement) -> str:
    if mine.article is theirs.article:
        return f"says {mine.written!r} and {theirs.written!r} about the same thing"
    where = f"{theirs.article.language}/{theirs.article.id}"
    return f"says {mine.written!r} where {where} says {theirs.written!r}: one of the two is wrong"


def _evidence(side: Statement) -> dict[str, str]:
    return {
        "article": side.article.id,
        "language": side.article.language,
        "owner": side.article.owner,
        "value": str(side.value),
        "written": side.written,
        "clause": side.clause.replace("\ue000", side.written),
    }


def _doubt_of(found: Contradiction, *, first: bool) -> Doubt:
    mine, theirs = (found.one, found.other) if first else (found.other, found.one)
    evidence = {"here": _evidence(mine), "there": _evidence(theirs)}
    return Doubt(FindingKind.CONTRADICTION, found.subject, _says(mine, theirs), evidence)


def _duplicates(articles: Sequence[Article], found: Sequence[Twin]) -> Iterator[Finding]:
    """Exact twins are errors; those that only mean the same are one warning for each pair of articles."""
    near: dict[tuple[int, int], list[Twin]] = defaultdict(list)
    for twin in found:
        if twin.similarity >= 1:
            for here, there in ((twin.one, twin.other), (twin.other, twin.one)):
                other = articles[there]
                message = f"has the question {twin.question!r}, which {other.language}/{other.id} has too: keep one"
                said = {"question": twin.question, "other": other.id}
                subject = f"{twin.question}|{other.id}"
                yield _finding(articles[here], FindingKind.SAME_QUESTION, Severity.ERROR, subject, message, said)
        else:
            near[twin.one, twin.other].append(twin)
    for (first, second), pairs in near.items():
        best = pairs[0]
        listed = [
            {"here": each.question, "there": each.other_question, "similarity": each.similarity} for each in pairs
        ]
        message = (
            f"asks almost the same as {articles[second].id!r}: {best.question!r} and {best.other_question!r} "
            f"({best.similarity:.2f}); merge them, or word them apart"
        )
        evidence = {"other": articles[second].id, "pairs": listed[:10]}
        subject = articles[second].id
        yield _finding(articles[first], FindingKind.NEAR_DUPLICATE, Severity.WARNING, subject, message, evidence)


def _finding(
    article: Article,
    kind: FindingKind,
    severity: Severity,
    subject: str,
    message: str,
    evidence: Mapping[str, object] | None = None,
) -> Finding:
    return Finding(kind, severity, article.id, article.language, article.owner, subject, message, evidence or {})
