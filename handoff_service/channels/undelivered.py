"""What could not be delivered is said to agents, in the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handoff_service.channels import templates
from handoff_service.channels.model import Account
from handoff_service.channels.window import CLOSED, LEFT, NEVER_OPENED, USED_UP
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Draft, Entry, Kind
from handoff_service.database import Transaction
from handoff_service.texts import say


def why(barred: str, language: str) -> str:
    """Why the platform takes nothing for this customer now, and what opens it again, for agents."""
    reasons = {
        NEVER_OPENED: say("window_never_opened", language),
        CLOSED: say("window_closed", language),
        USED_UP: say("window_used_up", language),
        LEFT: say("contact_left", language),
    }
    return reasons[barred]


def tell_undelivered(
    tx: Transaction,
    account: Account,
    conversation: Conversation,
    seq: int,
    reason: str,
    *,
    upto: int | None = None,
    barred: str | None = None,
    unclear: bool,
    now: datetime,
) -> Entry:
    """Notes, for agents only and once, that the customer has not (or perhaps not) got entry `seq`.

    It was to go through `account`, which offers what may be sent instead. `upto`: the last of several that went as one
    message. `reason` is in the platform's words; `barred` says in ours what opens it again.
    """
    language = conversation.language
    if barred is not None:
        words = why(barred, language)
        reason = f"{words} ({reason})" if reason not in ("", words) else words
    perhaps, surely = say("perhaps_delivered", language, reason=reason), say("undelivered", language, reason=reason)
    body: dict[str, Any] = {"text": perhaps if unclear else surely, "kind": "undelivered", "of": seq}
    body |= templates.offered(account.options, barred)
    if upto is not None and upto > seq:
        body["upto"] = upto
    mid = conversations.entry_at(tx.connection, conversation.tenant, conversation.id, seq).mid
    draft = Draft(
        kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body, client_id=f"undelivered-{mid}"
    )
    before = conversations.entry_by(tx.connection, conversation.tenant, draft.author, f"undelivered-{mid}")
    return before or conversations.append(tx, conversation, draft, now)[1]
