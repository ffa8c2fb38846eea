"""Vectors in PostgreSQL with pgvector: one corpus for several machines, searched where it lies.

Each set of vectors gets a table of its own that is never changed, with an HNSW index on inner products. A
generation's folder holds a note with the table's name, so generations swap as they do with files: whoever still
holds the old one asks the old table. A filter goes along as one bit per row and is applied while the graph is
walked, so it also finds as many as are asked for when it is narrow; a very narrow one is answered exactly.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from kb_index.database import Database
from kb_index.errors import DatabaseUnavailable
from kb_index.index.embedding import Matrix, Vector
from kb_index.index.measured import Indexed, Progress, measure
from kb_index.index.policy import CANDIDATES
from kb_index.index.store import VectorSet, VectorTables
from kb_index.index.vectors import Choices, Chosen, Rows, Scores, nothing_found

NOTE = "vectors.json"
NAMED = 2_000
"""Up to so many chosen rows are named and compared one by one; with more of them the graph is quicker."""


class PostgresVectors:
    """One stored set; every search is a query."""

    kind = "pgvector"

    def __init__(self, tables: VectorTables, stored: VectorSet, *, ef: int) -> None:
        self.ef = ef
        self._tables = tables
        self._stored = stored
        self._choices = Choices()

    def looking_at(self, ef: int) -> PostgresVectors:
        """The same set, searched with more or fewer candidates."""
        return PostgresVectors(self._tables, self._stored, ef=ef)

    @property
    def parameters(self) -> Mapping[str, int]:
        return {"ef": self.ef}

    @property
    def dimension(self) -> int:
        return self._stored.dimension

    def __len__(self) -> int:
        return self._stored.rows

    def nearest(self, vector: Vector, count: int, *, chosen: Chosen) -> tuple[Rows, Scores]:
        """As the contract says; raises DatabaseUnavailable."""
        choice = self._choices.of(chosen, rows=len(self))
        wanted = min(count, choice.count)
        if wanted == 0:
            return nothing_found()
        bits = None if choice.selector is None else choice.bits.tobytes()
        name, named = self._stored.name, None
        found: list[tuple[int, float]] = []
        if choice.count > NAMED:
            found = self._tables.nearest(name, vector, wanted, ef=self.ef, bits=bits)
        else:
            named = np.flatnonzero(chosen).tolist()
        if len(found) < wanted:
            found = self._tables.nearest_exactly(name, vector, wanted, bits=bits, rows=named)
        rows, cosines = zip(*found, strict=True)
        return np.array(rows, np.int64), np.array(cosines, np.float32)

    def at(self, rows: Rows) -> Matrix:
        """As the contract says; raises DatabaseUnavailable."""
        found = self._tables.rows(self._stored.name, rows.tolist())
        return np.array([found[row] for row in rows.tolist()], np.float32).reshape(len(rows), self.dimension)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps({"set": asdict(self._stored), "ef": self.ef}), "utf-8")


def store_vectors(matrix: Matrix, *, url: str | None, owner: str, progress: Progress) -> Indexed:
    """Store a set under a name of its own, index it, measure its recall; raises DatabaseUnavailable."""
    tables = _tables(url)
    rows, dimension = matrix.shape
    digest = hashlib.sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest()
    stored = VectorSet(f"kb_vectors_{secrets.token_hex(12)}", rows, dimension, digest)
    progress(f"storing {rows} vectors in PostgreSQL")
    tables.create(stored, matrix, owner=owner)
    first = PostgresVectors(tables, stored, ef=CANDIDATES[0])
    if rows <= NAMED:  # every search is exact
        return Indexed(first, 1.0)
    found = measure(matrix, (first.looking_at(ef) for ef in CANDIDATES))
    progress(f"pgvector: recall@10 {found.recall:.4f} with {dict(found.vectors.parameters)}")
    return found


def open_noted(path: Path, url: str | None) -> PostgresVectors:
    """The set that a note names; raises ValueError when the database does not have just that set."""
    note = json.loads(path.read_bytes())
    noted, tables = VectorSet(**note["set"]), _tables(url)
    try:
        there = tables.known(noted.name)
    except DatabaseUnavailable as error:
        raise ValueError(f"its vectors are in a database that does not answer: {error}") from error
    if there != noted:
        raise ValueError(f"the database does not have the vectors {noted.name}")
    return PostgresVectors(tables, noted, ef=int(note["ef"]))


def drop_unused(folder: Path, *, url: str | None) -> list[str]:
    """Drop the sets of a store's folder that none of its generations names any more."""
    notes = [json.loads(path.read_bytes()) for path in folder.glob(f"g-*/*/{NOTE}")]
    return _tables(url).drop_unused(owner_of(folder), used=[note["set"]["name"] for note in notes])


def owner_of(folder: Path) -> str:
    """Who may drop a set again: the folder on this machine that made it."""
    return f"{socket.gethostname()}:{folder.resolve()}"


def _tables(url: str | None) -> VectorTables:
    if not url or not url.startswith("postgresql"):
        raise DatabaseUnavailable(
            "TANDEM_KB_VECTORS=pgvector needs TANDEM_KB_VECTORS_URL, or TANDEM_KB_DATABASE_URL, to name a PostgreSQL"
        )
    return VectorTables(_database(url))


@lru_cache(maxsize=4)
def _database(url: str) -> Database:
    """One pool of connections per address and process."""
    return Database(url)
