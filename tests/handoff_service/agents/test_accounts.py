"""Signing in: the right password, the wrong one, and sessions that end."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service import tables
from handoff_service.agents.sign_in import hash_password, session_agent, sign_in
from handoff_service.database import Database
from handoff_service.errors import Unauthorized
from handoff_service.settings import Settings
from tests.handoff_service.stage import FakeClock, person, start_shift

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
async def lin(database: Database, tenant: Any, clock: FakeClock) -> Any:  # noqa: ARG001
    digest = hash_password(PASSWORD)
    return await database.write(lambda tx: start_shift(tx.connection, person("lin"), clock(), digest))


async def test_the_right_password_opens_a_session(
    database: Database, lin: Any, clock: FakeClock, settings: Settings, rows: Any
) -> None:
    agent, token = await sign_in(database, "demo", "  LIN@lanyu.example ", PASSWORD, now=clock())
    assert agent == lin
    assert await session_agent(database, token, settings, now=clock()) == lin
    assert token not in str(await rows(tables.agent_sessions)), "only its hash is stored"
    assert PASSWORD not in str(await rows(tables.agents))


@pytest.mark.parametrize(
    ("tenant_id", "email", "password"),
    [
        ("demo", "lin@lanyu.example", "wrong horse battery"),
        ("demo", "nobody@lanyu.example", PASSWORD),
        ("other", "lin@lanyu.example", PASSWORD),
        ("demo", "lin@lanyu.example", ""),
    ],
)
async def test_everything_else_is_refused_with_the_same_words(
    tenant_id: str, email: str, password: str, database: Database, lin: Any, clock: FakeClock
) -> None:
    assert lin.email == "lin@lanyu.example"
    with pytest.raises(Unauthorized, match=r"^Wrong e-mail address or password\.$"):
        await sign_in(database, tenant_id, email, password, now=clock())


async def test_a_session_ends_by_idleness_and_by_age(
    database: Database, lin: Any, clock: FakeClock, settings: Settings
) -> None:
    _, token = await sign_in(database, "demo", lin.email, PASSWORD, now=clock())
    clock.advance(settings.session_idle_s - 1)
    assert await session_agent(database, token, settings, now=clock()) == lin
    clock.advance(settings.session_idle_s - 1)
    assert await session_agent(database, token, settings, now=clock()) == lin, "using it starts the idle time again"
    clock.advance(settings.session_idle_s)
    with pytest.raises(Unauthorized):
        await session_agent(database, token, settings, now=clock())
    for wrong in (None, "", "guess"):
        with pytest.raises(Unauthorized):
            await session_agent(database, wrong, settings, now=clock())


def test_a_short_password_is_not_hashed(engine: str) -> None:
    assert engine == "sqlite"
    with pytest.raises(ValueError, match="12 characters"):
        hash_password("short")
