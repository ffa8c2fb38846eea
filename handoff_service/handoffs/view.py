"""What desks and waiting customers see of queues: read-only pictures, computed afresh from the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.calls.view import called_to, listed_for, mark_calls
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import cursors
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.conversations.opinion import may_rate
from handoff_service.desk import store as desks
from handoff_service.faces import store as faces
from handoff_service.handoffs import choices, receipts, store
from handoff_service.handoffs.model import Handoff
from handoff_service.handoffs.moves import has_senior
from handoff_service.handoffs.packet import build_packet
from handoff_service.handoffs.wait import waiting_numbers
from handoff_service.mentions import store as mentions
from handoff_service.mentions.ask import as_json
from handoff_service.permissions import Permission, holds
from handoff_service.promises.view import deadlines, owed_by, promised_to
from handoff_service.tenants import store as tenants
from handoff_service.tickets import listing as tickets

LISTED = 200


def owner_json(conversation: Conversation, names: Mapping[str, str]) -> dict[str, Any]:
    """The owner with the agent's name."""
    owner = conversation.owner
    agent = {"id": owner.agent, "name": names.get(owner.agent, "")} if owner.agent else None
    return {"kind": owner.kind, "agent": agent, "queue": owner.queue}


def agent_names(connection: sa.Connection, tenant: str) -> dict[str, str]:
    return agents.names(connection, tenant)


def customer_status(connection: sa.Connection, conversation: Conversation, context: Context) -> dict[str, Any]:
    """Who speaks, the place in the queue and the expected wait, as the customer sees it."""
    owner = conversation.owner
    agent = faces.shown(connection, conversation.tenant, owner.agent) if owner.agent else None
    return {
        "conv": conversation.id,
        "owner": {"kind": owner.kind, "agent": agent, "queue": owner.queue},
        "epoch": conversation.epoch,
        **waiting_numbers(connection, conversation, context),
        "language": conversation.language,
        "rate": may_rate(connection, conversation, context),
        "promises": promised_to(connection, conversation.tenant, conversation.id),
        "choices": choices.offered(
            conversation.owner.kind, senior=has_senior(tenants.find(connection, conversation.tenant))
        ),
        **cursors.seen(connection, conversation),
    }


def cards(connection: sa.Connection, listed: Sequence[Conversation], agent: Agent) -> list[dict[str, Any]]:
    """Conversations as a desk lists them."""
    if not listed:
        return []
    tenant = agent.tenant
    names = agent_names(connection, tenant)
    called = contacts.names(connection, tenant, [one.contact for one in listed])
    handoffs = store.by_ids(connection, tenant, {one.handoff for one in listed if one.handoff})
    read = cursors.read_seqs(connection, tenant, ("agent", agent.id))
    tags = desks.tags_of(connection, tenant, [one.id for one in listed])
    aside = desks.aside_until(connection, tenant, listed)
    by_customer = cursors.read_by_customers(connection, tenant, listed)
    return [
        _card(one, names, called, handoffs.get(one.handoff or ""), read.get(one.id, 0))
        | {"tags": tags.get(one.id, []), "aside_until": iso(aside.get(one.id))}
        | {"customer_read": by_customer.get(one.id, 0)}
        for one in listed
    ]


def _card(
    conversation: Conversation,
    names: Mapping[str, str],
    called: Mapping[str, str],
    handoff: Handoff | None,
    read: int,
) -> dict[str, Any]:
    offered = conversation.owner.kind is OwnerKind.OFFER
    return {
        "conversation": conversation.id,
        "contact": {"id": conversation.contact, "name": called.get(conversation.contact, "")},
        "channel": conversation.channel,
        "language": conversation.language,
        "owner": owner_json(conversation, names),
        "epoch": conversation.epoch,
        "last_seq": conversation.last_seq,
        "unread": max(0, conversation.last_seq - read),
        "preview": conversation.preview,
        "updated_at": iso(conversation.updated_at),
        "handoff": handoff
        and {
            "id": handoff.id,
            "reason": handoff.reason,
            "priority": handoff.priority,
            "queue": handoff.queue,
            "requested_at": iso(handoff.requested_at),
            "place": None,
        },
        "offer": {"agent": conversation.owner.agent, "deadline": iso(conversation.deadline_at)} if offered else None,
        "mood": conversation.mood,
    }


def desk(connection: sa.Connection, agent: Agent, context: Context) -> dict[str, Any]:
    """Everything that a desk shows beside the conversation itself."""
    tenant = agent.tenant
    kinds = [OwnerKind.OFFER, OwnerKind.AGENT]
    held = conversations.listed(connection, tenant, kinds, limit=LISTED)
    # Among many colleagues' his own quiet ones would not be among the latest.
    his = held if len(held) < LISTED else conversations.listed(connection, tenant, kinds, agent=agent.id, limit=LISTED)
    his = [one for one in his if one.owner.agent == agent.id]
    offers = [one for one in his if one.owner.kind is OwnerKind.OFFER]
    others = [one for one in held if one.owner.agent != agent.id]
    if holds(agent, Permission.CONVERSATIONS_SUPERVISE):
        others += conversations.listed(connection, tenant, [OwnerKind.BOT], limit=LISTED)
    urgent = store.most_urgent(connection, tenant, limit=LISTED)
    lists = (
        _waiting(connection, agent),
        offers,
        [one for one in his if one.owner.kind is OwnerKind.AGENT],
        others,
        conversations.of_handoffs(connection, tenant, urgent),
    )
    drawn = iter(cards(connection, list(chain(*lists)), agent))  # together: what cards ask costs the same for one
    waiting, offered, mine, elsewhere, mailbox = (list(islice(drawn, len(one))) for one in lists)
    _number(waiting)
    connected = agents.connected(connection, tenant, context.now)
    got = cursors.got_by_customers(connection, tenant, offers)
    for card in offered:
        card["customer_has"] = got.get(card["conversation"], 0)
    mark_calls(connection, agent, waiting, offered, elsewhere)
    called = called_to(elsewhere)
    return {
        "waiting": waiting + called,
        "offers": offered,
        "mine": mine,
        "others": [one for one in elsewhere if one not in called],
        "mailbox": mailbox,
        "promises": owed_by(connection, tenant, agent.id, context.now),
        "agents": [colleague(one, connected) for one in agents.everyone(connection, tenant)],
        "tickets": tickets.counts(connection, agent, context.now),
        "mentions": as_json(mentions.unanswered(connection, tenant, agent.id), agent_names(connection, tenant)),
    }


def _waiting(connection: sa.Connection, agent: Agent) -> list[Conversation]:
    """Waiting conversations of the agent's queues in queue order."""
    among = () if holds(agent, Permission.CONVERSATIONS_SUPERVISE) else agent.queues or ("",)
    order = listed_for(connection, agent, store.waiting(connection, agent.tenant, limit=LISTED, among=among))
    return conversations.of_handoffs(connection, agent.tenant, [one.id for one in order])


def _number(waiting: Sequence[dict[str, Any]]) -> None:
    """Gives cards in queue order their places."""
    places: dict[str, int] = {}
    for card in waiting:
        queue = card["handoff"]["queue"]
        places[queue] = places.get(queue, 0) + 1
        card["handoff"]["place"] = places[queue]


def colleague(agent: Agent, connected: set[str]) -> dict[str, Any]:
    """An agent as the others see him: without a connected desk he is offline, whatever he last said."""
    status = agent.status if agent.id in connected else "offline"
    return {
        "id": agent.id,
        "name": agent.name,
        "status": status,
        "open": agent.open,
        "capacity": agent.capacity,
        "reason": agent.reason,
        "back_at": iso(agent.back_at),
        "reads": holds(agent, Permission.CONVERSATIONS_READ),
        "answers": holds(agent, Permission.CONVERSATIONS_ANSWER),
    }


def handoff_json(connection: sa.Connection, handoff: Handoff, context: Context) -> dict[str, Any]:
    """A handoff with its receipt, its calls, where it stands now, and its packet."""
    timeline = conversations.entries_after(connection, handoff.tenant, handoff.conversation, 0, limit=5000)
    conversation = conversations.find(connection, handoff.tenant, handoff.conversation)
    return {
        "id": handoff.id,
        "conversation": handoff.conversation,
        "reason": handoff.reason,
        "priority": handoff.priority,
        "queue": handoff.queue,
        "language": handoff.language,
        **receipts.receipt_json(connection, conversation, handoff, context),
        "packet": build_packet(handoff, timeline),
        **deadlines(connection, handoff.tenant, handoff.conversation, context.now),
    }
