"""All SQL of webhooks, of what they are told, and of the attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.channels.sealing import Seal
from handoff_service.errors import NotFound
from handoff_service.statements import Row, Statement
from handoff_service.webhooks.model import LEASE, EventType, Message, MessageState, Webhook

W = tables.webhooks.c
M = tables.webhook_messages.c
A = tables.webhook_attempts.c

MOST_COUNTED = 10_000  # a page that follows a test asks every second
# Asked with every event of every tenant, most of whom have none.
LISTENERS = Statement(
    sa.select(W.id, W.events).where(W.tenant == sa.bindparam("tenant"), W.disabled.is_(False)).order_by(W.id)
)
LAST = Statement(
    sa.select(M.position, M.state, M.next_at)
    .where(
        M.tenant == sa.bindparam("tenant"),
        M.webhook == sa.bindparam("webhook"),
        M.subject == sa.bindparam("subject"),
    )
    .order_by(M.position.desc())
    .limit(sa.literal_column("1"))
)


def listeners(connection: sa.Connection, tenant: str, event: EventType) -> list[str]:
    """Ids of the webhooks that want to know."""
    rows = LISTENERS.all(connection, tenant=tenant)
    return [row["id"] for row in rows if not row["events"] or event in row["events"]]


def put(connection: sa.Connection, message: Message) -> None:
    """Adds a message behind those about the same subject; it is not looked at before the one that it waits for."""
    line = {"tenant": message.tenant, "webhook": message.webhook, "subject": message.subject}
    last = LAST.first(connection, **line)
    values = {name: getattr(message, name) for name in Message.__dataclass_fields__}
    position = (last["position"] if last else 0) + 1
    if last is not None and last["state"] == MessageState.WAITING:
        values["next_at"] = max(message.next_at, last["next_at"])
    connection.execute(sa.insert(tables.webhook_messages).values(**values, position=position))


def find(connection: sa.Connection, tenant: str, webhook: str, seal: Seal) -> Webhook:
    """The webhook with its secrets opened. Raises NotFound."""
    query = sa.select(tables.webhooks).where(W.tenant == tenant, W.id == webhook)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no webhook {webhook}.", webhook=webhook)
    return _webhook(row, seal)


def count(connection: sa.Connection, tenant: str) -> int:
    """How many webhooks the tenant has."""
    return int(connection.scalar(sa.select(sa.func.count()).where(W.tenant == tenant)) or 0)


def listed(connection: sa.Connection, tenant: str) -> list[Row]:
    """All webhooks, the oldest first: of the secrets how many are valid, how many messages wait, are sent and dead.

    Also when one was taken last, and of the latest message that was not: {"message", "error", "at"}. A test that failed
    counts for neither; of what was sent, the tenant's latest MOST_COUNTED are counted.
    """
    unsent, sent = _unsent(connection, tenant), _sent(connection, tenant)
    wrong = _failures(connection, tenant, [row["failed"] for row in unsent.values() if row["failed"]])
    query = sa.select(tables.webhooks).where(W.tenant == tenant).order_by(W.created_at, W.id)
    found = []
    for row in connection.execute(query).mappings():
        open_ = unsent.get(row["id"], {"waiting": 0, "dead": 0, "failed": None})
        taken, last = sent.get(row["id"]) or (0, _taken_at(connection, tenant, row["id"]))
        figures = {"waiting": open_["waiting"], "sent": taken, "dead": open_["dead"], "delivered_at": last}
        found.append({**row, "secrets": len(row["secrets"]), **figures, "last_error": wrong.get(open_["failed"])})
    return found


def _unsent(connection: sa.Connection, tenant: str) -> dict[str, Row]:
    """By webhook, what waits, what is dead, and the latest of these that has failed; tests apart."""
    no_test = sa.or_(M.state == MessageState.WAITING, M.event != EventType.TEST)
    states = (MessageState.WAITING, MessageState.DEAD)
    many = [sa.func.count().filter(M.state == state).label(str(state)) for state in states]
    failed = sa.func.max(M.id).filter(M.error.is_not(None)).label("failed")
    # Grouped by an expression: grouped by the column, SQLite reads everything that was ever sent in that order.
    whose = (M.webhook + "").label("whose")
    query = sa.select(whose, *many, failed).where(M.tenant == tenant, M.state.in_(states), no_test).group_by(whose)
    return {row["whose"]: dict(row) for row in connection.execute(query).mappings()}


def _sent(connection: sa.Connection, tenant: str) -> dict[str, tuple[int, datetime]]:
    """By webhook, how many of the latest were taken and when the last one was."""
    latest = sa.select(M.webhook, M.ended_at).where(M.tenant == tenant, M.state == MessageState.SENT)
    some = latest.order_by(M.id.desc()).limit(MOST_COUNTED).subquery()
    query = sa.select(some.c.webhook, sa.func.count(), sa.func.max(some.c.ended_at)).group_by(some.c.webhook)
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _taken_at(connection: sa.Connection, tenant: str, webhook: str) -> datetime | None:
    """When one that is not among the latest was taken; the condition on the state must not choose the index."""
    last = sa.func.max(M.ended_at).filter(M.state == MessageState.SENT)
    query = sa.select(last).where(M.tenant == tenant, M.webhook == webhook)
    return connection.execute(query).scalar_one()  # type: ignore[no-any-return]


def _failures(connection: sa.Connection, tenant: str, messages: Sequence[str]) -> dict[str | None, Row]:
    """What went wrong with each of these messages, and when it was tried last."""
    tried = sa.and_(A.tenant == M.tenant, A.message == M.id)
    query = sa.select(M.id, M.error, sa.func.max(A.at).label("at")).join(tables.webhook_attempts, tried)
    query = query.where(M.tenant == tenant, M.id.in_(messages)).group_by(M.id, M.error)
    return {row.id: {"message": row.id, "error": row.error, "at": row.at} for row in connection.execute(query)}


def _webhook(row: sa.RowMapping, seal: Seal) -> Webhook:
    values = dict(row)
    values["events"] = tuple(EventType(name) for name in row["events"])
    values["secrets"] = tuple(seal.open(one) for one in row["secrets"])
    return Webhook(**values)


def add(connection: sa.Connection, webhook: Webhook, seal: Seal) -> None:
    """Stores a new webhook."""
    values = {name: getattr(webhook, name) for name in Webhook.__dataclass_fields__}
    values |= {"events": list(webhook.events), "secrets": [seal.seal(one) for one in webhook.secrets]}
    connection.execute(sa.insert(tables.webhooks).values(**values))


def change(connection: sa.Connection, tenant: str, webhook: str, **values: Any) -> None:
    """Replaces columns. Raises NotFound."""
    where = (W.tenant == tenant, W.id == webhook)
    if connection.execute(sa.update(tables.webhooks).where(*where).values(**values)).rowcount == 0:
        raise NotFound(f"There is no webhook {webhook}.", webhook=webhook)


def remove(connection: sa.Connection, tenant: str, webhook: str) -> None:
    """Deletes a webhook with its messages. Raises NotFound."""
    if connection.execute(sa.delete(tables.webhooks).where(W.tenant == tenant, W.id == webhook)).rowcount == 0:
        raise NotFound(f"There is no webhook {webhook}.", webhook=webhook)
    _drop(connection, M.tenant == tenant, M.webhook == webhook)


def _drop(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> int:
    """Deletes messages with their attempts. Returns how many messages these were."""
    mine = sa.select(M.tenant, M.id).where(*where)
    connection.execute(sa.delete(tables.webhook_attempts).where(sa.tuple_(A.tenant, A.message).in_(mine)))
    return connection.execute(sa.delete(tables.webhook_messages).where(*where)).rowcount


def forget(connection: sa.Connection, tenant: str, subject: str) -> int:
    """Deletes what was told, or is to be told, about an erased conversation. Returns how many messages."""
    return _drop(connection, M.tenant == tenant, M.subject == subject)


def forget_ended(connection: sa.Connection, *, sent_before: datetime, dead_before: datetime) -> int:
    """Deletes messages that ended long ago."""
    sent = sa.and_(M.state == MessageState.SENT, M.ended_at < sent_before)
    dead = sa.and_(M.state == MessageState.DEAD, M.ended_at < dead_before)
    return _drop(connection, sa.or_(sent, dead))


def _due(now: datetime) -> list[sa.ColumnElement[bool]]:
    """Messages that nobody is sending, whose time has come, first about their subject, of webhooks that are on."""
    earlier = tables.webhook_messages.alias("earlier")
    before = sa.or_(earlier.c.position < M.position, sa.and_(earlier.c.position == M.position, earlier.c.id < M.id))
    same = [earlier.c[name] == M[name] for name in ("tenant", "webhook", "subject")]
    on = sa.exists().where(W.tenant == M.tenant, W.id == M.webhook, W.disabled.is_(False))
    return [
        M.state == MessageState.WAITING,
        M.next_at <= now,
        sa.or_(M.lease_until.is_(None), M.lease_until <= now),
        ~sa.exists().where(*same, earlier.c.state == MessageState.WAITING, before),
        on,
    ]


def due_webhooks(connection: sa.Connection, now: datetime) -> list[tuple[str, str]]:
    """(tenant, id) of the webhooks with something to send now."""
    query = sa.select(M.tenant, M.webhook).where(*_due(now)).distinct()
    return [(row.tenant, row.webhook) for row in connection.execute(query)]


def lease(connection: sa.Connection, tenant: str, webhook: str, now: datetime, *, at_once: int) -> list[Message]:
    """Takes due messages of a webhook for LEASE, so that never more than `at_once` are under way, from all gateways."""
    connection.execute(sa.select(W.id).where(W.tenant == tenant, W.id == webhook).with_for_update())  # one at a time
    under_way = (M.state == MessageState.WAITING, M.lease_until > now)
    query = sa.select(sa.func.count()).where(M.tenant == tenant, M.webhook == webhook, *under_way)
    limit = at_once - int(connection.execute(query).scalar_one())
    if limit <= 0:
        return []
    mine = sa.select(tables.webhook_messages).where(M.tenant == tenant, M.webhook == webhook, *_due(now))
    query = mine.order_by(M.next_at, M.id).limit(limit).with_for_update(skip_locked=True)
    leased = []
    for row in connection.execute(query).mappings().all():
        changed = {"attempts": row["attempts"] + 1, "lease_until": now + LEASE}
        where = (M.tenant == tenant, M.id == row["id"])
        connection.execute(sa.update(tables.webhook_messages).where(*where).values(**changed))
        leased.append(_message({**row, **changed}))
    return leased


def _message(row: Row) -> Message:
    values = {name: row[name] for name in Message.__dataclass_fields__}
    return Message(**{**values, "state": MessageState(row["state"])})


def settle(
    connection: sa.Connection,
    message: Message,
    *,
    state: MessageState,
    error: str | None,
    next_at: datetime,
    ended_at: datetime | None = None,
) -> bool:
    """Ends the lease with what became of the attempt; False when it had run out and somebody else has it."""
    where = (M.tenant == message.tenant, M.id == message.id, M.lease_until == message.lease_until)
    values = {"state": state, "error": error, "next_at": next_at, "lease_until": None, "ended_at": ended_at}
    settled = connection.execute(sa.update(tables.webhook_messages).where(*where).values(**values)).rowcount == 1
    if settled and state is MessageState.WAITING:
        _put_off_others(connection, message, next_at)
    return settled


def _put_off_others(connection: sa.Connection, message: Message, next_at: datetime) -> None:
    """What waits for a message is due no earlier than that: else every look would find it again and pass it over."""
    own = sa.select(M.position).where(M.tenant == message.tenant, M.id == message.id).scalar_subquery()
    where = (
        M.tenant == message.tenant,
        M.webhook == message.webhook,
        M.subject == message.subject,
        M.position > own,
        M.state == MessageState.WAITING,
        M.next_at < next_at,
    )
    connection.execute(sa.update(tables.webhook_messages).where(*where).values(next_at=next_at))


def note_attempt(
    connection: sa.Connection, message: Message, *, at: datetime, took_ms: int, status: int | None, error: str | None
) -> None:
    """Adds a line to the delivery log."""
    query = sa.select(sa.func.max(A.n)).where(A.tenant == message.tenant, A.message == message.id)
    n = (connection.execute(query).scalar() or 0) + 1
    values = {"tenant": message.tenant, "message": message.id, "n": n, "at": at, "took_ms": took_ms}
    connection.execute(sa.insert(tables.webhook_attempts).values(**values, status=status, error=error))


def messages(
    connection: sa.Connection,
    tenant: str,
    *,
    webhook: str | None = None,
    state: MessageState | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Message]:
    """Messages from the newest on, those before the id `before` if it is given."""
    wanted = [M.tenant == tenant]
    wanted += [M.webhook == webhook] if webhook is not None else []
    wanted += [M.state == state] if state is not None else []
    wanted += [M.id < before] if before is not None else []
    query = sa.select(tables.webhook_messages).where(*wanted).order_by(M.id.desc()).limit(limit)
    return [_message(dict(row)) for row in connection.execute(query).mappings()]


def message(connection: sa.Connection, tenant: str, message_id: str) -> Message:
    """One message. Raises NotFound."""
    query = sa.select(tables.webhook_messages).where(M.tenant == tenant, M.id == message_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no webhook message {message_id}.", message_id=message_id)
    return _message(dict(row))


def attempts(connection: sa.Connection, tenant: str, message_id: str) -> list[Row]:
    """The delivery log of a message, the first attempt first."""
    query = sa.select(A.n, A.at, A.took_ms, A.status, A.error).where(A.tenant == tenant, A.message == message_id)
    return [dict(row) for row in connection.execute(query.order_by(A.n)).mappings()]


def revive(connection: sa.Connection, tenant: str, *, now: datetime, only: Sequence[sa.ColumnElement[bool]]) -> int:
    """Begins anew with dead messages for which `only` holds. Returns how many these were."""
    where = (M.tenant == tenant, M.state == MessageState.DEAD, *only)
    values = {"state": MessageState.WAITING, "attempts": 0, "next_at": now, "ended_at": None}
    return connection.execute(sa.update(tables.webhook_messages).where(*where).values(**values)).rowcount


def replay_one(connection: sa.Connection, tenant: str, message_id: str, now: datetime) -> int:
    """Begins anew with a dead message."""
    return revive(connection, tenant, now=now, only=[M.id == message_id])


def replay_all(connection: sa.Connection, tenant: str, webhook: str, now: datetime) -> int:
    """Begins anew with all dead messages of a webhook; a test is nothing that the receiver has missed."""
    return revive(connection, tenant, now=now, only=[M.webhook == webhook, M.event != EventType.TEST])
