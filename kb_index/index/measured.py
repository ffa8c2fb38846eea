"""Building a tenant's vector index by the policy, and measuring how much of the exact answer it finds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Matrix
from kb_index.index.graph import GraphVectors
from kb_index.index.inverted import InvertedVectors
from kb_index.index.policy import (
    CANDIDATES,
    LEAST_RECALL,
    NEIGHBOURS,
    PROBES,
    QUERIES,
    Kind,
    Wanted,
    clusters,
    first_choice,
    next_choice,
)
from kb_index.index.vectors import FlatVectors, Opener, Vectors, read_mapped

Progress = Callable[[str], None]
BLOCK = 65_536
"""Rows that are compared at a time: the scores of 500 queries take 131 MB."""

TIE = 1e-5
"""Cosines that differ by less are the same passage twice, or rounding."""

OPENERS: Mapping[str, Opener] = {
    "flat": lambda path, _: FlatVectors(read_mapped(path)),
    "ivf-flat": lambda path, parameters: InvertedVectors.open(path, "ivf-flat", parameters),
    "ivf-fp16": lambda path, parameters: InvertedVectors.open(path, "ivf-fp16", parameters),
    "ivf-sq8": lambda path, parameters: InvertedVectors.open(path, "ivf-sq8", parameters),
    "ivf-pq": lambda path, parameters: InvertedVectors.open(path, "ivf-pq", parameters),
    "hnsw": GraphVectors.open,
}
"""How the file of each kind is opened; only ever with a file whose checksum was found right."""


@dataclass(frozen=True)
class Indexed:
    """Vectors ready to search, with the recall@10 that was measured against exact search; 1.0 for flat."""

    vectors: Vectors
    recall: float


@dataclass(frozen=True)
class _Exam:
    """Held-out rows as queries, and for each the cosine of its tenth neighbour among all other rows."""

    matrix: Matrix
    queries: Matrix
    others: npt.NDArray[np.bool_]
    tenth: npt.NDArray[np.float32]

    @classmethod
    def of(cls, matrix: Matrix) -> _Exam:
        held = np.random.default_rng(0).choice(len(matrix), min(QUERIES, max(1, len(matrix) // 10)), replace=False)
        others = np.ones(len(matrix), dtype=np.bool_)
        others[held] = False
        others.setflags(write=False)
        queries = np.ascontiguousarray(matrix[held])
        best = np.full((len(held), NEIGHBOURS), -np.inf, dtype=np.float32)
        for start in range(0, len(matrix), BLOCK):
            rows = slice(start, start + BLOCK)
            cosines = queries @ matrix[rows].T
            cosines[:, ~others[rows]] = -np.inf
            both = np.hstack([best, cosines])
            best = np.partition(both, both.shape[1] - NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        return cls(matrix, queries, others, best.min(axis=1))

    def recall(self, vectors: Vectors) -> float:
        """Share of the ten nearest that are found, or others exactly as near."""
        found = 0
        for query, tenth in zip(self.queries, self.tenth, strict=True):
            rows, _ = vectors.nearest(query, NEIGHBOURS, chosen=self.others)
            found += int(np.count_nonzero(self.matrix[rows] @ query >= tenth - TIE))
        wanted = min(NEIGHBOURS, int(self.others.sum()))
        return found / (wanted * len(self.queries))


def index_vectors(matrix: Matrix, *, wanted: Wanted, progress: Progress, free: int | None = None) -> Indexed:
    """Build what the policy chooses; measured, and built differently when the recall is too low."""
    rows, dimension = matrix.shape
    kind: Kind | None = first_choice(
        rows, dimension=dimension, free_bytes=free_bytes() if free is None else free, wanted=wanted
    )
    if kind == "flat":
        return Indexed(FlatVectors.of(matrix), 1.0)
    exam = _Exam.of(matrix)
    best: Indexed | None = None
    while kind is not None:
        progress(f"building {kind} over {rows} vectors")
        if kind == "flat":
            return Indexed(FlatVectors.of(matrix), 1.0)
        built = _first_good(_attempts(matrix, kind), exam)
        progress(f"{kind}: recall@{NEIGHBOURS} {built.recall:.4f} with {dict(built.vectors.parameters)}")
        if best is None or built.recall > best.recall:
            best = built
        if best.recall >= LEAST_RECALL:
            break
        kind = next_choice(kind, rows=rows)
    assert best is not None
    return best


def measure(matrix: Matrix, attempts: Iterator[Vectors]) -> Indexed:
    """The first of the attempts that finds enough of what an exact search finds, or else the best of them."""
    return _first_good(attempts, _Exam.of(matrix))


def _attempts(matrix: Matrix, kind: Kind) -> Iterator[Vectors]:
    """The index, searched more and more widely."""
    if kind == "hnsw":
        graph = GraphVectors.of(matrix, ef=CANDIDATES[0])
        yield from (graph.looking_at(ef) for ef in CANDIDATES)
        return
    lists = InvertedVectors.of(matrix, kind, nlist=clusters(len(matrix)), nprobe=PROBES[0])
    yield from (lists.probing(nprobe) for nprobe in PROBES)


def _first_good(attempts: Iterator[Vectors], exam: _Exam) -> Indexed:
    """The first attempt with enough recall, or else the best one."""
    best: Indexed | None = None
    for vectors in attempts:
        built = Indexed(vectors, exam.recall(vectors))
        if best is None or built.recall > best.recall:
            best = built
        if best.recall >= LEAST_RECALL:
            break
    assert best is not None
    return best


def free_bytes() -> int:
    """Memory that new data may take on this machine."""
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text("ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
