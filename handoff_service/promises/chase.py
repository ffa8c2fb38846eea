"""The sweeper's part: warns before a time is missed, tells when it was, reminds of promises; each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from handoff_service.agents import store as agents
from handoff_service.agents.presence import answers
from handoff_service.bell import desk_topic
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, AuthorKind, Conversation, Draft, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.desk import supervisors
from handoff_service.promises import ledger, store
from handoff_service.promises.clocks import tell
from handoff_service.promises.follow import set_clocks
from handoff_service.promises.model import ClockKind, Promise, StoredClock
from handoff_service.promises.view import breach_json
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from handoff_service.texts import say
from handoff_service.webhooks.announce import announce
from handoff_service.webhooks.model import EventType


def chase(tx: Transaction, tenant: str, conversation_id: str, context: Context) -> None:
    """Tells what is due in one conversation. Whoever comes second finds under its lock that all was told."""
    conversation = conversations.find(tx.connection, tenant, conversation_id, lock=True)
    settings = tenants.find(tx.connection, tenant).settings
    for clock in store.clocks_to_tell(tx.connection, tenant, conversation_id, context.now):
        conversation = _chase_clock(tx, conversation, clock, settings, context)
    for promise in store.promises_of(tx.connection, tenant, conversation_id, only_open=True):
        told, what = ledger.tell(promise, context.now)
        if what is not None and store.put_promise(tx.connection, told):
            conversation = _tell_promise(tx, conversation, told, what, settings.zone, context)
    tx.ring(desk_topic(tenant))


def _chase_clock(
    tx: Transaction, conversation: Conversation, clock: StoredClock, settings: TenantSettings, context: Context
) -> Conversation:
    """First as the settings are now: hours, holidays or the target may have changed since the clock was set."""
    which = (clock.kind, clock.since_seq)
    afresh = set_clocks(tx, conversation, clock.handoff, settings, context.now)
    present = next((one for one in afresh if (one.kind, one.since_seq) == which), None)
    if present is None:  # it ended, or has no target any more
        stored = store.clocks_of_handoff(tx.connection, clock.tenant, clock.handoff, [which])
        store.put_clocks(tx.connection, stored, [replace(one, next_at=None) for one in stored.values()])
        return conversation
    told, what = tell(present, context.now)
    if what is None:
        return conversation
    store.put_clocks(tx.connection, {(told.kind, told.since_seq): present}, [told])
    if what == "breach":
        announce(tx, clock.tenant, EventType.SLA_BREACH, breach_json(told), context)
    text = _clock_text(told, what, conversation.language, settings.zone)
    body = {"text": text, "kind": "sla", "clock": clock.kind, "told": what, "due_at": iso(told.due_at)}
    return _note(tx, conversation, body, context)


def _clock_text(clock: StoredClock, what: str, language: str, zone: ZoneInfo) -> str:
    awaited = {
        ClockKind.FIRST_REPLY: say("sla_first_reply", language),
        ClockKind.NEXT_REPLY: say("sla_next_reply", language),
        ClockKind.RESOLUTION: say("sla_resolution", language),
    }[clock.kind]
    due = _local(clock.due_at, zone)
    if what == "warning":
        return say("sla_warning", language, what=awaited, due=due)
    return say("sla_breach", language, what=awaited, due=due)


def _tell_promise(
    tx: Transaction, conversation: Conversation, promise: Promise, what: str, zone: ZoneInfo, context: Context
) -> Conversation:
    """A note that stands on desks until it is answered there, also where the conversation has ended: who promised it is
    reminded, and when its time has passed the supervisors are asked too; they alone where he is not there any more."""
    language, due = conversation.language, _local(promise.due_at, zone)
    people = agents.everyone(tx.connection, conversation.tenant)
    himself = [one for one in people if (promise.by_kind, promise.by_id) == (AuthorKind.AGENT, one.id) and answers(one)]
    connected = agents.connected(tx.connection, conversation.tenant, context.now)
    heads = [one for one in supervisors.choose(people, connected, None) if one not in himself]
    if what == "reminder":
        told = himself or heads
        text = say("promise_reminder", language, text=promise.text, due=due)
    else:
        told = [*himself, *heads]
        names = supervisors.names_of(told)
        text = say("promise_overdue", language, text=promise.text, due=due, names=names)
    parts = {"promise": promise.id, "told": what, "due_at": iso(promise.due_at)}
    return supervisors.ask(tx, conversation, told, "promise", text, context, parts)


def _note(tx: Transaction, conversation: Conversation, body: Mapping[str, object], context: Context) -> Conversation:
    """Of a clock, for agents only; in a conversation that has ended no clock runs."""
    if conversation.owner.kind is OwnerKind.CLOSED:
        return conversation
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    return conversations.append(tx, conversation, draft, context.now)[0]


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""
