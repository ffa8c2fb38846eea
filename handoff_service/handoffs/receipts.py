"""Receipts as JSON: for desks with everybody who was called, for the customer what concerns him."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.calls import store as calls
from handoff_service.calls.climb import pace_of
from handoff_service.calls.whom import mode_of
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.handoffs import store
from handoff_service.handoffs.model import Handoff
from handoff_service.handoffs.receipt import Standing, build_receipt, calls_json, standing_of
from handoff_service.handoffs.request import as_read
from handoff_service.tenants import store as tenants
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
    speaks = conversation.owner.kind in (OwnerKind.AGENT, OwnerKind.BOT)
    return standing_of(
        conversation,
        handoff,
        made,
        mode=mode_of(tenant, queue),
        pace=pace_of(tenant, queue, context),
        unanswered=speaks and bool(conversations.unanswered(connection, conversation)),
    )


def receipt_json(
    connection: sa.Connection, conversation: Conversation, handoff: Handoff, context: Context
) -> dict[str, Any]:
    """`receipt`, `calls` and `standing` of a handoff; only the present one of a conversation stands anywhere."""
    names = agents.names(connection, handoff.tenant)
    tenant = tenants.find(connection, handoff.tenant)
    idle = timedelta(seconds=context.settings.agent_idle_s)
    present = conversation.handoff == handoff.id and handoff.closed_at is None
    now = standing(connection, conversation, handoff, context) if present else Standing("closed", None, None)
    return {
        "receipt": build_receipt(handoff, names, pace=pace_of(tenant, handoff.queue, context), idle=idle),
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
    """The same for the customer: when, by whom, what comes next in a sentence, and what he was promised."""
    names = agents.names(connection, conversation.tenant)
    found = store.of_conversation(connection, conversation.tenant, conversation.id)
    return {
        "conversation": conversation.id,
        "next": _next_for_customer(connection, conversation, names, context),
        "handoffs": [
            {
                "stages": [
                    {"stage": one["stage"], "at": one["at"], "by": one["by"] if one["stage"] in NAMED else ""}
                    for one in build_receipt(handoff, names)
                    if one["stage"] in HIS_STAGES
                ]
            }
            for handoff in found
        ],
        "promises": tickets.of_conversation(connection, conversation),
    }


def _next_for_customer(
    connection: sa.Connection, conversation: Conversation, names: dict[str, str], context: Context
) -> dict[str, Any]:
    """The sentence, and the deadline where it is a promise to him."""
    kind, language = conversation.owner.kind, conversation.language
    if kind is OwnerKind.MAILBOX and conversation.deadline_at is not None:
        tenant = tenants.find(connection, conversation.tenant)
        due = max(conversation.deadline_at, context.now)
        return {"text": say("next_mailbox", language, due=as_read(due, tenant, language)), "deadline": iso(due)}
    if kind is OwnerKind.AGENT:
        agent = names.get(conversation.owner.agent or "", "")
        return {"text": say("next_agent", language, agent=agent), "deadline": None}
    if kind in (OwnerKind.QUEUE, OwnerKind.OFFER):
        return {"text": say("next_queue", language), "deadline": None}
    text = say("next_bot", language) if kind is OwnerKind.BOT else say("next_closed", language)
    return {"text": text, "deadline": None}
