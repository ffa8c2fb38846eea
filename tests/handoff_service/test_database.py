"""Durable writes, group commit and the bell, on both engines; on SQLite also a process that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.bell import Bell
from handoff_service.database import Database, SqliteDatabase, Transaction, open_database
from handoff_service.errors import Invalid, Unavailable
from handoff_service.migrate import migrate

ROOT = Path(__file__).resolve().parents[2]
M = tables.meta.c

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def put(key: str) -> Any:
    """Work that stores one row and rings for it."""

    def work(tx: Transaction) -> str:
        tx.connection.execute(sa.insert(tables.meta).values(key=key, value="1"))
        tx.ring(f"put/{key}")
        return key

    return work


def keys(connection: sa.Connection) -> set[str]:
    return {row.key for row in connection.execute(sa.select(M.key))} - {"log_id"}


class Commits:
    """Counts what the engine commits, and can hold the writer until a test has queued its writes."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.count = 0
        self.gate = threading.Event()
        sa.event.listen(database._engine, "commit", self._count)

    def _count(self, _: sa.Connection) -> None:
        self.count += 1

    def hold(self, _: Transaction) -> None:
        self.gate.wait(5)


async def test_a_write_returns_its_result_and_is_there_for_the_next_reader(database: Database) -> None:
    assert await database.write(put("one")) == "one"
    assert await database.read(keys) == {"one"}


async def test_an_error_of_the_work_reaches_its_caller_and_stores_nothing(database: Database) -> None:
    def half(tx: Transaction) -> None:
        put("half")(tx)
        raise Invalid("on purpose")

    with pytest.raises(Invalid, match="on purpose"):
        await database.write(half)
    assert await database.read(keys) == set()


async def test_one_failing_write_harms_no_other(database: Database) -> None:
    await database.write(put("twice"))
    works = [put("twice") if number % 5 == 0 else put(f"k{number}") for number in range(50)]
    outcomes = await asyncio.gather(*(database.write(work) for work in works), return_exceptions=True)
    failed = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)]
    assert failed == list(range(0, 50, 5))
    assert all(isinstance(outcomes[number], sa.exc.IntegrityError) for number in failed)
    assert await database.read(keys) == {"twice"} | {f"k{number}" for number in range(50) if number % 5}


async def test_topics_ring_after_the_commit_and_not_without_one(database: Database, bell: Bell) -> None:
    heard: list[str] = []
    for key in ("good", "bad"):
        bell.listen(f"put/{key}", lambda topic, _: heard.append(topic))

    def bad(tx: Transaction) -> None:
        put("bad")(tx)
        raise Invalid("rolled back")

    await asyncio.sleep(0.2)  # PostgreSQL: the listening connection stands
    await database.read(keys)
    await asyncio.sleep(0.3)
    heard.clear()  # whoever begins to listen rings everything once
    with pytest.raises(Invalid):
        await database.write(bad)
    await database.write(put("good"))
    for _ in range(50):
        if heard:
            break
        await asyncio.sleep(0.02)
    assert heard == ["put/good"]


def test_the_fault_of_older_releases_that_destroys_databases_is_not_in_this_one() -> None:
    """https://sqlite.org/wal.html#walresetbug: seen here as entries whose index pages were of another moment."""
    assert sqlite3.sqlite_version_info >= (3, 51, 3)


@only_sqlite
async def test_writes_that_wait_together_are_committed_together(database: SqliteDatabase) -> None:
    commits = Commits(database)
    first = asyncio.create_task(database.write(commits.hold))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(database.write(put(f"k{number}"))) for number in range(64)]
    await asyncio.sleep(0.05)
    commits.gate.set()
    await asyncio.gather(first, *waiting)
    assert len(await database.read(keys)) == 64
    assert commits.count == 2, "64 waiting writes are one group"


@only_sqlite
async def test_a_caller_who_gives_up_harms_neither_the_writer_nor_the_group(database: SqliteDatabase) -> None:
    """A cancelled request once killed the writing thread, and every later write hung."""
    commits = Commits(database)
    first = asyncio.create_task(database.write(commits.hold))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(database.write(put(f"k{number}"))) for number in range(9)]
    await asyncio.sleep(0.05)
    waiting[4].cancel()
    first.cancel()
    await asyncio.sleep(0)
    commits.gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == ["str"] * 4 + ["CancelledError"] + ["str"] * 4
    assert await asyncio.wait_for(database.write(put("later")), 5) == "later"
    assert "k4" not in await database.read(keys), "nobody waited for it any more when its turn came"


@only_sqlite
async def test_only_a_write_that_need_not_be_durable_skips_the_fsync(database: SqliteDatabase) -> None:
    """The same connection serves both kinds; the durable one must never inherit what the other has set."""

    def synchronous(tx: Transaction) -> int:
        return int(tx.connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    for durable in (True, False, True, False, True):
        assert await database.write(synchronous, durable=durable) == (2 if durable else 1)


@only_sqlite
async def test_sqlite_keeps_its_promises_on_every_connection(database: SqliteDatabase) -> None:
    def pragmas(connection: sa.Connection) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert await database.write(lambda tx: pragmas(tx.connection)) == ["wal", 2, 1, 5000]
    assert await database.read(pragmas) == ["wal", 2, 1, 5000]


@only_sqlite
async def test_only_a_group_that_nobody_waits_for_is_written_without_fsync(database: SqliteDatabase) -> None:
    def level(tx: Transaction) -> int:
        return int(tx.connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    normal, full = 1, 2
    assert await database.write(level, durable=False) == normal
    assert await database.write(level) == full
    commits = Commits(database)
    first = asyncio.create_task(database.write(commits.hold, durable=False))
    await asyncio.sleep(0.05)
    mixed = [asyncio.create_task(database.write(level, durable=durable)) for durable in (False, True, False)]
    await asyncio.sleep(0.05)
    commits.gate.set()
    assert await asyncio.gather(first, *mixed) == [None, full, full, full]


@only_sqlite
async def test_a_lock_of_another_process_ends_in_unavailable(database: SqliteDatabase, database_url: str) -> None:
    """F-36: 503 and try again; afterwards the same database works."""
    other = sqlite3.connect(str(sa.make_url(database_url).database), isolation_level=None, check_same_thread=False)
    await database.write(lambda tx: tx.connection.exec_driver_sql("PRAGMA busy_timeout=50"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await database.write(put("refused"))
    other.execute("ROLLBACK")
    other.close()
    assert await database.write(put("accepted")) == "accepted"
    assert await database.read(keys) == {"accepted"}


WRITER = """
import asyncio, sys
sys.path.insert(0, {root!r})
import sqlalchemy as sa
from handoff_service import tables
from handoff_service.bell import Bell
from handoff_service.database import open_database

async def main():
    database = open_database({url!r}, Bell())
    async def one(key):
        await database.write(lambda tx: tx.connection.execute(sa.insert(tables.meta).values(key=key, value="1")))
        sys.stdout.write(key + "\\n")
        sys.stdout.flush()
    number = 0
    while True:
        await asyncio.gather(*(one(f"k{{number + index}}") for index in range(20)))
        number += 20

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """I1 for a real process on a real disk: it is killed while it writes and acknowledges."""
    url = f"sqlite:///{tmp_path / 'killed.sqlite'}"
    await migrate(url)
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER.format(root=str(ROOT), url=url)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    database = open_database(url, Bell())
    try:
        stored = await database.read(keys)
        check = await database.read(lambda connection: connection.exec_driver_sql("PRAGMA integrity_check").scalar())
    finally:
        await database.close()
    assert check == "ok"
    assert len(acknowledged) >= 200
    assert set(acknowledged) <= stored


@only_postgresql
async def test_a_ring_is_heard_by_every_replica(database: Database, database_url: str) -> None:
    heard = asyncio.Event()
    elsewhere = Bell()
    elsewhere.listen("put/far", lambda _, __: heard.set())
    replica = open_database(database_url, elsewhere)
    try:
        await replica.read(keys)
        for attempt in range(20):  # until the replica's listening connection stands
            await database.write(lambda tx, n=attempt: (put(f"n{n}")(tx), tx.ring("put/far")))
            try:
                await asyncio.wait_for(heard.wait(), 0.2)
                break
            except TimeoutError:
                continue
        assert heard.is_set()
    finally:
        await replica.close()


@only_postgresql
async def test_lost_connections_are_replaced(database: Database) -> None:
    await database.write(put("before"))
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    await database.read(
        lambda connection: connection.exec_driver_sql(f"{others} AND datname = current_database()").all()
    )
    assert await database.write(put("after")) == "after"
    assert await database.read(keys) == {"before", "after"}


async def test_a_server_that_is_down_is_unavailable_and_says_so(tmp_path: Path) -> None:
    """Not an OSError that ends the outbox worker: the caller hears 503, the workers try again."""
    database = open_database(f"postgresql://postgres@/nothing?host={tmp_path}", Bell())
    try:
        with pytest.raises(Unavailable):
            await database.write(put("nowhere"))
        with pytest.raises(Unavailable):
            await database.read(keys)
    finally:
        await database.close()


async def test_reading_without_tables_is_unavailable_on_sqlite(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'empty.sqlite'}", Bell())
    try:
        with pytest.raises(Unavailable):
            await database.read(keys)
    finally:
        await database.close()


def test_only_databases_that_keep_the_promises_are_opened(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a file"):
        open_database("sqlite://", Bell())
    with pytest.raises(ValueError, match="TANDEM_DATABASE_URL"):
        open_database(f"mysql://{tmp_path}", Bell())


async def test_a_moment_without_a_time_zone_never_reaches_the_database(database: Database) -> None:
    def naive(tx: Transaction) -> None:
        tx.connection.execute(
            sa.insert(tables.contacts).values(
                tenant="demo", id="k_1", name="x", language="en", created_at=datetime(2026, 1, 1)
            )
        )

    with pytest.raises(sa.exc.StatementError, match="time zone"):
        await database.write(naive)


async def test_callers_who_give_up_at_any_moment_leave_every_connection_usable(database: Database) -> None:
    """More cancelled calls than there are connections; one that stayed open or taken would block what comes later."""

    async def give_up(number: int) -> None:
        call = asyncio.create_task(database.write(put(f"k{number}")) if number % 2 else database.read(keys))
        await asyncio.sleep(0.0003 * (number % 40))
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

    await asyncio.gather(*(give_up(number) for number in range(200)))
    async with asyncio.timeout(20):
        await asyncio.gather(*(database.write(put(f"later{number}")) for number in range(30)))
        assert {f"later{number}" for number in range(30)} <= await database.read(keys)
