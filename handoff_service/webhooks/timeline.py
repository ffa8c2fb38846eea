"""Which entries of a timeline integrators hear of, and what they are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handoff_service.conversations.model import HANDOFF_REASONS, Audience, Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.webhooks import announce
from handoff_service.webhooks.model import EventType

TAKEN = frozenset({Event.ACCEPT, Event.CLAIM, Event.TAKE_OVER})
REQUESTED = HANDOFF_REASONS | {Event.ESCALATE}


def events_of(draft: Draft) -> Iterator[tuple[EventType, dict[str, Any]]]:
    """The events of an entry, each with what is said beside the conversation and seq. Internal messages have none."""
    if draft.kind is Kind.MESSAGE and draft.audience is Audience.PUBLIC:
        yield EventType.MESSAGE, {"author": {"kind": draft.author.kind, "id": draft.author.id}}
    if draft.kind is not Kind.STATE:
        return
    event, to = draft.body.get("event"), draft.body.get("to") or {}
    if event in (Event.OPENED, Event.REOPEN):
        yield EventType.CONVERSATION_OPENED, {"reopened": event == Event.REOPEN}
    if event in REQUESTED:
        yield EventType.HANDOFF_REQUESTED, {"reason": event, "queue": to.get("queue")}
    if event in TAKEN:
        yield EventType.HANDOFF_ACCEPTED, {"agent": to.get("agent"), "queue": to.get("queue"), "by": event}
    if to.get("kind") == OwnerKind.CLOSED:
        yield EventType.CONVERSATION_CLOSED, {"by": event, "wrap_up": draft.body.get("wrap_up")}


def announce_entry(tx: Transaction, conversation: Conversation, draft: Draft, seq: int, now: Any) -> None:
    """Tells about an entry that was just appended."""
    for event, said in events_of(draft):
        body = {"conversation": conversation.id, "seq": seq, "channel": conversation.channel, **said}
        announce.announce_at(tx, conversation.tenant, event, body, now)
