"""Edits: what is different between an index and the articles of now, and the index that follows from it.

An edit costs what it changes, not what there is. Versions keep their places: one that says something else gets new
passages after all others and its old ones are not searched any more, one that is gone leaves its place empty. Words are
counted as if everything had been indexed anew; n-grams and centres of the article head stay as they were learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from kb_index.articles.chunking import Passage, embedded_text
from kb_index.articles.model import Article
from kb_index.index.embedding import Matrix
from kb_index.index.grown import GrownVectors
from kb_index.search.assemble import Embed, different_passages
from kb_index.search.retriever import TenantIndex
from kb_index.text.folding import fold, tokens

Key = tuple[str, str]
"""An article's id and language."""


SMALL = 2_000
"""Passages of an index that is made anew for each edit: that takes some tenths of a second."""

MOST_CHANGED = 0.1
"""Share of the articles that an edit may change; with more of them the index is made anew too."""


@dataclass(frozen=True)
class Edit:
    """Versions that are new or say something else, those that are gone, and the vectors of the former's passages."""

    changed: tuple[Article, ...]
    gone: tuple[Key, ...]
    vectors: Matrix

    @classmethod
    def between(cls, index: TenantIndex, articles: Sequence[Article], *, embed: Embed) -> Edit:
        """What leads from an index that was built whole to these articles."""
        known = {(article.id, article.language): article for article in index.articles}
        now = {(article.id, article.language): article for article in articles}
        changed = tuple(article for key, article in now.items() if known.get(key) != article)
        texts = [embedded_text(passage, changed) for passage in different_passages(changed)]
        vectors = embed(texts) if texts else np.zeros((0, index.vectors.dimension), np.float32)
        return cls(changed, tuple(key for key in known if key not in now), vectors)

    def __len__(self) -> int:
        return len(self.changed) + len(self.gone)


def suits(index: TenantIndex, edit: Edit) -> bool:
    """Whether working the edit in is worth it: the index is large, and the edit is not."""
    return len(index.passages) >= SMALL and len(edit) <= MOST_CHANGED * len(index.articles)


def edited(index: TenantIndex, edit: Edit) -> TenantIndex:
    """The index after an edit; shares nearly everything with the one before. Raises ValueError when they do not fit."""
    places = {(article.id, article.language): place for place, article in enumerate(index.articles)}
    articles = list(index.articles)
    gone = [places[key] for key in edit.gone]
    for place in gone:
        articles[place] = replace(articles[place], valid_to=date.min)
    numbers = dict(index.numbers)
    versions = []
    for article in edit.changed:
        place = places.setdefault((article.id, article.language), len(articles))
        articles[place : place + 1] = [article]
        versions.append(place)
        numbers.setdefault(article.id, len(numbers))
    new = [Passage(versions[each.version], each.kind, each.text) for each in different_passages(edit.changed)]
    if len(new) != len(edit.vectors):
        raise ValueError(f"the edit has {len(edit.vectors)} vectors for {len(new)} passages")
    passages, touched = index.passages.grown(new), {*versions, *gone}
    dead = frozenset(np.flatnonzero(np.isin(index.passages.versions, list(touched))).tolist())
    documents: dict[int, list[str]] = {version: [] for version in versions}
    for passage in new:
        documents[passage.version].extend(tokens(fold(passage.text)))
    head = index.head.grown(
        [embedded_text(passage, articles) for passage in new],
        np.array([numbers[articles[passage.version].id] for passage in new], dtype=np.int64),
        np.array([passage.asks for passage in new], dtype=np.bool_),
        articles=len(numbers),
    )
    article_of = [numbers[article.id] for article in articles]
    return TenantIndex(
        articles=articles,
        passages=passages,
        vectors=GrownVectors(index.vectors, edit.vectors),
        background=index.background,
        lexical=index.lexical.edited(documents, gone=gone, places=len(articles)),
        head=head,
        gone=gone,
        dead=dead,
        numbers=numbers,
        words=index.words.edited(passages, article_of, known=len(index.passages), touched=touched, dead=dead),
    )
