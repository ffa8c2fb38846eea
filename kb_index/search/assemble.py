"""Assembling: from articles to everything that a search reads, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kb_index.articles.chunking import embedded_text, passages_of
from kb_index.articles.model import Article
from kb_index.index.embedding import Matrix
from kb_index.index.lexical import Lexical
from kb_index.index.vectors import FlatVectors
from kb_index.search.heads import ArticleHead
from kb_index.search.retriever import TenantIndex, article_names, documents_of
from kb_index.text.folding import fold

Embed = Callable[[Sequence[str]], Matrix]


def assemble(articles: Sequence[Article], background: Sequence[str], *, embed: Embed) -> TenantIndex:
    """Index articles in memory; background questions become the head's "none of these"."""
    passages = passages_of(articles)
    texts = [embedded_text(passage, articles) for passage in passages]
    others = [fold(text) for text in background]
    vectors, other_vectors = embed(texts), embed(others)
    names = article_names(articles)
    labels = [names.index(articles[passage.version].id) for passage in passages]
    head = ArticleHead.train(
        [*texts, *others],
        np.vstack([vectors, other_vectors]),
        np.array(labels + [len(names)] * len(others), dtype=np.int64),
        articles=len(names),
    )
    return TenantIndex(
        articles=articles,
        passages=passages,
        vectors=FlatVectors.of(vectors),
        background=other_vectors,
        lexical=Lexical.build(documents_of(articles, passages)),
        head=head,
    )
