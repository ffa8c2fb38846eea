"""Inverted lists: vectors in some thousand clusters, of which a query looks into the nearest."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from kb_index.index.embedding import Matrix, Vector
from kb_index.index.vectors import Choices, Chosen, Rows, Scores, found_rows, nothing_found, read_mapped

SCALARS = {"ivf-fp16": faiss.ScalarQuantizer.QT_fp16, "ivf-sq8": faiss.ScalarQuantizer.QT_8bit}
"""Kinds that keep each figure of a vector by itself, in two bytes or in one."""

_NO_MAP = vars(faiss)["DirectMap"].NoMap  # which faiss's own type stubs have forgotten

TRAINED_ON = 40
"""Vectors per cluster that k-means sees; more cost time and move the clusters little."""

ROUNDS = 8
RESERVE = 1.5
"""How many times more rows than wanted the lists should hold that are looked into."""

PIECE_DIMENSIONS = 8
"""Dimensions that one byte of a product code stands for."""

REFINED = 8
"""For each row wanted so many are found by their product codes, and compared again by their bytes."""


class InvertedVectors:
    """FAISS's IVF over floats, halves of them, bytes, or product codes; a narrow filter widens the search."""

    def __init__(self, index: Any, kind: str, *, nprobe: int) -> None:
        self.kind = kind
        self.nprobe = nprobe
        self._index = index
        self._refined = isinstance(index, faiss.IndexRefine)
        self._lists: Any = faiss.downcast_index(index.base_index) if self._refined else index
        self._choices = Choices()
        self._placing = threading.Lock()
        self._placed = self._refined  # whose bytes lie in the order of the rows

    @classmethod
    def of(cls, matrix: Matrix, kind: str, *, nlist: int, nprobe: int) -> InvertedVectors:
        """Cluster and fill; kind is one of ivf-flat, those of SCALARS, ivf-pq. Deterministic for the same matrix."""
        dimension = matrix.shape[1]
        nlist = max(1, min(nlist, len(matrix)))
        quantizer: Any = faiss.IndexFlatIP(dimension)
        metric = faiss.METRIC_INNER_PRODUCT
        index: Any
        if kind == "ivf-flat":
            index = faiss.IndexIVFFlat(quantizer, dimension, nlist, metric)
        elif kind in SCALARS:
            index = faiss.IndexIVFScalarQuantizer(quantizer, dimension, nlist, SCALARS[kind], metric, False)
        else:
            pieces = math.gcd(dimension, max(1, dimension // PIECE_DIMENSIONS))
            bits = 8 if len(matrix) >= 256 * TRAINED_ON else max(1, int(math.log2(max(2, len(matrix) // 4))))
            index = faiss.IndexIVFPQ(quantizer, dimension, nlist, pieces, min(bits, 8), metric)
        index.cp.niter = ROUNDS
        index.cp.max_points_per_centroid = TRAINED_ON
        index.cp.min_points_per_centroid = 1
        if kind == "ivf-pq":
            index.pq.cp.niter = ROUNDS
            index.pq.cp.max_points_per_centroid = TRAINED_ON
            index.pq.cp.min_points_per_centroid = 1
            exact: Any = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_8bit, metric)
            exact.train(matrix)
            whole = faiss.IndexRefine(index, exact)
            index.this.own(False)  # `whole` frees both now
            exact.this.own(False)
            whole.own_fields = whole.own_refine_index = True
        else:
            whole = index
        index.own_fields = True  # the clusters' centres belong to the index, and outlive this function
        quantizer.this.own(False)
        whole.train(matrix)
        whole.add(matrix)
        return cls(whole, kind, nprobe=min(nprobe, nlist))

    @classmethod
    def open(cls, path: Path, kind: str, parameters: Mapping[str, int]) -> InvertedVectors:
        return cls(read_mapped(path), kind, nprobe=int(parameters["nprobe"]))

    def probing(self, nprobe: int) -> InvertedVectors:
        """The same lists, looked into more or less widely."""
        return InvertedVectors(self._index, self.kind, nprobe=min(nprobe, self.nlist))

    @property
    def nlist(self) -> int:
        return int(self._lists.nlist)

    @property
    def parameters(self) -> Mapping[str, int]:
        return {"nlist": self.nlist, "nprobe": self.nprobe}

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
        nprobe = probes(wanted, choice.count, nlist=self.nlist, usual=self.nprobe)
        while True:
            rows, cosines = found_rows(*self._search(vector[np.newaxis], wanted, choice.selector, nprobe))
            if len(rows) >= wanted or nprobe == self.nlist:
                return rows, cosines
            nprobe = min(self.nlist, 4 * nprobe)  # the filter's rows are not where the query is

    def _search(self, query: Matrix, wanted: int, selector: Any, nprobe: int) -> Any:
        lists = faiss.SearchParametersIVF(sel=selector, nprobe=nprobe)  # type: ignore[call-arg]
        if not self._refined:
            return self._index.search(query, wanted, params=lists)
        search = faiss.IndexRefineSearchParameters(k_factor=REFINED, base_index_params=lists)  # type: ignore[call-arg]
        return self._index.search(query, wanted, params=search)

    def at(self, rows: Rows) -> Matrix:
        """As the contract says; where each row is in the lists is worked out when it is asked for first."""
        if not self._placed:
            with self._placing:
                if not self._placed:
                    self._lists.make_direct_map()
                    self._placed = True
        return np.asarray(self._index.reconstruct_batch(rows))

    def write(self, path: Path) -> None:
        """As the contract says; nobody may search meanwhile."""
        if self._placed and not self._refined:
            self._lists.set_direct_map_type(_NO_MAP)  # else it would be in the file
            self._placed = False
        faiss.write_index(self._index, str(path))


def probes(wanted: int, chosen: int, *, nlist: int, usual: int) -> int:
    """How many lists to look into so that about RESERVE * wanted chosen rows lie in them; at least the usual."""
    needed = math.ceil(RESERVE * wanted * nlist / max(1, chosen))
    return nlist if 2 * needed >= nlist else max(usual, needed)
