"""What each change of owner means for the calls: a wait begins, or an agent is asked."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from handoff_service.calls import store
from handoff_service.calls.model import Rung
from handoff_service.conversations.model import Conversation, OwnerKind


def note_move(connection: sa.Connection, before: Conversation, after: Conversation, now: datetime) -> None:
    """Notes the call that a move is, if it is one."""
    kind, handoff = after.owner.kind, after.handoff
    if handoff is None or kind not in (OwnerKind.QUEUE, OwnerKind.OFFER):
        return
    if kind is OwnerKind.OFFER:
        store.add(connection, after.tenant, handoff, Rung.AGENT, now=now, agent=after.owner.agent)
    elif before.owner.kind is not OwnerKind.OFFER or before.owner.queue != after.owner.queue:
        store.add(connection, after.tenant, handoff, Rung.QUEUED, now=now)
