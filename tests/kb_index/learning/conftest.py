"""A knowledge base of a small shop that learns, over HTTP, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from kb_index.learning.apart import replay_here
from kb_index.settings import Settings
from tests.kb_index.shop_articles import shop_settings
from tests.kb_index.test_kb_api import running

TOKEN = "a-token-for-tests"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'learning.db'}"
        return
    address, name = request.getfixturevalue("postgres_server"), f"t_{uuid.uuid4().hex}"
    engine = sa.create_engine(_driver(address("postgres")), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
    yield address(name)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def _driver(address: str) -> sa.URL:
    """The server listens on a socket in its folder only."""
    url = sa.make_url(address)
    folder = url.query["host"]
    return url.set(drivername="postgresql+pg8000", query={"unix_sock": f"{folder}/.s.PGSQL.5432"})


@contextmanager
def learning(folder: Path, **changes: Any) -> Iterator[httpx2.Client]:
    """A server over a built shop's folder whose client shows the token."""
    settings: Settings = shop_settings(folder, token=TOKEN, **changes)
    with running(settings, replaying=replay_here) as client:
        client.headers.update(HEADERS)
        yield client


@pytest.fixture
def folder(shop: Settings) -> Path:
    """The private copy of the built shop."""
    return shop.var.parent


@pytest.fixture
def client(folder: Path, database_url: str) -> Iterator[httpx2.Client]:
    with learning(folder, database_url=database_url) as client:
        yield client


def event(number: int, **more: Any) -> dict[str, Any]:
    """A question that the bot could not answer, as the gateway reports it."""
    return {
        "tenant": "shop",
        "event": f"m_{number}",
        "kind": "asked",
        "conversation": f"c_{number}",
        "at": f"2026-06-01T{number // 60 % 24:02}:{number % 60:02}:00+00:00",
        "question": 2,
        "text": "你们支持花呗分期付款吗",
        "language": "zh",
        "generation": "g-1",
        "action": "abstain",
        "probability": 0.2,
        "threshold": 0.8,
        "margin": 0.1,
        "rule": "probability<threshold",
        "shown": ["refund-method"],
        **more,
    }


def report(client: httpx2.Client, *events: dict[str, Any]) -> list[bool]:
    """What became of each."""
    answers = [client.post("/feedback", json=each) for each in events]
    assert [answer.status_code for answer in answers] == [200] * len(events), answers[0].text
    return [bool(answer.json()["kept"]) for answer in answers]
