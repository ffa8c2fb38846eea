"""Webhooks are added, changed, given new secrets, tried out, replayed and removed; every change is in the audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from handoff_service import audit
from handoff_service.callers import Caller
from handoff_service.channels.accounts import check_address
from handoff_service.channels.sealing import Seal
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.ids import new_id
from handoff_service.tenants.wording import did_you_mean
from handoff_service.webhooks import store
from handoff_service.webhooks.announce import TOPIC, tell
from handoff_service.webhooks.model import MOST_WEBHOOKS, EventType, Webhook


def read_events(names: Iterable[str]) -> tuple[EventType, ...]:
    """Events by name; none means all. Raises Invalid for an unknown one."""
    known = {str(one) for one in EventType if one is not EventType.TEST}
    for name in names:
        if name not in known:
            raise Invalid(f"There is no event {name!r}{did_you_mean(name, known)}")
    return tuple(sorted({EventType(name) for name in names}))


def add(
    tx: Transaction,
    caller: Caller,
    *,
    url: str,
    events: Iterable[str],
    description: str,
    secret: str,
    seal: Seal,
    context: Context,
) -> Webhook:
    """A new webhook. Raises Invalid for an address that no delivery may go to, Conflict when there are too many."""
    check_address(url, context.settings)
    if store.count(tx.connection, caller.tenant) >= MOST_WEBHOOKS:
        raise Conflict(f"A tenant has at most {MOST_WEBHOOKS} webhooks; remove one first.")
    webhook = Webhook(
        tenant=caller.tenant,
        id=new_id("wh"),
        url=url,
        description=description,
        events=read_events(events),
        secrets=(secret,),
        disabled=False,
        created_at=context.now,
    )
    store.add(tx.connection, webhook, seal)
    _record(tx, caller, "webhook_added", webhook.id, {"events": list(webhook.events), **_host(url)}, context)
    return webhook


def change(
    tx: Transaction, caller: Caller, webhook: str, changes: Mapping[str, Any], *, seal: Seal, context: Context
) -> None:
    """Changes url, events, description or disabled. What waits for one that is switched on again goes on."""
    store.find(tx.connection, caller.tenant, webhook, seal)  # raises NotFound
    values = dict(changes)
    if "url" in values:
        check_address(values["url"], context.settings)
    if "events" in values:
        values["events"] = list(read_events(values["events"]))
    if values:
        store.change(tx.connection, caller.tenant, webhook, **values)
        told = {name: value for name, value in values.items() if name in ("events", "disabled")}
        told |= _host(values["url"]) if "url" in values else {}
        _record(tx, caller, "webhook_changed", webhook, {"changed": sorted(values), **told}, context)
        tx.ring(TOPIC)


def rotate(tx: Transaction, caller: Caller, webhook: str, secret: str | None, *, seal: Seal, context: Context) -> None:
    """A new secret beside the present one: both sign until the rotation is finished, which is without a `secret`.

    Rotated again before that, the newer of the two goes: the receiver may know no other than the older one.
    """
    present = store.find(tx.connection, caller.tenant, webhook, seal).secrets
    secrets = present[:1] if secret is None else (secret, present[-1])
    store.change(tx.connection, caller.tenant, webhook, secrets=[seal.seal(one) for one in secrets])
    _record(tx, caller, "webhook_rotated", webhook, {"secrets": len(secrets)}, context)


def try_out(tx: Transaction, caller: Caller, webhook: str, *, seal: Seal, context: Context) -> str:
    """Sends an event that means nothing, once. Returns the message's id, under which the attempt is found."""
    store.find(tx.connection, caller.tenant, webhook, seal)
    _record(tx, caller, "webhook_tested", webhook, {}, context)
    return tell(tx, caller.tenant, webhook, EventType.TEST, {"webhook": webhook}, context.now)


def replay(tx: Transaction, caller: Caller, *, webhook: str | None, message: str | None, context: Context) -> int:
    """Begins anew with one dead message, or with all of a webhook, in their order. Returns how many."""
    if message is not None:
        store.message(tx.connection, caller.tenant, message)  # raises NotFound
        count = store.replay_one(tx.connection, caller.tenant, message, context.now)
    else:
        count = store.replay_all(tx.connection, caller.tenant, webhook or "", context.now)
    _record(tx, caller, "webhook_replayed", message or webhook or "", {"count": count}, context)
    tx.ring(TOPIC)
    return count


def remove(tx: Transaction, caller: Caller, webhook: str, context: Context) -> None:
    """Deletes a webhook with everything that waits for it. Raises NotFound."""
    store.remove(tx.connection, caller.tenant, webhook)
    _record(tx, caller, "webhook_removed", webhook, {}, context)


def _host(url: str) -> dict[str, str]:
    """Of an address what the audit keeps; what stands behind it may be a secret."""
    return {"host": urlsplit(url).hostname or ""}


def _record(
    tx: Transaction, caller: Caller, action: str, subject: str, detail: Mapping[str, Any], context: Context
) -> None:
    audit.record(tx, caller.tenant, actor=caller.actor, action=action, subject=subject, detail=detail, now=context.now)
