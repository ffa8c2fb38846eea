"""What the errors of PostgreSQL mean for callers, and that no error whatever ends a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from handoff_service.clock import utc_now
from handoff_service.conversations.sweep import Sweeper
from handoff_service.database import RETRIES, Database, Transaction
from handoff_service.errors import Unavailable
from handoff_service.live import heal
from handoff_service.nodes import Nodes
from handoff_service.postgres import ONCE, Fault, fault
from handoff_service.retention import keeper
from handoff_service.vitals import probe
from tests.handoff_service.stage import trial_settings

on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)

RETRY = ("40001", "40P01")
UNAVAILABLE = (
    *("08000", "08003", "08006", "25006", "25P02", "25P03", "40000", "40003", "53100", "53200", "53300"),
    *("55000", "55P03", "57014", "57P01", "57P03", "58000", "58030", "XX000", "XX001"),
)
BUG = ("22021", "22003", "23502", "23503", "42P01", "42703", "0A000", "P0001")


def server_says(state: str, message: str = "so") -> asyncpg.PostgresError:
    return asyncpg.PostgresError.new({"C": state, "M": message, "S": "ERROR"})


def judged() -> dict[str, Fault]:
    of = {Fault.RETRY: RETRY, Fault.UNAVAILABLE: UNAVAILABLE, Fault.BUG: BUG}
    return {state: one for one, states in of.items() for state in states}


@pytest.mark.parametrize(("state", "wanted"), judged().items())
def test_every_class_of_errors_has_one_meaning(state: str, wanted: Fault) -> None:
    assert fault(server_says(state)) is wanted


@pytest.mark.parametrize("key", ONCE)
def test_a_lost_race_is_run_again_and_any_other_double_key_is_a_bug(key: str) -> None:
    text = 'duplicate key value violates unique constraint "{}"'
    assert fault(server_says("23505", text.format(key))) is Fault.RETRY
    assert fault(server_says("23505", text.format("meta_pkey"))) is Fault.BUG


def test_errors_of_the_driver() -> None:
    for away in (
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError(),
    ):
        assert fault(away) is Fault.UNAVAILABLE
    assert fault(asyncpg.InvalidCachedStatementError("changed")) is Fault.RETRY
    for ours in (KeyError("x"), ZeroDivisionError(), asyncio.CancelledError()):
        assert fault(ours) is Fault.BUG


@on_postgresql
@pytest.mark.parametrize("state", ["40P01", "25P03", "53100", "55P03", "57014", "58030", "XX001", "42P01"])
async def test_what_the_server_raises_reaches_the_caller_as_the_table_says(database: Database, state: str) -> None:
    """Through SQLAlchemy, in writes and reads; the connection works again afterwards."""
    statement = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"
    runs = []

    def work(tx: Transaction) -> None:
        runs.append(state)
        tx.connection.exec_driver_sql(statement)

    wanted = judged()[state]
    expected = sa.exc.DBAPIError if wanted is Fault.BUG else Unavailable
    with pytest.raises(expected):
        await database.write(work)
    assert len(runs) == (RETRIES if wanted is Fault.RETRY else 1)
    with pytest.raises(expected):
        await database.read(lambda connection: connection.exec_driver_sql(statement))
    assert await database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()) == 1


@on_postgresql
async def test_the_server_ends_what_hangs_and_nobody_waits_long_for_a_lock(database: Database) -> None:
    def limits(connection: sa.Connection) -> list[str]:
        names = ("idle_in_transaction_session_timeout", "lock_timeout")
        return [str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names]

    assert await database.read(limits) == ["5s", "4s"]


async def test_a_probe_leaves_nothing_behind(database: Database) -> None:
    rows = lambda connection: connection.exec_driver_sql("SELECT count(*) FROM meta").scalar()  # noqa: E731
    before = await database.read(rows)
    for _ in range(2):
        await database.write(lambda tx: probe(tx, "n_1", utc_now()))
    assert await database.read(rows) == before


class Broken:
    """A database on which nothing works, for a reason that nobody thought of."""

    exclusive = False
    hears = True

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, _: Any) -> Any:
        self.asked += 1
        raise KeyError("nobody thought of this")

    async def write(self, _: Any, *, durable: bool = True) -> Any:  # noqa: ARG002
        return await self.read(_)

    async def close(self) -> None: ...


def _healer(database: Broken) -> heal.Healer:
    class Sockets:
        def agents(self) -> list[Any]:
            database.asked += 1
            raise KeyError("nobody thought of this")

    settings = trial_settings(socket_poll_s=0.01)
    return heal.Healer(SimpleNamespace(settings=settings, clock=utc_now, database=database, sockets=Sockets()))


WORKERS: dict[str, Callable[[Broken], Any]] = {
    "sweeper": lambda database: Sweeper(database, trial_settings(sweep_s=0.01), utc_now),
    "keeper": lambda database: keeper.Keeper(database, trial_settings(), utc_now),
    "nodes": lambda database: Nodes(database, node="n_1", clock=utc_now, lost_s=0.04),
    "healer": _healer,
}


@pytest.mark.parametrize("name", WORKERS)
async def test_a_worker_survives_an_error_that_nobody_foresaw_and_ends_when_it_is_cancelled(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "EVERY_S", 0.01)
    database = Broken()
    running = asyncio.create_task(WORKERS[name](database).run())
    async with asyncio.timeout(10):
        while database.asked < 3:
            assert not running.done(), running
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises((asyncio.CancelledError, KeyError)):
        await running


async def test_one_conversation_that_cannot_be_swept_keeps_nobody_else_waiting(database: Database) -> None:
    sweeper = Sweeper(database, trial_settings(), utc_now)

    def broken(_: Transaction) -> None:
        raise ZeroDivisionError

    await sweeper._try(broken, "this one")
    with pytest.raises(Unavailable):
        await Sweeper(_Away(), trial_settings(), utc_now)._try(broken, "all of them")


class _Away(Broken):
    async def read(self, _: Any) -> Any:
        raise Unavailable("away")
