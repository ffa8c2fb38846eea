"""The audit: what was done to data and accounts, by whom, as a chain of hashes for each tenant.

A row's hash covers its content and the hash of the row before it, and the head of the chain is kept apart in `meta`:
a row that is changed, removed (the last one too) or put in between breaks the chain. Rows are written in the
transaction of the action that they record and hold ids and counts, never names or texts. Who can write to the database
can also compute a whole new chain; against him helps a head that was noted elsewhere (`audit verify` prints them).

Changes of owner are not doubled here: they are entries of the timeline, which `broken_timelines` checks.

Actors: `agent:<id>`, `customer:<contact>`, `key:<id>` (of an integrator), `operator` (a command on the machine),
`system`. Actions:
sign_in, sign_out · erase, hold, release, retention, export · backup is a reading command and leaves no row, restore
does · account_added, account_rotated, account_disabled (channel accounts) · training_label,
training_review, training_drop, model_train, model_live, model_rollback · ticket_merge, ticket_split · remedy_proposed,
remedy_approved, remedy_refused, remedy_done, case_export, complaints_export · contact_blocked,
contact_unblocked, contact_care, contact_name, conversation_export · agent_added, agent_changed,
agent_disabled, agent_enabled, password_reset, signed_out_everywhere, agent_lent · settings_changed,
configuration_applied · webhook_added, webhook_changed, webhook_rotated, webhook_tested, webhook_replayed,
webhook_disabled, webhook_removed · api_key_added, api_key_revoked · transcript (sent to its customer by mail).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.clock import iso
from handoff_service.conversations.lifecycle import replay
from handoff_service.conversations.model import Kind, body_hash
from handoff_service.conversations.store import entries_after
from handoff_service.database import Transaction
from handoff_service.errors import IllegalTransition
from handoff_service.tables import EPOCH

A = tables.audit.c
M = tables.meta.c

FIRST = "0" * 64  # what the first row of a tenant has as its predecessor
PAGE = 500


@dataclass(frozen=True)
class Chain:
    """The state of a tenant's chain: its length and last hash, and what is wrong with it, if anything."""

    tenant: str
    length: int
    head: str
    broken: str | None


def record(
    tx: Transaction, tenant: str, *, actor: str, action: str, subject: str, detail: Mapping[str, Any], now: datetime
) -> int:
    """Adds a row to the tenant's chain and returns its number, from 1.

    Two transactions that add at the same moment take turns.
    """
    last, _, previous = _locked_head(tx.connection, tenant).partition(":")
    number = int(last) + 1
    digest = _hash(previous, tenant, number, now, actor, action, subject, detail)
    tx.connection.execute(
        sa.insert(tables.audit).values(
            tenant=tenant,
            n=number,
            at=now,
            actor=actor,
            action=action,
            subject=subject,
            detail=dict(detail),
            previous_hash=previous,
            hash=digest,
        )
    )
    _keep_head(tx.connection, tenant, f"{number}:{digest}")
    return number


def _locked_head(connection: sa.Connection, tenant: str) -> str:
    """`number:hash` of the last row. Not asked of the rows: a removed last one would be replaced without a trace."""
    query = sa.select(M.value).where(M.key == _head_key(tenant)).with_for_update()
    return connection.execute(query).scalar_one_or_none() or f"0:{FIRST}"


def _head_key(tenant: str) -> str:
    return f"audit_head/{tenant}"


def _keep_head(connection: sa.Connection, tenant: str, head: str) -> None:
    key = _head_key(tenant)
    if connection.execute(sa.update(tables.meta).where(M.key == key).values(value=head)).rowcount == 0:
        connection.execute(sa.insert(tables.meta).values(key=key, value=head))


def _hash(
    previous: str,
    tenant: str,
    number: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> str:
    """SHA-256, as 64 hex digits, over the previous hash and the row as canonical JSON; `at` in whole microseconds."""
    moment = (at - EPOCH) // timedelta(microseconds=1)
    row = [previous, tenant, number, moment, actor, action, subject, dict(detail)]
    canonical = json.dumps(row, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def latest(connection: sa.Connection, tenant: str, *, before: int | None, limit: int) -> list[dict[str, Any]]:
    """The rows of a tenant without their hashes, the latest first; `before`: only those with a lower number."""
    query = sa.select(A.n, A.at, A.actor, A.action, A.subject, A.detail).where(A.tenant == tenant)
    if before is not None:
        query = query.where(A.n < before)
    rows = connection.execute(query.order_by(A.n.desc()).limit(limit)).mappings()
    return [{**row, "at": iso(row["at"])} for row in rows]


def last_of(connection: sa.Connection, tenant: str, action: str, subjects: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By subject, who did this to it last, when and with which detail."""
    if not subjects:  # the rows of a tenant are read one by one
        return {}
    query = sa.select(A.at, A.actor, A.subject, A.detail).order_by(A.n)
    rows = connection.execute(query.where(A.tenant == tenant, A.action == action, A.subject.in_(subjects))).mappings()
    return {row["subject"]: {"at": iso(row["at"]), "actor": row["actor"], "detail": row["detail"]} for row in rows}


def verify(connection: sa.Connection) -> list[Chain]:
    """The chains of all tenants that have one or should have one, by tenant; `broken` names the first wrong row."""
    heads = {
        row.key.removeprefix(_head_key("")): row.value
        for row in connection.execute(sa.select(M.key, M.value).where(M.key.startswith(_head_key(""))))
    }
    found = {row.tenant for row in connection.execute(sa.select(A.tenant).distinct())}
    return [_verify(connection, tenant, heads.get(tenant, f"0:{FIRST}")) for tenant in sorted(found | set(heads))]


def _verify(connection: sa.Connection, tenant: str, head: str) -> Chain:
    previous, number = FIRST, 0
    for row in connection.execute(sa.select(tables.audit).where(A.tenant == tenant).order_by(A.n)):
        if row.n != number + 1:
            return Chain(tenant, number, previous, f"row {number + 1} is missing")
        expected = _hash(previous, tenant, row.n, row.at, row.actor, row.action, row.subject, row.detail)
        if row.previous_hash != previous or row.hash != expected:
            return Chain(tenant, number, previous, f"row {row.n} ({row.action}) was changed")
        previous, number = row.hash, row.n
    if head != f"{number}:{previous}":
        kept = int(head.partition(":")[0])
        wrong = f"row {number + 1} is missing" if kept > number else "the kept head is not that of the last row"
        return Chain(tenant, number, previous, wrong)
    return Chain(tenant, number, previous, None)


def broken_timelines(connection: sa.Connection) -> Iterator[str]:
    """A sentence for each conversation whose timeline is not what was written, as far as one can tell without a key.

    Found are entries that are missing, were added past the gateway, or whose body does not fit its hash, and an owner
    that does not follow from the entries. Who edits a body and its hash together is not found.
    """
    C = tables.conversations.c
    for head in connection.execute(sa.select(tables.conversations).order_by(C.tenant, C.id)).mappings().all():
        wrong = _broken_timeline(connection, head)
        if wrong is not None:
            yield f"{head['tenant']}/{head['id']}: {wrong}"


def _broken_timeline(connection: sa.Connection, head: sa.RowMapping) -> str | None:
    E = tables.entries.c
    where = (E.tenant == head["tenant"], E.conversation == head["id"])
    seq, states = 0, []
    while True:
        query = sa.select(E.seq, E.kind, E.audience, E.body, E.body_hash)
        rows = connection.execute(query.where(*where, E.seq > seq).order_by(E.seq).limit(PAGE)).all()
        entries = entries_after(connection, head["tenant"], head["id"], seq, limit=PAGE) if rows else []
        for row in rows:
            seq += 1
            if row.seq != seq:
                return f"entry {seq} is missing"
            if row.body_hash != body_hash(row.kind, row.audience, row.body):
                return f"entry {seq} was changed"
        states += [entry for entry in entries if entry.kind is Kind.STATE]
        if len(rows) < PAGE:
            break
    if seq != head["last_seq"]:
        return f"entry {seq + 1} is missing" if seq < head["last_seq"] else f"entry {seq} was added"
    try:
        owner, epoch = replay(states)
    except (IllegalTransition, KeyError, ValueError) as error:
        return str(error)
    cached = (head["owner_kind"], head["owner_agent"], head["queue"], head["epoch"])
    if owner is not None and (owner.kind, owner.agent, owner.queue, epoch) != cached:
        return "its owner does not follow from its entries"
    return None
