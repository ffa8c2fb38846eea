"""Queues that no agent can help, in sentences that name what to change. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from handoff_service.agents.model import Agent
from handoff_service.agents.presence import answers
from handoff_service.handoffs.routing.model import Queue, queue_of
from handoff_service.handoffs.routing.rules import delay
from handoff_service.tenants.model import TenantSettings


def problems(settings: TenantSettings, agents: Sequence[Agent]) -> list[str]:
    """Queues whose customers nobody could ever be given: nobody serves them, or has a skill that never relaxes."""
    found = []
    for place, queue in enumerate(settings.queues):
        serving = [agent for agent in agents if queue.id in agent.queues and answers(agent)]
        if not serving:
            found.append(f"queues.{place}: nobody serves the queue {queue.id}; add it to an agent's queues")
        elif not _anybody(serving, queue_of(queue)):
            wanted = ", ".join(f"{need.skill} {need.level}" for need in queue.skills)
            found.append(
                f"queues.{place}.skills: nobody who serves {queue.id} has {wanted}, and it never relaxes; "
                "set relax_after_s or an agent's skills"
            )
    return found


def _anybody(serving: Iterable[Agent], queue: Queue) -> bool:
    return any(delay(agent, queue) < math.inf for agent in serving)
