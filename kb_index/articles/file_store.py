"""The store over files: people change them with an editor and git, so here they are only read."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from kb_index.articles.categories import CATEGORIES_FILE, Category, read_categories
from kb_index.articles.fields import NAME
from kb_index.articles.files import Remembered, parse_article, read_all, read_tenant
from kb_index.articles.lifecycle import Change, Kept, Revision
from kb_index.articles.model import LANGUAGES, Article, Audience, Source, State
from kb_index.articles.wanted import Page, Wanted
from kb_index.errors import ArticlesReadOnly, ArticlesRefused, UnknownArticle

GIT_SECONDS = 10
_FIELD, _ROW = "\x1f", "\x1e"
_FILES = "files"


def _closed(before: Article, now: Article | None) -> bool:
    """Whether the file says that customers must not see the article any more."""
    if now is None:
        return False
    return now.state is not State.PUBLISHED or (before.visible_to(Audience.PUBLIC) > now.visible_to(Audience.PUBLIC))


class FileStore:
    """One tenant's folder."""

    def __init__(self, tenant: str, folder: Path, *, remembered: Remembered | None = None) -> None:
        self._tenant = tenant
        self._folder = folder
        self._remembered: Remembered = {} if remembered is None else remembered

    def read(self) -> Source:
        return read_tenant(self._tenant, self._folder, remembered=self._remembered)

    def taken_back(self, published: Sequence[Article]) -> list[Article]:
        """Whose file is gone, or says that it is no longer published, or for agents only, as far as it was read."""
        found = {(file.language, Path(name).stem): file.article for name, file in self._remembered.items()}
        if not found:  # such as a folder that is not mounted
            return []
        return [
            each
            for each in published
            if (each.language, each.id) not in found or _closed(each, found[each.language, each.id])
        ]

    def page(self, wanted: Wanted) -> Page:
        articles, _ = read_all(self._tenant, self._folder, remembered=self._remembered)
        found = sorted((each for each in articles if wanted.matches(each)), key=lambda each: (each.id, each.language))
        kept = (self._kept(article, state=article.state) for article in found[: wanted.limit])
        return Page(tuple(kept), more=len(found) > wanted.limit)

    def one(self, article: str, language: str) -> Kept:
        path = self._path(article, language)
        found, problems = parse_article(path.read_bytes(), path=path, tenant=self._tenant, language=language)
        if found is None:
            raise ArticlesRefused(problems)
        return self._kept(found, state=found.state)

    @staticmethod
    def _kept(article: Article, *, state: State) -> Kept:
        return Kept(
            article, revision=0, served=0 if state is State.PUBLISHED else None, changed_by=_FILES, changed_at=None
        )

    def history(self, article: str, language: str) -> list[Revision]:
        path = self._path(article, language)
        rows = [row.strip("\n").split(_FIELD) for row in self._log(path).split(_ROW) if row.strip()]
        steps = []
        for number, (commit, author, when, subject, *_) in zip(range(len(rows), 0, -1), rows, strict=True):
            at = datetime.fromisoformat(when)
            steps.append(Revision(number, State.PUBLISHED, f"commit {commit[:12]}", author, subject, at, None))
        return steps

    def revision(self, article: str, language: str, number: int) -> Revision:
        path = self._path(article, language)
        found = next((step for step in self.history(article, language) if step.number == number), None)
        if found is None:
            raise UnknownArticle(self._tenant, f"{article} ({language}) at revision {number}")
        content = self._git("show", f"{found.action.removeprefix('commit ')}:./{path.name}", at=path.parent)
        parsed, _ = parse_article(content.encode(), path=path, tenant=self._tenant, language=language)
        state = parsed.state if parsed is not None else found.state
        return Revision(number, state, found.action, found.actor, found.why, found.at, parsed)

    def categories(self) -> list[Category]:
        categories, problems = read_categories(self._folder / CATEGORIES_FILE)
        if problems:
            raise ArticlesRefused(problems)
        return categories

    def apply(self, change: Change) -> NoReturn:  # noqa: ARG002
        raise ArticlesReadOnly(self._tenant, str(self._folder))

    def set_categories(self, categories: Sequence[Category]) -> NoReturn:  # noqa: ARG002
        raise ArticlesReadOnly(self._tenant, str(self._folder))

    def _path(self, article: str, language: str) -> Path:
        """The file of an article; its name and the language are checked before they become part of a path."""
        if NAME.fullmatch(article) and language in LANGUAGES:
            for path in sorted((self._folder / language).rglob(f"{article}.md")):
                return path
        raise UnknownArticle(self._tenant, f"{article} ({language})")

    def _log(self, path: Path) -> str:
        return self._git("log", f"--format=%H{_FIELD}%an{_FIELD}%aI{_FIELD}%s{_ROW}", "--", path.name, at=path.parent)

    @staticmethod
    def _git(*arguments: str, at: Path) -> str:
        """What git says; nothing where there is no git or no repository, because files need neither."""
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=at, capture_output=True, text=True, timeout=GIT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            return ""
        return done.stdout if done.returncode == 0 else ""
