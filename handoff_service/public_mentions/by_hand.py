"""What agents are told in public conversations: that something is not published, and where they say it by hand."""

from __future__ import annotations

from datetime import datetime

from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Draft, Kind
from handoff_service.database import Transaction
from handoff_service.errors import Conflict
from handoff_service.public_mentions.model import CHANNEL
from handoff_service.texts import say


def remind_of_place(tx: Transaction, conversation: Conversation, now: datetime) -> Conversation:
    """After an agent's public words: where he must say them by hand, when nothing leaves from here."""
    if conversation.channel != CHANNEL or conversation.account is not None:
        return conversation
    recent = conversations.entries_after(tx.connection, conversation.tenant, conversation.id, 0, limit=1000)
    places = [one.body["mention"]["url"] for one in recent if "mention" in one.body]
    if not places:
        return conversation
    return note(tx, conversation, say("public_by_hand", conversation.language, url=places[-1]), now)


def refuse_notice(conversation: Conversation) -> None:
    """Raises Conflict where an agent would believe that its author is told: nobody publishes what a case says."""
    if conversation.channel == CHANNEL:
        raise Conflict(
            "This conversation is public, and nothing that is said of a case is published. Answer in the conversation "
            "itself, or link the case to one with the customer.",
            conversation=conversation.id,
        )


def note_unpublished(tx: Transaction, conversation: Conversation, now: datetime) -> None:
    """After words for the author that no agent has written there: that nobody has read them."""
    if conversation.channel == CHANNEL:
        note(tx, conversation, say("public_unsaid", conversation.language), now)


def note(tx: Transaction, conversation: Conversation, text: str, now: datetime) -> Conversation:
    """Says something to agents in a public conversation."""
    body = {"text": text, "kind": "public"}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    return conversations.append(tx, conversation, draft, now)[0]
