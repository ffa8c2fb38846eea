"""An internal note that asks a colleague, or whispers to the one who speaks with the customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.clock import iso
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Conversation, Entry, OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.inputs import is_name
from handoff_service.mentions import store
from handoff_service.mentions.model import MOST, Mention, named_in, to_ask
from handoff_service.permissions import Permission, holds, require

ONLY_SUPERVISORS = "Only a supervisor whispers to an agent; write a note with @ and his name instead."


def internal_parts(body: Mapping[str, Any], audience: Audience) -> dict[str, Any]:
    """`mentions` ([agent id]) and `whisper` (agent id) of a note as they are stored. Raises Invalid."""
    parts = {name: body[name] for name in ("mentions", "whisper") if body.get(name) is not None}
    if parts and audience is not Audience.INTERNAL:
        raise Invalid("Only an internal note mentions colleagues or whispers; the customer would read this.")
    mentions, whisper = parts.get("mentions", []), parts.get("whisper")
    if not isinstance(mentions, list) or len(mentions) > MOST or not all(is_name(one) for one in mentions):
        raise Invalid(f"`mentions` is a list of at most {MOST} ids of agents.")
    if whisper is not None and not is_name(whisper):
        raise Invalid("`whisper` is the id of the agent who speaks with the customer.")
    return parts


def check_whisper(agent: Agent, conversation: Conversation, parts: Mapping[str, Any]) -> None:
    """Raises Forbidden for who does not supervise, Conflict when the conversation is not that agent's any more."""
    whisper = parts.get("whisper")
    if whisper is None:
        return
    require(agent, Permission.CONVERSATIONS_SUPERVISE, ONLY_SUPERVISORS)
    if conversation.owner.kind is not OwnerKind.AGENT or conversation.owner.agent != whisper:
        raise Conflict("That agent does not serve this customer any more.", conversation=conversation.id)
    if whisper == agent.id:
        raise Invalid("This conversation is yours; there is nobody to whisper to.")


def ask(tx: Transaction, agent: Agent, conversation: Conversation, entry: Entry, context: Context) -> None:
    """Notes whom a note asks, and that its author has answered what he was asked here. Raises Invalid, NotFound."""
    connection = tx.connection
    answered = store.answer(connection, agent.tenant, agent.id, conversation.id, seq=entry.seq, now=context.now)
    named = [*entry.body.get("mentions", []), *([entry.body["whisper"]] if "whisper" in entry.body else [])]
    for name in named:
        _readable(connection, agent.tenant, name)
    text = str(entry.body.get("text", ""))
    if "@" in text:
        colleagues = agents.everyone(connection, agent.tenant)
        named += named_in(text, [one for one in colleagues if holds(one, Permission.CONVERSATIONS_READ)])
    asked = to_ask(named, agent.id)[:MOST]
    for name in asked:
        mention = Mention(
            conversation=conversation.id,
            seq=entry.seq,
            agent=name,
            asked_by=agent.id,
            at=context.now,
            seen_at=None,
            answered_seq=None,
        )
        store.add(connection, agent.tenant, mention)
    if asked or answered:
        tx.ring(desk_topic(agent.tenant))


def _readable(connection: sa.Connection, tenant: str, name: str) -> None:
    """Raises NotFound for nobody, Invalid for who could not read the note."""
    found = agents.find(connection, tenant, name)
    if found.disabled or not holds(found, Permission.CONVERSATIONS_READ):
        raise Invalid(f"{found.name} cannot read this conversation; ask somebody else.", agent=name)


def may_read(entry: Entry, viewer: Agent) -> bool:
    """Whether an agent sees an entry: a whisper is between a supervisor and the one who serves the customer."""
    whisper = entry.body.get("whisper")
    if whisper is None:
        return True
    return viewer.id in (whisper, entry.author.id) or holds(viewer, Permission.CONVERSATIONS_SUPERVISE)


def as_json(mentions: Sequence[Mention], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Mentions as a desk lists them."""
    return [
        {
            "conversation": one.conversation,
            "seq": one.seq,
            "agent": {"id": one.agent, "name": names.get(one.agent, "")},
            "by": {"id": one.asked_by, "name": names.get(one.asked_by, "")},
            "at": iso(one.at),
            "seen_at": iso(one.seen_at),
            "answered_seq": one.answered_seq,
        }
        for one in mentions
    ]
