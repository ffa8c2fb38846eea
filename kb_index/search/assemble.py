"""Assembling: from articles to everything that a search reads, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kb_index.articles.chunking import Passage, embedded_text, passages_of
from kb_index.articles.model import Article
from kb_index.index.embedding import Matrix
from kb_index.index.lexical import Lexical
from kb_index.index.vectors import FlatVectors
from kb_index.search.heads import ArticleHead
from kb_index.search.retriever import TenantIndex, article_names, documents_of
from kb_index.text.folding import fold

Embed = Callable[[Sequence[str]], Matrix]


def assemble(
    articles: Sequence[Article], background: Sequence[str], *, embed: Embed, earlier: TenantIndex | None = None
) -> TenantIndex:
    """Index articles in memory; background questions become the head's "none of these".

    earlier, an index of nearly the same articles, lends what need not be learned again for an edit.
    """
    passages = different_passages(articles)
    texts = [embedded_text(passage, articles) for passage in passages]
    others = [fold(text) for text in background]
    vectors, other_vectors = embed(texts), embed(others)
    if not len(texts):
        vectors = np.zeros((0, other_vectors.shape[1]), np.float32)
    names = {name: number for number, name in enumerate(article_names(articles))}
    labels = [names[articles[passage.version].id] for passage in passages]
    head = ArticleHead.train(
        [*texts, *others],
        np.vstack([vectors, other_vectors]) if len(others) else vectors,
        np.array(labels + [len(names)] * len(others), dtype=np.int64),
        np.array([passage.asks for passage in passages] + [True] * len(others)),
        articles=len(names),
        earlier=None if earlier is None else earlier.head,
    )
    return TenantIndex(
        articles=articles,
        passages=passages,
        vectors=FlatVectors.of(vectors),
        background=other_vectors,
        lexical=Lexical.build(documents_of(articles, passages)),
        head=head,
    )


def different_passages(articles: Sequence[Article]) -> list[Passage]:
    """The passages of all articles, without empty ones and those that say the same as another of their article."""
    seen: set[tuple[int, bool, str]] = set()
    kept: list[Passage] = []
    for passage in passages_of(articles):
        key = (passage.version, passage.asks, fold(passage.text))
        if key[2] and key not in seen:
            seen.add(key)
            kept.append(passage)
    return kept
