"""Who gets the next handoff: a pure decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from handoff_service.agents.model import Agent
from handoff_service.handoffs.model import Handoff

NEVER = datetime.min.replace(tzinfo=UTC)


def eligible(handoff: Handoff, agent: Agent) -> bool:
    """Serves the queue, speaks the language, has capacity free."""
    return handoff.queue in agent.queues and handoff.language in agent.languages and agent.open < agent.capacity


def choose(waiting: Sequence[Handoff], present: Sequence[Agent]) -> tuple[Handoff, Agent] | None:
    """The first handoff in queue order that somebody present can take, and the one who gets it; None if there is none.

    Among the eligible the least loaded gets it, then who was longest without a new one. Whoever declined or ignored
    an offer of this handoff is asked again only when nobody else is left.
    """
    for handoff in waiting:
        able = [agent for agent in present if eligible(handoff, agent)]
        fresh = [agent for agent in able if agent.id not in handoff.declined]
        if able:
            return handoff, min(fresh or able, key=_load)
    return None


def _load(agent: Agent) -> tuple[float, datetime, str]:
    return agent.open / agent.capacity, agent.last_assigned_at or NEVER, agent.id
