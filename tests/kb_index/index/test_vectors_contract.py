"""One contract for every way to keep vectors: FAISS in memory and mapped from a file, and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kb_index.database import Database
from kb_index.errors import DatabaseUnavailable
from kb_index.index.graph import GraphVectors
from kb_index.index.grown import GrownVectors
from kb_index.index.inverted import InvertedVectors
from kb_index.index.measured import OPENERS
from kb_index.index.pgvector import PostgresVectors, drop_unused, open_noted, store_vectors
from kb_index.index.store import VectorSet, VectorTables
from kb_index.index.vectors import FlatVectors, Vectors

ROWS, DIMENSION = 3000, 64
KINDS = ["flat", "ivf-flat", "ivf-fp16", "ivf-sq8", "ivf-pq", "hnsw", "pgvector"]
EXACT = {"flat", "ivf-flat", "ivf-fp16", "hnsw", "pgvector"}
Matrix = np.ndarray


def units(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    """Topics of twenty near rows each, like the questions of an article."""
    chance = np.random.default_rng(5)
    topics = chance.standard_normal((ROWS // 20, DIMENSION))
    return units(topics[np.arange(ROWS) // 20] + 0.5 * chance.standard_normal((ROWS, DIMENSION)))


@pytest.fixture(scope="module")
def made(matrix: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Vectors]:
    """Vectors of a kind as they are searched in service: written, and opened from the file."""
    folder = tmp_path_factory.mktemp("vectors")
    opened: dict[str, Vectors] = {}

    def make(kind: str, url: str) -> Vectors:
        if kind not in opened:
            path = folder / kind
            if kind == "pgvector":
                store_vectors(matrix, url=url, owner="test", progress=lambda _: None).vectors.write(path)
                opened[kind] = open_noted(path, url)
            else:
                built = build(kind, matrix)
                built.write(path)
                opened[kind] = OPENERS[kind](path, built.parameters)
        return opened[kind]

    return make


def build(kind: str, matrix: np.ndarray) -> Vectors:
    if kind == "flat":
        return FlatVectors.of(matrix)
    if kind == "hnsw":
        return GraphVectors.of(matrix, ef=128)
    return InvertedVectors.of(matrix, kind, nlist=219, nprobe=32)


@pytest.fixture(params=KINDS)
def vectors(request: pytest.FixtureRequest, made: Callable[[str, str], Vectors]) -> Vectors:
    url = request.getfixturevalue("postgres_url") if request.param == "pgvector" else ""
    return made(request.param, url)


def everything() -> np.ndarray:
    return np.ones(ROWS, dtype=np.bool_)


def expected(matrix: np.ndarray, query: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
    cosines = np.where(chosen, matrix @ query, -np.inf)
    return np.argsort(-cosines, kind="stable")[: min(count, int(chosen.sum()))]


def test_sizes_and_kind_are_told(vectors: Vectors) -> None:
    assert len(vectors) == ROWS
    assert vectors.dimension == DIMENSION
    assert vectors.kind in KINDS


def test_the_nearest_come_first_with_their_cosines(vectors: Vectors, matrix: np.ndarray) -> None:
    found_share = []
    for row in range(0, ROWS, 150):
        query = units(matrix[row : row + 1] + 0.05)[0]
        rows, cosines = vectors.nearest(query, 10, chosen=everything())
        assert rows.dtype == np.int64
        assert cosines.dtype == np.float32
        assert len(set(rows.tolist())) == 10
        assert (np.diff(cosines) <= 1e-6).all()
        tolerance = 2e-4 if vectors.kind in EXACT else 0.02  # halves of floats round by a thousandth
        assert np.abs(cosines - matrix[rows] @ query).max() <= tolerance
        found_share.append(np.isin(expected(matrix, query, everything(), 10), rows).mean())
    assert np.mean(found_share) >= (0.97 if vectors.kind in EXACT else 0.9)


@pytest.mark.parametrize("every", [2, 40, 700])
def test_a_filter_counts_before_the_ranking_however_narrow_it_is(
    vectors: Vectors, matrix: np.ndarray, every: int
) -> None:
    chosen = np.zeros(ROWS, dtype=np.bool_)
    chosen[::every] = True
    for count in (1, 10, 50):
        for query in (matrix[1], matrix[ROWS - 2], -matrix[7]):
            rows, _ = vectors.nearest(query, count, chosen=chosen)
            assert len(rows) == min(count, int(chosen.sum()))
            assert chosen[rows].all()
            best = expected(matrix, query, chosen, count)
            if every == 700 and vectors.kind in EXACT:
                assert sorted(rows.tolist()) == sorted(best.tolist())


def test_more_than_there_is_gives_all_that_is_chosen(vectors: Vectors, matrix: np.ndarray) -> None:
    chosen = np.zeros(ROWS, dtype=np.bool_)
    chosen[[3, 5, 2999]] = True
    rows, _ = vectors.nearest(matrix[5], 1024, chosen=chosen)
    assert sorted(rows.tolist()) == [3, 5, 2999]
    assert rows[0] == 5
    rows, cosines = vectors.nearest(matrix[5], 1024, chosen=np.zeros(ROWS, dtype=np.bool_))
    assert len(rows) == len(cosines) == 0
    rows, _ = vectors.nearest(matrix[5], 1024, chosen=everything())
    assert len(set(rows.tolist())) == 1024


def test_a_frozen_filter_is_remembered_and_a_changing_one_is_not(vectors: Vectors, matrix: np.ndarray) -> None:
    changing = everything()
    assert vectors.nearest(matrix[5], 1, chosen=changing)[0].tolist() == [5]
    changing[5] = False
    assert vectors.nearest(matrix[5], 1, chosen=changing)[0].tolist() != [5]
    for hidden in (5, 6, 7):  # arrays of which each may get the place of the one before
        frozen = everything()
        frozen[hidden] = False
        frozen.setflags(write=False)
        for _ in range(2):
            assert hidden not in vectors.nearest(matrix[hidden], 5, chosen=frozen)[0]
        del frozen


def test_the_vectors_of_some_rows_are_those_that_were_given(vectors: Vectors, matrix: np.ndarray) -> None:
    rows = np.array([2999, 0, 5, 5, 1500])
    tolerance = {"ivf-fp16": 2e-4, "ivf-sq8": 0.01, "ivf-pq": 0.01}.get(vectors.kind, 1e-7)
    assert np.abs(vectors.at(rows) - matrix[rows]).max() <= tolerance
    assert vectors.at(rows[:0]).shape == (0, DIMENSION)
    grown = GrownVectors(vectors, matrix[7:9])
    assert np.abs(grown.at(np.array([3001, 5, 3000])) - matrix[[8, 5, 7]]).max() <= tolerance


def test_where_rows_are_is_not_written(matrix: np.ndarray, tmp_path: Path) -> None:
    """Else the same vectors would be other files, whether somebody had asked for rows or not."""
    for kind in ("ivf-fp16", "ivf-pq"):
        built = build(kind, matrix)
        built.write(tmp_path / "before")
        asked = built.at(np.array([1, 2]))
        built.write(tmp_path / "after")
        assert (tmp_path / "before").read_bytes() == (tmp_path / "after").read_bytes()
        assert np.array_equal(built.at(np.array([1, 2])), asked)


def test_a_filter_of_another_size_is_refused(vectors: Vectors, matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match="flags for 3000 vectors"):
        vectors.nearest(matrix[0], 1, chosen=np.ones(ROWS - 1, dtype=np.bool_))


def test_threads_may_search_at_the_same_time(vectors: Vectors, matrix: np.ndarray) -> None:
    filters = [everything() for _ in range(3)]
    for number, flags in enumerate(filters):
        flags[number::3] = False
        flags.setflags(write=False)

    def asked(number: int) -> bool:
        flags = filters[number % 3]
        rows, cosines = vectors.nearest(matrix[number % ROWS], 5, chosen=flags)
        same = np.abs(vectors.at(rows) @ matrix[number % ROWS] - cosines).max() <= 0.02
        return len(rows) == 5 and bool(flags[rows].all()) and same

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(asked, range(80)))


def test_a_note_without_its_set_is_refused(tmp_path: Path, postgres_url: str, matrix: np.ndarray) -> None:
    stored = store_vectors(matrix[:50], url=postgres_url, owner="test", progress=lambda _: None).vectors
    assert isinstance(stored, PostgresVectors)
    stored.write(tmp_path / "note")
    intact = (tmp_path / "note").read_text()
    assert len(open_noted(tmp_path / "note", postgres_url)) == 50
    for damage in (("kb_vectors_", "kb_vectors_0"), ('"rows": 50', '"rows": 51'), ('"digest": "', '"digest": "0')):
        (tmp_path / "note").write_text(intact.replace(*damage))
        with pytest.raises(ValueError, match=r"is not the name|does not have"):
            open_noted(tmp_path / "note", postgres_url)
    (tmp_path / "note").write_text(intact)
    with pytest.raises(ValueError, match="does not answer"):
        open_noted(tmp_path / "note", "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailable, match="TANDEM_KB_VECTORS_URL"):
        open_noted(tmp_path / "note", None)


def test_a_name_from_a_note_cannot_be_sql() -> None:
    tables = VectorTables(Database("postgresql://nobody@127.0.0.1:1/nothing"))
    strange = PostgresVectors(tables, VectorSet("x; DROP TABLE articles", 5, 4, ""), ef=10)
    with pytest.raises(ValueError, match="is not the name"):
        strange.nearest(np.ones(4, np.float32), 1, chosen=np.ones(5, dtype=np.bool_))


def test_young_sets_are_kept_though_nothing_names_them(tmp_path: Path, postgres_url: str) -> None:
    assert drop_unused(tmp_path, url=postgres_url) == []
