"""After every entry: the clocks of its handoff are set, and promises are written down, kept or cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import repeat

from handoff_service.conversations.model import Audience, AuthorKind, Conversation, Entry, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.handoffs import store as handoffs
from handoff_service.ids import new_id
from handoff_service.promises import ledger, store
from handoff_service.promises.clocks import after, as_kept, carried, stored_clocks
from handoff_service.promises.detect import promises_in
from handoff_service.promises.model import StoredClock
from handoff_service.promises.view import breach_json
from handoff_service.promises.when import Said
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from handoff_service.webhooks.announce import announce_at
from handoff_service.webhooks.model import EventType

SPEAKERS = frozenset({AuthorKind.AGENT, AuthorKind.CUSTOMER})


def follow(tx: Transaction, conversation: Conversation, entry: Entry) -> None:
    """Called with the conversation as it is after an entry, in the same transaction and under its lock."""
    if entry.kind is Kind.MESSAGE and entry.audience is Audience.PUBLIC:
        _listen(tx, conversation, entry)
        moves_clocks = entry.author.kind in SPEAKERS and conversation.owner.kind is not OwnerKind.BOT
    elif entry.kind is Kind.STATE:
        if conversation.owner.kind is OwnerKind.CLOSED:
            open_ones = store.promises_of(tx.connection, entry.tenant, entry.conversation, only_open=True)
            for promise in ledger.cancelled_by(entry, open_ones):
                store.put_promise(tx.connection, promise)
        moves_clocks = True
    else:
        return
    if moves_clocks and conversation.handoff is not None:
        settings = tenants.find(tx.connection, entry.tenant).settings
        if settings.sla:
            set_clocks(tx, conversation, conversation.handoff, settings, entry.at)


def set_clocks(
    tx: Transaction, conversation: Conversation, handoff: str, settings: TenantSettings, now: datetime
) -> list[StoredClock]:
    """Reads what is new in a handoff and stores how its clocks stand then. One that ended late is announced.

    Returns those that go and those that changed. What was before costs nothing.
    """
    tenant = conversation.tenant
    found = store.case_of(tx.connection, tenant, handoff)
    if found is None:
        return []
    case, before = found
    calendar = settings.calendar(case.queue)
    standing = after(before, store.steps_of(tx.connection, case, after=before.upto), calendar)
    clocks = [clock for clock in standing.clocks() if clock.ended_at is None or clock not in before.clocks()]
    kept = as_kept(replace(standing, upto=conversation.last_seq))
    handoffs.keep_standing(tx.connection, tenant, handoff, kept)
    old = store.clocks_of_handoff(tx.connection, tenant, handoff, [(one.kind, one.since_seq) for one in clocks])
    stored = stored_clocks(case, clocks, settings.sla, calendar)
    new = [carried(clock, old.get((clock.kind, clock.since_seq))) for clock in stored]
    store.put_clocks(tx.connection, old, new)
    for clock in new:
        was = old.get((clock.kind, clock.since_seq))
        if clock.breached_at is not None and (was is None or was.breached_at is None):
            announce_at(tx, tenant, EventType.SLA_BREACH, breach_json(clock), now)
    return new


def _listen(tx: Transaction, conversation: Conversation, entry: Entry) -> None:
    """Writes down what was promised, and what earlier promises an agent's words keep."""
    by_agent = entry.author.kind is AuthorKind.AGENT
    open_ones = store.promises_of(tx.connection, entry.tenant, entry.conversation, only_open=True) if by_agent else []
    for promise in ledger.kept_by(entry, open_ones):
        store.put_promise(tx.connection, promise)
    if not ledger.is_spoken_by_us(entry.author.kind, entry.body):
        return
    text = str(entry.body.get("text", ""))
    if next(promises_in(text, by_person=by_agent), None) is None:
        return
    settings = tenants.find(tx.connection, entry.tenant).settings
    said = Said(entry.at, settings.calendar(conversation.owner.queue or settings.default_queue.id))
    ids = (new_id(prefix) for prefix in repeat("p"))
    found = ledger.made(entry, said, settings.promises, queue=conversation.owner.queue, new_id=ids)
    for promise in ledger.fresh(found, open_ones):
        store.add_promise(tx.connection, promise)
