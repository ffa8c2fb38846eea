"""Who else is there for a customer: before somebody is set away, or a customer taken from him."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.agents.lending import with_what_is_left
from handoff_service.agents.model import Agent
from handoff_service.agents.presence import present
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation


def colleagues_there(connection: sa.Connection, conversation: Conversation, context: Context) -> list[Agent]:
    """Everybody present but the one who has him (or to whom he is offered), if they speak his language."""
    connected = agents.connected(connection, conversation.tenant, context.now)
    return [
        one
        for one in agents.everyone(connection, conversation.tenant)
        if one.id != conversation.owner.agent and present(one, connected) and conversation.language in one.languages
    ]


def somebody_may_take(connection: sa.Connection, conversation: Conversation, context: Context) -> bool:
    """Whether one of them serves his queue and has room."""
    serving = [
        one for one in colleagues_there(connection, conversation, context) if conversation.owner.queue in one.queues
    ]
    return any(one.open < one.capacity for one in with_what_is_left(connection, serving))
