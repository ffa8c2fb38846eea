from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.kb_index.articles.conftest import run_on_server

DATABASE = "tandem_vectors"


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Callable[[str], str]) -> Iterator[str]:
    """The address of a database of a real PostgreSQL with pgvector."""
    run_on_server(postgres_server("postgres"), f"CREATE DATABASE {DATABASE}")
    yield postgres_server(DATABASE)
    from kb_index.index.pgvector import _database

    _database(postgres_server(DATABASE)).close()
    _database.cache_clear()
