"""All SQL of jobs, and what erasing and retention ask about conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations.model import Kind, OwnerKind
from handoff_service.errors import NotFound
from handoff_service.ids import new_id
from handoff_service.tickets.store import UNFINISHED_STORED

J = tables.jobs.c
C = tables.conversations.c
E = tables.entries.c
N = tables.contacts.c
T = tables.tickets.c
L = tables.ticket_links.c
CARE = tables.contact_care.c


@dataclass(frozen=True, kw_only=True)
class Job:
    """A piece of work in steps, each in its own transaction; `step` is the next one, `progress` counts what was done.

    Holds ids and numbers only.
    """

    tenant: str
    id: str
    kind: str
    subject: str
    state: str
    step: str
    progress: Mapping[str, Any]
    requested_by: str
    created_at: datetime


def _job(row: sa.RowMapping) -> Job:
    return Job(**{name: row[name] for name in Job.__dataclass_fields__})


def add_job(
    connection: sa.Connection, tenant: str, *, kind: str, subject: str, step: str, requested_by: str, now: datetime
) -> Job:
    """A new job that is under way."""
    job = Job(
        tenant=tenant,
        id=new_id("j"),
        kind=kind,
        subject=subject,
        state="running",
        step=step,
        progress={},
        requested_by=requested_by,
        created_at=now,
    )
    values = {name: getattr(job, name) for name in Job.__dataclass_fields__}
    connection.execute(sa.insert(tables.jobs).values(**values, updated_at=now))
    return job


def find_job(connection: sa.Connection, tenant: str, job: str, *, lock: bool = False) -> Job:
    """The job as it stands, its row locked until the end of the transaction if asked. Raises NotFound."""
    query = sa.select(tables.jobs).where(J.tenant == tenant, J.id == job)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound(f"There is no job {job}.", job=job)
    return _job(row)


def running_job(connection: sa.Connection, tenant: str, kind: str, subject: str) -> Job | None:
    """The job of this kind that is under way for the subject."""
    where = (J.tenant == tenant, J.kind == kind, J.subject == subject, J.state == "running")
    row = connection.execute(sa.select(tables.jobs).where(*where).limit(1)).mappings().first()
    return _job(row) if row else None


def latest_jobs(connection: sa.Connection, tenant: str, *, limit: int) -> list[dict[str, Any]]:
    """Jobs with when they began and were last moved, the latest first."""
    query = sa.select(tables.jobs).where(J.tenant == tenant).order_by(J.id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def save_job(connection: sa.Connection, job: Job, now: datetime, **changes: Any) -> Job:
    """Notes how far the job is."""
    connection.execute(
        sa.update(tables.jobs).where(J.tenant == job.tenant, J.id == job.id).values(**changes, updated_at=now)
    )
    return replace(job, **changes)


def take_abandoned(connection: sa.Connection, before: datetime, now: datetime) -> list[Job]:
    """Jobs that nobody has moved since `before`; they are the caller's now."""
    query = sa.select(tables.jobs).where(J.state == "running", J.updated_at < before).order_by(J.updated_at).limit(20)
    taken = []
    for row in connection.execute(query).mappings().all():
        mine = sa.update(tables.jobs).where(J.tenant == row["tenant"], J.id == row["id"], J.updated_at < before)
        if connection.execute(mine.values(updated_at=now)).rowcount == 1:
            taken.append(_job(row))
    return taken


def _unerased() -> sa.ColumnElement[bool]:
    """What was said after an earlier erasure makes a conversation worth another one."""
    return sa.or_(C.erased_at.is_(None), C.erased_at < C.updated_at)


def to_erase(connection: sa.Connection, tenant: str, contact: str, *, limit: int) -> list[str]:
    """Conversations of a contact that still have content."""
    query = sa.select(C.id).where(C.tenant == tenant, C.contact == contact, _unerased())
    return [row.id for row in connection.execute(query.order_by(C.opened_at).limit(limit))]


def kept_conversations(connection: sa.Connection, tenant: str, person: Sequence[str]) -> list[dict[str, Any]]:
    """Every conversation of these contacts; `kept`: whether it has content left."""
    columns = (C.id, C.channel, C.opened_at, C.closed_at, C.last_seq, C.hold, _unerased().label("kept"))
    query = sa.select(*columns).where(C.tenant == tenant, C.contact.in_(person))
    return [dict(row) for row in connection.execute(query).mappings()]


def held(connection: sa.Connection, tenant: str, contact: str) -> list[str]:
    """Conversations of a contact that are on legal hold."""
    return [
        row.id
        for row in connection.execute(sa.select(C.id).where(C.tenant == tenant, C.contact == contact, C.hold.is_(True)))
    ]


def is_held(connection: sa.Connection, tenant: str, conversation: str) -> bool:
    """Whether the conversation is on legal hold."""
    return bool(connection.execute(sa.select(C.hold).where(C.tenant == tenant, C.id == conversation)).scalar_one())


def _work_left() -> sa.ColumnElement[bool]:
    """A ticket that is not finished needs what was said in its conversations."""
    unfinished = (T.tenant == C.tenant, T.state.in_(UNFINISHED_STORED))
    linked = (L.tenant == C.tenant, L.conversation == C.id, L.ticket == T.id)
    return sa.or_(sa.exists().where(T.conversation == C.id, *unfinished), sa.exists().where(*linked, *unfinished))


def expired(connection: sa.Connection, tenant: str, before: datetime, *, limit: int) -> list[str]:
    """Closed before this moment, with content left, not on hold and without an unfinished ticket; oldest first."""
    query = (
        sa.select(C.id)
        .where(C.tenant == tenant, C.owner_kind == OwnerKind.CLOSED, C.closed_at < before, C.hold.is_(False))
        .where(_unerased(), ~_work_left())
        .order_by(C.closed_at)
        .limit(limit)
    )
    return [row.id for row in connection.execute(query)]


def all_ids(connection: sa.Connection, tenant: str, contact: str) -> list[str]:
    """Every conversation of a contact."""
    return [row.id for row in connection.execute(sa.select(C.id).where(C.tenant == tenant, C.contact == contact))]


def has_contact(connection: sa.Connection, tenant: str, contact: str) -> bool:
    """Whether there is such a contact, erased or not."""
    return connection.execute(sa.select(N.id).where(N.tenant == tenant, N.id == contact)).first() is not None


def lock_contacts(connection: sa.Connection, tenant: str, contacts: Sequence[str]) -> list[str]:
    """Which of these there are, erased or not; until the commit nobody writes in their name.

    Locked in one order, so that two at once do not wait for each other.
    """
    query = sa.select(N.id).where(N.tenant == tenant, N.id.in_(contacts)).order_by(N.id).with_for_update()
    return list(connection.scalars(query))


def erased_contacts(connection: sa.Connection) -> list[tuple[str, str]]:
    """(tenant, contact) of everybody who was erased."""
    return [
        (row.tenant, row.id) for row in connection.execute(sa.select(N.tenant, N.id).where(N.erased_at.is_not(None)))
    ]


def half_erased(connection: sa.Connection, *, limit: int = 100) -> list[tuple[str, str]]:
    """(tenant, contact) of those of whom a release that does not know all tables and columns has left something."""
    cared = sa.exists().where(CARE.tenant == N.tenant, CARE.contact == N.id)
    left = sa.or_(N.vouched_as.is_not(None), N.prefers.is_not(None), N.blocked_by.is_not(None), cared)
    query = sa.select(N.tenant, N.id).where(N.erased_at.is_not(None), left).limit(limit)
    return [(row.tenant, row.id) for row in connection.execute(query)]


def entries_but_messages(connection: sa.Connection, tenant: str, conversation: str) -> list[sa.Row[Any]]:
    """(seq, kind, audience, body) of states, feedback and ratings."""
    where = (E.tenant == tenant, E.conversation == conversation, E.kind != Kind.MESSAGE)
    return list(connection.execute(sa.select(E.seq, E.kind, E.audience, E.body).where(*where)))
