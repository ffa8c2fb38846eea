"""What is wrong between the queues of a tenant and its agents, in sentences that name what to change. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from handoff_service.agents.model import Agent
from handoff_service.handoffs.routing.model import Queue, queue_of
from handoff_service.handoffs.routing.rules import delay
from handoff_service.tenants.model import TenantSettings

LEVELS = range(1, 6)


def unknown(agent: Agent, settings: TenantSettings) -> Iterator[str]:
    """Queues and skills of an agent that nothing else knows, and levels that are none."""
    queues = [queue.id for queue in settings.queues]
    skills = sorted({need.skill for queue in settings.queues for need in queue.skills})
    for name in agent.queues:
        if name not in queues:
            yield f"agent {agent.email}: there is no queue {name!r}; choose among {', '.join(queues)}"
    for skill, level in sorted(agent.skills.items()):
        if skill not in skills:
            known = f"queues ask for {', '.join(skills)}" if skills else "no queue asks for any"
            yield f"agent {agent.email}: no queue asks for the skill {skill!r}; {known}"
        if level not in LEVELS:
            yield f"agent {agent.email}: skill {skill} has level {level}; it is between 1 and 5"


def problems(settings: TenantSettings, agents: Sequence[Agent]) -> list[str]:
    """All of them: those of each agent, and queues whose customers nobody could ever be given."""
    found = [problem for agent in agents for problem in unknown(agent, settings)]
    for place, queue in enumerate(settings.queues):
        serving = [agent for agent in agents if queue.id in agent.queues and not agent.disabled]
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
