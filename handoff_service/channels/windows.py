"""All SQL of what a contact on a platform has open: the window, the hint for the reply, whether he has left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.channels.sealing import Seal
from handoff_service.channels.window import BARRED, Window
from handoff_service.conversations.model import OwnerKind
from handoff_service.statements import Statement, inserting

FAILED_EARLY = "failed: "  # in the place of a conversation, until we know which one it is
W = tables.channel_windows.c
C = tables.conversations.c
K = tables.contact_identities.c
D = tables.deliveries.c
A = tables.channel_accounts.c
_whose = (
    W.tenant == sa.bindparam("of_tenant"),
    W.account == sa.bindparam("of_account"),
    W.external_id == sa.bindparam("of_contact"),
)
_find = sa.select(W.since, W.until, W.remaining, W.hint, W.left).where(*_whose)
FIND, FIND_AND_LOCK = Statement(_find), Statement(_find.with_for_update())
NOTE = Statement(sa.update(tables.channel_windows).where(*_whose).values(hint=sa.bindparam("hint")))
_changes: dict[str, Any] = {
    name: sa.bindparam(name, type_=W[name].type)
    for name in ("since", "until", "remaining", "hint", "left", "updated_at")
}
CHANGE = Statement(sa.update(tables.channel_windows).where(*_whose).values(**_changes))
ADD = inserting(tables.channel_windows, *W.keys())
USE = Statement(
    sa.update(tables.channel_windows)
    .where(*_whose, W.remaining > 0, W.until == sa.bindparam("same", type_=W.until.type))
    .values(remaining=W.remaining - 1)
)
DELIVERED = inserting(tables.deliveries, *D.keys())
DELIVERY = Statement(
    sa.select(D.conversation, D.seq).where(
        D.tenant == sa.bindparam("tenant"),
        D.account == sa.bindparam("account"),
        D.provider_id == sa.bindparam("provider_id"),
    )
)


@dataclass(frozen=True)
class Standing:
    """What is known of a contact on a platform; `hint` is what a reply needs."""

    window: Window | None
    hint: Mapping[str, str]
    left: bool


def find(connection: sa.Connection, tenant: str, account: str, contact: str, seal: Seal) -> Standing | None:
    """The contact's standing; None for one who has done nothing yet."""
    row = FIND.first(connection, of_tenant=tenant, of_account=account, of_contact=contact)
    if row is None:
        return None
    window = None
    if row["since"] is not None:
        window = Window(since=row["since"], until=row["until"], remaining=row["remaining"])
    return Standing(window, json.loads(seal.open(row["hint"])) if row["hint"] else {}, row["left"])


def save(
    connection: sa.Connection, tenant: str, account: str, contact: str, standing: Standing, seal: Seal, now: datetime
) -> None:
    """Stores the contact's standing."""
    window = standing.window
    values = {
        "since": window.since if window else None,
        "until": window.until if window else None,
        "remaining": window.remaining if window else None,
        "hint": seal.seal(json.dumps(dict(standing.hint))) if standing.hint else None,
        "left": standing.left,
        "updated_at": now,
    }
    whose = {"of_tenant": tenant, "of_account": account, "of_contact": contact}
    if not CHANGE.run(connection, **whose, **values):
        ADD.run(connection, tenant=tenant, account=account, external_id=contact, **values)


def note(
    connection: sa.Connection, tenant: str, account: str, contact: str, told: Mapping[str, str], seal: Seal
) -> None:
    """Adds to the hint of a contact, say until when his line is busy. What he does meanwhile is written after this."""
    row = FIND_AND_LOCK.first(connection, of_tenant=tenant, of_account=account, of_contact=contact)
    if row is not None:
        hint = {**(json.loads(seal.open(row["hint"])) if row["hint"] else {}), **told}
        NOTE.run(connection, of_tenant=tenant, of_account=account, of_contact=contact, hint=seal.seal(json.dumps(hint)))


def use(connection: sa.Connection, tenant: str, account: str, contact: str, window: Window) -> None:
    """Counts one message against the window, unless another one has been opened meanwhile."""
    USE.run(connection, of_tenant=tenant, of_account=account, of_contact=contact, same=window.until)


def delivered(
    connection: sa.Connection, tenant: str, account: str, provider_id: str, conversation: str, seq: int, now: datetime
) -> tuple[str | None, str] | None:
    """Remembers under which id the platform will speak of an entry. The same id again is the same delivery.

    Returns why it failed (what must happen first, and the platform's words), when the platform was so quick as to say
    that before we had its answer.
    """
    before = DELIVERY.first(connection, tenant=tenant, account=account, provider_id=provider_id)
    place = {"conversation": conversation, "seq": seq, "at": now}
    if before is None:
        DELIVERED.run(connection, tenant=tenant, account=account, provider_id=provider_id, **place)
        return None
    if not before["conversation"].startswith(FAILED_EARLY):
        return None
    where = (D.tenant == tenant, D.account == account, D.provider_id == provider_id)
    connection.execute(sa.update(tables.deliveries).where(*where).values(**place))
    kept = str(before["conversation"]).removeprefix(FAILED_EARLY)
    barred, sign, reason = kept.partition("|")
    if barred in BARRED:
        return barred, reason
    return None, reason if sign and not barred else kept  # the release before this one notes only the reason


def failed_early(
    connection: sa.Connection,
    tenant: str,
    account: str,
    provider_id: str,
    *,
    barred: str | None,
    reason: str,
    now: datetime,
) -> None:
    """Keeps the failure of a message of which we do not know yet that it is ours."""
    if DELIVERY.first(connection, tenant=tenant, account=account, provider_id=provider_id) is None:
        place = {"conversation": f"{FAILED_EARLY}{barred or ''}|{reason[:300]}", "seq": 0, "at": now}
        DELIVERED.run(connection, tenant=tenant, account=account, provider_id=provider_id, **place)


def delivery(connection: sa.Connection, tenant: str, account: str, provider_id: str) -> tuple[str, int] | None:
    """Conversation and seq of what was delivered under the platform's id."""
    row = DELIVERY.first(connection, tenant=tenant, account=account, provider_id=provider_id)
    known = row is not None and not row["conversation"].startswith(FAILED_EARLY)
    return (row["conversation"], row["seq"]) if row is not None and known else None


def last_before(connection: sa.Connection, tenant: str, account: str, conversation: str, at: datetime) -> int | None:
    """The last entry of a conversation that the platform had taken by then."""
    where = (D.tenant == tenant, D.account == account, D.conversation == conversation, D.at <= at)
    found: int | None = connection.execute(sa.select(sa.func.max(D.seq)).where(*where)).scalar()
    return found


def tenants(connection: sa.Connection) -> list[str]:
    """The tenants that have an account of a platform in use."""
    return list(connection.scalars(sa.select(A.tenant).where(~A.disabled).distinct().order_by(A.tenant)))


def of_agents(
    connection: sa.Connection, tenant: str, since: datetime, conversation: str | None = None
) -> list[tuple[str, str, Window]]:
    """(conversation, its channel, window) of whom agents serve, whose window was opened after `since` and who is there.

    Nobody is there who has left, or whose account is gone or disabled. `conversation`: of this one only.
    """
    place = C.channel + ":" + C.account  # where the account's contacts have their ids
    known = sa.and_(K.tenant == C.tenant, K.contact == C.contact, K.channel == place)
    held = sa.and_(W.tenant == C.tenant, W.account == C.account, W.external_id == K.external_id)
    query = (
        sa.select(C.id, C.channel, W.since, W.until, W.remaining)
        .join_from(tables.conversations, tables.channel_accounts, sa.and_(A.tenant == C.tenant, A.id == C.account))
        .join(tables.contact_identities, known)
        .join(tables.channel_windows, held)
        .where(C.tenant == tenant, C.owner_kind == OwnerKind.AGENT, W.since >= since, ~W.left, ~A.disabled)
    )  # unsorted: for the order of the ids SQLite would read every conversation of the tenant
    rows = connection.execute(query if conversation is None else query.where(C.id == conversation))
    return sorted(
        ((row[0], row[1], Window(since=row[2], until=row[3], remaining=row[4])) for row in rows), key=itemgetter(0)
    )


def count(connection: sa.Connection, tenant: str, account: str, now: datetime) -> tuple[int, int]:
    """Contacts of an account who may be written to now, and who may not."""
    is_open = sa.and_(W.until > now, sa.or_(W.remaining.is_(None), W.remaining > 0))
    query = sa.select(sa.func.sum(sa.case((is_open, 1), else_=0)), sa.func.count())
    opened, everyone = connection.execute(query.where(W.tenant == tenant, W.account == account)).one()
    return int(opened or 0), int(everyone) - int(opened or 0)


def forget(connection: sa.Connection, tenant: str, conversation: str) -> int:
    """Deletes the notes on the deliveries of an erased conversation. Returns how many these were."""
    where = (D.tenant == tenant, D.conversation == conversation)
    return connection.execute(sa.delete(tables.deliveries).where(*where)).rowcount


def forget_contact(connection: sa.Connection, tenant: str, contacts: list[tuple[str, str]]) -> int:
    """Deletes the standing of an erased contact: pairs of account and his id there. Returns how many there were."""
    gone = 0
    for account, external_id in contacts:
        where = (W.tenant == tenant, W.account == account, W.external_id == external_id)
        gone += connection.execute(sa.delete(tables.channel_windows).where(*where)).rowcount
    return gone


def forget_old(connection: sa.Connection, before: datetime) -> None:
    """Deletes notes on deliveries of which no platform will speak any more."""
    connection.execute(sa.delete(tables.deliveries).where(D.at < before))
