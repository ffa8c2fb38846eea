"""Lists of tickets, a page at a time: each page costs the same however many tickets there are.

Filters for which there is an index are answered from it; for the others at most WINDOW rows are looked at for a page.
A page may therefore be short, or empty, and still have a `next`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent
from handoff_service.columns import EPOCH
from handoff_service.errors import Invalid
from handoff_service.tickets.model import State, Ticket
from handoff_service.tickets.settings import PROMISE
from handoff_service.tickets.states import UNFINISHED
from handoff_service.tickets.store import UNFINISHED_STORED, lanes, seen_by, ticket_of
from handoff_service.tickets.words import asked_words

T = tables.tickets.c
W = tables.ticket_words.c

WINDOW = 3000
MOST = 200
NOBODY = "none"
COUNTED = 100  # a desk shows "99+"


class Place(NamedTuple):
    """Where in the order a ticket stands: what is due first comes first."""

    due_at: datetime
    id: str


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What is asked for; `agent` "none" means tickets that nobody has. `states` empty: what is unfinished."""

    states: frozenset[State] = frozenset()
    agent: str | None = None
    queue: str | None = None
    type: str | None = None
    priority: int | None = None
    due_before: datetime | None = None
    contact: str | None = None
    conversation: str | None = None
    text: str = ""

    @property
    def wanted(self) -> frozenset[State]:
        """The states; of somebody or with some words, any."""
        if self.states:
            return self.states
        return frozenset(State) if self.text or self.contact or self.conversation else UNFINISHED


class Page(NamedTuple):
    tickets: list[Ticket]
    next: str | None


class Lane(NamedTuple):
    """What one state has to offer: rows in order, and up to where it was looked at (None: to its end)."""

    tickets: list[Ticket]
    upto: Place | None


def page(connection: sa.Connection, agent: Agent, asked: Filter, *, cursor: str | None, limit: int) -> Page:
    """The next page after `cursor` of what the agent may see. Raises Invalid for a cursor of another list."""
    if asked.text:
        return _by_text(connection, agent, asked, cursor, limit)
    after = read_cursor(cursor)
    found = [_lane(connection, agent, asked, stored, after, limit) for stored in lanes(asked.wanted)]
    tickets, upto = merged(found, limit)
    return Page(tickets, None if upto is None else write_cursor(upto))


def merged(found: Sequence[Lane], limit: int) -> tuple[list[Ticket], Place | None]:
    """The first `limit` tickets of all lanes, and from where to go on (None: there is no more). Pure."""
    looked = [lane.upto for lane in found if lane.upto is not None]
    end = min(looked, default=None)
    rows = sorted((one for lane in found for one in lane.tickets), key=place_of)
    safe = [one for one in rows if end is None or place_of(one) <= end]
    if len(safe) > limit or (len(safe) == limit and end is not None):
        return safe[:limit], place_of(safe[limit - 1])
    return safe, end


def place_of(ticket: Ticket) -> Place:
    return Place(ticket.due_at, ticket.id)


def write_cursor(place: Place) -> str:
    return f"{(place.due_at - EPOCH) // timedelta(microseconds=1)}.{place.id}"


def read_cursor(cursor: str | None) -> Place | None:
    """The place that a cursor names. Raises Invalid."""
    if not cursor:
        return None
    moment, _, name = cursor.partition(".")
    if not (moment.isascii() and moment.isdecimal()) or len(moment) > 17 or not name.startswith("t_") or len(name) > 64:
        raise Invalid("This cursor is not one that a list of tickets has given; leave it out to begin anew.")
    return Place(EPOCH + timedelta(microseconds=int(moment)), name)


def _lane(connection: sa.Connection, agent: Agent, asked: Filter, stored: str, after: Place | None, limit: int) -> Lane:
    """One value of the column `state`, in order of the due time."""
    where = [T.tenant == agent.tenant, T.state == stored, *_indexed(agent.tenant, asked)]
    if after is not None:
        where += [T.due_at >= after.due_at, sa.or_(T.due_at > after.due_at, T.id > after.id)]
    order = (T.due_at, T.id)
    rest = [*seen_by(agent), *_others(asked)]
    if len(rest) == len(seen_by(agent)):
        query = sa.select(tables.tickets).where(*where, *rest).order_by(*order).limit(limit + 1)
        rows = [ticket_of(row) for row in connection.execute(query).mappings()]
        return Lane(rows, place_of(rows[-1]) if len(rows) > limit else None)
    looked_at = sa.select(T.id).where(*where).order_by(*order).limit(WINDOW)
    query = sa.select(tables.tickets).where(T.tenant == agent.tenant, T.id.in_(looked_at), *rest)
    rows = [ticket_of(row) for row in connection.execute(query.order_by(*order).limit(limit + 1)).mappings()]
    if len(rows) > limit:
        return Lane(rows, place_of(rows[-1]))
    last = connection.execute(sa.select(*order).where(*where).order_by(*order).offset(WINDOW - 1).limit(1)).first()
    return Lane(rows, None if last is None else Place(last.due_at, last.id))


def _indexed(tenant: str, asked: Filter) -> list[sa.ColumnElement[bool]]:
    """Conditions for which there is an index."""
    where: list[sa.ColumnElement[bool]] = []
    if asked.agent is not None:
        where.append(T.agent.is_(None) if asked.agent == NOBODY else T.agent == asked.agent)
    if asked.queue is not None:
        where.append(T.queue == asked.queue)
    if asked.due_before is not None:
        where.append(T.due_at < asked.due_before)
    if asked.contact is not None:
        where.append(T.contact == asked.contact)
    if asked.conversation is not None:
        L = tables.ticket_links.c
        linked = sa.select(L.ticket).where(L.tenant == tenant, L.conversation == asked.conversation)
        where.append(sa.or_(T.conversation == asked.conversation, T.id.in_(linked)))
    return where


def _others(asked: Filter) -> list[sa.ColumnElement[bool]]:
    """Conditions for which rows must be looked at."""
    where: list[sa.ColumnElement[bool]] = []
    if asked.type is not None:
        where.append(T.type.is_(None) if asked.type == PROMISE else T.type == asked.type)
    if asked.priority is not None:
        where.append(T.priority >= asked.priority)
    return where


def _by_text(connection: sa.Connection, agent: Agent, asked: Filter, cursor: str | None, limit: int) -> Page:
    """Tickets that have all these words, the newest first. Raises Invalid for a text without words."""
    words = asked_words(asked.text)
    if not words:
        raise Invalid("Search for at least one word, a number, or two characters of Chinese.")
    if cursor and not (cursor.startswith("t_") and len(cursor) <= 64):
        raise Invalid("This cursor is not one that a search for tickets has given; leave it out to begin anew.")
    rarest, *others = sorted(words, key=lambda word: _occurrences(connection, agent.tenant, word))
    of_word = [W.tenant == agent.tenant, W.word == rarest, *([W.ticket < cursor] if cursor else [])]
    looked_at = sa.select(W.ticket).where(*of_word).order_by(W.ticket.desc()).limit(WINDOW)
    query = sa.select(tables.tickets).where(T.tenant == agent.tenant, T.id.in_(looked_at), *seen_by(agent))
    query = query.where(T.state.in_(lanes(asked.wanted)), *_indexed(agent.tenant, asked), *_others(asked))
    for word in others:
        same = tables.ticket_words.alias().c
        query = query.where(sa.exists().where(same.tenant == agent.tenant, same.word == word, same.ticket == T.id))
    rows = [ticket_of(row) for row in connection.execute(query.order_by(T.id.desc()).limit(limit + 1)).mappings()]
    if len(rows) > limit:
        return Page(rows[:limit], rows[limit - 1].id)
    last = connection.execute(
        sa.select(W.ticket).where(*of_word).order_by(W.ticket.desc()).offset(WINDOW - 1).limit(1)
    ).scalar_one_or_none()
    return Page(rows, last)


def _occurrences(connection: sa.Connection, tenant: str, word: str) -> int:
    """How many tickets have a word; beyond WINDOW it does not matter."""
    some = sa.select(W.ticket).where(W.tenant == tenant, W.word == word).limit(WINDOW).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def counts(connection: sa.Connection, agent: Agent, now: datetime) -> dict[str, Any]:
    """What a desk shows of tickets beside the conversations: his own, those nobody has, and his overdue ones.

    Promises are left out, their conversations lie in the mailbox. More than COUNTED are not counted.
    """
    mine = T.agent == agent.id
    free = sa.and_(T.agent.is_(None), T.queue.in_(agent.queues))
    late = sa.and_(mine, T.due_at < now, T.state != str(State.WAITING))
    return {
        name: _count(connection, agent, where) for name, where in (("mine", mine), ("free", free), ("overdue", late))
    }


def _count(connection: sa.Connection, agent: Agent, where: sa.ColumnElement[bool]) -> int:
    unfinished = (T.tenant == agent.tenant, T.state.in_(UNFINISHED_STORED), T.type.is_not(None))
    some = sa.select(T.id).where(*unfinished, where, *seen_by(agent)).limit(COUNTED).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
