"""What could not be delivered is said to agents, in the timeline."""

from __future__ import annotations

from datetime import datetime

from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Draft, Entry, Kind
from handoff_service.database import Transaction
from handoff_service.texts import say


def tell_undelivered(
    tx: Transaction, conversation: Conversation, seq: int, reason: str, *, unclear: bool, now: datetime
) -> Entry:
    """Notes, for agents only and once, that the customer has not (or perhaps not) got entry `seq`."""
    language = conversation.language
    perhaps, surely = say("perhaps_delivered", language, reason=reason), say("undelivered", language, reason=reason)
    body = {"text": perhaps if unclear else surely, "kind": "undelivered", "of": seq}
    mid = conversations.entry_at(tx.connection, conversation.tenant, conversation.id, seq).mid
    draft = Draft(
        kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body, client_id=f"undelivered-{mid}"
    )
    before = conversations.entry_by(tx.connection, conversation.tenant, draft.author, f"undelivered-{mid}")
    return before or conversations.append(tx, conversation, draft, now)[1]
