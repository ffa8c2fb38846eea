"""Editing: each verb with what must happen around it: checks before publishing, tasks and withdrawing after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kb_index.articles.categories import unknown_category
from kb_index.articles.checks import Key, review
from kb_index.articles.duplicates import Embed
from kb_index.articles.fields import read_fields
from kb_index.articles.findings import OF_PUBLISHED, Finding, FindingKind, Severity
from kb_index.articles.lifecycle import Change, Kept, Verb, in_state
from kb_index.articles.model import Article, Audience, State
from kb_index.articles.stores import ArticleStore, Stores
from kb_index.articles.tasks.store import Followed, TaskStore
from kb_index.errors import ArticleInvalid, PublishingRefused

TWO_SIDED = (FindingKind.CONTRADICTION, FindingKind.SAME_QUESTION, FindingKind.BROKEN_LINK)
"""Findings whose cause can be removed by a change of another article."""

BY_MEANING = (FindingKind.NEAR_DUPLICATE,)
"""The same, but only a model that embeds can tell whether it was removed."""


@dataclass(frozen=True)
class Edited:
    """An article after a change, and what the checks found in what customers see now."""

    kept: Kept
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Desk:
    """What editing needs: the stores, today's day, how to hide an article at once, and how to compare questions."""

    stores: Stores
    day: Callable[[], date]
    withdraw: Callable[[str, str, str], None]
    embed: Callable[[], Embed | None] = lambda: None
    """Gives what embeds questions, or None while no model is loaded: then only their letters are compared."""

    def carry_out(self, change: Change, *, accept: bool = False) -> Edited:
        """Any verb; raises PublishingRefused when errors were found that were not accepted, and what apply raises."""
        store = self.stores.tenant(change.tenant)
        if change.verb is Verb.PUBLISH:
            return self._publish(store, change, accept=accept)
        kept = store.apply(change)
        if change.verb in (Verb.RETIRE, Verb.DELETE):
            # After the store has let go of it, or the next index could bring it back.
            self.withdraw(change.tenant, change.id, change.language)
            self._follow(change.tenant, store.read().articles, {(change.id, change.language)}, change.at)
        return Edited(kept)

    def _publish(self, store: ArticleStore, change: Change, *, accept: bool) -> Edited:
        newest = store.one(change.id, change.language)
        before = store.read().articles
        key = (change.id, change.language)
        findings: list[Finding] = []
        article = in_state(newest.article, State.PUBLISHED)
        after = [each for each in before if (each.id, each.language) != key] + [article]
        if newest.revision == change.revision:
            findings = review(after, self.day(), self.embed(), only={key})
            errors = [each for each in findings if each.severity is Severity.ERROR]
            if errors and not accept:
                raise PublishingRefused([each.message for each in errors])
        kept = store.apply(change)
        if any((each.id, each.language) == key and _narrowed(each, article) for each in before):
            self.withdraw(change.tenant, change.id, change.language)
        self._follow(change.tenant, after, {key}, change.at, known=findings)
        return Edited(kept, tuple(findings))

    def _follow(
        self,
        tenant: str,
        articles: Sequence[Article],
        changed: set[Key],
        now: datetime,
        *,
        known: Sequence[Finding] = (),
    ) -> None:
        """Open and close tasks of what was changed, and of what the change may have repaired."""
        tasks, embed = TaskStore(tenant, self.stores.database), self.embed()
        there = {(each.id, each.language) for each in articles} & changed
        every = None if embed is not None or not there else [kind for kind in FindingKind if kind not in BY_MEANING]
        tasks.follow(known, now=now, of=changed, kinds=every)
        others = tasks.involved(TWO_SIDED) - changed
        if others:
            found = [each for each in review(articles, self.day(), None, only=others) if each.kind in TWO_SIDED]
            tasks.follow(found, now=now, of=others, kinds=TWO_SIDED)
        alike = tasks.involved(BY_MEANING, with_article={article for article, _ in changed}) - changed
        if alike and embed is not None:
            found = [each for each in review(articles, self.day(), embed, only=alike) if each.kind in BY_MEANING]
            tasks.follow(found, now=now, of=alike, kinds=BY_MEANING)

    def review_all(self, tenant: str, *, now: datetime) -> tuple[list[Finding], Followed]:
        """All checks over everything that is published, and the tasks that follow from them."""
        findings = review(self.stores.tenant(tenant).read().articles, self.day(), self.embed())
        return findings, TaskStore(tenant, self.stores.database).follow(findings, now=now, kinds=OF_PUBLISHED)


def _narrowed(before: Article, after: Article) -> bool:
    """Whether customers could read an article that is for agents from now on."""
    return before.audience is Audience.PUBLIC and after.audience is Audience.AGENTS


def checked_article(store: ArticleStore, tenant: str, values: Mapping[str, Any]) -> Article:
    """The draft that the fields make; raises ArticleInvalid with every problem of every field."""
    wrong: list[tuple[str, str]] = []
    article = read_fields({**values, "state": "draft"}, tenant=tenant, report=lambda *each: wrong.append(each))
    message = unknown_category(article.category, store.categories())
    if message is not None and not any(field == "category" for field, _ in wrong):
        wrong.append(("category", message))
    if wrong:
        raise ArticleInvalid(wrong)
    return article
