"""Heals bells that were lost, and ends desks whose agent may not look any longer: a few queries for all sockets.

A ring can be lost between gateways (a wire was away, a process was paused). Each process therefore asks the database
what changed since it last asked, whatever the number of its sockets. Because that question trusts the clocks of the
other gateways to be right within OVERLAP, each socket is also looked after by itself, but rarely.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.bell import contact_topic, conversation_topic, desk_topic
from handoff_service.live.session import Session
from handoff_service.live.sockets import ENDED
from handoff_service.permissions import PERMISSIONS, Permission
from handoff_service.service import Service

log = structlog.get_logger()

# How far the clocks of gateways may differ, and a commit may come after the time that it writes.
OVERLAP = timedelta(seconds=30)
# How long somebody who was dismissed or has signed out elsewhere may go on looking.
DESKS_EVERY_S = 4.0

C = tables.conversations.c
CHANGED = sa.select(C.tenant, C.id, C.contact, C.last_seq, C.updated_at).where(C.updated_at > sa.bindparam("since"))

Key = tuple[str, str]  # tenant, id
Picture = frozenset[tuple[Any, ...]]


class Healer:
    """Looks for all sockets of the process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._since = service.clock() - OVERLAP
        self._known: dict[Key, tuple[int, datetime]] = {}
        self._pictures: dict[str, Picture] = {}
        self._conversations_due = 0.0

    async def run(self) -> None:
        """Looks until cancelled; what fails is tried again at the next look."""
        loop = asyncio.get_running_loop()
        poll_s = self._service.settings.socket_poll_s
        self._conversations_due = loop.time() + poll_s
        while True:
            await asyncio.sleep(min(DESKS_EVERY_S, poll_s))
            try:
                await self.look_at_desks()
                if loop.time() >= self._conversations_due:
                    self._conversations_due = loop.time() + poll_s
                    await self.look_at_conversations()
                    self.look_at_sockets(loop.time())
            except Exception as error:  # the loop: what failed is looked at again
                log.warning("healing failed, trying again", error=error.__class__.__name__)

    async def look_at_conversations(self) -> None:
        """Rings once for each change since the last look; who has heard of it already does nothing."""
        if not self._service.sockets:
            self._since, self._known = self._service.clock() - OVERLAP, {}
            return
        since, now = self._since, self._service.clock()
        rows = await self._service.database.read(lambda c: c.execute(CHANGED, {"since": since}).all())
        known, bell, tenants = self._known, self._service.bell, set()
        self._since, self._known = now - OVERLAP, {}
        for row in rows:
            mark = (row.last_seq, row.updated_at)
            self._known[row.tenant, row.id] = mark
            if known.get((row.tenant, row.id)) != mark:
                bell.ring(conversation_topic(row.tenant, row.id), row.last_seq)
                bell.ring(contact_topic(row.tenant, row.contact), row.id)
                tenants.add(row.tenant)
        for tenant in tenants:
            bell.ring(desk_topic(tenant))

    def look_at_sockets(self, now: float) -> None:
        """Lets those sockets read that have not for a long time; each has a moment of its own."""
        for session in self._service.sockets:
            if session.look_at <= now:
                session.look()

    async def look_at_desks(self) -> None:
        """Ends desks of agents who were disabled or have signed out, and heals the lost bell of presence."""
        desks = self._service.sockets.agents()
        if not desks:
            self._pictures = {}
            return
        by_tenant: dict[str, list[Session]] = defaultdict(list)
        for session in desks:
            by_tenant[session.principal.tenant].append(session)
        signed_in, pictures = await self._service.database.read(lambda c: self._staff(c, by_tenant, desks))
        for tenant, sessions in by_tenant.items():
            enabled = {row[0] for row in pictures[tenant] if Permission.CONVERSATIONS_READ in PERMISSIONS[row[2]]}
            for session in sessions:
                who = session.principal
                if who.key[1] not in enabled or (who.sign_in is not None and who.sign_in not in signed_in):
                    session.end(ENDED)
            if self._pictures.get(tenant, pictures[tenant]) != pictures[tenant]:
                self._service.bell.ring(desk_topic(tenant))
        self._pictures = pictures

    def _staff(
        self, connection: sa.Connection, tenants: Iterable[str], desks: Iterable[Session]
    ) -> tuple[set[str], dict[str, Picture]]:
        """The sign-ins that hold, and what desks show of the enabled agents of each tenant."""
        now, settings = self._service.clock(), self._service.settings
        names = {session.principal.sign_in for session in desks} - {None}
        signed_in = agents.living_sessions(
            connection,
            [name for name in names if name],
            seen_after=now - timedelta(seconds=settings.session_idle_s),
            created_after=now - timedelta(seconds=settings.session_max_s),
        )
        pictures = {}
        for tenant in tenants:
            connected = agents.connected(connection, tenant, now)
            pictures[tenant] = frozenset(
                (one.id, one.name, one.role, one.status, one.open, one.capacity, one.queues, one.id in connected)
                for one in agents.everyone(connection, tenant)
            )
        return signed_in, pictures
