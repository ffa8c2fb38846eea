"""The vector index by its policy, from ten thousand vectors to a million: recall, search, opening, building.

Also alone, without any part running: `python -m tests.bench.vectors [--million]`.
The vectors are topics of twenty near questions each, like the similar questions of articles; a query is another
question of a topic. One thread. "checked" is hashing the file, once per process, before FAISS sees a byte of it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import numpy as np

from kb_index.index.durable import Checksum
from kb_index.index.measured import OPENERS, index_vectors
from kb_index.index.pgvector import open_noted, store_vectors
from kb_index.index.policy import LEAST_RECALL
from kb_index.index.vectors import Vectors
from tests.bench.figures import percentile, show_table
from tests.bench.on_postgres import own_postgres
from tests.bench.setting import SEED, Bench

DIMENSION = 512
TOPIC = 20
NOISE = 0.03
QUERIES, NEIGHBOURS = 500, 10
RETRIEVER_ASKS = 1024
"""So many the retriever asks for; the goal is stated for the ten nearest."""

SIZES = (10_000, 100_000)
MILLION = 1_000_000
P50_MS, OPEN_MS = 2.0, 50.0
COLUMNS = (
    "vectors", "index", "recall@10", "p50 ms", "p95 ms", "1024: p50", "1 in 50: p50", "open ms", "checked s",
    "built s", "MB", "goal",
)  # fmt: skip


async def vectors(bench: Bench) -> None:
    """Prints a line per size; the largest only when it was asked for."""
    sizes = [*SIZES, *([MILLION] if bench.with_million else [])]
    rows = [await asyncio.to_thread(_measured, size, bench.folder) for size in sizes]
    with own_postgres() as server:
        rows.append(await asyncio.to_thread(_on_postgres, SIZES[0], bench.folder, server("postgres")))
    show_table("10. Vectors by the policy: p50 ≤ 2 ms, recall ≥ .99, opened in < 50 ms", COLUMNS, rows)


def topics(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors, and queries that are none of them; made block by block, for a million take 2 GB."""
    chance = np.random.default_rng(SEED)
    centres = _units(chance.standard_normal((size // TOPIC, DIMENSION), dtype=np.float32))
    matrix = np.empty((size, DIMENSION), dtype=np.float32)
    for start in range(0, size, 50_000):
        rows = np.arange(start, min(size, start + 50_000)) // TOPIC
        noise = chance.standard_normal((len(rows), DIMENSION), dtype=np.float32)
        matrix[start : start + len(rows)] = _units(centres[rows] + NOISE * noise)
    asked = centres[chance.integers(0, len(centres), QUERIES)]
    return matrix, _units(asked + NOISE * chance.standard_normal(asked.shape, dtype=np.float32))


def _units(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _measured(size: int, folder: Path) -> list[str]:
    matrix, queries = topics(size)
    begun = time.process_time()
    built = index_vectors(matrix, wanted="auto", progress=lambda step: print(f"  {step}", flush=True))
    built_s = time.process_time() - begun
    path = folder / f"{size}.faiss"
    built.vectors.write(path)
    begun = time.perf_counter()
    Checksum.of_file(path)
    checked_s = time.perf_counter() - begun
    begun = time.perf_counter()
    opened = OPENERS[built.vectors.kind](path, built.vectors.parameters)
    open_ms = (time.perf_counter() - begun) * 1000
    line = _line(opened, matrix, queries, open_ms=open_ms, checked_s=checked_s, built_s=built_s)
    line[-2] = f"{path.stat().st_size / 1e6:.0f}"
    path.unlink()
    return line


def _on_postgres(size: int, folder: Path, url: str) -> list[str]:
    matrix, queries = topics(size)
    begun = time.perf_counter()
    stored = store_vectors(matrix, url=url, owner="bench", progress=lambda step: print(f"  {step}", flush=True))
    built_s = time.perf_counter() - begun
    stored.vectors.write(folder / "note")
    begun = time.perf_counter()
    opened = open_noted(folder / "note", url)
    open_ms = (time.perf_counter() - begun) * 1000
    return _line(opened, matrix, queries, open_ms=open_ms, checked_s=0.0, built_s=built_s)


def _line(
    opened: Vectors, matrix: np.ndarray, queries: np.ndarray, *, open_ms: float, checked_s: float, built_s: float
) -> list[str]:
    everything = np.ones(len(matrix), dtype=np.bool_)
    narrow = np.zeros(len(matrix), dtype=np.bool_)
    narrow[::50] = True
    for flags in (everything, narrow):
        flags.setflags(write=False)
    ten, found = _timed(opened, queries, NEIGHBOURS, everything)
    many, _ = _timed(opened, queries[:100], RETRIEVER_ASKS, everything)
    few, _ = _timed(opened, queries[:100], NEIGHBOURS, narrow)
    recall = float(np.mean([_recall(matrix, query, rows) for query, rows in zip(queries, found, strict=True)]))
    p50 = percentile(ten, 0.5)
    reached = p50 <= P50_MS and recall >= LEAST_RECALL and open_ms < OPEN_MS
    return [
        f"{len(matrix):,}", f"{opened.kind} {dict(opened.parameters) or ''}", f"{recall:.4f}", f"{p50:.2f}",
        f"{percentile(ten, 0.95):.2f}", f"{percentile(many, 0.5):.2f}", f"{percentile(few, 0.5):.2f}",
        f"{open_ms:.1f}", f"{checked_s:.1f}", f"{built_s:.0f}", "", "reached" if reached else "NOT reached",
    ]  # fmt: skip


def _timed(
    opened: Vectors, queries: np.ndarray, count: int, chosen: np.ndarray
) -> tuple[list[float], list[np.ndarray]]:
    """ms of each query, the first twenty warm up and are asked again; and what was found."""
    took, found = [], []
    for query in (*queries[:20], *queries):
        begun = time.perf_counter()
        rows, _ = opened.nearest(query, count, chosen=chosen)
        took.append((time.perf_counter() - begun) * 1000)
        found.append(rows)
    return took[20:], found[20:]


def _recall(matrix: np.ndarray, query: np.ndarray, rows: np.ndarray) -> float:
    cosines = matrix @ query
    tenth = np.partition(cosines, len(cosines) - NEIGHBOURS)[-NEIGHBOURS]
    return float(np.count_nonzero(cosines[rows] >= tenth - 1e-5)) / NEIGHBOURS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.vectors", description=__doc__)
    parser.add_argument("--million", action="store_true", help="also a million vectors: minutes, and 6 GB of memory")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sizes = [*SIZES, *([MILLION] if chosen.million else [])]
        rows = [_measured(size, Path(folder)) for size in sizes]
        with own_postgres() as server:
            rows.append(_on_postgres(SIZES[0], Path(folder), server("postgres")))
    show_table("Vectors by the policy: p50 ≤ 2 ms, recall ≥ .99, opened in < 50 ms", COLUMNS, rows)


if __name__ == "__main__":
    main()
