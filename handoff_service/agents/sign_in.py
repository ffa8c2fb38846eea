"""Signing in: passwords checked with argon2id, sessions kept in the database."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from pwdlib import PasswordHash

from handoff_service.agents import store
from handoff_service.agents.model import Agent
from handoff_service.database import Database
from handoff_service.errors import Unauthorized, Unavailable
from handoff_service.ids import new_token, token_hash
from handoff_service.settings import Settings

HASHER = PasswordHash.recommended()
# argon2 is meant to cost: as many at once as there are cores, so that a flood of sign-ins does not starve the rest.
HASHING = ThreadPoolExecutor(2, thread_name_prefix="argon2")
# Checked for unknown addresses too, so that time does not tell which accounts exist.
NOBODY = HASHER.hash(new_token())
NOTED_EVERY = timedelta(minutes=1)


def hash_password(password: str) -> str:
    """The argon2id hash that is stored. Raises ValueError for one that is too short to be safe."""
    if len(password) < 12:
        raise ValueError("a password needs at least 12 characters")
    return HASHER.hash(password)


async def sign_in(database: Database, tenant: str, email: str, password: str, *, now: datetime) -> tuple[Agent, str]:
    """The agent and a new session token. Raises Unauthorized, the same for a wrong address and a wrong password."""
    known = await database.read(lambda connection: store.password_of(connection, tenant, email.strip().lower()))
    stored = known[1] if known else NOBODY
    right = await asyncio.get_running_loop().run_in_executor(HASHING, HASHER.verify, password, stored)
    if known is None or not right:
        raise Unauthorized("Wrong e-mail address or password.")
    token = new_token()
    agent_id = known[0]
    await database.write(lambda tx: store.add_session(tx.connection, tenant, agent_id, token_hash(token), now))
    return await database.read(lambda connection: store.find(connection, tenant, agent_id)), token


async def keep_session(database: Database, digest: str, *, now: datetime) -> None:
    """The session whose token has this hash was used, its idle time starts again.

    Noted once a minute, so that reading is not writing.
    """
    if await database.read(lambda connection: store.session_seen_before(connection, digest, now - NOTED_EVERY)):
        with contextlib.suppress(Unavailable):  # while nothing can be written, agents may still read
            await database.write(lambda tx: store.touch_session(tx.connection, digest, now))


async def session_agent(database: Database, token: str | None, settings: Settings, *, now: datetime) -> Agent:
    """The agent behind a session token. Raises Unauthorized."""
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
