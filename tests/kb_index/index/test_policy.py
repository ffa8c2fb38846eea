"""Which index is built: by size and memory, then by the recall that was measured."""

from __future__ import annotations

import numpy as np
import pytest

from kb_index.index.inverted import InvertedVectors, probes
from kb_index.index.measured import index_vectors
from kb_index.index.policy import LEAST_RECALL, Wanted, clusters, first_choice, next_choice

GB = 1 << 30


@pytest.mark.parametrize(
    ("rows", "free", "kind"),
    [
        (0, 64 * GB, "flat"),
        (9_999, 64 * GB, "flat"),
        (10_000, 64 * GB, "ivf-fp16"),
        (1_000_000, 64 * GB, "ivf-fp16"),
        (1_000_000, 2 * GB, "ivf-sq8"),
        (2_000_001, 64 * GB, "ivf-sq8"),
        (60_000, 0, "ivf-sq8"),
    ],
)
def test_size_and_memory_choose_first(rows: int, free: int, kind: str) -> None:
    assert first_choice(rows, dimension=512, free_bytes=free) == kind


@pytest.mark.parametrize("wanted", ["flat", "ivf-flat", "ivf-fp16", "ivf-sq8", "ivf-pq", "hnsw"])
def test_a_setting_counts_but_not_for_a_handful(wanted: str) -> None:
    assert first_choice(5_000, dimension=512, free_bytes=GB, wanted=wanted) == wanted  # type: ignore[arg-type]
    assert first_choice(500, dimension=512, free_bytes=GB, wanted=wanted) == "flat"  # type: ignore[arg-type]


def test_what_misses_the_recall_is_replaced_by_something_more_exact() -> None:
    assert [next_choice(kind, rows=50_000) for kind in ("hnsw", "ivf-pq", "ivf-sq8")] == ["ivf-fp16"] * 3
    assert next_choice("ivf-fp16", rows=50_000) == next_choice("ivf-flat", rows=50_000) == "flat"
    assert next_choice("ivf-fp16", rows=1_000_000) is None
    assert next_choice("flat", rows=1) is None


def test_the_number_of_lists_grows_with_the_root() -> None:
    assert clusters(10_000) == 400
    assert clusters(1_000_000) == 4_000


@pytest.mark.parametrize(
    ("wanted", "chosen", "expected"),
    [(10, 100_000, 32), (1_024, 25_000, 39), (10, 40, 237), (10, 20, 632), (5, 0, 632)],
)
def test_a_narrow_filter_looks_into_more_lists(wanted: int, chosen: int, expected: int) -> None:
    assert probes(wanted, chosen, nlist=632, usual=32) == expected


def rows_without_neighbours(count: int) -> np.ndarray:
    """Noise: in no few lists are the nearest of anything."""
    rows = np.random.default_rng(1).standard_normal((count, 64)).astype(np.float32)
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_lists_that_miss_the_recall_are_given_up_for_exact_search() -> None:
    told: list[str] = []
    indexed = index_vectors(rows_without_neighbours(4_000), wanted="ivf-pq", progress=told.append)
    assert indexed.vectors.kind == "flat"
    assert indexed.recall == 1.0
    assert sum("ivf-pq: recall@10" in line for line in told) == 1
    assert any("building ivf-fp16" in line for line in told)


@pytest.mark.parametrize("kind", ["ivf-flat", "ivf-fp16"])
def test_the_probes_are_raised_until_the_recall_is_reached(kind: Wanted) -> None:
    chance = np.random.default_rng(2)
    topics = chance.standard_normal((300, 64))
    rows = topics[np.arange(6_000) // 20] + 0.7 * chance.standard_normal((6_000, 64))
    matrix = np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    indexed = index_vectors(matrix, wanted=kind, progress=lambda _: None)
    assert isinstance(indexed.vectors, InvertedVectors)
    assert indexed.recall >= LEAST_RECALL
    assert indexed.vectors.nprobe in (32, 64, 128)
    exact = index_vectors(matrix, wanted="flat", progress=lambda _: None).vectors
    everything = np.ones(len(matrix), dtype=np.bool_)
    same = [
        np.isin(exact.nearest(row, 10, chosen=everything)[0], indexed.vectors.nearest(row, 10, chosen=everything)[0])
        for row in matrix[::60]
    ]
    assert np.mean(same) >= 0.97
