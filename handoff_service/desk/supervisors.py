"""Asking the supervisors to look at a conversation: an internal note that names them, on their desks until answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Draft, Kind
from handoff_service.database import Transaction
from handoff_service.mentions import store as mentions
from handoff_service.mentions.model import MOST, Mention
from handoff_service.permissions import Permission, holds

AGAIN = timedelta(hours=1)
LOOK_BACK = 200  # entries


def choose(people: Sequence[Agent], connected: set[str], serving: str | None) -> list[Agent]:
    """The supervisors at their desks, else all: the next one who comes reads it. Never who serves him himself. Pure."""
    able = [one for one in people if holds(one, Permission.CONVERSATIONS_SUPERVISE) and one.id != serving]
    able = [one for one in able if not one.disabled]
    return ([one for one in able if one.id in connected] or able)[:MOST]


def to_ask(tx: Transaction, conversation: Conversation, kind: str, context: Context) -> list[Agent] | None:
    """Whom a note of this kind is for; None when one was written within AGAIN, however often its cause repeats."""
    tenant, since = conversation.tenant, conversation.last_seq - LOOK_BACK
    recent = conversations.entries_after(tx.connection, tenant, conversation.id, since, limit=LOOK_BACK)
    if any(one.body.get("kind") == kind and one.at > context.now - AGAIN for one in recent):
        return None
    at_desks = agents.connected(tx.connection, tenant, context.now)
    return choose(agents.everyone(tx.connection, tenant), at_desks, conversation.owner.agent)


def names_of(told: Sequence[Agent]) -> str:
    """As a note names them."""
    return ", ".join(one.name for one in told) or "–"


def ask(
    tx: Transaction,
    conversation: Conversation,
    told: Sequence[Agent],
    kind: str,
    text: str,
    context: Context,
    parts: Mapping[str, object] | None = None,
) -> Conversation:
    """Writes the note, with `parts` beside its text, and puts it on their desks. Returns the conversation then."""
    body = {"text": text, "kind": kind, **(parts or {})}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    conversation, entry = conversations.append(tx, conversation, draft, context.now)
    for one in told:
        mention = Mention(
            conversation=conversation.id,
            seq=entry.seq,
            agent=one.id,
            asked_by=conversation.owner.agent or "",
            at=context.now,
            seen_at=None,
            answered_seq=None,
        )
        mentions.add(tx.connection, conversation.tenant, mention)
    tx.ring(desk_topic(conversation.tenant))
    return conversation
