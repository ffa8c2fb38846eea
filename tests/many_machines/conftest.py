"""One PostgreSQL and one Valkey for all tests; a pair of replicas for each kind of wire between their bells."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from handoff_service.ids import new_id
from handoff_service.migrate import migrate
from tests.handoff_service.web.far_bot import FarBot
from tests.many_machines.replicas import NO_POLLING, PATIENT, Replica, Town, environment, running, sql, town
from tests.many_machines.servers import Postgres, Valkey, free_port


def apart(work: Any) -> Any:
    """Runs a coroutine on a loop of its own in a thread, whatever the loop of the test is doing."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(autouse=True)
def settings_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make test` sets for the parts must not leak into tests, which say themselves what they need."""
    for name in [name for name in os.environ if name.startswith("TANDEM_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder with a short name that the user of PostgreSQL may enter; in memory where there is room for it."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 << 30
    folder = Path(tempfile.mkdtemp(prefix="tandem-many-", dir=memory if roomy else "/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(place: Path) -> Iterator[Postgres]:
    sockets = place / "s"
    sockets.mkdir()
    with Postgres(place / "postgres", sockets, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(place: Path) -> Iterator[Valkey]:
    with Valkey(place / "valkey", free_port()) as server:
        yield server


def fresh_database(postgres: Postgres, *, revision: str | None = "head") -> str:
    """The address of a new database, migrated unless `revision` is None."""
    name, template = new_id("d"), "template1"
    if revision is not None:
        template = f"migrated_{revision}"
        if template not in postgres.templates:
            apart(sql(postgres.url(), f"CREATE DATABASE {template} STRATEGY FILE_COPY"))
            apart(migrate(postgres.url(template), revision))
            postgres.templates.add(template)
    apart(sql(postgres.url(), f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    return postgres.url(name)


@pytest.fixture
def new_database(postgres: Postgres) -> str:
    """The address of a database of this test alone."""
    return fresh_database(postgres)


@pytest.fixture(scope="session")
def shared_bot() -> Iterator[FarBot]:
    bot = FarBot()
    yield bot
    bot.close()


@pytest.fixture
def bot() -> Iterator[FarBot]:
    """A bot of this test alone."""
    one = FarBot()
    yield one
    one.close()


@pytest.fixture(scope="session")
def notify_pair(place: Path, postgres: Postgres, shared_bot: FarBot) -> Iterator[list[Replica]]:
    with running(
        place / "notify", 2, environment(fresh_database(postgres), shared_bot, **NO_POLLING, **PATIENT)
    ) as pair:
        yield pair


@pytest.fixture(scope="session")
def valkey_pair(place: Path, postgres: Postgres, shared_bot: FarBot, valkey: Valkey) -> Iterator[list[Replica]]:
    settings = environment(fresh_database(postgres), shared_bot, TANDEM_BELL_URL=valkey.url, **NO_POLLING)
    with running(place / "valkey-pair", 2, settings) as pair:
        yield pair


@pytest.fixture(params=["notify", "valkey"])
def pair(request: pytest.FixtureRequest) -> list[Replica]:
    """Two replicas whose bells hear each other by NOTIFY or by Valkey."""
    return request.getfixturevalue(f"{request.param}_pair")


@pytest.fixture
async def here(pair: list[Replica]) -> AsyncIterator[Town]:
    """A fresh tenant on the pair."""
    async with town(pair) as one:
        yield one
