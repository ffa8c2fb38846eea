"""A bench of the database that is started by itself, on SQLite or on PostgreSQL."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path


def play(
    name: str,
    described: str | None,
    *,
    rows: int,
    on_sqlite: Callable[[Path, int], Awaitable[None]],
    on_postgres: Callable[[int], Awaitable[None]],
) -> None:
    """`python -m NAME [--count N] [--postgres]`; without a count so many rows."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=described)
    parser.add_argument("--count", type=int, default=rows)
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()

    async def played() -> None:
        if chosen.postgres:
            await on_postgres(chosen.count)
            return
        with tempfile.TemporaryDirectory() as folder:
            await on_sqlite(Path(folder), chosen.count)

    asyncio.run(played())
