"""The demo shop's own database file, looked at from outside: what changed, who owns what, and back to the start.

Nothing here knows the shop's tables beyond orders and customers: a change is any row that was not there before.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Rows = Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row that appeared (`new`) or vanished, as JSON with its column names."""

    table: str
    row: str
    new: bool


class ShopFile:
    """The file of a running demo shop; begin with `remember()`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start: sqlite3.Connection | None = None

    def remember(self) -> None:
        """Keep the present content as the start that `put_back` returns to."""
        if self._start is not None:
            self._start.close()
        self._start = sqlite3.connect(":memory:")
        with self._open() as live:
            live.backup(self._start)

    def put_back(self) -> None:
        """Everything as it was remembered."""
        assert self._start is not None, "remember() comes first"
        with self._open() as live:
            self._start.backup(live)

    def rows(self) -> Rows:
        """Every row of every table, as text."""
        with self._open() as live:
            names = [row[0] for row in live.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: frozenset(json.dumps(dict(row), ensure_ascii=False, default=str, sort_keys=True) for row in found)
                for name in names
                for found in [live.execute(f'SELECT * FROM "{name}"').fetchall()]
            }

    def orders(self) -> list[dict[str, Any]]:
        """Every order with its owner's name and phone, its items and parcels, in a fixed order."""
        with self._open() as live:
            orders = [
                dict(row)
                for row in live.execute(
                    "SELECT orders.*, customers.name AS customer_name, customers.phone AS phone,"
                    " customers.language AS language FROM orders JOIN customers ON customers.id = orders.customer"
                    " ORDER BY number"
                )
            ]
            for order in orders:
                for part in ("items", "parcels"):
                    found = live.execute(f"SELECT * FROM {part} WHERE order_number = ?", (order["number"],))
                    order[part] = [dict(row) for row in found]
            return orders

    def table(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table, [] when the shop has none of this name."""
        with self._open() as live:
            known = live.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone()
            return [dict(row) for row in live.execute(f'SELECT * FROM "{name}"')] if known else []

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10.0)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection


def changes(before: Rows, after: Rows) -> Sequence[Change]:
    """What differs, in a fixed order."""
    found = [
        Change(table=table, row=row, new=new)
        for table in sorted({*before, *after})
        for new, rows in (
            (False, before.get(table, frozenset()) - after.get(table, frozenset())),
            (True, after.get(table, frozenset()) - before.get(table, frozenset())),
        )
        for row in sorted(rows)
    ]
    return found
