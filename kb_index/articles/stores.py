"""One contract for articles in files and in the database, and the choice between them by the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kb_index.articles.categories import Category
from kb_index.articles.file_store import FileStore
from kb_index.articles.lifecycle import Change, Kept, Revision
from kb_index.articles.model import Article, Source
from kb_index.articles.store import DatabaseStore
from kb_index.articles.wanted import Page, Wanted
from kb_index.database import Database
from kb_index.errors import ArticlesRefused, DatabaseUnavailable, Problem, UnknownTenant
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

    def taken_back(self, published: Sequence[Article]) -> list[Article]:
        """Those of what was published before that are surely not published any more, although something is wrong."""

    def apply(self, change: Change) -> Kept:
        """Carry out a change; raises ArticleChanged, ArticleExists, IllegalStep, UnknownArticle, OperationReused."""

    def set_categories(self, categories: Sequence[Category]) -> None:
        """Replace the list of categories."""


@dataclass(frozen=True)
class Refusal:
    """Why a tenant's articles could not be read; `passing` is what may be over without anybody editing an article."""

    problems: tuple[Problem, ...]
    passing: bool = False


@dataclass(frozen=True)
class Reading:
    """What is published by every tenant that could be read, in order of their names, and why others could not."""

    sources: tuple[Source, ...]
    refused: Mapping[str, Refusal]


@dataclass(frozen=True)
class Stores:
    """The store of each tenant of the settings."""

    tenants: Mapping[str, Path | str]
    database: Database
    remembered: dict[str, dict[Any, Any]] = field(default_factory=dict, repr=False, compare=False)
    """By tenant what was read before, so that after an edit only what was edited is read again."""

    @classmethod
    def of(cls, settings: Settings) -> Stores:
        return cls(settings.tenants, Database(settings.database))

    def tenant(self, name: str) -> ArticleStore:
        """Raises UnknownTenant."""
        place = self.tenants.get(name)
        if place is None:
            raise UnknownTenant(name)
        known = self.remembered.setdefault(name, {})
        if isinstance(place, Path):
            return FileStore(name, place, remembered=known)
        return DatabaseStore(name, self.database, remembered=known)

    def read_all(self) -> Reading:
        """Everything that is published; what is wrong with one tenant's articles is no other one's trouble."""
        sources: list[Source] = []
        refused: dict[str, Refusal] = {}
        for name in sorted(self.tenants):
            try:
                sources.append(self.tenant(name).read())
            except ArticlesRefused as error:
                refused[name] = Refusal(error.problems)
            except DatabaseUnavailable as error:
                refused[name] = Refusal((Problem("the database", 0, str(error)),), passing=True)
            except OSError as error:
                what = f"cannot be read ({error.strerror}): let this program read it, it looks again by itself"
                refused[name] = Refusal((Problem(str(error.filename or self.tenants[name]), 0, what),), passing=True)
        return Reading(tuple(sources), refused)
