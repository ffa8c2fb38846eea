"""Signing in: passwords checked with argon2id, sessions kept in the database."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from pwdlib import PasswordHash

from handoff_service.agents import store
from handoff_service.agents.model import Agent
from handoff_service.database import Database
from handoff_service.errors import Unauthorized
from handoff_service.ids import new_token, token_hash
from handoff_service.settings import Settings

HASHER = PasswordHash.recommended()
# argon2 is meant to cost: as many at once as there are cores, so that a flood of sign-ins does not starve the rest.
AT_ONCE = asyncio.Semaphore(2)
# Checked for unknown addresses too, so that time does not tell which accounts exist.
NOBODY = HASHER.hash(new_token())


def hash_password(password: str) -> str:
    """The argon2id hash that is stored. Raises ValueError for one that is too short to be safe."""
    if len(password) < 12:
        raise ValueError("a password needs at least 12 characters")
    return HASHER.hash(password)


async def sign_in(database: Database, tenant: str, email: str, password: str, *, now: datetime) -> tuple[Agent, str]:
    """The agent and a new session token. Raises Unauthorized, the same for a wrong address and a wrong password."""
    known = await database.read(lambda connection: store.password_of(connection, tenant, email.strip().lower()))
    async with AT_ONCE:
        right = await asyncio.to_thread(HASHER.verify, password, known[1] if known else NOBODY)
    if known is None or not right:
        raise Unauthorized("Wrong e-mail address or password.")
    token = new_token()
    agent_id = known[0]
    await database.write(lambda tx: store.add_session(tx.connection, tenant, agent_id, token_hash(token), now))
    return await database.read(lambda connection: store.find(connection, tenant, agent_id)), token


async def session_agent(database: Database, token: str | None, settings: Settings, *, now: datetime) -> Agent:
    """The agent behind a session token, whose idle time starts again. Raises Unauthorized."""
    if not token:
        raise Unauthorized("Sign in first.")
    digest = token_hash(token)
    idle = now - timedelta(seconds=settings.session_idle_s)
    oldest = now - timedelta(seconds=settings.session_max_s)
    agent = await database.read(
        lambda connection: store.session(connection, digest, seen_after=idle, created_after=oldest)
    )
    if agent is None:
        raise Unauthorized("Your session has ended; sign in again.")
    return agent
