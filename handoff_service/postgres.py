"""PostgreSQL's connections, each a SQLAlchemy one and its asyncpg driver, and NOTIFY between gateways.

A message costs a fixed number of statements, and each is a round trip. So connections are in autocommit and are
neither tested before nor reset after each use; BEGIN and COMMIT are said where a transaction begins and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

import asyncpg
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from handoff_service.bell import Rings, note, payload

log = structlog.get_logger()

CHANNEL = "tandem"  # of NOTIFY
# Carries the details of rings. Release 0.1 does not listen to it and takes a payload for a topic, so the bare topic
# follows on the other channel; who has heard the detail leaves it out.
DETAILS = "tandem_details"
NOTIFY = "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS told(channel, payload)"
BEGIN = {True: "BEGIN", False: "BEGIN; SET LOCAL synchronous_commit = off"}  # by whether it is to be durable
CHECK_S = 5.0
ROLLBACK_S = 5.0
# What asyncpg raises, past SQLAlchemy, while the server is down or starting, or when it has dropped the connection.
NO_CONNECTION = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # "another operation is in progress": the server went away in the middle of one
)
BROKEN = (*NO_CONNECTION, sa.exc.SQLAlchemyError, asyncpg.PostgresError, TimeoutError)
# What a write or a read can end in beside the errors of its own work.
REFUSALS = (sa.exc.DBAPIError, *NO_CONNECTION, asyncpg.PostgresError)
# A gateway that hangs inside a transaction would keep its locks for ever: the server ends it, and then nothing of the
# transaction is stored. The others wait for a lock a little shorter than that, so that they do not pile up meanwhile.
SESSION = {"application_name": "tandem", "idle_in_transaction_session_timeout": "5s", "lock_timeout": "4s"}
# The server does not count as idle who has had a statement parsed and then never runs it, as the driver does in two
# steps the first time. Such a session is ended by another gateway.
END_HANGING = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'tandem' AND datname = current_database() AND usename = current_user
    AND state = 'active' AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - interval '5 seconds'"""
COMMAND_S = 30.0  # of one statement: the server may be gone without a word
# Unique keys that make something happen once: who loses the race starts over and finds what the winner did.
ONCE = (
    "one_open_conversation",
    "entries_by_client_id",
    "operations_pkey",
    "cursors_pkey",
    "contact_identities_pkey",
    "inbox_pkey",
    "channel_windows_pkey",
    "channel_cursors_pkey",
    "deliveries_pkey",
    "used_identity_tokens_pkey",
    "audit_pkey",
    "playbook_steps_pkey",
    "signal_days_pkey",
    "full_queues_pkey",
)


class Fault(Enum):
    """Whose fault an error is, and so what to do: run it again, tell the caller to come back, or repair the code."""

    RETRY = "retry"
    UNAVAILABLE = "unavailable"
    BUG = "bug"


# By SQLSTATE or its class, the first two characters; what is not listed is a bug of whoever asked.
FAULTS = {
    "40001": Fault.RETRY,  # serialization failure
    "40P01": Fault.RETRY,  # deadlock
    "08": Fault.UNAVAILABLE,  # the connection broke
    "25": Fault.UNAVAILABLE,  # read-only, for instance a replica; the transaction was ended, as after 25P03
    "40": Fault.UNAVAILABLE,  # rolled back, or nobody knows
    "53": Fault.UNAVAILABLE,  # out of disk, memory or connections
    "55": Fault.UNAVAILABLE,  # a lock was not to be had in time
    "57": Fault.UNAVAILABLE,  # cancelled, starting or stopping
    "58": Fault.UNAVAILABLE,  # the disk or the system below
    "XX": Fault.UNAVAILABLE,  # the server itself is broken
}
SERIOUS = ("53", "58", "XX")  # somebody must look after the server


def sqlstate(error: BaseException) -> str:
    """The server's code of an error of SQLAlchemy or asyncpg; empty when it is not the server's."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")


def fault(error: BaseException) -> Fault:
    """The one place where errors of PostgreSQL and of its driver are judged."""
    below = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    causes = (below, getattr(below, "__cause__", None))
    if any(isinstance(cause, asyncpg.InvalidCachedStatementError) for cause in causes):
        return Fault.RETRY  # a table was changed since the statement was prepared
    state = sqlstate(error)
    if state == "23505":
        return Fault.RETRY if any(key in str(below) for key in ONCE) else Fault.BUG
    known = FAULTS.get(state) or FAULTS.get(state[:2])
    if known is not None:
        return known
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return Fault.UNAVAILABLE
    if not state and any(isinstance(cause, ValueError) for cause in causes):
        return Fault.BUG  # the driver cannot write such a value
    lost = isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError, *NO_CONNECTION))
    return Fault.UNAVAILABLE if lost else Fault.BUG


@dataclass(frozen=True)
class Connected:
    """One connection, and what lies below it."""

    connection: AsyncConnection
    driver: asyncpg.Connection


def end_hanging(connection: sa.Connection) -> int:
    """Ends sessions of gateways that hang inside a transaction where the server itself does not. Returns how many."""
    if connection.dialect.name != "postgresql":
        return 0
    return int(connection.exec_driver_sql(END_HANGING).scalar_one())


class Connections:
    """At most `most` connections at once; those that are not used stay open."""

    def __init__(self, url: str, *, most: int) -> None:
        address = sa.make_url(url).set(drivername="postgresql+asyncpg")
        self._engine = create_async_engine(
            address,
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
            hide_parameters=True,  # an error in a log must not show what was to be stored
            connect_args={"server_settings": SESSION, "command_timeout": COMMAND_S},
        )
        self._places = asyncio.Semaphore(most)
        self._idle: list[Connected] = []

    @contextlib.asynccontextmanager
    async def transaction(self, *, durable: bool) -> AsyncIterator[AsyncConnection]:
        """A connection inside a transaction, which is committed at the end of the block, or rolled back."""
        async with self._connected(BEGIN[durable]) as connected:
            try:
                yield connected.connection
                if await connected.driver.execute("COMMIT") != "COMMIT":
                    raise asyncpg.InFailedSQLTransactionError("the transaction was rolled back")
            except BaseException:
                await _roll_back(connected.driver)
                raise

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a transaction."""
        async with self._connected() as connected:
            yield connected.connection

    async def open(self) -> Connected:
        """A new connection, which counts for nothing here; the caller closes it."""
        connection = await self._engine.connect()
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        return Connected(connection, driver)

    async def close(self) -> None:
        while self._idle:
            await _close(self._idle.pop())
        await self._engine.dispose()

    @contextlib.asynccontextmanager
    async def _connected(self, first: str | None = None) -> AsyncIterator[Connected]:
        async with self._places:
            connected = await self._ready(first)
            try:
                yield connected
            except TimeoutError:  # nobody knows what the server is still doing there
                connected.driver.terminate()
                raise
            finally:
                if connected.driver.is_closed():
                    await _close(connected)
                else:
                    self._idle.append(connected)

    async def _ready(self, first: str | None) -> Connected:
        """A connection on which `first` was said; those that broke while nobody used them are dropped."""
        while True:
            fresh = not self._idle
            connected = await self.open() if fresh else self._idle.pop()
            try:
                if first is not None:
                    await connected.driver.execute(first)
            except BaseException as error:
                await _close(connected)
                if fresh or fault(error) is not Fault.UNAVAILABLE:
                    raise
            else:
                if not connected.driver.is_closed():
                    return connected
                await _close(connected)


async def _roll_back(driver: asyncpg.Connection) -> None:
    """Leaves no transaction open, if need be by ending the connection."""
    try:
        if not driver.is_closed():
            await driver.execute("ROLLBACK", timeout=ROLLBACK_S)
    except BaseException as error:
        driver.terminate()
        if not isinstance(error, BROKEN):
            raise


async def _close(connected: Connected) -> None:
    with contextlib.suppress(*BROKEN):
        await connected.connection.invalidate()
        await connected.connection.close()


class Notices:
    """Tells the other gateways what changed, by NOTIFY on a connection of its own, and hears what they tell.

    Not in the transaction that made the change: there NOTIFY would let only one transaction commit at a time. What is
    lost when a gateway dies in between is healed as any lost bell is.
    """

    def __init__(self, connections: Connections, *, hear: Callable[[str], None], missed: Callable[[], None]) -> None:
        self._connections = connections
        self._hear = hear
        self._missed = missed  # called after each (re)connect: nobody knows what was said meanwhile
        self._untold: Rings = {}
        self._news = asyncio.Event()
        self._own = 0  # the server's process that tells for us
        self._detailed: set[tuple[int, str]] = set()  # sender and topic of details whose bare topic is on its way
        self._tasks: list[asyncio.Task[None]] = []
        self.hears = False

    def start(self) -> None:
        """Begins to listen and to tell, once."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._forever(work)) for work in (self._listen, self._tell)]

    def tell(self, rings: Rings) -> None:
        """Returns at once."""
        for topic, detail in rings.items():
            note(self._untold, topic, detail)
        if self._untold:
            self._news.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forever(self, work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        while True:
            connected = None
            try:
                connected = await self._connections.open()
                await work(connected.driver)
            except BROKEN as error:
                log.warning("notices broken, connecting again", error=repr(error))
            finally:
                if connected is not None:
                    await _close(connected)
            await asyncio.sleep(1)

    async def _tell(self, driver: asyncpg.Connection) -> None:
        await driver.execute("SET synchronous_commit = off")  # there is nothing to keep
        self._own = driver.get_server_pid()
        while True:
            await self._news.wait()
            self._news.clear()
            rings, self._untold = self._untold, {}
            try:
                await driver.execute(NOTIFY, *told(rings))
            except BaseException:
                self.tell(rings)
                raise

    async def _listen(self, driver: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        driver.add_termination_listener(lambda _: lost.set())
        self._detailed.clear()
        await driver.add_listener(DETAILS, self._heard_details)
        await driver.add_listener(CHANNEL, self._heard)
        self.hears = True
        try:
            self._missed()
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_S):
                        await lost.wait()
                await driver.fetchval("SELECT 1", timeout=CHECK_S)  # it may have died silently
        finally:
            self.hears = False

    def _heard(self, _: object, sender: int, __: str, payload: object) -> None:
        if (sender, payload) in self._detailed:
            self._detailed.remove((sender, str(payload)))
        elif sender != self._own:  # what was said here was heard here at once
            self._hear(str(payload))

    def _heard_details(self, _: object, sender: int, __: str, payload: object) -> None:
        self._detailed.add((sender, str(payload).partition("\n")[0]))
        if sender != self._own:
            self._hear(str(payload))


def told(rings: Rings) -> tuple[list[str], list[str]]:
    """Channels and payloads of NOTIFY for these, each detail right before its topic; they arrive in this order."""
    said = [
        (channel, words)
        for topic, detail in sorted(rings.items())
        for channel, words in ((DETAILS, payload(topic, detail)), (CHANNEL, topic))
        if channel == CHANNEL or detail is not None
    ]
    return [channel for channel, _ in said], [words for _, words in said]
