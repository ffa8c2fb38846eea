"""The store over the database: all SQL of articles. Every statement names the tenant."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from kb_index.articles import tables
from kb_index.articles.categories import Category
from kb_index.articles.lifecycle import Change, Kept, Revision, Verb, after, in_state, served_after
from kb_index.articles.model import Article, Source, State, article_of, plain
from kb_index.articles.wanted import Page, Wanted
from kb_index.database import Database
from kb_index.errors import ArticleChanged, ArticleExists, OperationReused, UnknownArticle

A = tables.articles.c
R = tables.revisions.c
C = tables.categories.c
O = tables.operations.c  # noqa: E741


Remembered = dict[tuple[Any, ...], Article]
"""What was read before, by id, language and revision: a revision never says anything else."""

NAMED = 100
"""Up to so many articles are asked for by name; of more all are read."""


class DatabaseStore:
    """One tenant's rows."""

    def __init__(self, tenant: str, database: Database, *, remembered: Remembered | None = None) -> None:
        self._tenant = tenant
        self._database = database
        self._remembered: Remembered = {} if remembered is None else remembered

    def read(self) -> Source:
        """What is published; the database accepts only what was checked, so nothing is refused here."""
        heads = sa.select(A.id, A.language, A.served).where(A.tenant == self._tenant, A.served.is_not(None))
        digest = hashlib.sha256()
        known, found = dict(self._remembered), Remembered()
        with self._database.read() as connection:
            served = [tuple(row) for row in connection.execute(heads.order_by(A.language, A.id))]
            missing = [key for key in served if key not in known]
            fresh = self._contents(connection, missing) if missing else {}
        for key in served:
            digest.update("".join(f"{part}\0" for part in key).encode())
            article = known.get(key) or fresh.get(key)
            if article is not None:
                found[key] = article
        self._remembered.clear()
        self._remembered.update(found)
        return Source(tenant=self._tenant, articles=tuple(found.values()), digest=digest.hexdigest())

    def _contents(self, connection: sa.Connection, missing: Sequence[tuple[Any, ...]]) -> Remembered:
        """What revisions say, by (id, language, revision): the few by their keys, or all that are published."""
        same = (R.tenant == A.tenant) & (R.id == A.id) & (R.language == A.language) & (R.revision == A.served)
        chosen = sa.select(A.id, A.language, A.served, R.content).join(tables.revisions, same)
        chosen = chosen.where(A.tenant == self._tenant)
        if len(missing) <= NAMED:
            chosen = chosen.where(sa.or_(*((A.id == key[0]) & (A.language == key[1]) for key in missing)))
        return {
            (row.id, row.language, row.served): in_state(article_of(row.content), State.PUBLISHED)
            for row in connection.execute(chosen)
            if row.content is not None
        }

    def taken_back(self, published: Sequence[Article]) -> list[Article]:  # noqa: ARG002
        """Nothing is known while the database is away."""
        return []

    def page(self, wanted: Wanted) -> Page:
        chosen = _newest().where(A.tenant == self._tenant, *_conditions(wanted))
        chosen = chosen.order_by(A.id, A.language).limit(wanted.limit + 1)
        with self._database.read() as connection:
            rows = list(connection.execute(chosen))
        return Page(tuple(_kept(row) for row in rows[: wanted.limit]), more=len(rows) > wanted.limit)

    def one(self, article: str, language: str) -> Kept:
        with self._database.read() as connection:
            row = self._head(connection, article, language)
        if row is None:
            raise UnknownArticle(self._tenant, f"{article} ({language})")
        return _kept(row)

    def history(self, article: str, language: str) -> list[Revision]:
        chosen = (
            sa.select(R.revision, R.state, R.action, R.actor, R.why, R.at)
            .where(*self._steps_of(article, language))
            .order_by(R.revision.desc())
        )
        with self._database.read() as connection:
            rows = list(connection.execute(chosen))
        if not rows:
            raise UnknownArticle(self._tenant, f"{article} ({language})")
        return [Revision(row.revision, State(row.state), row.action, row.actor, row.why, row.at, None) for row in rows]

    def revision(self, article: str, language: str, number: int) -> Revision:
        with self._database.read() as connection:
            found = self._step(connection, article, language, number)
        if found is None:
            raise UnknownArticle(self._tenant, f"{article} ({language}) at revision {number}")
        return found

    def categories(self) -> list[Category]:
        chosen = sa.select(C.path, C.titles).where(C.tenant == self._tenant).order_by(C.path)
        with self._database.read() as connection:
            return [Category(row.path, row.titles) for row in connection.execute(chosen)]

    def set_categories(self, categories: Sequence[Category]) -> None:
        rows = [
            {"tenant": self._tenant, "path": category.path, "titles": dict(category.titles)} for category in categories
        ]
        with self._database.write() as connection:
            connection.execute(sa.delete(tables.categories).where(C.tenant == self._tenant))
            if rows:
                connection.execute(sa.insert(tables.categories), rows)

    def apply(self, change: Change) -> Kept:
        """One transaction: the step, the head, and the op that makes a repetition harmless."""
        if change.tenant != self._tenant:
            raise UnknownArticle(self._tenant, change.id)
        try:
            with self._database.write() as connection:
                done = self._done_before(connection, change)
                return done if done is not None else self._carry_out(connection, change)
        except sa.exc.IntegrityError as error:  # another process wrote the same key between our look and our write
            newest = self.one(change.id, change.language)
            if change.verb is Verb.CREATE:
                raise ArticleExists(change.id, change.language) from error
            raise _changed(change, newest.revision, newest.changed_by) from error

    def _carry_out(self, connection: sa.Connection, change: Change) -> Kept:
        head = self._head(connection, change.id, change.language)
        _check_basis(self._tenant, change, head)
        state = after(State(head.state) if head is not None else None, change.verb)
        number = self._last_number(connection, change) + 1
        content = in_state(self._content(connection, change, head), state)
        served = served_after(change.verb, revision=number, served=head.served if head is not None else None)
        kept = Kept(content, number, served, change.actor, change.at)
        deletes = change.verb is Verb.DELETE
        connection.execute(sa.insert(tables.revisions).values(_step_row(change, kept, keep_content=not deletes)))
        if deletes:
            self._forget(connection, change)
        elif head is None:
            connection.execute(sa.insert(tables.articles).values(_head_row(kept)))
        else:
            held = self._rows_of(change.id, change.language)
            moved = sa.update(tables.articles).where(*held, A.revision == head.revision).values(_head_row(kept))
            if connection.execute(moved).rowcount != 1:
                raise _changed(change, head.revision, head.changed_by)
        if change.op is not None:
            self._record(connection, change, number)
        return kept

    def _content(self, connection: sa.Connection, change: Change, head: Any) -> Article:
        """What the article says after the change."""
        if change.article is not None:
            return change.article
        if change.to is None:
            return article_of(head.content)
        step = self._step(connection, change.id, change.language, change.to)
        if step is None or step.article is None:
            raise UnknownArticle(self._tenant, f"{change.id} ({change.language}) at revision {change.to}")
        return step.article

    def _forget(self, connection: sa.Connection, change: Change) -> None:
        """Contents go, who did what and when stays."""
        steps = self._steps_of(change.id, change.language)
        connection.execute(sa.update(tables.revisions).where(*steps).values(content=None))
        connection.execute(sa.delete(tables.articles).where(*self._rows_of(change.id, change.language)))

    def _done_before(self, connection: sa.Connection, change: Change) -> Kept | None:
        if change.op is None:
            return None
        chosen = sa.select(O.fingerprint, O.revision).where(O.tenant == self._tenant, O.op == change.op)
        row = connection.execute(chosen).first()
        if row is None:
            return None
        if row.fingerprint != change.fingerprint:
            raise OperationReused(change.op)
        head = self._head(connection, change.id, change.language)
        step = self._step(connection, change.id, change.language, row.revision)
        if step is None or step.article is None:  # it was deleted since, or this was the deletion
            emptied = change.article or _emptied(change)
            return Kept(in_state(emptied, State.RETIRED), row.revision, None, change.actor, change.at)
        served = head.served if head is not None else None
        return Kept(step.article, row.revision, served, step.actor, step.at)

    def _record(self, connection: sa.Connection, change: Change, number: int) -> None:
        row = {
            "tenant": self._tenant,
            "op": change.op,
            "fingerprint": change.fingerprint,
            "id": change.id,
            "language": change.language,
            "revision": number,
            "at": change.at,
        }
        connection.execute(sa.insert(tables.operations).values(row))

    def _head(self, connection: sa.Connection, article: str, language: str) -> Any:
        return connection.execute(_newest().where(*self._rows_of(article, language))).first()

    def _step(self, connection: sa.Connection, article: str, language: str, number: int) -> Revision | None:
        chosen = sa.select(tables.revisions).where(*self._steps_of(article, language), R.revision == number)
        row = connection.execute(chosen).first()
        if row is None:
            return None
        content = article_of(row.content) if row.content is not None else None
        return Revision(row.revision, State(row.state), row.action, row.actor, row.why, row.at, content)

    def _last_number(self, connection: sa.Connection, change: Change) -> int:
        steps = self._steps_of(change.id, change.language)
        return connection.execute(sa.select(sa.func.max(R.revision)).where(*steps)).scalar() or 0

    def _rows_of(self, article: str, language: str) -> list[sa.ColumnElement[bool]]:
        return [A.tenant == self._tenant, A.id == article, A.language == language]

    def _steps_of(self, article: str, language: str) -> list[sa.ColumnElement[bool]]:
        return [R.tenant == self._tenant, R.id == article, R.language == language]


def _newest() -> sa.Select[Any]:
    """Heads with their newest content."""
    same = (R.tenant == A.tenant) & (R.id == A.id) & (R.language == A.language) & (R.revision == A.revision)
    return sa.select(tables.articles, R.content).join(tables.revisions, same)


def _kept(row: Any) -> Kept:
    article = in_state(article_of(row.content), State(row.state))
    return Kept(article, row.revision, row.served, row.changed_by, row.changed_at)


def _check_basis(tenant: str, change: Change, head: Any) -> None:
    if change.verb is Verb.CREATE:
        if head is not None:
            raise ArticleExists(change.id, change.language)
        return
    if head is None:
        raise UnknownArticle(tenant, f"{change.id} ({change.language})")
    if change.revision != head.revision:
        raise _changed(change, head.revision, head.changed_by)


def _changed(change: Change, newest: int, by: str) -> ArticleChanged:
    return ArticleChanged(change.id, change.language, based_on=change.revision, newest=newest, by=by)


def _emptied(change: Change) -> Article:
    """What is left to say of an article that was deleted."""
    values = {"tenant": change.tenant, "id": change.id, "language": change.language, "answer": "", "title": ""}
    day = change.at.date().isoformat()
    more = {"category": "", "owner": "", "audience": "agents", "valid_from": day, "review_by": day, "valid_to": None}
    return article_of({**values, **more})


def _head_row(kept: Kept) -> dict[str, Any]:
    article = kept.article
    labels = [*(f"tag:{tag}" for tag in article.tags), *(f"product:{product}" for product in article.products)]
    return {
        "tenant": article.tenant,
        "id": article.id,
        "language": article.language,
        "revision": kept.revision,
        "state": str(article.state),
        "served": kept.served,
        "title": article.title,
        "category": article.category,
        "audience": str(article.audience),
        "owner": article.owner,
        "review_by": article.review_by.isoformat(),
        "labels": "".join(f"\n{label}\n" for label in labels),
        "changed_by": kept.changed_by,
        "changed_at": kept.changed_at,
    }


def _step_row(change: Change, kept: Kept, *, keep_content: bool) -> dict[str, Any]:
    return {
        "tenant": change.tenant,
        "id": change.id,
        "language": change.language,
        "revision": kept.revision,
        "state": str(kept.state),
        "action": str(change.verb) if change.to is None else f"{change.verb} to {change.to}",
        "content": plain(replace(kept.article, tenant=change.tenant)) if keep_content else None,
        "actor": change.actor,
        "why": change.why,
        "at": change.at,
    }


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """The filters of a list, as Wanted.matches has them."""
    found: list[sa.ColumnElement[bool]] = []
    equal = {A.state: wanted.state, A.language: wanted.language, A.audience: wanted.audience, A.owner: wanted.owner}
    found += [column == str(value) for column, value in equal.items() if value is not None]
    if wanted.category is not None:
        found.append((A.category == wanted.category) | A.category.startswith(f"{wanted.category}/", autoescape=True))
    for kind, label in (("tag", wanted.tag), ("product", wanted.product)):
        if label is not None:
            found.append(A.labels.contains(f"\n{kind}:{label}\n", autoescape=True))
    if wanted.text:
        words = wanted.text.casefold()
        found.append(sa.func.lower(A.title).contains(words, autoescape=True) | A.id.contains(words, autoescape=True))
    if wanted.review_before is not None:
        found.append(A.review_by < wanted.review_before.isoformat())
    if wanted.after is not None:
        article, language = wanted.after
        found.append((A.id > article) | ((A.id == article) & (A.language > language)))
    return found
