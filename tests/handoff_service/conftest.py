"""Databases, tenants and people for the gateway's tests; every test that asks for `database` runs on both engines."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from handoff_service.agents.model import Agent
from handoff_service.bell import Bell
from handoff_service.conversations.change import Context
from handoff_service.conversations.receive import Sender
from handoff_service.database import Database, open_database
from handoff_service.ids import new_id
from handoff_service.migrate import migrate
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.conftest import Once
from tests.handoff_service.stage import FakeClock, ScriptedBot, meet, person, shop, start_shift, trial_settings

TEMPLATE = "tandem_template"


def _apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs a coroutine on a loop of its own in a thread, whatever the loop of the test is doing."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: fsync costs nothing there, and only one test measures that."""
    shared_memory = Path("/dev/shm")
    place = shared_memory if os.access(shared_memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="tandem-tests-", dir=place))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def sqlite_template(once: Once) -> Path:
    """A migrated, empty SQLite file."""
    return once("migrated", lambda folder: _apart(migrate(f"sqlite:///{folder / 'empty.sqlite'}"))) / "empty.sqlite"


async def _sql(address: str, *statements: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres(postgres_server: Callable[[str], str]) -> Callable[[str], str]:
    """A real PostgreSQL with a migrated template database; gives the address of a database by its name."""
    _apart(_sql(postgres_server("postgres"), f"CREATE DATABASE {TEMPLATE}"))
    _apart(migrate(postgres_server(TEMPLATE)))
    return postgres_server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Which database; `@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)` chooses one."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh, migrated, empty database."""
    name = new_id("t")
    if engine == "sqlite":
        folder = request.getfixturevalue("fast_folder") / name
        folder.mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "handoff.sqlite")
        yield f"sqlite:///{folder / 'handoff.sqlite'}"
        shutil.rmtree(folder)
        return
    address = request.getfixturevalue("postgres")
    _apart(_sql(address("postgres"), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"))
    yield address(name)
    _apart(_sql(address("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return trial_settings(var=tmp_path, database_url=database_url)


@pytest.fixture
def context(settings: Settings, clock: FakeClock) -> Callable[[], Context]:
    """Gives the context of the present moment."""
    return lambda: Context(settings, clock())


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
async def database(database_url: str, bell: Bell) -> AsyncIterator[Database]:
    opened = open_database(database_url, bell)
    yield opened
    await opened.close()


@pytest.fixture
def bot() -> ScriptedBot:
    return ScriptedBot()


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """The demo shop, stored."""
    stored = shop()
    await database.write(lambda tx: tenants.save(tx.connection, stored))
    return stored


Hire = Callable[..., Awaitable[Agent]]


@pytest.fixture
def hire(database: Database, tenant: Tenant, clock: FakeClock) -> Hire:  # noqa: ARG001
    """`await hire("lin", capacity=1)`: an agent of the demo shop who is online at a connected desk."""

    async def hired(name: str, **changes: Any) -> Agent:
        return await database.write(lambda tx: start_shift(tx.connection, person(name, **changes), clock()))

    return hired


@pytest.fixture
def arrive(database: Database, tenant: Tenant, clock: FakeClock) -> Callable[..., Awaitable[Sender]]:  # noqa: ARG001
    """`await arrive(language="zh")`: a new customer of the demo shop."""

    async def arrived(**changes: Any) -> Sender:
        return await database.write(lambda tx: meet(tx.connection, clock(), **changes))

    return arrived


@pytest.fixture
def rows(database: Database) -> Callable[..., Awaitable[list[dict[str, Any]]]]:
    """`await rows(tables.turns)`: every row of a table, as the database has it."""

    async def every(table: sa.Table) -> list[dict[str, Any]]:
        return await database.read(
            lambda connection: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        )

    return every


@pytest.fixture(autouse=True)
def settings_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make test` sets for the parts must not leak into tests, which say themselves what they need."""
    for name in [name for name in os.environ if name.startswith("TANDEM_")]:
        monkeypatch.delenv(name)
