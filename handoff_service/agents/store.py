"""All SQL of agents, their sessions and their desks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.errors import CapacityFull, NotFound, Unauthorized
from handoff_service.statements import Statement

A = tables.agents.c
S = tables.agent_sessions.c
D = tables.desks.c
N = tables.nodes.c


def _is_open(now: Any) -> sa.ColumnElement[bool]:
    """Whether the lease of a desk runs, by the clock of the gateway that keeps it: no two clocks are compared.

    That clock is read off its last heartbeat. A gateway that is lost is in no row of `nodes`, and its desks are closed.
    """
    running = sa.exists().where(N.id == D.node, N.seen_at < D.lease_until)
    return sa.or_(sa.and_(D.node.is_(None), D.lease_until > now), running)


Row = Mapping[str, Any] | sa.RowMapping

FIND = Statement(sa.select(tables.agents).where(A.tenant == sa.bindparam("tenant"), A.id == sa.bindparam("id")))
_everyone = sa.select(tables.agents).where(A.tenant == sa.bindparam("tenant"), A.disabled.is_(False)).order_by(A.name)
SESSION = Statement(
    sa.select(tables.agents, S.seen_at.label("used_at"))
    .join(tables.agent_sessions, sa.and_(S.tenant == A.tenant, S.agent == A.id))
    .where(
        S.token_hash == sa.bindparam("token"),
        S.seen_at > sa.bindparam("seen_after"),
        S.created_at > sa.bindparam("created_after"),
        A.disabled.is_(False),
    )
)
WITH_ROOM = Statement(
    sa.select(tables.agents).where(
        A.tenant == sa.bindparam("tenant"),
        A.status == sa.literal_column("'online'"),
        A.open < A.capacity,
        A.disabled.is_(False),
        sa.exists().where(D.tenant == A.tenant, D.agent == A.id, _is_open(sa.bindparam("now"))),
    )
)
ASKED = Statement(
    sa.select(tables.conversations.c.owner_agent).where(
        tables.conversations.c.tenant == sa.bindparam("tenant"),
        tables.conversations.c.owner_kind == sa.literal_column("'offer'"),
    )
)
EVERYONE, NAMES = Statement(_everyone), Statement(_everyone.with_only_columns(A.id, A.name))


def _agent(row: Row) -> Agent:
    return Agent(
        **{name: row[name] for name in ("tenant", "id", "email", "name", "capacity", "open", "disabled", "seen_at")},
        role=Role(row["role"]),
        status=Status.BUSY if (row["status"], row["presence"]) == ("away", "busy") else Status(row["status"]),
        languages=tuple(row["languages"]),
        queues=tuple(row["queues"]),
        last_assigned_at=row["last_assigned_at"],
        reason=row["reason"] or "",
        back_at=row["back_at"],
        skills=row["skills"] or {},
        angry_row=row["angry_row"],
        home_tenant=row["home_tenant"],
        home_agent=row["home_agent"],
        idle_since=row["idle_since"],
    )


def find(connection: sa.Connection, tenant: str, agent: str) -> Agent:
    """The agent. Raises NotFound."""
    row = FIND.first(connection, tenant=tenant, id=agent)
    if row is None:
        raise NotFound(f"There is no agent {agent}.", agent=agent)
    return _agent(row)


def enabled(connection: sa.Connection, tenant: str, agent: str) -> Agent:
    """The agent as he is now. Raises Unauthorized for one who is disabled, whatever he was allowed before."""
    found = find(connection, tenant, agent)
    if found.disabled:
        raise Unauthorized("This account is disabled.")
    return found


def everyone(connection: sa.Connection, tenant: str) -> list[Agent]:
    """All agents of a tenant who are not disabled, by name."""
    return [_agent(row) for row in EVERYONE.all(connection, tenant=tenant)]


def all_accounts(connection: sa.Connection, tenant: str) -> list[Agent]:
    """All accounts of a tenant by name, disabled ones too, in one query."""
    query = sa.select(tables.agents).where(A.tenant == tenant).order_by(A.name, A.id)
    return [_agent(row) for row in connection.execute(query).mappings()]


def names(connection: sa.Connection, tenant: str) -> dict[str, str]:
    """Names of all agents who are not disabled, by id."""
    return {row["id"]: row["name"] for row in NAMES.all(connection, tenant=tenant)}


NO_PASSWORD = "!"
"""Stored in the place of a hash: nobody signs in to this account before its password is reset."""


def password_of(connection: sa.Connection, tenant: str, email: str) -> tuple[str, str] | None:
    """(agent id, password hash) of an enabled account, or None; who is lent to this tenant signs in at home."""
    query = sa.select(A.id, A.password_hash).where(
        A.tenant == tenant, A.email == email, A.disabled.is_(False), A.home_tenant.is_(None)
    )
    row = connection.execute(query).first()
    return (row.id, row.password_hash) if row else None


def save(connection: sa.Connection, agent: Agent, password_hash: str) -> None:
    """Adds an agent."""
    values = {name: getattr(agent, name) for name in Agent.__dataclass_fields__}
    values |= {
        "languages": list(agent.languages),
        "queues": list(agent.queues),
        "skills": dict(agent.skills) or None,
        "password_hash": password_hash,
        **_said(agent.status),
    }
    connection.execute(sa.insert(tables.agents).values(**values))


def known_as(connection: sa.Connection, home_tenant: str, home_agent: str) -> list[Agent]:
    """The account itself, if it is there, and those by which clients know him to whom he is lent, by tenant."""
    lent = sa.and_(A.home_tenant == home_tenant, A.home_agent == home_agent)
    query = sa.select(tables.agents).where(sa.or_(sa.and_(A.tenant == home_tenant, A.id == home_agent), lent))
    rows = connection.execute(query.order_by(A.home_tenant.is_not(None), A.tenant)).mappings()
    return [_agent(row) for row in rows]


def known_as_each(connection: sa.Connection, homes: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[Agent]]:
    """The same for many accounts, each (tenant, id), in one query."""
    known: dict[tuple[str, str], list[Agent]] = {home: [] for home in homes}
    places, names = {place for place, _ in homes}, {name for _, name in homes}
    lent = sa.and_(A.home_tenant.in_(places), A.home_agent.in_(names))
    query = sa.select(tables.agents).where(sa.or_(sa.and_(A.tenant.in_(places), A.id.in_(names)), lent))
    for row in connection.execute(query.order_by(A.home_tenant.is_not(None), A.tenant)).mappings():
        home = (row["home_tenant"] or row["tenant"], row["home_agent"] or row["id"])
        if home in known:
            known[home].append(_agent(row))
    return known


def lock(connection: sa.Connection, tenant: str, agent: str) -> None:
    """Locks the account's row until the end of the transaction."""
    connection.execute(sa.select(A.id).where(A.tenant == tenant, A.id == agent).with_for_update())


def change(connection: sa.Connection, tenant: str, agent: str, **values: Any) -> None:
    """Replaces columns of an account. Raises NotFound."""
    where = (A.tenant == tenant, A.id == agent)
    if connection.execute(sa.update(tables.agents).where(*where).values(**values)).rowcount == 0:
        raise NotFound(f"There is no agent {agent}.", agent=agent)


def end_sessions(connection: sa.Connection, tenant: str, agent: str) -> int:
    """Ends every sign-in of an account; its sockets end when gateways look at them next. Returns how many."""
    where = (S.tenant == tenant, S.agent == agent)
    return connection.execute(sa.delete(tables.agent_sessions).where(*where)).rowcount


def take_capacity(
    connection: sa.Connection, tenant: str, agent: str, now: datetime, *, load: int = 1, angry: bool = False
) -> None:
    """Counts one more conversation of the agent, in one conditional update. Raises CapacityFull."""
    done = connection.execute(
        sa.update(tables.agents)
        .where(A.tenant == tenant, A.id == agent, A.open + load <= A.capacity)
        .values(open=A.open + load, last_assigned_at=now, angry_row=A.angry_row + 1 if angry else 0, missed_row=0)
    )
    if done.rowcount != 1:
        holder = find(connection, tenant, agent)
        raise CapacityFull(
            f"{holder.name} already has {holder.open} of {holder.capacity} conversations; close or transfer one first.",
            agent=agent,
        )


def free_capacity(connection: sa.Connection, tenant: str, agent: str, now: datetime, *, load: int = 1) -> None:
    """Counts one conversation less; he has been idle since then."""
    connection.execute(
        sa.update(tables.agents)
        .where(A.tenant == tenant, A.id == agent, A.open > 0)
        .values(open=sa.case((A.open > load, A.open - load), else_=0), idle_since=now)
    )


def miss(connection: sa.Connection, tenant: str, agent: str) -> int:
    """Counts an offer that the agent let pass. Returns how many these are, one after the other."""
    where = (A.tenant == tenant, A.id == agent)
    connection.execute(sa.update(tables.agents).where(*where).values(missed_row=A.missed_row + 1))
    return int(connection.execute(sa.select(A.missed_row).where(*where)).scalar_one())


def answered(connection: sa.Connection, tenant: str, agent: str) -> None:
    """He has answered an offer, if with no: the count of those that he let pass begins anew."""
    where = (A.tenant == tenant, A.id == agent, A.missed_row > 0)
    connection.execute(sa.update(tables.agents).where(*where).values(missed_row=0))


def _said(status: Status) -> dict[str, str]:
    """The columns of a status: a release that knows no busy agents takes them for away ones."""
    return {"status": Status.AWAY if status is Status.BUSY else status, "presence": status}


def set_status(
    connection: sa.Connection,
    tenant: str,
    agent: str,
    status: Status,
    *,
    reason: str = "",
    back_at: datetime | None = None,
) -> None:
    """What he says of himself from now on; his conversations wait for him until `back_at`."""
    values = {**_said(status), "reason": reason or None, "back_at": back_at, "missed_row": 0}
    connection.execute(sa.update(tables.agents).where(A.tenant == tenant, A.id == agent).values(**values))


def add_session(connection: sa.Connection, tenant: str, agent: str, token_hash: str, now: datetime) -> None:
    connection.execute(
        sa.insert(tables.agent_sessions).values(
            token_hash=token_hash, tenant=tenant, agent=agent, created_at=now, seen_at=now
        )
    )


def session(
    connection: sa.Connection, token_hash: str, *, seen_after: datetime, created_after: datetime
) -> tuple[Agent, datetime] | None:
    """The enabled agent of a live session: seen since, and not older than, the given moments; and when it was seen."""
    row = SESSION.first(connection, token=token_hash, seen_after=seen_after, created_after=created_after)
    return (_agent(row), row["used_at"]) if row else None


def living_sessions(
    connection: sa.Connection, token_hashes: Sequence[str], *, seen_after: datetime, created_after: datetime
) -> set[str]:
    """Those of the sessions that have not ended: seen since, and not older than, the given moments."""
    query = sa.select(S.token_hash).where(
        S.token_hash.in_(token_hashes), S.seen_at > seen_after, S.created_at > created_after
    )
    return set(connection.execute(query).scalars())


def session_seen_before(connection: sa.Connection, token_hash: str, moment: datetime) -> bool:
    """Whether the session was last seen before `moment`."""
    return (
        connection.execute(sa.select(S.agent).where(S.token_hash == token_hash, S.seen_at < moment)).first() is not None
    )


def touch_session(connection: sa.Connection, token_hash: str, now: datetime) -> None:
    connection.execute(sa.update(tables.agent_sessions).where(S.token_hash == token_hash).values(seen_at=now))


def end_session(connection: sa.Connection, token_hash: str) -> None:
    connection.execute(sa.delete(tables.agent_sessions).where(S.token_hash == token_hash))


def keep_desk(
    connection: sa.Connection,
    tenant: str,
    agent: str,
    session: str,
    *,
    now: datetime,
    until: datetime,
    node: str | None = None,
) -> None:
    """Renews the lease of a connected desk and notes that the agent was seen; `node`: which of several keeps it."""
    where = (D.tenant == tenant, D.agent == agent, D.session == session)
    lease = {"lease_until": until, "node": node}
    if connection.execute(sa.update(tables.desks).where(*where).values(**lease)).rowcount == 0:
        connection.execute(sa.insert(tables.desks).values(tenant=tenant, agent=agent, session=session, **lease))
    connection.execute(sa.update(tables.agents).where(A.tenant == tenant, A.id == agent).values(seen_at=now))


def end_desk(connection: sa.Connection, tenant: str, agent: str, session: str, *, now: datetime) -> None:
    connection.execute(sa.delete(tables.desks).where(D.tenant == tenant, D.agent == agent, D.session == session))
    connection.execute(sa.update(tables.agents).where(A.tenant == tenant, A.id == agent).values(seen_at=now))


def end_desks_of(connection: sa.Connection, node: str, now: datetime) -> None:
    """Closes the desks that a lost gateway kept; the grace time of their agents begins now.

    Desks before agents, as where they are kept: two gateways at it would wait for each other else.
    """
    closed = connection.execute(sa.delete(tables.desks).where(D.node == node).returning(D.tenant, D.agent)).all()
    for tenant, agent in sorted({(row.tenant, row.agent) for row in closed}):
        connection.execute(sa.update(tables.agents).where(A.tenant == tenant, A.id == agent).values(seen_at=now))


def connected(connection: sa.Connection, tenant: str, now: datetime) -> set[str]:
    """Agents with at least one desk whose lease has not run out; a disabled one has left."""
    query = (
        sa.select(D.agent)
        .join(tables.agents, sa.and_(A.tenant == D.tenant, A.id == D.agent))
        .where(D.tenant == tenant, _is_open(now), A.disabled.is_(False))
        .distinct()
    )
    return {row.agent for row in connection.execute(query)}


def free(connection: sa.Connection, tenant: str, now: datetime) -> list[Agent]:
    """Agents who are online at a connected desk, have room, and to whom nothing is offered just now."""
    with_room = [_agent(row) for row in WITH_ROOM.all(connection, tenant=tenant, now=now)]
    if not with_room:
        return []
    asked = {row["owner_agent"] for row in ASKED.all(connection, tenant=tenant)}
    return [agent for agent in with_room if agent.id not in asked]


def forget_ended(connection: sa.Connection, now: datetime, *, oldest: datetime) -> None:
    """Deletes desks whose lease ran out and sessions made before `oldest`."""
    connection.execute(sa.delete(tables.desks).where(~_is_open(now)))
    connection.execute(sa.delete(tables.agent_sessions).where(S.created_at <= oldest))


def with_conversations(connection: sa.Connection) -> list[Agent]:
    """Agents of all tenants who own at least one conversation."""
    return [_agent(row) for row in connection.execute(sa.select(tables.agents).where(A.open > 0)).mappings()]
