"""One way to the database: `read` and `write` run a plain function on a connection.

The functions are synchronous and the same on both engines. On SQLite every write goes through one thread that
commits many of them together (group commit: one fsync for all that wait), on PostgreSQL each write is its own
transaction on asyncpg. A write returns only after its durable commit; the topics that it rings are heard after
that commit, on PostgreSQL by every replica (NOTIFY).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import asyncpg
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import create_async_engine

from handoff_service.bell import Bell
from handoff_service.errors import Unavailable
from handoff_service.failpoints import failpoint

T = TypeVar("T")
log = structlog.get_logger()

# More than this many writes in one commit would delay the first of them without saving much of an fsync.
GROUP = 64
RETRIES = 5
# Unique keys that make something happen once: who loses the race starts over and finds what the winner did.
ONCE = (
    "one_open_conversation",
    "entries_by_client_id",
    "operations_pkey",
    "cursors_pkey",
    "contact_identities_pkey",
    "used_identity_tokens_pkey",
)
CHANNEL = "tandem"  # of NOTIFY
# What asyncpg raises, past SQLAlchemy, while the server is down or starting.
NO_CONNECTION = (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError)


@dataclass
class Transaction:
    """A connection inside a transaction, and the topics to ring once it is durable."""

    connection: sa.Connection
    topics: set[str] = field(default_factory=set)

    def ring(self, topic: str) -> None:
        self.topics.add(topic)


class Database(Protocol):
    """What the verbs need of a database; an `exclusive` one serves a single process."""

    exclusive: bool

    async def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Runs `work` in a transaction of its own; it may run again after a conflict, so it has no other effects.

        With `durable=False` a power failure, not a crash, may undo it until the next durable write: for what nobody
        has been told of and is done again when it is missing.
        """

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Runs `work` on a connection that only reads."""

    async def close(self) -> None: ...


@dataclass
class _Job:
    work: Callable[[Transaction], Any]
    durable: bool
    done: Future[Any]


class SqliteDatabase:
    """SQLite in WAL mode with `synchronous=FULL`: one writing connection in one thread, several reading ones."""

    exclusive = True

    def __init__(self, url: str, bell: Bell, *, readers: int = 4) -> None:
        self._bell = bell
        path = sa.make_url(url).database
        if not path or path == ":memory:":
            raise ValueError(
                f"{url}: SQLite needs a file, because readers and the writer have connections of their own"
            )
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(
            url,
            connect_args={"check_same_thread": False, "timeout": 5.0},
            pool_size=readers + 2,
            hide_parameters=True,  # an error in a log must not show what was to be stored
        )
        sa.event.listen(self._engine, "connect", _prepare_sqlite)
        sa.event.listen(self._engine, "begin", _begin_sqlite)
        self._reader = self._engine.execution_options(read_only=True)
        self._without_fsync = self._engine.execution_options(synchronous="NORMAL")
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-read")
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._writer = threading.Thread(target=self._write_forever, name="sqlite-write", daemon=True)
        self._writer.start()

    async def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        job = _Job(work, durable, Future())
        self._jobs.put(job)
        result, topics = await asyncio.wrap_future(job.done)
        failpoint("notify_before")
        for topic in topics:
            self._bell.ring(topic)
        return result  # type: ignore[no-any-return]

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        try:
            with self._reader.connect() as connection:
                return work(connection)
        except sa.exc.OperationalError as error:
            raise Unavailable("The database cannot be read; try again.") from error

    async def close(self) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join, 10)
        self._readers.shutdown(wait=True)
        self._engine.dispose()

    def _write_forever(self) -> None:
        while (first := self._jobs.get()) is not None:
            group = [first]
            while len(group) < GROUP:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._jobs.put(None)
                    break
                group.append(following)
            self._commit(group)

    def _commit(self, group: list[_Job]) -> None:
        """Runs each job in a savepoint, so that one that fails harms no other, and commits once for all."""
        # From here on a caller who gives up waiting cannot cancel the job any more; its answer goes nowhere.
        group = [job for job in group if job.done.set_running_or_notify_cancel()]
        finished: list[tuple[_Job, Any, set[str]]] = []
        engine = self._engine if any(job.durable for job in group) else self._without_fsync
        try:
            with engine.connect() as connection, connection.begin():
                for job in group:
                    transaction = Transaction(connection)
                    try:
                        with connection.begin_nested():
                            result = job.work(transaction)
                    except sa.exc.OperationalError:
                        raise
                    except Exception as error:  # belongs to the caller of this one job
                        job.done.set_exception(error)
                    else:
                        finished.append((job, result, transaction.topics))
                failpoint("append_before_commit")
            failpoint("append_after_commit")
        except Exception as error:  # the commit itself failed: nothing of the group is stored
            log.error("write failed", error=repr(error), jobs=len(group))
            for job in group:
                if not job.done.done():
                    job.done.set_exception(
                        Unavailable(f"The database refused the write ({error.__class__.__name__}); try again.")
                    )
            return
        for job, result, topics in finished:
            job.done.set_result((result, topics))


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions on its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # BEGIN IMMEDIATE takes the write lock at once: a deferred transaction that upgrades later can fail half-way.
    options = connection.get_execution_options()
    if options.get("read_only", False):
        connection.exec_driver_sql("BEGIN")
    else:
        connection.connection.cursor().execute(f"PRAGMA synchronous={options.get('synchronous', 'FULL')}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class PostgresDatabase:
    """PostgreSQL through asyncpg; rows are locked by the verbs, conflicts between transactions are retried."""

    exclusive = False

    def __init__(self, url: str, bell: Bell, *, connections: int = 10) -> None:
        self._bell = bell
        address = sa.make_url(url).set(drivername="postgresql+asyncpg")
        self._engine = create_async_engine(address, pool_size=connections, pool_pre_ping=True, hide_parameters=True)
        self._listening: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        for attempt in range(RETRIES):
            try:
                async with self._engine.begin() as connection:
                    if not durable:
                        await connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                    result = await connection.run_sync(_work_and_notify, work)
                    failpoint("append_before_commit")
                failpoint("append_after_commit")
                return result
            except sa.exc.DBAPIError as error:
                if attempt + 1 < RETRIES and _is_conflict(error):
                    await asyncio.sleep(0.01 * 2**attempt)
                    continue
                raise _as_unavailable(error) from error
            except NO_CONNECTION as error:
                raise _as_unavailable(error) from error
        raise Unavailable("The database was too busy; try again.")

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        try:
            async with self._engine.connect() as connection:
                return await connection.run_sync(work)
        except (sa.exc.DBAPIError, *NO_CONNECTION) as error:
            raise _as_unavailable(error) from error

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        await self._engine.dispose()

    async def _listen(self) -> None:
        """Rings the local bell for every NOTIFY; connects again after a failure, polling heals what was missed."""
        while True:
            try:
                async with self._engine.connect() as connection:
                    raw = await connection.get_raw_connection()
                    driver = raw.driver_connection
                    assert driver is not None
                    lost = asyncio.Event()
                    driver.add_termination_listener(lambda _, lost=lost: lost.set())
                    await driver.add_listener(CHANNEL, lambda _, __, ___, topic: self._bell.ring(topic))
                    await lost.wait()
            except (OSError, sa.exc.SQLAlchemyError, asyncpg.PostgresError) as error:
                log.warning("listening failed, connecting again", error=repr(error))
            await asyncio.sleep(1)


def _work_and_notify(connection: sa.Connection, work: Callable[[Transaction], T]) -> T:
    transaction = Transaction(connection)
    result = work(transaction)
    failpoint("notify_before")
    for topic in transaction.topics:
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, topic)))
    return result


def _is_conflict(error: sa.exc.DBAPIError) -> bool:
    """Deadlock, serialization failure, or two transactions that raced to do the same thing once."""
    state = getattr(error.orig, "sqlstate", None)
    return state in {"40P01", "40001"} or (state == "23505" and any(key in str(error.orig) for key in ONCE))


def _as_unavailable(error: Exception) -> Exception:
    """Unavailable for a database that is down or has dropped the connection; any other error as it is."""
    lost = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    if lost or isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError, *NO_CONNECTION)):
        return Unavailable("The database is not reachable; try again.")
    return error


def open_database(url: str, bell: Bell) -> SqliteDatabase | PostgresDatabase:
    """The database behind a SQLAlchemy address; only SQLite and PostgreSQL are known."""
    backend = sa.make_url(url).get_backend_name()
    if backend == "sqlite":
        return SqliteDatabase(url, bell)
    if backend == "postgresql":
        return PostgresDatabase(url, bell)
    raise ValueError(f"TANDEM_DATABASE_URL={url!r}: use sqlite:///… or postgresql://…")
