"""One contract for articles in files and in the database, and the choice between them by the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kb_index.articles.categories import Category
from kb_index.articles.file_store import FileStore
from kb_index.articles.lifecycle import Change, Kept, Revision
from kb_index.articles.model import Source
from kb_index.articles.store import DatabaseStore
from kb_index.articles.wanted import Page, Wanted
from kb_index.database import Database
from kb_index.errors import ArticlesRefused, Problem, UnknownTenant
from kb_index.settings import Settings


class ArticleStore(Protocol):
    """The articles of one tenant; nothing of another tenant can be reached through it."""

    def read(self) -> Source:
        """What is published, for the index; raises ArticlesRefused with every problem."""

    def page(self, wanted: Wanted) -> Page:
        """Articles in every state that match, in order of id and language."""

    def one(self, article: str, language: str) -> Kept:
        """The newest content, published or not; raises UnknownArticle."""

    def history(self, article: str, language: str) -> list[Revision]:
        """Every step, newest first, without contents; raises UnknownArticle."""

    def revision(self, article: str, language: str, number: int) -> Revision:
        """One step with its content; raises UnknownArticle."""

    def categories(self) -> list[Category]: ...

    def apply(self, change: Change) -> Kept:
        """Carry out a change; raises ArticleChanged, ArticleExists, IllegalStep, UnknownArticle, OperationReused."""

    def set_categories(self, categories: Sequence[Category]) -> None:
        """Replace the list of categories."""


@dataclass(frozen=True)
class Stores:
    """The store of each tenant of the settings."""

    tenants: Mapping[str, Path | str]
    database: Database

    @classmethod
    def of(cls, settings: Settings) -> Stores:
        return cls(settings.tenants, Database(settings.database))

    def tenant(self, name: str) -> ArticleStore:
        """Raises UnknownTenant."""
        place = self.tenants.get(name)
        if place is None:
            raise UnknownTenant(name)
        return FileStore(name, place) if isinstance(place, Path) else DatabaseStore(name, self.database)

    def read_all(self) -> list[Source]:
        """What is published by every tenant, in order of their names; raises ArticlesRefused for all at once."""
        sources: list[Source] = []
        problems: list[Problem] = []
        for name in sorted(self.tenants):
            try:
                sources.append(self.tenant(name).read())
            except ArticlesRefused as refused:
                problems.extend(refused.problems)
        if problems:
            raise ArticlesRefused(problems)
        return sources
