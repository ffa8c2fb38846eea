"""All SQL of tickets and of the words under which they are found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent
from handoff_service.callers import Caller, caller_of
from handoff_service.conversations.model import Conversation
from handoff_service.errors import Conflict, NotFound
from handoff_service.ids import new_id
from handoff_service.permissions import Permission
from handoff_service.statements import Statement
from handoff_service.tickets.model import HIGHEST, Source, State, Ticket
from handoff_service.tickets.settings import PROMISE
from handoff_service.tickets.words import words_of

T = tables.tickets.c
N = tables.contacts.c
W = tables.ticket_words.c
ORDER, ORDERS_OF = "order:", "orders-of:"  # before the words under which a complaint stands for its orders
# Both engines know it. Who meets a row that another transaction has just written waits for its commit.
NOTE = sa.text(
    "INSERT INTO ticket_words (tenant, word, ticket) VALUES (:tenant, :word, :ticket)"
    " ON CONFLICT (tenant, word, ticket) DO UPDATE SET ticket = excluded.ticket"
)
L = tables.ticket_links.c

# The release before this one would postpone, or close with the conversation, whatever is `open` without being a
# promise, and files as `filed` and `done`. So these words stay in the database; nobody reads them anywhere else.
_FILED = {State.OPEN: "filed", State.CLOSED: "done"}
_STATES = {one: state for state, one in _FILED.items()}
UNFINISHED_STORED = ("open", "filed", "in_progress", "waiting")
ENDED_STORED = ("resolved", "done", "closed")

Row = Mapping[str, Any] | sa.RowMapping
Viewer = Agent | Caller


def stored(state: State, *, promise: bool) -> str:
    """The state as the column has it."""
    return str(state if promise else _FILED.get(state, state))


def lanes(states: Collection[State]) -> tuple[str, ...]:
    """Every value of the column that stands for one of these states."""
    return tuple(dict.fromkeys(stored(state, promise=promise) for state in states for promise in (True, False)))


def ticket_of(row: Row) -> Ticket:
    """The ticket of a row, also of one that another release has written."""
    known = {name: row[name] for name in Ticket.__dataclass_fields__}
    promise = row["type"] is None
    return Ticket(
        **known
        | {
            "state": _STATES.get(row["state"]) or State(row["state"]),
            "type": row["type"] or PROMISE,
            "source": row["source"] or (Source.HOURS if promise else Source.BOT),
            "updated_at": row["updated_at"] or row["created_at"],
        }
    )


def _columns(ticket: Ticket) -> dict[str, Any]:
    values = {name: getattr(ticket, name) for name in Ticket.__dataclass_fields__}
    values["state"] = stored(ticket.state, promise=ticket.is_promise)
    values["type"] = None if ticket.is_promise else ticket.type
    values["fields"] = None if ticket.fields is None else dict(ticket.fields)
    values["check_plan"] = None if ticket.check_plan is None else dict(ticket.check_plan)
    return values


def insert(connection: sa.Connection, ticket: Ticket) -> None:
    """Adds a ticket, found under its words from now on."""
    connection.execute(sa.insert(tables.tickets).values(**_columns(ticket)))
    _add_words(connection, ticket)


def save(connection: sa.Connection, before: Ticket, after: Ticket) -> None:
    """Writes what has changed. Raises Conflict if somebody else has written since `before` was read."""
    old, new = _columns(before), _columns(after)
    changes = {name: value for name, value in new.items() if value != old[name]}
    where = (T.tenant == before.tenant, T.id == before.id, T.last_n == before.last_n)
    if connection.execute(sa.update(tables.tickets).where(*where).values(**changes)).rowcount != 1:
        raise Conflict(f"Ticket {before.number or before.id} was changed just now; look at it again.")
    if _words(before) != _words(after):
        _drop_words(connection, before)
        _add_words(connection, after)


def save_look(connection: sa.Connection, ticket: Ticket, look_at: datetime | None) -> None:
    """Writes when the sweeper looks at it next; no line of the log, because nothing has happened."""
    where = (T.tenant == ticket.tenant, T.id == ticket.id)
    connection.execute(sa.update(tables.tickets).where(*where).values(look_at=look_at))


def find(connection: sa.Connection, tenant: str, name: str, viewer: Viewer | None, *, lock: bool = False) -> Ticket:
    """The ticket with this id or number, its row locked until the commit if asked. Raises NotFound.

    For who may not see it (`viewer`; None: the gateway itself) there is none either.
    """
    query = sa.select(tables.tickets).where(T.tenant == tenant, T.id == name if name.startswith("t_") else _named(name))
    query = query.where(*seen_by(viewer))
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound(f"There is no ticket {name[:64]}.", ticket=name[:64])
    return ticket_of(row)


def _named(number: str) -> sa.ColumnElement[bool]:
    return T.number == number.upper()


def seen_by(viewer: Viewer | None) -> tuple[sa.ColumnElement[bool], ...]:
    """What somebody may see: complaints about agents only who decides on these, and nobody those about himself."""
    if viewer is None:
        return ()
    caller = caller_of(viewer) if isinstance(viewer, Agent) else viewer
    if Permission.COMPLAINTS_DECIDE not in caller.permissions:
        return (T.about_agent.is_(None),)
    if caller.agent is None:
        return ()
    return (sa.or_(T.about_agent.is_(None), T.about_agent != caller.agent.id),)


_himself = sa.select(sa.bindparam("of_contact", type_=sa.Text).label("id"))
_person = (
    sa.select(N.person)
    .where(N.tenant == sa.bindparam("of_tenant"), N.id == sa.bindparam("of_contact"))
    .scalar_subquery()
)
_others = sa.select(N.id).where(N.tenant == sa.bindparam("of_tenant"), N.person == _person)
_of_contact = sa.select(tables.tickets).where(
    T.tenant == sa.bindparam("of_tenant"),
    T.contact.in_(sa.union_all(_himself, _others)),
    sa.or_(T.told_in.is_not(None), T.state == str(State.WAITING)),
    T.merged_into.is_(None),
)
TOLD = Statement(_of_contact)


def told(connection: sa.Connection, tenant: str, contact: str) -> list[Ticket]:
    """Tickets of a person that wait for him, or of which he was told; asked for at each of his messages."""
    return [ticket_of(row) for row in TOLD.all(connection, of_tenant=tenant, of_contact=contact)]


def numbered(connection: sa.Connection, tenant: str, contact: str, numbers: Collection[str]) -> list[Ticket]:
    """The tickets of a contact with these numbers; of merged ones those into which they were merged."""
    query = sa.select(tables.tickets).where(T.tenant == tenant, T.number.in_(numbers), T.contact == contact)
    found = [ticket_of(row) for row in connection.execute(query).mappings()]
    roots = {root.id: root for root in (root_of(connection, one) for one in found)}
    return list(roots.values())


def root_of(connection: sa.Connection, ticket: Ticket) -> Ticket:
    """The ticket itself, or the one into which it was merged in the end."""
    while ticket.merged_into is not None:
        ticket = find(connection, ticket.tenant, ticket.merged_into, None)
    return ticket


def by_ids(
    connection: sa.Connection, tenant: str, tickets: Collection[str], viewer: Viewer | None
) -> dict[str, Ticket]:
    """Those of these tickets that somebody may see, by id."""
    query = sa.select(tables.tickets).where(T.tenant == tenant, T.id.in_(tickets), *seen_by(viewer))
    return {row["id"]: ticket_of(row) for row in connection.execute(query).mappings()}


def of_contact(connection: sa.Connection, tenant: str, contact: str, viewer: Viewer | None = None) -> list[Ticket]:
    """Every ticket of a contact that `viewer` may see (None: all), oldest first."""
    query = sa.select(tables.tickets).where(T.tenant == tenant, T.contact == contact, *seen_by(viewer))
    query = query.order_by(T.created_at, T.id)
    return [ticket_of(row) for row in connection.execute(query).mappings()]


def on_conversation(connection: sa.Connection, tenant: str, conversation: str, viewer: Viewer | None) -> list[Ticket]:
    """Tickets that a conversation belongs to, oldest first."""
    query = (
        sa.select(tables.tickets)
        .where(T.tenant == tenant, _belongs(tenant, conversation), *seen_by(viewer))
        .order_by(T.created_at, T.id)
    )
    return [ticket_of(row) for row in connection.execute(query).mappings()]


def _belongs(tenant: str, conversation: str) -> sa.ColumnElement[bool]:
    linked = sa.select(L.ticket).where(L.tenant == tenant, L.conversation == conversation)
    return sa.or_(T.conversation == conversation, T.id.in_(linked))


def held(connection: sa.Connection, tenant: str, agents: Collection[str]) -> dict[str, int]:
    """How many unfinished tickets each of these agents has; nothing is said of who has none."""
    mine = (T.tenant == tenant, T.agent.in_(agents), T.state.in_(UNFINISHED_STORED))
    query = sa.select(T.agent, sa.func.count().label("count")).where(*mine).group_by(T.agent)
    return {str(agent): int(count) for agent, count in connection.execute(query)}


def merged_into(connection: sa.Connection, tenant: str, ticket: str) -> list[Ticket]:
    """Tickets that were merged into this one, directly or by way of others, oldest first."""
    found: list[Ticket] = []
    names = [ticket]
    while names:
        query = sa.select(tables.tickets).where(T.tenant == tenant, T.merged_into.in_(names))
        fresh = [ticket_of(row) for row in connection.execute(query).mappings()]
        found += fresh
        names = [one.id for one in fresh]
    return sorted(found, key=lambda one: (one.created_at, one.id))


def family(connection: sa.Connection, ticket: Ticket) -> list[str]:
    """The ids of a ticket and of all that was merged into it."""
    return [ticket.id, *(one.id for one in merged_into(connection, ticket.tenant, ticket.id))]


def to_look_at(connection: sa.Connection, now: datetime, *, limit: int = 100) -> list[tuple[str, str]]:
    """(tenant, id) of tickets to which something is to happen by itself."""
    query = sa.select(T.tenant, T.id).where(T.look_at.is_not(None), T.look_at <= now).order_by(T.look_at).limit(limit)
    return [(row.tenant, row.id) for row in connection.execute(query)]


def look_now(
    connection: sa.Connection, tenant: str, *, waiting_since: datetime | None, queues: Collection[str], now: datetime
) -> None:
    """Lets the sweeper look at tickets to which a gateway of the release before gave no time, or only the due one.

    These wait for their customer and were touched after `waiting_since`, or are in one of `queues` and nobody has them.
    """
    work = (T.tenant == tenant, T.type.is_not(None), T.merged_into.is_(None))
    free = (T.state.in_(lanes([State.OPEN])), T.queue.in_(queues), T.agent.is_(None))
    missed = [sa.and_(*free, sa.or_(T.look_at.is_(None), T.look_at == T.due_at))] if queues else []
    if waiting_since is not None:
        missed.append(sa.and_(T.state == str(State.WAITING), T.look_at.is_(None), T.updated_at > waiting_since))
    for each in missed:
        connection.execute(sa.update(tables.tickets).where(*work, each).values(look_at=now))


def look_at_free(connection: sa.Connection, tenant: str, queues: Collection[str], now: datetime) -> None:
    """Lets the sweeper look at what nobody has in these queues, unless it does so already."""
    free = (T.state.in_(lanes([State.OPEN])), T.queue.in_(queues), T.agent.is_(None))
    later = sa.or_(T.look_at.is_(None), T.look_at > now)  # one that is due says by its time what is to happen
    where = (T.tenant == tenant, T.type.is_not(None), T.merged_into.is_(None), *free, later)
    connection.execute(sa.update(tables.tickets).where(*where).values(look_at=now))


# Promises: the ticket of a conversation that waits for an answer, made and ended with it.


def open_ticket(
    connection: sa.Connection,
    conversation: Conversation,
    *,
    subject: str,
    reply_to: str,
    due_at: datetime,
    now: datetime,
    tier: int = 1,
) -> datetime:
    """When the promise to a conversation is due: at `due_at`, or earlier if that was promised and is still ahead.

    There is one at a time. From `tier` 2 on it is an answer of the senior team that is promised.
    """
    where = (*_promise(conversation), T.state.in_(UNFINISHED_STORED))
    promised: datetime | None = connection.execute(sa.select(T.due_at).where(*where)).scalars().first()
    if promised is not None:
        due_at = min(promised, due_at) if promised > now else due_at
        values: dict[str, Any] = {"due_at": due_at, "look_at": due_at, **({"reply_to": reply_to} if reply_to else {})}
        values |= {"tier": tier} if tier > 1 else {}
        connection.execute(sa.update(tables.tickets).where(*where).values(**values))
        return due_at
    ticket = Ticket(
        tenant=conversation.tenant,
        id=new_id("t"),
        number=None,
        type=PROMISE,
        subject=subject[:120],
        state=State.OPEN,
        source=Source.HOURS,
        conversation=conversation.id,
        contact=conversation.contact,
        tier=tier,
        queue=conversation.owner.queue,
        reply_to=reply_to,
        due_at=due_at,
        created_at=now,
        updated_at=now,
        look_at=due_at,
    )
    connection.execute(sa.insert(tables.tickets).values(**_columns(ticket)))
    return due_at


def miss_promise(connection: sa.Connection, conversation: Conversation, now: datetime) -> None:
    """Marks the promise to a conversation as one that was not kept in time, until it is kept."""
    where = (*_promise(conversation), T.state.in_(UNFINISHED_STORED), T.overdue_at.is_(None))
    higher = sa.case((T.priority < HIGHEST, T.priority + 1), else_=T.priority)
    connection.execute(sa.update(tables.tickets).where(*where).values(overdue_at=now, priority=higher))


def _promise(conversation: Conversation) -> tuple[sa.ColumnElement[bool], ...]:
    return (T.tenant == conversation.tenant, T.conversation == conversation.id, T.type.is_(None))


def promised_until(connection: sa.Connection, tenant: str, conversation: str) -> datetime | None:
    """When the promise to a conversation is due; None when there is none."""
    mine = (T.tenant == tenant, T.conversation == conversation, T.type.is_(None), T.state.in_(UNFINISHED_STORED))
    due: datetime | None = connection.execute(sa.select(T.due_at).where(*mine)).scalars().first()
    return due


def close_tickets(connection: sa.Connection, conversation: Conversation, *, tier: int | None = None) -> list[Ticket]:
    """Closes the promise to a conversation (one of at most this tier); those worked on are left to the caller."""
    mine = [*_promise(conversation), T.state.in_(UNFINISHED_STORED)]
    if tier is not None:
        mine.append(T.tier <= tier)
    ended = {"state": str(State.CLOSED), "look_at": None}
    connection.execute(sa.update(tables.tickets).where(*mine, T.last_n == 0).values(**ended))
    worked_on = sa.select(tables.tickets).where(*mine).with_for_update()
    return [ticket_of(row) for row in connection.execute(worked_on).mappings()]


def of_turn(connection: sa.Connection, tenant: str, turn: str) -> str | None:
    """The number of the ticket that a turn has filed."""
    query = sa.select(T.number).where(T.tenant == tenant, T.turn == turn)
    number: str | None = connection.execute(query).scalar_one_or_none()
    return number


def is_taken(connection: sa.Connection, tenant: str, number: str) -> bool:
    """Whether another ticket has this number."""
    query = sa.select(T.id).where(T.tenant == tenant, T.number == number)
    return connection.execute(query).first() is not None


def forget(connection: sa.Connection, tickets: Collection[Ticket]) -> int:
    """Takes the content from tickets. Returns how many these were."""
    for ticket in tickets:
        _drop_words(connection, ticket)
        _forget_orders(connection, ticket)
        empty = {"subject": "", "reply_to": "", "fields": None, "check_plan": None, "check_at": None}
        where = (T.tenant == ticket.tenant, T.id == ticket.id)
        connection.execute(sa.update(tables.tickets).where(*where).values(**empty))
    return len(tickets)


def _words(ticket: Ticket) -> tuple[str, ...]:
    if ticket.is_promise:
        return ()
    return words_of(ticket.number or "", ticket.subject, *(str(value) for value in (ticket.fields or {}).values()))


def _add_words(connection: sa.Connection, ticket: Ticket) -> None:
    rows = [{"tenant": ticket.tenant, "word": word, "ticket": ticket.id} for word in _words(ticket)]
    if rows:
        connection.execute(sa.insert(tables.ticket_words), rows)


def _drop_words(connection: sa.Connection, ticket: Ticket) -> None:
    where = (W.tenant == ticket.tenant, W.ticket == ticket.id, W.word.in_(_words(ticket)))
    connection.execute(sa.delete(tables.ticket_words).where(*where))


def note_orders(connection: sa.Connection, ticket: Ticket, words: Collection[str]) -> None:
    """Enters a ticket under the words of its orders, each word locked until the commit, so that two do not pass by.

    No ticket's own words have a colon: these are not found by a search. Three rows stand for each: the lock, the
    ticket under its order, and the order under its ticket, by which it is forgotten.
    """
    rows = [
        {"tenant": ticket.tenant, "word": name, "ticket": owner}
        for word in sorted(words)
        for name, owner in ((f"{ORDER}{word}", ""), (f"{ORDER}{word}", ticket.id), (f"{ORDERS_OF}{ticket.id}", word))
    ]
    if rows:
        connection.execute(NOTE, rows)


def _forget_orders(connection: sa.Connection, ticket: Ticket) -> None:
    """Takes a ticket from under its orders; what others have there stays."""
    mine = (W.tenant == ticket.tenant, W.word == f"{ORDERS_OF}{ticket.id}")
    words = [f"{ORDER}{word}" for word in connection.scalars(sa.select(W.ticket).where(*mine).order_by(W.ticket))]
    if words:
        theirs = (W.tenant == ticket.tenant, W.word.in_(words), W.ticket.in_(["", ticket.id]))
        connection.execute(sa.delete(tables.ticket_words).where(*theirs))
        connection.execute(sa.delete(tables.ticket_words).where(*mine))
