"""Receipts as JSON: for desks with everybody who was called, for the customer what concerns him."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.calls import store as calls
from handoff_service.calls.climb import begun_anew
from handoff_service.calls.record import WAITING, pace_of
from handoff_service.calls.whom import mode_of
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import CLOCKS_DIFFER, Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.desk import aside
from handoff_service.handoffs import store
from handoff_service.handoffs.model import Handoff
from handoff_service.handoffs.overflow import overflow_at
from handoff_service.handoffs.receipt import Standing, Times, build_receipt, calls_json, standing_of
from handoff_service.handoffs.request import as_read
from handoff_service.handoffs.silence import first_reply_of, silence_of
from handoff_service.tenants import store as tenants
from handoff_service.tenants.tone import in_own_words
from handoff_service.texts import say
from handoff_service.tickets import customer as tickets

# What a customer is told of: neither to whom it was offered, nor why it was asked for or how it was closed.
HIS_STAGES = ("requested", "queued", "accepted", "first_reply", "closed")
NAMED = ("accepted", "first_reply")


def standing(
    connection: sa.Connection, conversation: Conversation, handoff: Handoff | None, context: Context
) -> Standing:
    """Where a conversation is now."""
    tenant = tenants.find(connection, conversation.tenant)
    queue = conversation.owner.queue
    made = calls.of_handoff(connection, conversation.tenant, handoff.id) if handoff else []
    silent = silence_of(connection, conversation)
    speaks = conversation.owner.kind in (OwnerKind.AGENT, OwnerKind.BOT)
    return standing_of(
        conversation,
        handoff,
        made,
        mode=mode_of(tenant, queue),
        pace=pace_of(tenant, queue, context.settings),
        full_at=_begun_anew(connection, conversation, context),
        unanswered=speaks and bool(conversations.unanswered(connection, conversation)),
        nudge=None if silent is None else silent.next,
        idle_at=_idle_at(connection, conversation, context),
    )


def _begun_anew(connection: sa.Connection, conversation: Conversation, context: Context) -> datetime | None:
    """When the time of the calls to who waits began anew, if it did."""
    if conversation.owner.kind not in WAITING or conversation.handoff is None:
        return None
    known = calls.full_at(connection, conversation.tenant, context.now + CLOCKS_DIFFER)
    return begun_anew(connection, conversation, known.get(conversation.owner.queue or ""), context)


def _idle_at(connection: sa.Connection, conversation: Conversation, context: Context) -> datetime | None:
    """When a conversation in which nothing is said any more is looked at; what is put aside has its own time."""
    until = aside.aside_until(connection, conversation)
    if until is not None:
        return until
    return conversation.updated_at + timedelta(seconds=context.settings.agent_idle_s)


def _stages(
    connection: sa.Connection,
    conversation: Conversation,
    handoff: Handoff,
    names: Mapping[str, str],
    context: Context,
) -> list[dict[str, Any]]:
    tenant = tenants.find(connection, handoff.tenant)
    pace, idle = pace_of(tenant, handoff.queue, context.settings), timedelta(seconds=context.settings.agent_idle_s)
    times = Times(pace, first_reply_of(tenant, handoff.queue, conversation.channel), idle)
    return build_receipt(handoff, store.moves_of(connection, handoff), names, times)


def receipt_json(
    connection: sa.Connection, conversation: Conversation, handoff: Handoff, context: Context
) -> dict[str, Any]:
    """`receipt`, `calls` and `standing` of a handoff; only the present one of a conversation stands anywhere."""
    names = agents.names(connection, handoff.tenant)
    present = conversation.handoff == handoff.id and handoff.closed_at is None
    now = standing(connection, conversation, handoff, context) if present else Standing("closed", None, None)
    return {
        "receipt": _stages(connection, conversation, handoff, names, context),
        "calls": calls_json(calls.of_handoff(connection, handoff.tenant, handoff.id), names),
        "standing": now.as_json(),
    }


def conversation_receipts(connection: sa.Connection, conversation: Conversation, context: Context) -> dict[str, Any]:
    """All handoffs of a conversation for desks, the first one first."""
    found = store.of_conversation(connection, conversation.tenant, conversation.id)
    present = next((one for one in found if one.id == conversation.handoff and one.closed_at is None), None)
    return {
        "conversation": conversation.id,
        "standing": standing(connection, conversation, present, context).as_json(),
        "handoffs": [
            {"id": one.id, "queue": one.queue, **receipt_json(connection, conversation, one, context)} for one in found
        ],
    }


def customer_receipt(connection: sa.Connection, conversation: Conversation, context: Context) -> dict[str, Any]:
    """The same for the customer: when, by whom, what comes next by when in a sentence, and what he was promised."""
    names = agents.names(connection, conversation.tenant)
    found = store.of_conversation(connection, conversation.tenant, conversation.id)
    following = _next_for_customer(connection, conversation, names, context)
    tone = tenants.find(connection, conversation.tenant).settings.tone
    return {
        "conversation": conversation.id,
        "next": {**following, "text": in_own_words(following["text"], tone)},
        "handoffs": [
            {
                "stages": [
                    _for_customer(one)
                    for one in _stages(connection, conversation, handoff, names, context)
                    if one["stage"] in HIS_STAGES
                ]
            }
            for handoff in found
        ],
        "promises": tickets.of_conversation(connection, conversation),
    }


def _for_customer(stage: dict[str, Any]) -> dict[str, Any]:
    """What he may expect of an agent who has him is his business, who is called when is not."""
    named = stage["stage"] in NAMED
    due = stage["deadline"] if stage["stage"] == "accepted" else None
    return {"stage": stage["stage"], "at": stage["at"], "by": stage["by"] if named else "", "deadline": due}


def _next_for_customer(
    connection: sa.Connection, conversation: Conversation, names: Mapping[str, str], context: Context
) -> dict[str, Any]:
    """The sentence, and the moment at which that happens by itself at the latest, where there is one for him."""
    kind, language = conversation.owner.kind, conversation.language
    tenant = tenants.find(connection, conversation.tenant)
    if kind is OwnerKind.MAILBOX and conversation.deadline_at is not None:
        due = max(conversation.deadline_at, context.now)
        return {"text": say("next_mailbox", language, due=as_read(due, tenant, language)), "deadline": iso(due)}
    if kind is OwnerKind.AGENT:
        agent, silent = names.get(conversation.owner.agent or "", ""), silence_of(connection, conversation)
        if silent is None:
            return {"text": say("next_agent", language, agent=agent), "deadline": None}
        due = max(silent.since + silent.allowed, context.now)
        text = say("next_agent_silent", language, agent=agent, due=as_read(due, tenant, language))
        return {"text": text, "deadline": iso(due)}
    if kind in (OwnerKind.QUEUE, OwnerKind.OFFER):
        handoff = store.find(connection, conversation.tenant, str(conversation.handoff))
        moments = [standing(connection, conversation, handoff, context).deadline, overflow_at(connection, conversation)]
        due = max(context.now, min(moment for moment in [*moments, conversation.deadline_at] if moment is not None))
        return {"text": say("next_queue", language), "deadline": iso(due)}
    if kind is OwnerKind.BOT:
        waits = bool(conversations.unanswered(connection, conversation))
        return {"text": say("next_bot", language), "deadline": iso(conversation.deadline_at) if waits else None}
    return {"text": say("next_closed", language), "deadline": None}
