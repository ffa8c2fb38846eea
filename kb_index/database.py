"""The database of the knowledge base: SQLite in a file by default, or PostgreSQL; both with the same tables.

`write` gives a connection inside a transaction that is committed at its end, `read` one that only looks.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pysqlite3 as sqlite3
import sqlalchemy as sa

from kb_index.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIGRATIONS = Path(__file__).parent / "migrations"
TURN = 7_461_201
"""Any number that nobody else uses: whoever holds PostgreSQL's advisory lock with it migrates."""
SQLITE_WAIT_S = 30.0
_ADDRESSES = "TANDEM_KB_DATABASE_URL must be sqlite:///a/file or postgresql://user:password@host/name"


class Moment(sa.types.TypeDecorator[datetime]):
    """A datetime with a time zone, stored as microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone reached the database")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Database:
    """Connections to one database, which is brought to the newest schema when it is first used."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._migrating = threading.Lock()
        self._ready = False

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction of its own, durable when the block ends without an error; raises DatabaseUnavailable."""
        with self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection whose reads all see one moment; raises DatabaseUnavailable."""
        level = "REPEATABLE READ" if self._engine.dialect.name == "postgresql" else None
        with self._connected(reads_only=True) as connection:
            if level is not None:
                connection = connection.execution_options(isolation_level=level)
            with connection.begin():
                yield connection

    @contextmanager
    def _connected(self, *, reads_only: bool = False) -> Iterator[sa.Connection]:
        self.prepare()
        try:
            with self._engine.execution_options(reads_only=reads_only).connect() as connection:
                yield connection
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            raise DatabaseUnavailable(str(error.orig)) from error

    def prepare(self) -> None:
        """Apply the migrations that are missing, once; safe while other processes do the same."""
        with self._migrating:
            if self._ready:
                return
            try:
                self._upgrade()
            except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
                raise DatabaseUnavailable(str(error.orig)) from error
            self._ready = True

    def _upgrade(self) -> None:
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.func.pg_advisory_xact_lock(TURN))
            known = sa.inspect(connection).has_table("alembic_version")
            if known and connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == newest():
                return
            from alembic import command  # here: only a migration needs Alembic

            command.upgrade(_alembic(connection), "head")

    def shred(self) -> None:
        """Take what was deleted out of SQLite's write-ahead log too; PostgreSQL vacuums and reuses its pages itself."""
        if self._engine.dialect.name == "sqlite":
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def close(self) -> None:
        self._engine.dispose()


def newest() -> str:
    """The number of the newest migration, by the names of the files."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _alembic(connection: sa.Connection) -> Config:
    """Alembic's settings, in code, so that there is no second file to keep right."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["connection"] = connection
    return settings


def _engine(url: str) -> sa.Engine:
    """An engine for a SQLAlchemy address; hides what is stored from the errors that reach a log."""
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseUnavailable(_ADDRESSES) from error
    if address.get_backend_name() == "postgresql":
        arguments: dict[str, Any] = {"application_name": "tandem-kb", "timeout": 30}
        folder = address.query.get("host")
        if isinstance(folder, str) and folder.startswith("/"):
            arguments["unix_sock"] = f"{folder}/.s.PGSQL.{address.query.get('port') or 5432}"
        address = address.set(drivername="postgresql+pg8000", query={})
        return sa.create_engine(address, connect_args=arguments, hide_parameters=True, pool_pre_ping=True)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise DatabaseUnavailable(_ADDRESSES)
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    arguments = {"timeout": SQLITE_WAIT_S}
    engine = sa.create_engine(address, module=sqlite3, connect_args=arguments, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # Left to itself the driver begins no transaction before DDL, and each statement would be committed alone.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted, perhaps because somebody is erased, is overwritten


def _begin_sqlite(connection: sa.Connection) -> None:
    # One who will write says so at once: two readers that both want to write could only refuse each other.
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
