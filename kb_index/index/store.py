"""All SQL of the index: sets of vectors in PostgreSQL, steps that articles have taken, withdrawals of all machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from kb_index.articles import tables
from kb_index.database import Database

W = tables.withdrawals
Named = tuple[str, str, str | None]
"""Tenant, article, and language, or None for all languages."""

SHARED_FOR = timedelta(days=30)
"""A machine that was away for longer reads the articles anew before it serves any."""

SETS = "kb_vector_sets"
_SET = re.compile(r"kb_vectors_[0-9a-f]{24}")
LINKS, BUILT_WITH = 16, 128
ROWS_AT_ONCE = 512
MOST_CANDIDATES = 1000
"""pgvector's own limit; what is wanted beyond it comes from the next rounds of its iterative scan."""

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"


def steps_taken(database: Database, tenant: str) -> int:
    """A number that grows with every change of the tenant's articles; raises DatabaseUnavailable."""
    count = sa.select(sa.func.count()).select_from(tables.revisions).where(tables.revisions.c.tenant == tenant)
    with database.read() as connection:
        return int(connection.execute(count).scalar_one())


def share_withdrawals(database: Database, named: Sequence[Named], *, now: datetime) -> None:
    """Tell all machines; committed in the order of their numbers, so that nobody reads past one.

    Raises DatabaseUnavailable.
    """
    keys = ("tenant", "article", "language")
    rows = [{**dict(zip(keys, each, strict=True)), "at": now} for each in named]
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7461203)")
        connection.execute(sa.delete(W).where(W.c.at < now - SHARED_FOR))
        connection.execute(sa.insert(W), rows)


def shared_withdrawals(database: Database, after: int) -> list[tuple[int, Named]]:
    """Number and name of those after a number, in order; raises DatabaseUnavailable."""
    query = sa.select(W).where(W.c.number > after).order_by(W.c.number)
    with database.read() as connection:
        return [(row.number, (row.tenant, row.article, row.language)) for row in connection.execute(query)]


@dataclass(frozen=True)
class VectorSet:
    """Vectors that were stored together and never change: the name of their table, and what is in it."""

    name: str
    rows: int
    dimension: int
    digest: str


class VectorTables:
    """One table per set in one PostgreSQL with the extension pgvector."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, made: VectorSet, matrix: npt.NDArray[np.float32], *, owner: str) -> None:
        """Store and index; all or nothing. owner tells whose generations may refer to it."""
        name = _checked(made.name)
        with self._database.write() as connection:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7461202)")  # two at once would both create
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
            connection.exec_driver_sql(
                f"CREATE TABLE IF NOT EXISTS {SETS} (name text PRIMARY KEY, rows bigint NOT NULL,"
                " dimension integer NOT NULL, digest text NOT NULL, owner text NOT NULL,"
                " created timestamptz NOT NULL DEFAULT now())"
            )
            connection.exec_driver_sql(
                f"CREATE TABLE {name} (row bigint PRIMARY KEY, vector vector({made.dimension}) NOT NULL)"
            )
            cursor = connection.connection.cursor()
            cursor.execute(f"COPY {name} FROM STDIN WITH (FORMAT binary)", stream=_copied(matrix))  # type: ignore[call-arg]
            connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '512MB'")
            connection.exec_driver_sql(
                f"CREATE INDEX ON {name} USING hnsw (vector vector_ip_ops)"
                f" WITH (m = {LINKS}, ef_construction = {BUILT_WITH})"
            )
            connection.exec_driver_sql(f"ANALYZE {name}")
            fields = {**vars(made), "owner": owner}
            insert = f"INSERT INTO {SETS} (name, rows, dimension, digest, owner)"
            connection.execute(sa.text(f"{insert} VALUES (:name, :rows, :dimension, :digest, :owner)"), fields)

    def known(self, name: str) -> VectorSet | None:
        """What was stored under a name, if all of it is still there."""
        with self._database.read() as connection:
            there = connection.execute(
                sa.text("SELECT to_regclass(:sets) IS NOT NULL AND to_regclass(:name) IS NOT NULL"),
                {"sets": SETS, "name": _checked(name)},
            )
            if not there.scalar_one():
                return None
            query = sa.text(f"SELECT name, rows, dimension, digest FROM {SETS} WHERE name = :name")
            row = connection.execute(query, {"name": name}).one_or_none()
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
        return VectorSet(*row) if row is not None and row.rows == count else None

    def nearest(
        self, name: str, vector: npt.NDArray[np.float32], wanted: int, *, ef: int, bits: bytes | None
    ) -> list[tuple[int, float]]:
        """Rows with their cosines by the graph, best first, of those whose bit is set; may miss some, or find fewer."""
        chosen = "" if bits is None else "WHERE get_bit(CAST(:bits AS bytea), row) = 1"
        settings = {
            "hnsw.ef_search": str(min(MOST_CANDIDATES, max(ef, wanted))),
            "hnsw.iterative_scan": "relaxed_order",
            "hnsw.max_scan_tuples": "200000",
            "enable_seqscan": "off",
        }
        return self._ask(name, vector, f"{chosen} ORDER BY vector <#> CAST(:vector AS vector)", wanted, settings, bits)

    def nearest_exactly(
        self, name: str, vector: npt.NDArray[np.float32], wanted: int, *, bits: bytes | None, rows: Sequence[int] | None
    ) -> list[tuple[int, float]]:
        """The same by comparing every chosen row; few are named, many marked by their bits."""
        if rows is not None:
            chosen = f"WHERE row IN ({', '.join(map(str, map(int, rows)))})"
        else:
            chosen = "" if bits is None else "WHERE get_bit(CAST(:bits AS bytea), row) = 1"
        return self._ask(name, vector, f"{chosen} ORDER BY (vector <#> CAST(:vector AS vector)) + 0", wanted, {}, bits)

    def _ask(
        self, name: str, vector: npt.NDArray[np.float32], rest: str, wanted: int,
        settings: dict[str, str], bits: bytes | None,
    ) -> list[tuple[int, float]]:  # fmt: skip
        query = (
            f"SELECT row, -(vector <#> CAST(:vector AS vector)) AS cosine FROM {_checked(name)} {rest} LIMIT :wanted"
        )
        values: dict[str, Any] = {"vector": f"[{','.join(map(repr, vector.tolist()))}]", "wanted": wanted}
        if ":bits" in rest:
            values["bits"] = bits
        with self._database.read() as connection:
            if settings:
                calls = ", ".join(f"set_config('{key}', '{value}', true)" for key, value in settings.items())
                connection.exec_driver_sql(f"SELECT {calls}")
            found = connection.execute(sa.text(query), values).all()
        return sorted(((int(row), float(cosine)) for row, cosine in found), key=lambda each: (-each[1], each[0]))

    def rows(self, name: str, rows: Sequence[int]) -> dict[int, npt.NDArray[np.float32]]:
        """Vectors by their rows, as bytes and not as text; raises DatabaseUnavailable."""
        if not rows:
            return {}
        named = ", ".join(map(str, map(int, rows)))
        query = f"SELECT row, vector_send(vector) FROM {_checked(name)} WHERE row IN ({named})"
        with self._database.read() as connection:
            found = connection.exec_driver_sql(query).all()
        return {int(row): np.frombuffer(bytes(sent), ">f4", offset=4).astype(np.float32) for row, sent in found}

    def drop_unused(self, owner: str, *, used: Sequence[str]) -> list[str]:
        """Drop the owner's sets that nothing refers to, once they are a day old: a younger one may be in the making."""
        with self._database.write() as connection:
            there = connection.execute(sa.text("SELECT to_regclass(:sets) IS NOT NULL"), {"sets": SETS})
            if not there.scalar_one():
                return []
            old = sa.text(f"SELECT name FROM {SETS} WHERE owner = :owner AND created < now() - interval '1 day'")
            names = [name for (name,) in connection.execute(old, {"owner": owner}) if name not in used]
            for name in names:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_checked(name)}")
                connection.execute(sa.text(f"DELETE FROM {SETS} WHERE name = :name"), {"name": name})
        return names


def _checked(name: str) -> str:
    """A name that may stand in SQL; it comes from a file."""
    if not _SET.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a set of vectors")
    return name


def _copied(matrix: npt.NDArray[np.float32]) -> Iterator[bytes]:
    """The matrix in the form of PostgreSQL's binary COPY, some hundred rows at a time."""
    rows, dimension = matrix.shape
    row = np.dtype([
        ("fields", ">i2"), ("row_size", ">i4"), ("row", ">i8"),
        ("vector_size", ">i4"), ("dimension", ">i2"), ("unused", ">i2"), ("vector", ">f4", (dimension,)),
    ])  # fmt: skip
    yield _HEADER
    for start in range(0, rows, ROWS_AT_ONCE):
        block = np.zeros(min(ROWS_AT_ONCE, rows - start), dtype=row)
        block["fields"], block["row_size"], block["vector_size"] = 2, 8, 4 + 4 * dimension
        block["row"] = np.arange(start, start + len(block))
        block["dimension"], block["vector"] = dimension, matrix[start : start + len(block)]
        yield block.tobytes()
    yield _TRAILER
