"""Expand, then contract (docs/scaling.md): the release that is running must go on working on the new schema."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pysqlite3 as sqlite3
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from handoff_service.migrate import config, migrate

FIRST = "0001"


def scripts() -> list[Any]:
    """The migrations, oldest first."""
    directory = ScriptDirectory.from_config(config(None))  # type: ignore[arg-type]
    return list(reversed(list(directory.walk_revisions())))


def schema(url: str) -> dict[str, Any]:
    """What the inspector tells of every table."""
    engine = sa.create_engine(url, module=sqlite3)
    inspector = sa.inspect(engine)
    found = {
        table: {
            "columns": {column["name"]: column for column in inspector.get_columns(table)},
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "indexes": {str(index["name"]): index for index in inspector.get_indexes(table)},
            "others": [*inspector.get_foreign_keys(table), *inspector.get_check_constraints(table)],
        }
        for table in inspector.get_table_names()
    }
    engine.dispose()
    return found


def violations(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Why a release that knows only `before` would break on `after`."""
    found = [f"{table} is gone" for table in before if table not in after]
    for table in before.keys() & after.keys():
        old, new = before[table], after[table]
        for name, column in old["columns"].items():
            kept = new["columns"].get(name)
            if kept is None:
                found.append(f"{table}.{name} is gone")
            elif str(kept["type"]) != str(column["type"]) or kept["nullable"] != column["nullable"]:
                found.append(f"{table}.{name} changed")
        for name in new["columns"].keys() - old["columns"].keys():
            column = new["columns"][name]
            if not column["nullable"] and column["default"] is None:
                found.append(f"{table}.{name}: inserts of the old release do not give it")
        if old["key"] != new["key"] or len(new["others"]) > len(old["others"]):
            found.append(f"{table} has another key or constraint")
        for name, index in new["indexes"].items():
            # Rows of the old release have NULL in a new column, and no two NULLs are the same.
            apart = any(
                column not in old["columns"] and new["columns"][column]["default"] is None
                for column in index["column_names"]
            )
            if name not in old["indexes"] and index["unique"] and not apart:
                found.append(f"{table}: {name} makes rows impossible that the old release writes")
        found += [f"{table}: {name} is gone" for name in old["indexes"] if name not in new["indexes"]]
    return sorted(found)


def test_migrations_only_add_what_the_release_before_can_ignore(tmp_path: Path) -> None:
    """Unless a migration is marked `contract = True`: then nothing of the last release uses what it takes away."""
    url = f"sqlite:///{tmp_path / 'steps.sqlite'}"
    asyncio.run(migrate(url, FIRST))
    before = schema(url)
    for script in scripts()[1:]:
        asyncio.run(migrate(url, script.revision))
        after = schema(url)
        if not getattr(script.module, "contract", False):
            assert violations(before, after) == [], script.path
        before = after


def test_the_rule_sees_what_it_forbids(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'wrong.sqlite'}"
    asyncio.run(migrate(url))
    before = schema(url)
    engine = sa.create_engine(url, module=sqlite3)
    with engine.begin() as connection:
        for statement in (
            "ALTER TABLE contacts ADD COLUMN nickname TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE contacts ADD COLUMN remark TEXT",
            "ALTER TABLE contacts DROP COLUMN language",
            "ALTER TABLE tickets RENAME COLUMN state TO status",
            "CREATE UNIQUE INDEX one_name ON contacts (tenant, name)",
            "DROP TABLE desks",
            "DROP INDEX outbox_by_due",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    assert violations(before, schema(url)) == [
        "contacts.language is gone",
        "contacts: one_name makes rows impossible that the old release writes",
        "desks is gone",
        "outbox: outbox_by_due is gone",
        "tickets.state is gone",
        "tickets.status: inserts of the old release do not give it",
    ]


def test_migrations_are_one_line_of_succession() -> None:
    """Two heads would let two replicas migrate to different schemas."""
    found = scripts()
    assert [script.down_revision for script in found] == [None, *(script.revision for script in found[:-1])]
    assert [script.revision for script in found] == [f"{number:04}" for number in range(1, len(found) + 1)]
