"""One way to the database: `read` and `write` run a plain function on a connection.

The functions are synchronous and the same on both engines. On SQLite every write goes through one thread that
commits many of them together (group commit: one fsync for all that wait), on PostgreSQL each write is its own
transaction on asyncpg. A write returns only after its durable commit; the topics that it rings are heard after
that commit, on PostgreSQL by every replica (NOTIFY).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import pysqlite3 as sqlite3
import sqlalchemy as sa
import structlog

from handoff_service import metrics
from handoff_service.bell import Bell, Rings, note
from handoff_service.errors import Unavailable
from handoff_service.failpoints import failpoint
from handoff_service.groups import Job, Threads
from handoff_service.postgres import REFUSALS, SERIOUS, Connections, Fault, Notices, fault, sqlstate

T = TypeVar("T")
log = structlog.get_logger()

# More than this many writes in one commit would delay the first of them without saving much of an fsync.
GROUP = 64
RETRIES = 5


@dataclass
class Transaction:
    """A connection inside a transaction, and the topics to ring once it is durable."""

    connection: sa.Connection
    topics: Rings = field(default_factory=dict)
    appended: list[str] = field(default_factory=list)  # kinds of authors, for the metrics
    forgets: bool = False  # what was overwritten before this transaction must leave SQLite's log file as well

    def ring(self, topic: str, detail: int | None = None) -> None:
        note(self.topics, topic, detail)


class Database(Protocol):
    """What the verbs need of a database; an `exclusive` one serves a single process.

    `hears` tells whether the rings of other processes arrive here.
    """

    exclusive: bool

    @property
    def hears(self) -> bool: ...

    async def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Runs `work` in a transaction of its own; it may run again after a conflict, so it has no other effects.

        With `durable=False` a power failure, not a crash, may undo it until the next durable write: for what nobody
        has been told of and is done again when it is missing.
        """

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Runs `work` on a connection that only reads."""

    async def close(self) -> None: ...


class SqliteDatabase:
    """SQLite in WAL mode with `synchronous=FULL`: one thread that writes, two that read, each on its own connection."""

    exclusive = True
    hears = True

    def __init__(self, url: str, bell: Bell, *, readers: int = 2) -> None:
        self._bell = bell
        path = sa.make_url(url).database
        if not path or path == ":memory:":
            raise ValueError(
                f"{url}: SQLite needs a file, because readers and the writer have connections of their own"
            )
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(
            url,
            module=sqlite3,
            connect_args={"check_same_thread": False, "timeout": 5.0},
            pool_size=readers + 2,
            hide_parameters=True,  # an error in a log must not show what was to be stored
        )
        sa.event.listen(self._engine, "connect", _prepare_sqlite)
        sa.event.listen(self._engine, "begin", _begin_sqlite)
        self._reader = self._engine.execution_options(read_only=True)
        self._without_fsync = self._engine.execution_options(synchronous="NORMAL")
        self._readers = Threads(self._read_all, name="sqlite-read", count=readers, most=GROUP)
        self._writer = Threads(self._commit, name="sqlite-write", most=GROUP, answered=self._ring)

    async def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        result, _ = await self._writer.do(work, durable=durable)
        return result  # type: ignore[no-any-return]

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        return await self._readers.do(work)  # type: ignore[no-any-return]

    async def close(self) -> None:
        await self._writer.close()
        await self._readers.close()
        self._engine.dispose()

    def _read_all(self, group: Sequence[Job]) -> None:
        """Everything that waits is read in one transaction: the group sees one moment."""
        try:
            with self._reader.connect() as connection:
                connection.begin()
                for job in group:
                    try:
                        job.result = job.work(connection)
                    except Exception as error:  # belongs to the caller of this one job
                        job.error = _unreadable(error)
        except Exception as error:  # not even a connection: nobody has an answer
            for job in group:
                job.error = job.error or _unreadable(error)

    def _ring(self, group: Sequence[Job]) -> None:
        failpoint("notify_before")
        rings: Rings = {}
        for job in group:
            if job.error is None:
                for topic, detail in job.result[1].topics.items():
                    note(rings, topic, detail)
        for topic, detail in rings.items():
            self._bell.ring(topic, detail)

    def _commit(self, group: Sequence[Job]) -> None:
        """Runs each job in a savepoint, so that one that fails harms no other, and commits once for all."""
        began = time.perf_counter()
        engine = self._engine if any(job.durable for job in group) else self._without_fsync
        try:
            with engine.connect() as connection, connection.begin():
                for job in group:
                    _work_apart(connection, job)
                failpoint("append_before_commit")
            failpoint("append_after_commit")
        except Exception as error:  # the commit itself failed: nothing of the group is stored
            log.error("write failed", error=repr(error), jobs=len(group))
            for job in group:
                job.error = job.error or Unavailable(
                    f"The database refused the write ({error.__class__.__name__}); try again."
                )
            return
        metrics.committed([job.result[1].appended for job in group if job.error is None], began)
        forgetting = [job for job in group if job.error is None and job.result[1].forgets]
        if forgetting and not self._empty_log():
            for job in forgetting:
                job.error = Unavailable("A reader (a backup?) holds old pages; try again.")

    def _empty_log(self) -> bool:
        """Moves all pages of the write-ahead log into the file and empties it; False if a reader is in the way."""
        raw = self._engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA busy_timeout=250")
            busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            raw.cursor().execute("PRAGMA busy_timeout=5000")
        finally:
            raw.close()
        return not busy


def _work_apart(connection: sa.Connection, job: Job) -> None:
    """Fills in (result, transaction), or the job's own error. Raises when the database is to blame."""
    driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)
    transaction = Transaction(connection)
    driver.execute("SAVEPOINT job")
    try:
        job.result = (job.work(transaction), transaction)
    except (sa.exc.OperationalError, sqlite3.OperationalError):
        raise
    except Exception as error:  # belongs to the caller of this one job
        job.error = error
        driver.execute("ROLLBACK TO job")
    driver.execute("RELEASE job")


def _unreadable(error: Exception) -> Exception:
    if isinstance(error, (sa.exc.OperationalError, sqlite3.OperationalError)):
        unavailable = Unavailable("The database cannot be read; try again.")
        unavailable.__cause__ = error
        return unavailable
    return error


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions on its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "secure_delete=ON"):
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

    def __init__(self, url: str, bell: Bell, *, connections: int = 10, notify: bool = True) -> None:
        """With `notify=False` the bell's wire carries the rings to the other gateways, and no NOTIFY is sent."""
        self._bell = bell
        self.hear: Callable[[str], None] = bell.ring  # what to do with a payload of NOTIFY
        self._connections = Connections(url, most=connections)
        self._notices = (
            Notices(self._connections, hear=lambda payload: self.hear(payload), missed=bell.ring_all)
            if notify
            else None
        )

    @property
    def hears(self) -> bool:
        return self._notices is None or self._notices.hears

    async def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        if self._notices is not None:
            self._notices.start()
        for attempt in range(RETRIES):
            began = time.perf_counter()
            try:
                async with self._connections.transaction(durable=durable) as connection:
                    result, tx = await connection.run_sync(_work, work)
                    failpoint("append_before_commit")
            except REFUSALS as error:
                if attempt + 1 < RETRIES and fault(error) is Fault.RETRY:
                    await asyncio.sleep(0.01 * 2**attempt)
                    continue
                raise _as_unavailable(error) from error
            failpoint("append_after_commit")
            metrics.committed([tx.appended], began)
            self._ring(tx.topics)
            return result
        raise Unavailable("The database was too busy; try again.")

    def _ring(self, rings: Rings) -> None:
        failpoint("notify_before")
        for topic, detail in rings.items():
            self._bell.ring(topic, detail) if self._notices else self._bell.tell(topic, detail)
        if self._notices is not None:
            self._notices.tell(rings)

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        if self._notices is not None:
            self._notices.start()
        for last in (False, True):
            try:
                async with self._connections.reading() as connection:
                    return await connection.run_sync(work)
            except REFUSALS as error:
                unavailable = _as_unavailable(error)
                if last or unavailable is error:  # a connection that broke while nobody used it is worth another try
                    raise unavailable from error
        raise AssertionError("not reached")

    async def close(self) -> None:
        if self._notices is not None:
            await self._notices.close()
        await self._connections.close()


def _work(connection: sa.Connection, work: Callable[[Transaction], T]) -> tuple[T, Transaction]:
    transaction = Transaction(connection)
    return work(transaction), transaction


def _as_unavailable(error: Exception) -> Exception:
    """Unavailable for everything that the caller may try again later; an error of our own making as it is."""
    if fault(error) is Fault.BUG:
        return error
    if sqlstate(error).startswith(SERIOUS):
        log.error("the database is in trouble", sqlstate=sqlstate(error), error=error.__class__.__name__)
    return Unavailable("The database is not reachable; try again.")


def open_database(url: str, bell: Bell, *, notify: bool = True) -> SqliteDatabase | PostgresDatabase:
    """The database behind a SQLAlchemy address; only SQLite and PostgreSQL are known.

    With `notify=False` PostgreSQL's NOTIFY is not used, because the bell has another wire.
    """
    backend = sa.make_url(url).get_backend_name()
    if backend == "sqlite":
        return SqliteDatabase(url, bell)
    if backend == "postgresql":
        return PostgresDatabase(url, bell, notify=notify)
    raise ValueError(f"TANDEM_DATABASE_URL={url!r}: use sqlite:///… or postgresql://…")
