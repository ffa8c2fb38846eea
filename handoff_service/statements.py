"""Statements of the busiest paths: written with SQLAlchemy like all others, compiled once, run on the driver itself.

What SQLAlchemy does around each execution costs ten times what SQLite needs for the row. A Statement costs that once
for each engine. Types of columns work as always; errors are those of the driver, sqlite3's or asyncpg's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import asyncpg
import pysqlite3 as sqlite3
import sqlalchemy as sa

Row = dict[str, Any]
Convert = Callable[[Any], Any]


class _Compiled:
    """A statement for one engine: its text, how to lay out parameters, how to read rows."""

    def __init__(self, clause: sa.sql.expression.Executable, dialect: sa.Dialect) -> None:
        compiled = cast(sa.ClauseElement, clause).compile(dialect=dialect)
        sql = cast(sa.sql.compiler.SQLCompiler, compiled)
        if sql.post_compile_params or sql.literal_execute_params:
            raise ValueError(f"a Statement cannot have lists (IN): {sql}")
        self.text = str(sql)
        self.defaults = {name: bind.effective_value for name, bind in sql.binds.items() if not bind.required}
        self.places: list[tuple[str, Convert | None]] = []
        for name in sql.positiontup or ():
            kind = sql.binds[name].type if name in sql.binds else sa.types.NullType()
            self.places.append((name, kind.dialect_impl(dialect).bind_processor(dialect)))
        columns = getattr(clause, "exported_columns", ())
        self.names = [column.key for column in columns]
        # Numbers come from both drivers as they are, and a processor would ask for the driver's own name of the type.
        kinds = {one.key: one.type.dialect_impl(dialect) for one in columns if not isinstance(one.type, sa.Float)}
        convert = {name: kind.result_processor(dialect, None) for name, kind in kinds.items()}
        self.converted = [(name, one) for name, one in convert.items() if one is not None]

    def laid_out(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Values in the order of the text. Raises KeyError for a parameter that is missing."""
        known = {**self.defaults, **parameters}
        return [known[name] if convert is None else convert(known[name]) for name, convert in self.places]

    def row(self, raw: Any) -> Row:
        """One row by the names of its columns."""
        row = dict(zip(self.names, raw, strict=True))
        for name, convert in self.converted:
            row[name] = convert(row[name])
        return row


class Statement:
    """`sa.select`, `insert`, `update` or `delete` with named parameters (`sa.bindparam`, or names of columns)."""

    def __init__(self, clause: sa.sql.expression.Executable) -> None:
        self._clause = clause
        self._compiled: dict[str, _Compiled] = {}

    def all(self, connection: sa.Connection, **parameters: Any) -> list[Row]:
        """All rows."""
        compiled = self._for(connection)
        return [compiled.row(raw) for raw in _fetch(connection, compiled.text, compiled.laid_out(parameters))]

    def first(self, connection: sa.Connection, **parameters: Any) -> Row | None:
        """The first row, or None."""
        compiled = self._for(connection)
        found = _fetch(connection, compiled.text, compiled.laid_out(parameters))
        return compiled.row(found[0]) if found else None

    def run(self, connection: sa.Connection, **parameters: Any) -> int:
        """Writes; the number of rows that it met."""
        compiled = self._for(connection)
        return _run(connection, compiled.text, compiled.laid_out(parameters))

    def _for(self, connection: sa.Connection) -> _Compiled:
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _Compiled(self._clause, dialect)
        return self._compiled[dialect.name]


def _fetch(connection: sa.Connection, text: str, values: list[Any]) -> list[Any]:
    driver = connection.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        return cast(list[Any], driver.execute(text, values).fetchall())
    return cast(list[Any], driver.run_async(partial(_ask, text=text, values=values)))  # type: ignore[union-attr]


def _run(connection: sa.Connection, text: str, values: list[Any]) -> int:
    driver = connection.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        return cast(int, driver.execute(text, values).rowcount)
    status = driver.run_async(partial(_tell, text=text, values=values))  # type: ignore[union-attr]
    return int(str(status).rpartition(" ")[2])  # "UPDATE 1", "INSERT 0 1"


def inserting(table: sa.Table, *columns: str) -> Statement:
    """Inserts a row; its parameters are these columns."""
    return Statement(sa.insert(table).values({name: sa.bindparam(name) for name in columns}))


async def _ask(driver: asyncpg.Connection, text: str, values: list[Any]) -> list[Any]:
    return list(await driver.fetch(text, *values))


async def _tell(driver: asyncpg.Connection, text: str, values: list[Any]) -> str:
    return str(await driver.execute(text, *values))
