"""BM25 over one tenant's texts, stored as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import bm25s
import numpy as np
import numpy.typing as npt


class Lexical:
    """Immutable BM25 index; document numbers are positions in the list it was built from."""

    def __init__(self, index: bm25s.BM25, idf: Mapping[str, float]) -> None:
        self._index = index
        self._idf = dict(idf)
        self._rarest = max(self._idf.values(), default=1.0)

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]]) -> Lexical:
        """Index tokenised documents; an empty document never matches."""
        index = bm25s.BM25(k1=1.2, b=0.4)
        # The library cannot index nothing at all; a word that nobody can ask for stands for it.
        index.index([list(document) for document in documents] if any(documents) else [[""]], show_progress=False)
        index.scores["num_docs"] = len(documents)
        frequency: dict[str, int] = {}
        for document in documents:
            for token in set(document):
                frequency[token] = frequency.get(token, 0) + 1
        count = len(documents)
        return cls(index, {token: float(np.log1p(count / found)) for token, found in frequency.items()})

    def scores(self, tokens: Sequence[str]) -> npt.NDArray[np.float32]:
        """BM25 of every document for the query tokens; unknown tokens count nothing."""
        known = [token for token in tokens if token in self._idf]
        if not known:
            return np.zeros(self._index.scores["num_docs"], dtype=np.float32)
        return np.asarray(self._index.get_scores(known), dtype=np.float32)

    def weight(self, token: str) -> float:
        """How telling a token is; one never seen tells as much as the rarest."""
        return self._idf.get(token, self._rarest)

    def knows(self, token: str) -> bool:
        return token in self._idf

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything needed to restore the index, without pickles."""
        scores = self._index.scores
        vocabulary = sorted(self._idf, key=self._index.vocab_dict.__getitem__)
        return {
            "data": scores["data"],
            "indices": scores["indices"],
            "indptr": scores["indptr"],
            "documents": np.array([scores["num_docs"]]),
            "token_ids": np.array([self._index.vocab_dict[token] for token in vocabulary], dtype=np.int64),
            "tokens": np.array(vocabulary, dtype=np.str_),
            "idf": np.array([self._idf[token] for token in vocabulary], dtype=np.float64),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Lexical:
        index = bm25s.BM25(k1=1.2, b=0.4)
        index.scores = {
            "data": arrays["data"],
            "indices": arrays["indices"],
            "indptr": arrays["indptr"],
            "num_docs": int(arrays["documents"][0]),
        }
        words = [str(token) for token in arrays["tokens"]]
        index.vocab_dict = dict(zip(words, (int(i) for i in arrays["token_ids"]), strict=True))
        index.nonoccurrence_array = None
        index.unique_token_ids_set = set(index.vocab_dict.values())
        return cls(index, dict(zip(words, (float(value) for value in arrays["idf"]), strict=True)))
