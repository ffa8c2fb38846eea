"""Upkeep: tasks that arise without anybody editing, because a day has come or a tenant's articles cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from kb_index.articles.checks import findings_of_day
from kb_index.articles.findings import Finding, FindingKind, Severity
from kb_index.articles.model import Article
from kb_index.articles.stores import Refusal, Stores
from kb_index.articles.tasks.store import TaskStore
from kb_index.errors import ArticlesRefused, Problem

BY_THE_DAY = (
    FindingKind.CONTRADICTION,
    FindingKind.PLACEHOLDER,
    FindingKind.EXPIRED,
    FindingKind.REVIEW,
    FindingKind.BROKEN_LINK,
)
"""Findings that need no comparison of questions, which is what takes long; tasks of other kinds are left alone."""


def open_tasks(
    stores: Stores,
    *,
    day: date,
    now: datetime,
    refused: Mapping[str, Refusal],
    published: Callable[[str], Sequence[Article]],
) -> int:
    """Open and close what the day and the refusals call for, of every tenant; returns how many were opened.

    `published` gives what was published last of a tenant that is refused. Raises DatabaseUnavailable.
    """
    opened = 0
    for tenant in sorted(stores.tenants):
        tasks = TaskStore(tenant, stores.database)
        refusal = refused.get(tenant)
        told = [] if refusal is None else [_told(tenant, each, published(tenant)) for each in refusal.problems]
        opened += tasks.follow(told, now=now, kinds=[FindingKind.REFUSED]).opened
        if refusal is None:
            with suppress(ArticlesRefused, OSError):  # since a moment ago: the next look at the articles tells it
                found = findings_of_day(stores.tenant(tenant).read().articles, day)
                opened += tasks.follow(found, now=now, kinds=BY_THE_DAY).opened
    return opened


def _told(tenant: str, problem: Problem, published: Sequence[Article]) -> Finding:
    """A problem for the owner of the article that its file was, or for nobody in particular."""
    path = Path(problem.path)
    article, language = (path.stem, path.parent.name) if path.suffix == ".md" else ("", "")
    owner = next((each.owner for each in published if (each.id, each.language) == (article, language)), "")
    message = f"{problem}; until then all articles of {tenant!r} stay as they were published last"
    evidence = {"file": problem.path, "line": problem.line}
    subject = f"{problem.path}:{problem.message}"
    return Finding(FindingKind.REFUSED, Severity.ERROR, article, language, owner, subject, message, evidence)
