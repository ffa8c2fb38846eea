"""What an editor's list shows: filters, and one page of what matches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kb_index.articles.lifecycle import Kept
from kb_index.articles.model import Article, Audience, State


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Filters that must all match; `after` is the (id, language) that the page before ended with."""

    state: State | None = None
    language: str | None = None
    category: str | None = None
    tag: str | None = None
    product: str | None = None
    audience: Audience | None = None
    owner: str | None = None
    text: str | None = None
    review_before: date | None = None
    after: tuple[str, str] | None = None
    limit: int = 50

    def matches(self, article: Article) -> bool:
        """Whether an article is wanted; a category includes what is below it, a text is part of title or id."""
        below = f"{self.category}/"
        words = (self.text or "").casefold()
        return (
            self.state in (None, article.state)
            and self.language in (None, article.language)
            and (self.category in (None, article.category) or article.category.startswith(below))
            and (self.tag is None or self.tag in article.tags)
            and (self.product is None or self.product in article.products)
            and self.audience in (None, article.audience)
            and self.owner in (None, article.owner)
            and (words in article.title.casefold() or words in article.id)
            and (self.review_before is None or article.review_by < self.review_before)
            and (self.after is None or (article.id, article.language) > self.after)
        )


@dataclass(frozen=True)
class Page:
    """What one look at the list gives; `more` tells whether there is another page."""

    articles: tuple[Kept, ...]
    more: bool
