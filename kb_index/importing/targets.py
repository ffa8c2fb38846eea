"""Where articles go: a folder of Markdown files, or the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import yaml

from kb_index.articles.categories import CATEGORIES_FILE, Category, read_categories
from kb_index.articles.files import parse_article, read_all
from kb_index.articles.lifecycle import Change, Kept, Verb, in_state
from kb_index.articles.model import LANGUAGES, Article, State, plain
from kb_index.articles.store import DatabaseStore
from kb_index.articles.wanted import Wanted
from kb_index.database import Database
from kb_index.errors import ArticlesRefused, Problem
from kb_index.importing.ledger import write_whole

ACTOR = "import"
SUBFOLDER = "imported"
Key = tuple[str, str]


class Target(Protocol):
    """The articles of one tenant that an import may add to."""

    keeps_served: bool
    """Whether customers go on reading the published version while a newer draft waits."""

    def existing(self) -> dict[Key, Article]:
        """All articles by (id, language) with their newest content."""

    def categories(self) -> list[Category]: ...

    def save(self, article: Article, *, why: str) -> None:
        """Create or replace an article as one step, in the state that it says."""


class FolderTarget:
    """A tenant's folder: one file for each article, whole or not at all."""

    keeps_served = False

    def __init__(self, tenant: str, folder: Path) -> None:
        self._tenant = tenant
        self._folder = folder
        self._paths: dict[Key, Path] = {}

    def existing(self) -> dict[Key, Article]:
        if not self._folder.exists():
            return {}
        articles, _ = read_all(self._tenant, self._folder)
        for language in LANGUAGES:
            for path in sorted((self._folder / language).rglob("*.md")):
                self._paths[path.stem, language] = path
        return {(article.id, article.language): article for article in articles}

    def categories(self) -> list[Category]:
        categories, problems = read_categories(self._folder / CATEGORIES_FILE)
        if problems:
            raise ArticlesRefused(problems)
        return categories

    def save(self, article: Article, *, why: str) -> None:
        """The id was checked, so it cannot lead out of the folder; a link instead of the folder is refused."""
        place = self._folder / article.language / SUBFOLDER
        path = self._paths.get((article.id, article.language), place / f"{article.id}.md")
        if path.is_symlink() or not path.parent.resolve().is_relative_to(self._folder.resolve()):
            raise ArticlesRefused([Problem(str(path), 1, "leads out of the folder of the articles: remove the link")])
        content = file_of(article, why=why)
        again, problems = parse_article(content, path=path, tenant=self._tenant, language=article.language)
        if again is None:
            raise ArticlesRefused(problems)
        write_whole(path, content)
        self._paths[article.id, article.language] = path


class DatabaseTarget:
    """A tenant's rows in the database; every save is a revision in the article's history."""

    keeps_served = True

    def __init__(self, tenant: str, database: Database) -> None:
        self._tenant = tenant
        self._store = DatabaseStore(tenant, database)
        self._revisions: dict[Key, int] = {}

    def existing(self) -> dict[Key, Article]:
        found: dict[Key, Article] = {}
        after: Key | None = None
        while True:
            page = self._store.page(Wanted(after=after, limit=500))
            for kept in page.articles:
                after = (kept.article.id, kept.article.language)
                found[after] = kept.article
                self._revisions[after] = kept.revision
            if not page.more:
                return found

    def categories(self) -> list[Category]:
        return self._store.categories()

    def save(self, article: Article, *, why: str) -> None:
        """Create or edit, then publish or retire; raises ArticleChanged when somebody was faster."""
        key = (article.id, article.language)
        if key not in self._revisions:
            self._step(Verb.CREATE, article, why)
        elif article.state is not State.RETIRED:
            self._step(Verb.EDIT, article, why)
        last = {State.PUBLISHED: Verb.PUBLISH, State.RETIRED: Verb.RETIRE}.get(article.state)
        if last is not None:
            self._step(last, article, why)

    def _step(self, verb: Verb, article: Article, why: str) -> Kept:
        key = (article.id, article.language)
        kept = self._store.apply(
            Change(
                verb=verb,
                tenant=self._tenant,
                id=article.id,
                language=article.language,
                actor=ACTOR,
                at=datetime.now(UTC),
                why=why,
                revision=self._revisions.get(key),
                article=in_state(article, State.DRAFT) if verb in (Verb.CREATE, Verb.EDIT) else None,
            )
        )
        self._revisions[key] = kept.revision
        return kept


def file_of(article: Article, *, why: str) -> bytes:
    """The article as a file with front matter; where it came from stands there as a comment."""
    values: dict[str, Any] = {key: value for key, value in plain(article).items() if value is not None}
    answer = values.pop("answer")
    values.pop("tenant")
    for day in ("valid_from", "valid_to", "review_by"):
        if day in values:
            values[day] = getattr(article, day)
    header = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=1 << 20, default_flow_style=False)
    comment = " ".join(why.split())
    return f"---\n# {comment}\n{header}---\n{answer}\n".encode()


def target_of(place: Path | str, tenant: str, *, database: str) -> Target:
    """The folder, or the tenant's rows when the place is "database"."""
    if place == "database":
        return DatabaseTarget(tenant, Database(database))
    return FolderTarget(tenant, Path(place))


def ordered(articles: dict[Key, Article]) -> Sequence[Article]:
    """The articles that are not retired, in a stable order."""
    return [article for _, article in sorted(articles.items()) if article.state is not State.RETIRED]
