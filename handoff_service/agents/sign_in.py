"""Signing in: passwords checked with argon2id, sessions kept in the database."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache

from pwdlib import PasswordHash

from handoff_service import audit
from handoff_service.agents import store
from handoff_service.agents.model import Agent
from handoff_service.database import Database, Transaction
from handoff_service.errors import Unauthorized, Unavailable
from handoff_service.ids import new_token, token_hash
from handoff_service.settings import Settings

HASHER = PasswordHash.recommended()
# argon2 is meant to cost: as many at once as there are cores, so that a flood of sign-ins does not starve the rest.
HASHING = ThreadPoolExecutor(2, thread_name_prefix="argon2")
NOTED_EVERY = timedelta(minutes=1)


@cache
def nobodys_password() -> str:
    """The hash of a password that nobody knows; made when it is first needed, because it costs a command's start."""
    return HASHER.hash(new_token())


def hash_password(password: str) -> str:
    """The argon2id hash that is stored. Raises ValueError for one that is too short to be safe."""
    if len(password) < 12:
        raise ValueError("a password needs at least 12 characters")
    return HASHER.hash(password)


async def sign_in(database: Database, tenant: str, email: str, password: str, *, now: datetime) -> tuple[Agent, str]:
    """The agent and a new session token. Raises Unauthorized, the same for a wrong address and a wrong password."""
    known = await database.read(lambda connection: store.password_of(connection, tenant, email.strip().lower()))
    # Something is checked for unknown addresses too, so that time does not tell which accounts exist.
    stored = None if known is None or known[1] == store.NO_PASSWORD else known[1]
    right = await asyncio.get_running_loop().run_in_executor(
        HASHING, lambda: HASHER.verify(password, stored or nobodys_password())
    )
    if known is None or not right:
        raise Unauthorized("Wrong e-mail address or password.")
    token = new_token()
    agent_id = known[0]

    def begin(tx: Transaction) -> None:
        store.add_session(tx.connection, tenant, agent_id, token_hash(token), now)
        note(tx, tenant, agent_id, "sign_in", now)

    await database.write(begin)
    return await database.read(lambda connection: store.find(connection, tenant, agent_id)), token


def note(tx: Transaction, tenant: str, agent: str, action: str, now: datetime) -> None:
    """Records what an agent did about his own account."""
    audit.record(tx, tenant, actor=f"agent:{agent}", action=action, subject=agent, detail={}, now=now)


async def keep_session(database: Database, digest: str, *, now: datetime) -> None:
    """The session whose token has this hash was used, its idle time starts again.

    Noted once a minute, so that reading is not writing.
    """
    if await database.read(lambda connection: store.session_seen_before(connection, digest, now - NOTED_EVERY)):
        await _touch(database, digest, now)


async def _touch(database: Database, digest: str, now: datetime) -> None:
    with contextlib.suppress(Unavailable):  # while nothing can be written, agents may still read
        await database.write(lambda tx: store.touch_session(tx.connection, digest, now))


async def session_agent(database: Database, token: str | None, settings: Settings, *, now: datetime) -> Agent:
    """The agent behind a session token, whose idle time starts again. Raises Unauthorized."""
    if not token:
        raise Unauthorized("Sign in first.")
    digest = token_hash(token)
    idle = now - timedelta(seconds=settings.session_idle_s)
    oldest = now - timedelta(seconds=settings.session_max_s)
    found = await database.read(
        lambda connection: store.session(connection, digest, seen_after=idle, created_after=oldest)
    )
    if found is None:
        raise Unauthorized("Your session has ended; sign in again.")
    agent, seen_at = found
    if seen_at < now - NOTED_EVERY:
        await _touch(database, digest, now)
    return agent
