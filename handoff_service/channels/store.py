"""All SQL of channel accounts and of the inbox, which remembers every event that a platform was told we have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.channels.model import Account
from handoff_service.channels.sealing import Seal
from handoff_service.errors import NotFound
from handoff_service.statements import Statement, inserting

A = tables.channel_accounts.c
I = tables.inbox.c  # noqa: E741
# An account's row is not written with every event: all of them would wait for one another.
SEEN_EVERY = timedelta(minutes=1)

# The statements of every event and every delivery.
_account = (A.tenant == sa.bindparam("tenant"), A.id == sa.bindparam("id"))
_find = sa.select(tables.channel_accounts).where(*_account)
FIND, FIND_AND_LOCK = Statement(_find), Statement(_find.with_for_update())
SEEN = Statement(
    sa.update(tables.channel_accounts)
    .where(*_account, sa.or_(A.last_event_at.is_(None), A.last_event_at < sa.bindparam("stale")))
    .values(last_event_at=sa.bindparam("now"))
)
FAILED = Statement(
    sa.update(tables.channel_accounts)
    .where(*_account, A.last_error.is_distinct_from(sa.bindparam("error")))
    .values(last_error=sa.bindparam("error"), last_error_at=sa.bindparam("at", type_=A.last_error_at.type))
)
_event = (
    I.tenant == sa.bindparam("tenant"),
    I.account == sa.bindparam("account"),
    I.event_id == sa.bindparam("event_id"),
)
RECEIVED = Statement(sa.select(I.body_hash, I.conversation, I.seq).where(*_event))
PUT_IN = inserting(tables.inbox, "tenant", "account", "event_id", "body_hash", "received_at")
PLACE = Statement(
    sa.update(tables.inbox).where(*_event).values(conversation=sa.bindparam("conversation"), seq=sa.bindparam("seq"))
)


@dataclass(frozen=True)
class Received:
    """An event that the inbox knows; `conversation` and `seq` are where it is in a timeline."""

    body_hash: str
    conversation: str | None
    seq: int | None


@dataclass(frozen=True)
class Ending:
    """An account whose access token, or what renews it, is to be renewed."""

    whose: tuple[str, str]
    token_until: datetime | None
    refresh_is_due: bool


def find(connection: sa.Connection, tenant: str, account: str, seal: Seal, *, lock: bool = False) -> Account:
    """The account with its secrets opened. Raises NotFound, and Unavailable when the key has changed."""
    row = (FIND_AND_LOCK if lock else FIND).first(connection, tenant=tenant, id=account)
    if row is None:
        raise NotFound(f"There is no channel account {account}.")
    values = dict(row)
    url = values.pop("url")
    values["options"] = values["options"] or ({"url": url} if url else {})
    values["secrets"] = tuple(_opened(seal.open(one)) for one in row["secrets"])
    return Account(**values)


def listed(connection: sa.Connection, tenant: str | None = None) -> list[sa.RowMapping]:
    """Accounts (of one tenant) without their secrets, the oldest first."""
    query = sa.select(*(column for column in A if column.name != "secrets")).order_by(A.created_at)
    return list(connection.execute(query if tenant is None else query.where(A.tenant == tenant)).mappings())


def options(connection: sa.Connection, tenant: str, account: str) -> dict[str, str]:
    """The fields of an account that everybody may see; none of one that is gone."""
    query = sa.select(A.options).where(A.tenant == tenant, A.id == account)
    return connection.execute(query).scalar_one_or_none() or {}


def oldest(connection: sa.Connection, tenant: str, channel: str) -> str | None:
    """The id of the tenant's oldest account of a channel that is not switched off, if there is one."""
    query = sa.select(A.id).where(A.tenant == tenant, A.channel == channel, ~A.disabled).order_by(A.created_at).limit(1)
    return connection.execute(query).scalars().first()


def of_channels(connection: sa.Connection, channels: Sequence[str]) -> list[tuple[str, str]]:
    """(tenant, id) of every account of these channels."""
    query = sa.select(A.tenant, A.id).where(A.channel.in_(channels), ~A.disabled)
    return [(row.tenant, row.id) for row in connection.execute(query)] if channels else []


def add(connection: sa.Connection, account: Account, seal: Seal) -> None:
    """Stores a new account."""
    values = {column.name: getattr(account, column.name) for column in A if column.name != "url"}
    values["url"] = account.options.get("url", "")  # for the release before this one
    values["options"] = dict(account.options)
    values["secrets"] = [seal.seal(_closed(secret)) for secret in account.secrets]
    connection.execute(sa.insert(tables.channel_accounts).values(**values))


def rotate(connection: sa.Connection, account: Account, changed: Mapping[str, str] | None, seal: Seal) -> None:
    """Puts a new generation of secrets before the oldest one, both valid from now on; without one the old end.

    Rotated again before that, the one between them goes: the platform may know no other than the oldest.
    """
    newest = account.secrets[0]
    secrets = (newest,) if changed is None else ({**newest, **changed}, account.secrets[-1])
    _update(connection, account.tenant, account.id, secrets=[seal.seal(_closed(one)) for one in secrets])


def _closed(secret: Mapping[str, str]) -> str:
    """One generation as text. A single one stands alone, as the release before this one knows it."""
    return secret["secret"] if set(secret) == {"secret"} else json.dumps(dict(secret), ensure_ascii=False)


def _opened(text: str) -> Mapping[str, str]:
    return json.loads(text) if text.startswith("{") else {"secret": text}


def set_disabled(connection: sa.Connection, tenant: str, account: str, *, disabled: bool) -> None:
    """Stops or resumes an account. Raises NotFound."""
    if _update(connection, tenant, account, disabled=disabled) == 0:
        raise NotFound(f"There is no channel account {account}.")


def change(
    connection: sa.Connection,
    account: Account,
    *,
    name: str | None,
    options: Mapping[str, str],
    disabled: bool | None,
) -> None:
    """Changes what is no secret; None leaves it as it is."""
    values = {"name": name, "options": dict(options), "url": options.get("url", ""), "disabled": disabled}
    changed = {key: value for key, value in values.items() if value is not None}
    _update(connection, account.tenant, account.id, **changed)


def set_token_until(connection: sa.Connection, account: Account, until: datetime | None) -> None:
    """Remembers when the account's access token ends."""
    _update(connection, account.tenant, account.id, token_until=until)


def set_refresh(
    connection: sa.Connection, account: Account, *, until: datetime | None = None, is_last: bool | None = None
) -> None:
    """Remembers when what renews the account's access token ends, and that nothing prolongs it; None says nothing."""
    told = {"refresh_until": until, "refresh_is_last": is_last}
    _update(
        connection, account.tenant, account.id, **{name: value for name, value in told.items() if value is not None}
    )


def to_renew(
    connection: sa.Connection, channels: Sequence[str], now: datetime, *, access_by: datetime, refresh_by: datetime
) -> list[Ending]:
    """Accounts of these channels that can be renewed, and of which something ends by then or nobody knows when."""
    refresh_is_due = sa.and_(A.refresh_until < refresh_by, sa.func.coalesce(A.refresh_is_last, sa.false()).is_(False))
    is_due = sa.or_(A.token_until.is_(None), A.token_until < access_by, refresh_is_due)
    query = sa.select(A.tenant, A.id, A.token_until, refresh_is_due.label("refresh_is_due"))
    rows = connection.execute(query.where(A.channel.in_(channels), ~A.disabled, A.refresh_until > now, is_due))
    return [Ending((row.tenant, row.id), row.token_until, bool(row.refresh_is_due)) for row in rows]


def renewed(
    connection: sa.Connection,
    account: Account,
    given: Mapping[str, str],
    *,
    token_until: datetime | None,
    refresh_until: datetime | None,
    seal: Seal,
) -> bool:
    """Puts these secrets in the place of the newest ones, with their ends; None leaves an end as it is.

    False when somebody has given others meanwhile: nothing is stored then.
    """
    now = find(connection, account.tenant, account.id, seal, lock=True)
    if any(now.secret(name) != account.secret(name) for name in (*given, "refresh_token")):
        return False
    secrets = ({**now.secrets[0], **given}, *now.secrets[1:])
    ends = {"token_until": token_until, "refresh_until": refresh_until}
    told = {name: value for name, value in ends.items() if value is not None}
    _update(connection, account.tenant, account.id, secrets=[seal.seal(_closed(one)) for one in secrets], **told)
    return True


def examined(connection: sa.Connection, account: Account, findings: Sequence[Mapping[str, str]], now: datetime) -> None:
    """Remembers what the doctor has found."""
    values = {"probed_at": now, "findings": [dict(one) for one in findings]}
    _update(connection, account.tenant, account.id, **values)


def standing(connection: sa.Connection) -> list[dict[str, Any]]:
    """How many accounts of each channel there are, fail, and are switched off.

    Of those in use also when the first token ends (or what renews it, when nothing prolongs that), and since when the
    one that is silent longest has heard nothing.
    """
    failing = sa.func.sum(sa.case((A.last_error.is_not(None), 1), else_=0)).label("failing")
    off = sa.func.sum(sa.case((A.disabled, 1), else_=0)).label("disabled")
    ends, heard = (
        sa.func.min(sa.case((~A.disabled, column)), type_=column.type).label(name)
        for name, column in (("token_until", A.token_until), ("last_event_at", A.last_event_at))
    )
    final = sa.case((sa.and_(~A.disabled, A.refresh_is_last), A.refresh_until))
    last = sa.func.min(final, type_=A.refresh_until.type).label("refresh_until")
    query = sa.select(A.channel, sa.func.count().label("accounts"), failing, off, ends, heard, last)
    found = [dict(row) for row in connection.execute(query.group_by(A.channel)).mappings()]
    for row in found:  # a person must come for both
        known = [moment for moment in (row["token_until"], row.pop("refresh_until")) if moment is not None]
        row["token_until"] = min(known, default=None)
    return found


def seen(connection: sa.Connection, account: Account, now: datetime) -> None:
    """Remembers, to about a minute, when the account had its last event."""
    stale = now - SEEN_EVERY
    if account.last_event_at is None or account.last_event_at < stale:
        SEEN.run(connection, tenant=account.tenant, id=account.id, stale=stale, now=now)


def failed(connection: sa.Connection, tenant: str, account: str, error: str | None, now: datetime) -> None:
    """Remembers the last failed delivery and since when it fails so, or that deliveries work again."""
    FAILED.run(connection, tenant=tenant, id=account, error=error, at=now if error is not None else None)


def _update(connection: sa.Connection, tenant: str, account: str, **values: object) -> int:
    where = (A.tenant == tenant, A.id == account)
    return connection.execute(sa.update(tables.channel_accounts).where(*where).values(**values)).rowcount


def received(connection: sa.Connection, tenant: str, account: str, event_id: str) -> Received | None:
    """What the inbox knows of an event."""
    row = RECEIVED.first(connection, tenant=tenant, account=account, event_id=event_id)
    return Received(**row) if row else None


def put_in(
    connection: sa.Connection, tenant: str, account: str, event_id: str, *, body_hash: str, now: datetime
) -> None:
    """Takes an event into the inbox, for good: who comes second at the same moment fails on the primary key."""
    event = {"tenant": tenant, "account": account, "event_id": event_id}
    PUT_IN.run(connection, **event, body_hash=body_hash, received_at=now)


def place(connection: sa.Connection, tenant: str, account: str, event_id: str, *, conversation: str, seq: int) -> None:
    """Notes where the event is in a timeline."""
    event = {"tenant": tenant, "account": account, "event_id": event_id}
    PLACE.run(connection, **event, conversation=conversation, seq=seq)


def forget(connection: sa.Connection, tenant: str, conversation: str) -> int:
    """Empties what the inbox notes of the content of an erased conversation's events; that they came, it still knows.

    Returns how many these were.
    """
    where = (I.tenant == tenant, I.conversation == conversation)
    return connection.execute(sa.update(tables.inbox).where(*where).values(body_hash="")).rowcount
