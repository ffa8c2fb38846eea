"""Where the passages' vectors are searched; every way to keep them has this one shape."""

from __future__ import annotations

from typing import Any, Protocol

import faiss
import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Matrix, Vector

Scores = npt.NDArray[np.float32]
Chosen = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

faiss.omp_set_num_threads(1)


class Vectors(Protocol):
    """Unit vectors of one tenant's passages; row i is passage i."""

    @property
    def dimension(self) -> int: ...

    def __len__(self) -> int: ...

    def nearest(self, vector: Vector, count: int, *, chosen: Chosen) -> tuple[Rows, Scores]:
        """At most count of the chosen passages (one flag per passage), best first, with their cosines."""

    def content(self) -> bytes:
        """What a generation keeps of it."""


class FlatVectors:
    """Every vector is compared: exact, and fast enough up to some twenty thousand."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def of(cls, matrix: Matrix) -> FlatVectors:
        index = faiss.IndexFlatIP(matrix.shape[1])
        index.add(matrix)
        return cls(index)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, vector: Vector, count: int, *, chosen: Chosen) -> tuple[Rows, Scores]:
        selector = faiss.IDSelectorBatch(np.flatnonzero(chosen))
        search = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        cosines, rows = self._index.search(vector[np.newaxis], min(count, len(self)), params=search)
        found = rows[0] >= 0
        return rows[0][found], cosines[0][found]

    def content(self) -> bytes:
        return faiss.serialize_index(self._index).tobytes()

    @classmethod
    def restore(cls, content: bytes) -> FlatVectors:
        return cls(faiss.deserialize_index(np.frombuffer(content, np.uint8)))
