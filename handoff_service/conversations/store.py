"""All SQL of conversations and their timelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.bell import conversation_topic, desk_topic
from handoff_service.conversations.lifecycle import check
from handoff_service.conversations.model import (
    SYSTEM,
    Audience,
    Author,
    AuthorKind,
    Conversation,
    Draft,
    Entry,
    Event,
    Kind,
    Owner,
    OwnerKind,
    body_hash,
    by_customer,
)
from handoff_service.database import Transaction
from handoff_service.errors import Fenced, Mismatch, NotFound
from handoff_service.failpoints import failpoint
from handoff_service.ids import new_id
from handoff_service.statements import Statement, inserting
from handoff_service.tenants.saying import restated
from handoff_service.webhooks.timeline import announce_entry

C, E, N = tables.conversations.c, tables.entries.c, tables.contacts.c

Row = Mapping[str, Any] | sa.RowMapping


def _conversation(row: Row) -> Conversation:
    columns = {name: row[name] for name in Conversation.__dataclass_fields__ if name != "owner"}
    return Conversation(owner=Owner(OwnerKind(row["owner_kind"]), row["owner_agent"], row["queue"]), **columns)


def _entry(row: Row) -> Entry:
    return Entry(
        tenant=row["tenant"],
        conversation=row["conversation"],
        seq=row["seq"],
        mid=row["mid"],
        kind=Kind(row["kind"]),
        audience=Audience(row["audience"]),
        author=Author(AuthorKind(row["author_kind"]), row["author_id"], row["author_name"]),
        body=row["body"],
        client_id=row["client_id"],
        epoch=row["epoch"],
        turn=row["turn"],
        at=row["at"],
    )


# The statements of every message.
_find = sa.select(tables.conversations).where(C.tenant == sa.bindparam("tenant"), C.id == sa.bindparam("id"))
FIND, FIND_AND_LOCK = Statement(_find), Statement(_find.with_for_update())
_his = (C.tenant == sa.bindparam("tenant"), C.contact == sa.bindparam("contact"))
OF_CONTACT = Statement(sa.select(tables.conversations).where(*_his).order_by(C.opened_at))
_current = (
    sa.select(tables.conversations)
    .where(*_his, C.channel == sa.bindparam("channel"))
    .order_by(sa.case((C.owner_kind == OwnerKind.CLOSED, 1), else_=0), C.updated_at.desc())
    .limit(1)
)
CURRENT = Statement(_current)
CURRENT_AND_LOCK = Statement(
    _current.join(tables.contacts, sa.and_(N.tenant == C.tenant, N.id == C.contact))
    .where(N.erased_at.is_(None))
    .with_for_update(of=[tables.conversations, tables.contacts])
)
_of = (E.tenant == sa.bindparam("tenant"), E.conversation == sa.bindparam("id"))
ENTRIES_AFTER = Statement(
    sa.select(tables.entries)
    .where(*_of, E.seq > sa.bindparam("after"))
    .order_by(E.seq)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_last = sa.select(tables.entries).where(*_of).order_by(E.seq.desc())
STATES = Statement(_last.where(E.kind == Kind.STATE).limit(50))
OF_BOT = Statement(_last.where(E.kind == Kind.MESSAGE, E.author_kind == AuthorKind.BOT).limit(100))
REPEATED = Statement(
    sa.select(tables.entries).where(
        E.tenant == sa.bindparam("tenant"),
        E.author_kind == sa.bindparam("author_kind"),
        E.author_id == sa.bindparam("author_id"),
        E.client_id == sa.bindparam("client_id"),
    )
)
WAITS = (OwnerKind.QUEUE, OwnerKind.OFFER)
PLACE = ("rank", "priority", "reserved_for", "reserved_until", "ladder_at")  # only of what waits
LATER = ("hold", "erased_at", "load", *PLACE)
CREATE = inserting(tables.conversations, *(one.key for one in C if one.key not in LATER))
ADD_ENTRY = inserting(tables.entries, *E.keys())


@cache
def _setting(columns: tuple[str, ...], *, behind: bool) -> Statement:
    """Sets these columns of a conversation; `behind`: only if its last entry is still `seen`."""
    where = [C.tenant == sa.bindparam("of_tenant"), C.id == sa.bindparam("of_id")]
    if behind:
        where.append(C.last_seq == sa.bindparam("seen"))
    changes: dict[str, Any] = {name: sa.bindparam(name) for name in columns}
    return Statement(sa.update(tables.conversations).where(*where).values(changes))


def find(connection: sa.Connection, tenant: str, conversation: str, *, lock: bool = False) -> Conversation:
    """The conversation, its row locked until the end of the transaction if asked. Raises NotFound."""
    row = (FIND_AND_LOCK if lock else FIND).first(connection, tenant=tenant, id=conversation)
    if row is None:
        raise NotFound(f"There is no conversation {conversation}.", conversation=conversation)
    return _conversation(row)


def current(
    connection: sa.Connection, tenant: str, channel: str, contact: str, *, lock: bool = False
) -> Conversation | None:
    """The open conversation of a contact on a channel, else the one that changed last.

    With `lock` both rows are locked, and nothing is found of a contact who was erased.
    """
    statement = CURRENT_AND_LOCK if lock else CURRENT
    row = statement.first(connection, tenant=tenant, channel=channel, contact=contact)
    return _conversation(row) if row else None


def of_contact(connection: sa.Connection, tenant: str, contact: str) -> list[Conversation]:
    """Every conversation of a contact, oldest first."""
    return [_conversation(row) for row in OF_CONTACT.all(connection, tenant=tenant, contact=contact)]


def listed(
    connection: sa.Connection,
    tenant: str,
    kinds: Sequence[OwnerKind],
    *,
    agent: str | None = None,
    limit: int = 50,
) -> list[Conversation]:
    """Conversations in these owner kinds (of this agent, if given), the latest change first."""
    query = sa.select(tables.conversations).where(C.tenant == tenant, C.owner_kind.in_([str(kind) for kind in kinds]))
    query = query if agent is None else query.where(C.owner_agent == agent)
    # Few are open: along the index of changes SQLite would walk through all that were ever closed.
    order = C.updated_at if OwnerKind.CLOSED in kinds else sa.type_coerce(C.updated_at, sa.BigInteger) + 0
    return [_conversation(row) for row in connection.execute(query.order_by(order.desc()).limit(limit)).mappings()]


def of_handoffs(connection: sa.Connection, tenant: str, handoffs: Sequence[str]) -> list[Conversation]:
    """The conversations whose present handoffs these are, in the order given."""
    query = sa.select(tables.conversations).where(C.tenant == tenant, C.handoff.in_(handoffs))
    found = {row["handoff"]: _conversation(row) for row in connection.execute(query).mappings()}
    return [found[handoff] for handoff in handoffs if handoff in found]


def due(
    connection: sa.Connection, now: datetime, farthest: Mapping[OwnerKind, datetime], *, queued: bool, limit: int
) -> list[tuple[str, str]]:
    """(tenant, id) of those who are `queued`, or all others, whose deadline has passed or is beyond the farthest."""
    beyond = [sa.and_(C.owner_kind == kind, C.deadline_at > moment) for kind, moment in farthest.items()]
    whose = C.owner_kind == OwnerKind.QUEUE if queued else C.owner_kind != OwnerKind.QUEUE
    query = sa.select(C.tenant, C.id).where(whose, sa.or_(C.deadline_at <= now, *beyond))
    return [(row.tenant, row.id) for row in connection.execute(query.order_by(C.deadline_at).limit(limit))]


def entries_after(
    connection: sa.Connection, tenant: str, conversation: str, after: int, *, limit: int = 500
) -> list[Entry]:
    """Entries with seq > after in order, at most `limit`."""
    rows = ENTRIES_AFTER.all(connection, tenant=tenant, id=conversation, after=after, most=limit)
    return [_entry(row) for row in rows]


def unanswered(connection: sa.Connection, conversation: Conversation) -> list[Entry]:
    """What the customer wrote after the last words of anybody else, among the last fifty entries."""
    recent = entries_after(connection, conversation.tenant, conversation.id, conversation.last_seq - 50)
    said = [
        one
        for one in recent
        if one.kind is Kind.MESSAGE and one.audience is Audience.PUBLIC and one.body.get("kind") != "notice"
    ]
    spoken = max((one.seq for one in said if one.author.kind is not AuthorKind.CUSTOMER), default=0)
    return [one for one in said if one.seq > spoken]


def last(connection: sa.Connection, conversation: Conversation, *, which: Statement) -> list[Entry]:
    """The last fifty changes of owner (STATES), or hundred messages of the bot (OF_BOT), the latest first."""
    return [_entry(row) for row in which.all(connection, tenant=conversation.tenant, id=conversation.id)]


last_states = partial(last, which=STATES)


def entry_at(connection: sa.Connection, tenant: str, conversation: str, seq: int) -> Entry:
    """One entry. Raises NotFound."""
    found = entries_after(connection, tenant, conversation, seq - 1, limit=1)
    if not found or found[0].seq != seq:
        raise NotFound(f"Conversation {conversation} has no entry {seq}.", conversation=conversation)
    return found[0]


def entry_of(connection: sa.Connection, tenant: str, mid: str) -> Entry | None:
    """The entry with this id."""
    row = connection.execute(sa.select(tables.entries).where(E.tenant == tenant, E.mid == mid)).mappings().first()
    return _entry(row) if row else None


def repeated(connection: sa.Connection, tenant: str, draft: Draft) -> Entry | None:
    """The entry that an earlier attempt with this client_id made. Raises Mismatch if it said something else."""
    if draft.client_id is None:
        return None
    author = {"author_kind": draft.author.kind, "author_id": draft.author.id}
    row = REPEATED.first(connection, tenant=tenant, client_id=draft.client_id, **author)
    if row is None:
        return None
    if row["body_hash"] != body_hash(draft.kind, draft.audience, draft.body):
        raise Mismatch(
            f"client_id {draft.client_id} was used before for other content; use a new one.",
            client_id=draft.client_id,
        )
    return _entry(row)


def entry_by(connection: sa.Connection, tenant: str, author: Author, client_id: str) -> Entry | None:
    """The entry that this author has made with this client_id, whatever it says."""
    by = {"author_kind": author.kind, "author_id": author.id}
    row = REPEATED.first(connection, tenant=tenant, client_id=client_id, **by)
    return _entry(row) if row else None


def is_known(connection: sa.Connection, tenant: str, author: Author, client_id: str) -> bool:
    """Whether this author has an entry with this client_id, whatever it says."""
    return entry_by(connection, tenant, author, client_id) is not None


def create(
    connection: sa.Connection,
    tenant: str,
    *,
    channel: str,
    contact: str,
    language: str,
    now: datetime,
    account: str | None = None,
) -> Conversation:
    """A conversation of a contact before its first entry, owned by nobody until `opened` is appended."""
    values = {
        "tenant": tenant,
        "id": new_id("c"),
        "channel": channel,
        "contact": contact,
        "language": language,
        "owner_kind": OwnerKind.BOT,
        "epoch": 0,
        "phase": 1,
        "last_seq": 0,
        "opened_at": now,
        "updated_at": now,
        "preview": "",
        "account": account,
        **dict.fromkeys(("owner_agent", "queue", "handoff", "deadline_at", "closed_at", "mood", "rated_seq")),
    }
    CREATE.run(connection, **values)
    return _conversation({**values, "load": None})


def append(
    tx: Transaction,
    conversation: Conversation,
    draft: Draft,
    now: datetime,
    *,
    epoch: int | None = None,
    head: Mapping[str, Any] | None = None,
) -> tuple[Conversation, Entry]:
    """Adds the next entry; the caller holds the lock of the conversation's row and has asked `repeated`.

    `epoch` is that of a state entry; everything else is written under the present one. `head` are columns of the
    conversation that change with it. Returns the conversation as it is now, and the entry. Raises Fenced if the row
    moved on since `conversation` was read.
    """
    seq, draft = conversation.last_seq + 1, restated(tx.connection, conversation.tenant, draft)
    head = {"last_seq": seq, "updated_at": now, **_preview(draft), **(head or {})}
    key = {"of_tenant": conversation.tenant, "of_id": conversation.id, "seen": conversation.last_seq}
    if _setting(tuple(head), behind=True).run(tx.connection, **key, **head) != 1:
        raise Fenced(f"Conversation {conversation.id} moved on.", conversation=conversation.id)
    failpoint("append_after_seq")
    values = {
        "tenant": conversation.tenant,
        "conversation": conversation.id,
        "seq": seq,
        "mid": new_id("m"),
        "kind": draft.kind,
        "audience": draft.audience,
        "author_kind": draft.author.kind,
        "author_id": draft.author.id,
        "author_name": draft.author.name,
        "client_id": draft.client_id,
        "body": dict(draft.body),
        "body_hash": body_hash(draft.kind, draft.audience, draft.body),
        "epoch": conversation.epoch if epoch is None else epoch,
        "turn": draft.turn,
        "at": now,
    }
    ADD_ENTRY.run(tx.connection, **values)
    outbox.enqueue_delivery(tx, conversation, draft, seq, now)
    announce_entry(tx, conversation, draft, seq, now)
    tx.appended.append(draft.author.kind)
    tx.ring(conversation_topic(conversation.tenant, conversation.id), seq if by_customer(draft) else None)
    if conversation.owner.kind is OwnerKind.AGENT:
        tx.ring(desk_topic(conversation.tenant))  # the card of its agent counts what is unread
    return replace(conversation, **head), _entry(values)


def _preview(draft: Draft) -> dict[str, str]:
    """What a list shows of a conversation: the last words of a person, which say more than the bot's."""
    by_person = draft.author.kind in (AuthorKind.CUSTOMER, AuthorKind.AGENT)
    if draft.kind is Kind.MESSAGE and draft.audience is Audience.PUBLIC and by_person:
        return {"preview": str(draft.body.get("text", ""))[:120]}
    return {}


def move(
    tx: Transaction,
    conversation: Conversation,
    event: Event,
    to: Owner,
    *,
    now: datetime,
    deadline_at: datetime | None,
    actor: Author = SYSTEM,
    body: Mapping[str, Any] | None = None,
    handoff: str | None = None,
    new_phase: bool = False,
    load: int | None = None,
) -> tuple[Conversation, Entry]:
    """Changes the owner: checks the table, appends the state entry under the next epoch, writes the cached columns.

    Returns the conversation as it is now, and the entry. Raises IllegalTransition. This is the only place that
    writes owner and epoch.
    """
    owner = conversation.owner if conversation.epoch else None
    check(owner, event, to)
    epoch = conversation.epoch + 1
    target = {"kind": to.kind, "agent": to.agent, "queue": to.queue}
    draft = Draft(
        kind=Kind.STATE,
        author=actor,
        body={"event": event, "from": owner.kind if owner else None, "to": target, **(body or {})},
    )
    values: dict[str, Any] = {
        "epoch": epoch,
        "deadline_at": deadline_at,
        "closed_at": now if to.kind is OwnerKind.CLOSED else None,
        "load": load,
    }
    if handoff is not None:
        values["handoff"] = handoff
    if new_phase:
        values["phase"] = conversation.phase + 1
    conversation, entry = append(tx, conversation, draft, now, epoch=epoch)
    owner_columns = {"owner_kind": to.kind, "owner_agent": to.agent, "queue": to.queue}
    gone = {} if to.kind in WAITS else dict.fromkeys(PLACE)
    update(tx.connection, conversation, **owner_columns, **values, **gone)
    tx.ring(desk_topic(conversation.tenant))
    return replace(conversation, owner=to, **values), entry


def update(connection: sa.Connection, conversation: Conversation, **values: Any) -> None:
    """Writes columns of the conversation's row other than those that `append` and `move` keep."""
    put(connection, conversation.tenant, conversation.id, **values)


def put(connection: sa.Connection, tenant: str, conversation: str, **values: Any) -> None:
    """The same for whoever knows the row by its id only."""
    _setting(tuple(values), behind=False).run(connection, of_tenant=tenant, of_id=conversation, **values)


def put_all(connection: sa.Connection, *which: sa.ColumnElement[bool], **values: Any) -> None:
    """The same for all rows that these conditions name."""
    connection.execute(sa.update(tables.conversations).where(*which).values(**values))


def overwrite(
    connection: sa.Connection, tenant: str, conversation: str, *only: sa.ColumnElement[bool], **values: Any
) -> int:
    """Replaces columns of entries (those for which `only` holds) when they are erased. Returns how many these were."""
    where = (E.tenant == tenant, E.conversation == conversation, *only)
    return connection.execute(sa.update(tables.entries).where(*where).values(**values)).rowcount
