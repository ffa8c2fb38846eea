"""What is known of whether a sender is who he says is told to agents, in the timeline, when it changes."""

from __future__ import annotations

from handoff_service.channels.mail_sender import Verdict
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Draft, Kind
from handoff_service.database import Transaction
from handoff_service.texts import say

LOOK_BACK = 500  # entries


def tell_verdict(tx: Transaction, tenant: str, conversation_id: str, verdict: Verdict, context: Context) -> None:
    """Notes it for agents, unless the last note in this conversation says the same. A forged sender is always told."""
    conversation = conversations.find(tx.connection, tenant, conversation_id, lock=True)
    since = conversation.last_seq - LOOK_BACK
    recent = conversations.entries_after(tx.connection, tenant, conversation_id, since, limit=LOOK_BACK)
    before = [one.body["verdict"] for one in recent if one.body.get("kind") == "sender"]
    if verdict is not Verdict.FORGED and before[-1:] == [verdict]:
        return
    words = {
        Verdict.PROVEN: say("sender_proven", conversation.language),
        Verdict.UNPROVEN: say("sender_unproven", conversation.language),
        Verdict.FORGED: say("sender_forged", conversation.language),
    }
    body = {"text": words[verdict], "kind": "sender", "verdict": str(verdict)}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    conversations.append(tx, conversation, draft, context.now)
