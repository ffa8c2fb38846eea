"""All SQL of what desks keep beside conversations: tags, what is put aside, playbooks, history, search, the wall."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.clock import iso
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.tickets.store import UNFINISHED_STORED

T = tables.conversation_tags.c
Z = tables.snoozes.c
C = tables.conversations.c
H = tables.handoffs.c
N = tables.contacts.c
K = tables.contact_identities.c
TICKET = tables.tickets.c
P = tables.playbook_steps.c
CARE = tables.contact_care.c
BETWEEN = re.compile(r"[\s()./-]")  # signs between the digits of a phone number

# Names and last words are compared one by one; so many are read in a tenth of a second.
MOST_READ = 25_000
NOT_CLOSED = tuple(kind for kind in OwnerKind if kind is not OwnerKind.CLOSED)


def tags_of(connection: sa.Connection, tenant: str, conversations: Sequence[str]) -> dict[str, list[str]]:
    """Tags by conversation, in alphabetical order; a conversation without any is left out."""
    query = sa.select(T.conversation, T.tag).where(T.tenant == tenant, T.conversation.in_(conversations))
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):  # asked to sort them, SQLite walks through all tags of the tenant
        found.setdefault(row.conversation, []).append(row.tag)
    return {conversation: sorted(tags) for conversation, tags in found.items()}


def set_tags(
    connection: sa.Connection, tenant: str, conversation: str, tags: Sequence[str], *, by: str, now: datetime
) -> None:
    """From now on the conversation has these tags; one that stays keeps who set it and when."""
    where = (T.tenant == tenant, T.conversation == conversation)
    connection.execute(sa.delete(tables.conversation_tags).where(*where, T.tag.not_in(tags)))
    kept = set(connection.execute(sa.select(T.tag).where(*where)).scalars())
    for tag in tags:
        if tag not in kept:
            row = {"tenant": tenant, "conversation": conversation, "tag": tag, "by": by, "at": now}
            connection.execute(sa.insert(tables.conversation_tags).values(**row))


def put_aside(connection: sa.Connection, conversation: Conversation, *, until: datetime) -> None:
    """Notes that its agent wants to see the conversation again at `until`, or when anything happens in it."""
    wake(connection, conversation)
    connection.execute(
        sa.insert(tables.snoozes).values(
            tenant=conversation.tenant,
            conversation=conversation.id,
            agent=conversation.owner.agent,
            seq=conversation.last_seq,
            until=until,
        )
    )


def wake(connection: sa.Connection, conversation: Conversation) -> bool:
    """The conversation is not put aside any more. Returns whether it was."""
    where = (Z.tenant == conversation.tenant, Z.conversation == conversation.id)
    return bool(connection.execute(sa.delete(tables.snoozes).where(*where)).rowcount)


def aside_until(connection: sa.Connection, tenant: str, conversations: Sequence[Conversation]) -> dict[str, datetime]:
    """Until when, of those that are put aside and in which nothing has happened since."""
    seqs = {one.id: one.last_seq for one in conversations}
    query = sa.select(Z.conversation, Z.seq, Z.until).where(Z.tenant == tenant, Z.conversation.in_(seqs))
    return {row.conversation: row.until for row in connection.execute(query) if seqs[row.conversation] == row.seq}


def steps_done(connection: sa.Connection, tenant: str, conversation: str) -> list[dict[str, Any]]:
    """What was done of playbooks: [{"playbook", "step", "by", "at"}], in the order in which it was done."""
    where = (P.tenant == tenant, P.conversation == conversation)
    query = sa.select(P.playbook, P.step, P.by, P.at).where(*where).order_by(P.at, P.step)
    return [{**row, "at": iso(row["at"])} for row in connection.execute(query).mappings()]


def tick(
    connection: sa.Connection, conversation: Conversation, playbook: str, step: str, *, by: str | None, now: datetime
) -> None:
    """The step of a playbook is done by this agent; with `by` None it is not done after all."""
    named = {"tenant": conversation.tenant, "conversation": conversation.id, "playbook": playbook, "step": step}
    where = [getattr(P, column) == value for column, value in named.items()]
    if by is None:
        connection.execute(sa.delete(tables.playbook_steps).where(*where))
    elif connection.execute(sa.select(P.step).where(*where)).first() is None:  # who did it first did it
        connection.execute(sa.insert(tables.playbook_steps).values(**named, by=by, at=now))


def forget(connection: sa.Connection, conversation: Conversation) -> int:
    """Deletes the tags of an erased conversation: an agent may have named a person in one. Returns how many."""
    wake(connection, conversation)
    of_it = (P.tenant == conversation.tenant, P.conversation == conversation.id)
    connection.execute(sa.delete(tables.playbook_steps).where(*of_it))
    where = (T.tenant == conversation.tenant, T.conversation == conversation.id)
    return connection.execute(sa.delete(tables.conversation_tags).where(*where)).rowcount


@dataclass(frozen=True)
class Care:
    """Whose customer somebody is (None: nobody's), and by how many classes he comes before others."""

    agent: str | None
    classes: int


def cares(connection: sa.Connection, tenant: str, person: Sequence[str]) -> list[Care]:
    """What is set for contacts that are one person, the latest first."""
    query = sa.select(CARE.agent, CARE.classes).where(CARE.tenant == tenant, CARE.contact.in_(person))
    return [Care(row.agent, row.classes) for row in connection.execute(query.order_by(CARE.at.desc(), CARE.contact))]


def set_care(
    connection: sa.Connection, tenant: str, person: Sequence[str], care: Care, *, by: str, now: datetime
) -> None:
    """Sets the same for all contacts of a person, whatever was set before; what is nothing is no row."""
    forget_care(connection, tenant, person)
    if care.agent is not None or care.classes:
        row = {"tenant": tenant, "agent": care.agent, "classes": care.classes, "by": by, "at": now}
        connection.execute(sa.insert(tables.contact_care), [{**row, "contact": one} for one in person])


def forget_care(connection: sa.Connection, tenant: str, person: Sequence[str]) -> int:
    """Deletes what is set for these contacts. Returns for how many something was."""
    where = (CARE.tenant == tenant, CARE.contact.in_(person))
    return connection.execute(sa.delete(tables.contact_care).where(*where)).rowcount


def named(connection: sa.Connection, tenant: str, words: str, *, limit: int) -> list[str]:
    """Ids of the contacts whom `words` names, also those who have never written, no more than `limit`.

    That is by the id that a channel or the shop has for one, with or without capitals and the signs between the digits
    of a phone number as far as it is kept without, or by the number of a ticket of his.
    """
    written = {words, words.lower(), *([bare] if (bare := BETWEEN.sub("", words)).lstrip("+").isdigit() else [])}
    identity = sa.select(K.contact).where(K.tenant == tenant, K.external_id.in_(written))
    holder = (TICKET.tenant == tenant, TICKET.number == words.upper(), TICKET.contact.is_not(None))
    asked = (identity, sa.select(TICKET.contact).where(*holder))
    found = [contact for query in asked for contact in connection.scalars(query.limit(limit))]
    return list(dict.fromkeys(found))[:limit]


def matching(connection: sa.Connection, tenant: str, words: str, *, since: datetime, limit: int) -> list[str]:
    """Ids of conversations that `words` names or describes, the latest change first.

    It names one by its own id, by the number of a ticket, or by its customer as `named` says; it describes one whose
    tag it is, or whose customer's name or last words contain it, among those that changed after `since`, and of these
    the last MOST_READ.
    """
    like = "%" + words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    # Each by a statement of its own: asked with OR, PostgreSQL walks through all conversations in their order.
    one = sa.select(C.id, C.updated_at).where(C.tenant == tenant)
    ticket = sa.select(TICKET.conversation).where(TICKET.tenant == tenant, TICKET.number == words.upper())
    contacts = named(connection, tenant, words, limit=limit)
    tagged = one.join(tables.conversation_tags, sa.and_(T.tenant == C.tenant, T.conversation == C.id)).where(
        T.tag == words, T.at >= since
    )
    by_name = (
        one.where(C.id == words),
        one.where(C.id.in_(ticket)),
        *(one.where(C.contact == contact).order_by(C.updated_at.desc()) for contact in contacts),
        tagged.order_by(C.updated_at.desc()),
    )
    read = (
        sa.select(C.id, C.updated_at, C.contact, C.preview)
        .where(C.tenant == tenant, C.updated_at >= since)
        .order_by(C.updated_at.desc())
        .limit(MOST_READ)
        .subquery()
    )
    by_words = (
        sa.select(read.c.id, read.c.updated_at)
        .join(tables.contacts, sa.and_(N.tenant == tenant, N.id == read.c.contact))
        .where(sa.or_(N.name.ilike(like, escape="\\"), read.c.preview.ilike(like, escape="\\")))
    )
    asked = (*by_name, by_words.order_by(read.c.updated_at.desc()))
    found = {row.id: row.updated_at for one in asked for row in connection.execute(one.limit(limit))}
    return sorted(found, key=lambda one: found[one], reverse=True)[:limit]


@dataclass(frozen=True)
class Load:
    """How many conversations of a queue (or of none) an owner kind has, and since when the oldest has waited."""

    kind: OwnerKind
    queue: str | None
    count: int
    oldest: datetime | None


def loads(connection: sa.Connection, tenant: str) -> list[Load]:
    """What is open, by owner kind and queue; the oldest by when a person was asked for."""
    query = (
        sa.select(C.owner_kind, C.queue, sa.func.count().label("number"), sa.func.min(H.requested_at).label("oldest"))
        .select_from(tables.conversations)
        .outerjoin(tables.handoffs, sa.and_(H.tenant == C.tenant, H.id == C.handoff))
        .where(C.tenant == tenant, C.owner_kind.in_(NOT_CLOSED))
        .group_by(C.owner_kind, C.queue)
    )
    return [Load(OwnerKind(row.owner_kind), row.queue, row.number, row.oldest) for row in connection.execute(query)]


def upset(connection: sa.Connection, tenant: str, *, mood: float, limit: int) -> list[str]:
    """Open conversations whose customer was last at least this unhappy (0 to 1), the worst first."""
    still_open = C.owner_kind != sa.literal_column("'closed'")  # said aloud: there is an index of these
    query = sa.select(C.id).where(C.tenant == tenant, still_open, C.mood >= mood)
    return list(connection.execute(query.order_by(C.mood.desc(), C.id).limit(limit)).scalars())


def overdue(connection: sa.Connection, tenant: str, *, limit: int) -> list[str]:
    """Conversations whose customer was promised an answer and has none yet, the one missed first at the top.

    A promise that was missed is renewed within a second, so its time does not tell; the mark on its ticket does.
    """
    missed = (TICKET.tenant == tenant, TICKET.type.is_(None), TICKET.state.in_(UNFINISHED_STORED))
    query = sa.select(TICKET.conversation).where(*missed, TICKET.overdue_at.is_not(None))
    return list(connection.execute(query.order_by(TICKET.overdue_at, TICKET.id).limit(limit)).scalars())


def accepted_since(connection: sa.Connection, tenant: str, since: datetime) -> dict[str, int]:
    """By queue, how many handoffs were accepted since."""
    query = sa.select(H.queue, sa.func.count()).where(H.tenant == tenant, H.accepted_at >= since).group_by(H.queue)
    return {row[0]: row[1] for row in connection.execute(query)}
