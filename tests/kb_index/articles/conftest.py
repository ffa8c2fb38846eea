"""Stores over files, SQLite and a real PostgreSQL; a test that asks for `store` runs over all of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pg8000.native
import pytest
import sqlalchemy as sa

from kb_index.articles.file_store import FileStore
from kb_index.articles.store import DatabaseStore
from kb_index.articles.stores import ArticleStore
from kb_index.database import Database
from tests.kb_index.articles.stocked import publish_all, write_all


def run_on_server(address: str, statement: str) -> None:
    """One statement outside any transaction, as CREATE DATABASE wants it."""
    url = sa.make_url(address)
    connection = pg8000.native.Connection(
        user=url.username or "postgres",
        password=url.password,
        database=url.database,
        unix_sock=f"{url.query['host']}/.s.PGSQL.5432",
    )
    try:
        connection.run(statement)
    finally:
        connection.close()


@contextmanager
def fresh_database(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database of the kind, which is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('tmp_path') / 'knowledge.db'}"
        return
    address, name = request.getfixturevalue("postgres_server"), f"t{uuid.uuid4().hex}"
    run_on_server(address("postgres"), f"CREATE DATABASE {name} STRATEGY FILE_COPY")
    yield address(name)
    run_on_server(address("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with fresh_database(request.param, request) as address:
        yield address


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database that migrates itself."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(params=["files", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArticleStore]:
    """A store with the articles of `stocked`, whatever it keeps them in."""
    if request.param == "files":
        write_all(tmp_path / "kb")
        yield FileStore("shop", tmp_path / "kb")
        return
    with fresh_database(request.param, request) as address:
        opened = Database(address)
        filled = DatabaseStore("shop", opened)
        publish_all(filled)
        yield filled
        opened.close()
