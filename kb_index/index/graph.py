"""A graph of neighbours (HNSW): quick on a million vectors, dear to build, and exact when a filter is narrow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from kb_index.index.embedding import Matrix, Vector
from kb_index.index.vectors import Choices, Chosen, Rows, Scores, found_rows, nothing_found, read_mapped

_Search: Any = vars(faiss)["SearchParametersHNSW"]  # which faiss's own type stubs have forgotten

LINKS = 32
BUILT_WITH = 200
"""Candidates that are looked at for each new vector's links."""

NARROW = 16
"""Below one chosen row in so many the graph mostly leads to rows that are not chosen: all are compared instead."""


class GraphVectors:
    """FAISS's HNSW over floats."""

    kind = "hnsw"

    def __init__(self, index: Any, *, ef: int) -> None:
        self.ef = ef
        self._index = index
        self._every = faiss.downcast_index(index.storage)
        self._choices = Choices()

    @classmethod
    def of(cls, matrix: Matrix, *, ef: int) -> GraphVectors:
        index = faiss.IndexHNSWFlat(matrix.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = BUILT_WITH
        index.add(matrix)
        return cls(index, ef=ef)

    @classmethod
    def open(cls, path: Path, parameters: Mapping[str, int]) -> GraphVectors:
        return cls(read_mapped(path), ef=int(parameters["ef"]))

    def looking_at(self, ef: int) -> GraphVectors:
        """The same graph, searched with more or fewer candidates."""
        return GraphVectors(self._index, ef=ef)

    @property
    def parameters(self) -> Mapping[str, int]:
        return {"ef": self.ef, "links": LINKS}

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, vector: Vector, count: int, *, chosen: Chosen) -> tuple[Rows, Scores]:
        choice = self._choices.of(chosen, rows=len(self))
        wanted = min(count, choice.count)
        if wanted == 0:
            return nothing_found()
        if choice.count * NARROW >= len(self):
            search = _Search(sel=choice.selector, efSearch=max(self.ef, 2 * wanted))
            rows, cosines = found_rows(*self._index.search(vector[np.newaxis], wanted, params=search))
            if len(rows) >= wanted:
                return rows, cosines
        every = faiss.SearchParameters(sel=choice.selector)  # type: ignore[call-arg]
        return found_rows(*self._every.search(vector[np.newaxis], wanted, params=every))

    def at(self, rows: Rows) -> Matrix:
        return np.asarray(self._every.reconstruct_batch(rows))

    def write(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))
