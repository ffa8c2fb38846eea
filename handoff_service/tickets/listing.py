"""Lists of tickets, a page at a time: each page costs the same however many tickets there are.

Filters for which there is an index are answered from it; for the others at most WINDOW rows of each state,
or WORDS that have the rarest word, are looked at for a page.
A page may therefore be short, or empty, and still have a `next`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from handoff_service.tickets.store import (
    UNFINISHED_STORED,
    Viewer,
    by_ids,
    lanes,
    of_contact,
    on_conversation,
    seen_by,
    ticket_of,
)
from handoff_service.tickets.words import asked_words

T = tables.tickets.c
W = tables.ticket_words.c

WINDOW, WORDS = 500, 1000
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

    def fits(self, ticket: Ticket) -> bool:
        """Whether a ticket is asked for, as far as its own columns tell."""
        return (
            ticket.state in self.wanted
            and self.agent in (None, ticket.agent or NOBODY)
            and self.queue in (None, ticket.queue)
            and self.type in (None, ticket.type)
            and (self.priority is None or ticket.priority >= self.priority)
            and (self.due_before is None or ticket.due_at < self.due_before)
        )


class Page(NamedTuple):
    tickets: list[Ticket]
    next: str | None


class Lane(NamedTuple):
    """What one state has to offer: places in order, and up to where it was looked at (None: to its end)."""

    places: list[Place]
    upto: Place | None


def page(connection: sa.Connection, viewer: Viewer, asked: Filter, *, cursor: str | None, limit: int) -> Page:
    """The next page after `cursor` of what the viewer may see. Raises Invalid for a cursor of another list."""
    if asked.text:
        return _by_text(connection, viewer, asked, cursor, limit)
    after = read_cursor(cursor)
    if asked.contact is not None or asked.conversation is not None:
        return _of_somebody(connection, viewer, asked, after, limit)
    found = [_lane(connection, viewer, asked, stored, after, limit) for stored in lanes(asked.wanted)]
    places, upto = merged(found, limit)
    shown = by_ids(connection, viewer.tenant, [place.id for place in places], viewer)
    tickets = [shown[place.id] for place in places if place.id in shown]
    return Page(tickets, None if upto is None else write_cursor(upto))


def merged(found: Sequence[Lane], limit: int) -> tuple[list[Place], Place | None]:
    """The first `limit` places of all lanes, and from where to go on (None: there is no more). Pure."""
    looked = [lane.upto for lane in found if lane.upto is not None]
    end = min(looked, default=None)
    places = sorted(place for lane in found for place in lane.places)
    safe = [place for place in places if end is None or place <= end]
    if len(safe) > limit or (len(safe) == limit and end is not None):
        return safe[:limit], safe[limit - 1]
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


def _lane(
    connection: sa.Connection, viewer: Viewer, asked: Filter, stored: str, after: Place | None, limit: int
) -> Lane:
    """One value of the column `state`, in order of the due time."""
    driver, others = _driver(asked)
    where = [T.tenant == viewer.tenant, T.state == stored, *driver, *seen_by(viewer)]
    if after is not None:
        where += [T.due_at >= after.due_at, sa.or_(T.due_at > after.due_at, T.id > after.id)]
    if asked.due_before is not None:
        where.append(T.due_at < asked.due_before)
    query = sa.select(T.due_at, T.id, T.agent, T.queue, T.type, T.priority).where(*where).order_by(T.due_at, T.id)
    rows = connection.execute(query.limit(WINDOW if others else limit + 1)).mappings().all()
    found = [Place(row["due_at"], row["id"]) for row in rows if others.fits(row)][: limit + 1]
    if len(found) > limit:
        return Lane(found, found[-1])
    return Lane(found, Place(rows[-1]["due_at"], rows[-1]["id"]) if others and len(rows) == WINDOW else None)


def _of_somebody(connection: sa.Connection, viewer: Viewer, asked: Filter, after: Place | None, limit: int) -> Page:
    """Tickets of a contact or of a conversation, which are few."""
    if asked.conversation is not None:
        found = on_conversation(connection, viewer.tenant, asked.conversation, viewer)
        found = [one for one in found if asked.contact in (None, one.contact)]
    else:
        found = of_contact(connection, viewer.tenant, str(asked.contact), viewer)
    rows = [one for one in found if asked.fits(one) and (after is None or place_of(one) > after)]
    rows.sort(key=place_of)
    return Page(rows[:limit], write_cursor(place_of(rows[limit - 1])) if len(rows) > limit else None)


@dataclass(frozen=True)
class Others:
    """Conditions for which rows must be looked at, as the column has the values; False when there is none."""

    queue: str | None = None
    type: str | None = None
    priority: int | None = None

    def __bool__(self) -> bool:
        return self != Others()

    def fits(self, row: sa.RowMapping) -> bool:
        return (
            self.queue in (None, row["queue"])
            and self.type in (None, row["type"] or PROMISE)
            and (self.priority is None or row["priority"] >= self.priority)
        )


def _driver(asked: Filter) -> tuple[list[sa.ColumnElement[bool]], Others]:
    """The condition that leads into an index, the one that leaves least, and what is left to look at."""
    rest = Others(asked.queue, asked.type, asked.priority)
    if asked.agent is not None:
        return [T.agent.is_(None) if asked.agent == NOBODY else T.agent == asked.agent], rest
    if asked.queue is not None:
        return [T.queue == asked.queue], replace(rest, queue=None)
    if asked.type is not None:
        return [_has_type(asked.type)], replace(rest, type=None)
    return [], rest


def _has_type(type: str) -> sa.ColumnElement[bool]:
    return T.type.is_(None) if type == PROMISE else T.type == type


def _columns(asked: Filter) -> list[sa.ColumnElement[bool]]:
    """Every condition on the ticket's own columns."""
    where: list[sa.ColumnElement[bool]] = [T.state.in_(lanes(asked.wanted))]
    if asked.agent is not None:
        where.append(T.agent.is_(None) if asked.agent == NOBODY else T.agent == asked.agent)
    for column, value in ((T.queue, asked.queue), (T.contact, asked.contact)):
        if value is not None:
            where.append(column == value)
    if asked.type is not None:
        where.append(_has_type(asked.type))
    if asked.priority is not None:
        where.append(T.priority >= asked.priority)
    if asked.due_before is not None:
        where.append(T.due_at < asked.due_before)
    return where


def _by_text(connection: sa.Connection, viewer: Viewer, asked: Filter, cursor: str | None, limit: int) -> Page:
    """Tickets that have all these words, the newest first. Raises Invalid for a text without words."""
    words = asked_words(asked.text)
    if not words:
        raise Invalid("Search for at least one word, a number, or two characters of Chinese.")
    if cursor and not (cursor.startswith("t_") and len(cursor) <= 64):
        raise Invalid("This cursor is not one that a search for tickets has given; leave it out to begin anew.")
    rarest, *others = sorted(words, key=lambda word: _occurrences(connection, viewer.tenant, word))
    of_word = [W.tenant == viewer.tenant, W.word == rarest, *([W.ticket < cursor] if cursor else [])]
    newest = sa.select(W.ticket).where(*of_word).order_by(W.ticket.desc()).limit(WORDS)
    looked_at = list(connection.execute(newest).scalars())
    fitting = looked_at
    for word in others:
        same = (W.tenant == viewer.tenant, W.word == word, W.ticket.in_(fitting))
        fitting = list(connection.execute(sa.select(W.ticket).where(*same)).scalars())
    query = sa.select(tables.tickets).where(T.tenant == viewer.tenant, T.id.in_(fitting), *seen_by(viewer))
    query = query.where(*_columns(asked)).order_by(T.id.desc()).limit(limit + 1)
    rows = [ticket_of(row) for row in connection.execute(query).mappings()]
    if len(rows) > limit:
        return Page(rows[:limit], rows[limit - 1].id)
    return Page(rows, looked_at[-1] if len(looked_at) == WORDS else None)


def _occurrences(connection: sa.Connection, tenant: str, word: str) -> int:
    """How many tickets have a word; beyond WORDS it does not matter."""
    some = sa.select(W.ticket).where(W.tenant == tenant, W.word == word).limit(WORDS).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def counts(connection: sa.Connection, agent: Agent, now: datetime) -> dict[str, Any]:
    """What a desk shows of tickets beside the conversations: his own, those nobody has in his queues, the late of both.

    Promises are left out, their conversations lie in the mailbox. More than COUNTED are not counted.
    """
    mine = T.agent == agent.id
    free = sa.and_(T.agent.is_(None), T.queue.in_(agent.queues))
    late = sa.and_(T.due_at < now, T.state != str(State.WAITING))
    # One after the other: asked with OR, neither index would lead to them.
    overdue = sum(_count(connection, agent, sa.and_(which, late)) for which in (mine, free))
    return {
        "mine": _count(connection, agent, mine),
        "free": _count(connection, agent, free),
        "overdue": min(overdue, COUNTED),
    }


def _count(connection: sa.Connection, agent: Agent, where: sa.ColumnElement[bool]) -> int:
    # Not `type IS NOT NULL`: that would lead through the index of types, past every ticket that there ever was.
    unfinished = (
        T.tenant == agent.tenant,
        T.state.in_(UNFINISHED_STORED),
        sa.func.coalesce(T.type, PROMISE) != PROMISE,
    )
    some = sa.select(T.id).where(*unfinished, where, *seen_by(agent)).limit(COUNTED).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
