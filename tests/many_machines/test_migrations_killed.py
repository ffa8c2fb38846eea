"""F-46: a migration that is killed anywhere leaves the schema that was there, and the next run completes it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from handoff_service import tables
from handoff_service.ids import new_id
from handoff_service.migrate import log_id, migrate
from tests.handoff_service.web.serving import ROOT, clean_environment
from tests.many_machines.conftest import apart, fresh_database
from tests.many_machines.killed_migration import count_ddl
from tests.many_machines.servers import Postgres

UPGRADE_STEP = 1 if os.environ.get("TANDEM_EVERY_STATEMENT") else 3
NewDatabase = Callable[[str | None], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """`new("0001")`: the address of a database at that revision; `new(None)`: of an empty one."""
    templates: dict[str, Path] = {}

    def on_sqlite(revision: str | None) -> str:
        path = tmp_path / f"{new_id('d')}.sqlite"
        if revision is not None:
            if revision not in templates:
                templates[revision] = tmp_path / f"template-{revision}.sqlite"
                asyncio.run(migrate(f"sqlite:///{templates[revision]}", revision))
            shutil.copy(templates[revision], path)
        return f"sqlite:///{path}"

    if request.param == "sqlite":
        return on_sqlite
    server = request.getfixturevalue("postgres")
    return lambda revision: fresh_database(server, revision=revision)


def killed(*arguments: str) -> list[str]:
    """Runs killed_migration.py; the addresses of those that came through."""
    command = [sys.executable, "-m", "tests.many_machines.killed_migration", *arguments]
    ran = subprocess.run(
        command, cwd=ROOT, env=clean_environment({}), capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def look(url: str, work: Callable[[sa.Connection], object]) -> object:
    """What `work` sees in the database."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = sa.create_engine(address, module=sqlite3)
        with engine.connect() as connection:
            found = work(connection)
        engine.dispose()
        return found

    async def remote() -> object:
        engine = create_async_engine(address.set(drivername="postgresql+asyncpg"))
        async with engine.connect() as connection:
            seen = await connection.run_sync(work)
        await engine.dispose()
        return seen

    return apart(remote())


COLUMNS_AND_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
    "UNION SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


def schema(connection: sa.Connection) -> set[tuple[str, str]]:
    """Everything that a migration may change."""
    return {tuple(row) for row in connection.exec_driver_sql(COLUMNS_AND_INDEXES[connection.dialect.name])}  # type: ignore[misc]


def missing(connection: sa.Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))


@pytest.mark.parametrize("begun", [None, "0001"])
def test_killed_after_any_ddl_statement_it_is_never_half_and_the_next_run_completes(
    new: NewDatabase, begun: str | None
) -> None:
    statements: list[str] = []
    listener = count_ddl(statements)
    whole = new(begun)
    statements.clear()
    asyncio.run(migrate(whole))
    sa.event.remove(sa.Engine, "after_cursor_execute", listener)
    assert len(statements) > 8
    # Every third statement of the upgrade that people will run (every one in a long `make soak`), and every twelfth of
    # those that make a new database.
    numbers = range(1, len(statements) + 1, UPGRADE_STEP if begun else 12)
    runs = [(new(begun), str(where)) for where in (*numbers, "0", "f1", "f2", "f3")]
    before = look(runs[0][0], schema)
    assert killed(*(f"{url}@{where}" for url, where in runs)) == [], "each of them died"
    for url, where in runs:
        assert look(url, schema) == before, f"half a migration at {where}"
    for url, _ in runs[:: len(runs) // 2]:
        asyncio.run(migrate(url))
        assert look(url, missing) == []


def test_the_incarnation_of_an_upgraded_database_stays(new: NewDatabase) -> None:
    url = new("0001")
    before = look(url, log_id)
    asyncio.run(migrate(url))
    assert look(url, log_id) == before


def test_several_that_migrate_at_once_take_turns(new: NewDatabase) -> None:
    """Replicas that each migrate before they start: all succeed, and one incarnation of the log is drawn."""
    url = new(None)
    assert killed("--together", *[f"{url}@"] * 4) == [url] * 4
    assert look(url, missing) == []
    assert str(look(url, log_id)).startswith("log_")


async def test_it_waits_for_no_table_so_long_that_everybody_queues_behind_it(postgres: Postgres) -> None:
    """A report that holds a lock for a while: customers' messages go on meanwhile, and the migration comes after."""
    url = await asyncio.to_thread(fresh_database, postgres, revision="0001")
    holder, writer = await asyncpg.connect(url), await asyncpg.connect(url)
    report = holder.transaction()
    await report.start()
    await holder.execute("SELECT count(*) FROM conversations")  # ALTER TABLE must wait for this transaction
    migrating = asyncio.create_task(migrate(url))
    await asyncio.sleep(1)
    waits = []
    for _ in range(8):
        began = asyncio.get_running_loop().time()
        await writer.fetch("SELECT id FROM conversations LIMIT 1")
        waits.append(asyncio.get_running_loop().time() - began)
        await asyncio.sleep(0.3)
    assert not migrating.done()
    await report.rollback()
    await asyncio.wait_for(migrating, 30)
    await holder.close()
    await writer.close()
    assert max(waits) < 8, "nobody waited for the whole report"
    assert await asyncio.to_thread(look, url, missing) == []


def test_sqlite_alone_would_have_committed_every_statement(tmp_path: Path) -> None:
    """What the driver does when it is left alone, so that nobody removes `isolation_level = None` as superfluous."""
    path = tmp_path / "alone.sqlite"
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE half (id)")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("half",)]
