"""Who may take what, and who of them should: pure rules about one handoff and one agent."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from handoff_service.agents.model import Agent
from handoff_service.handoffs.model import HIGHEST_PRIORITY
from handoff_service.handoffs.routing.model import PLAIN, SECOND, Queue, Queues, Waiting

NEVER = datetime.min.replace(tzinfo=UTC)


def waits_since(waiting: Waiting, queue: Queue) -> int:
    """When its wait began, as its place tells it: whoever was put before others counts as having waited longest."""
    return waiting.rank + waiting.priority * queue.worth_us


def delay(agent: Agent, queue: Queue) -> float:
    """Microseconds that somebody must have waited until this agent is good enough; infinite if he never is."""
    longest = 0.0
    for need in queue.needs:
        missing = need.level - agent.skills.get(need.skill, 0)
        if missing > 0:
            relaxes = math.inf if need.relax_after_s is None else need.relax_after_s * SECOND
            longest = max(longest, missing * relaxes)
    return longest


def skilled_at(waiting: Waiting, queue: Queue, delay_us: float) -> float:
    """From when an agent who is good enough after `delay_us` of waiting may take it; at once without a delay."""
    return waits_since(waiting, queue) + delay_us if delay_us else -math.inf


def has_room(agent: Agent, weight: int) -> bool:
    """Whether so much more fits; whoever has nothing may take anything, however heavy it is."""
    return agent.open + min(weight, agent.capacity) <= agent.capacity


def passed_until(waiting: Waiting, queue: Queue) -> int:
    """Whoever came after this moment is not helped before it by somebody who only lacks the room for it.

    Nine classes of priority later: the bound that holds for everybody, see `handoffs/model.py`.
    """
    return waits_since(waiting, queue) + HIGHEST_PRIORITY * queue.worth_us


def opens_at(waiting: Waiting, agent: Agent, queue: Queue) -> float:
    """The moment from which an agent of its queue and language may take it if he has room; infinite if he never may."""
    skilled = skilled_at(waiting, queue, delay(agent, queue))
    if waiting.reserved_for in (None, agent.id):
        return skilled
    return max(skilled, math.inf if waiting.reserved_until is None else waiting.reserved_until)


def preference(
    waiting: Waiting, agent: Agent, queues: Queues
) -> tuple[bool, bool, bool, float, bool, float, datetime, str]:
    """Who should get it: the smallest of these among those who may take it.

    Not who let it pass just now; no angry customer to somebody who just had `heat` of them; not who ever declined it;
    rather the skills asked for than less; for the front line nobody who could help the seniors; then who has least to
    do, then who has been idle longest: since he last finished one or, where he has not, got his last.
    """
    queue = queues.get(waiting.queue, PLAIN)
    heated = waiting.angry and queue.heat is not None and agent.angry_row >= queue.heat
    above = any(queues.get(one, PLAIN).tier > queue.tier for one in agent.queues)
    load = agent.open / agent.capacity if agent.capacity else 1.0
    return (
        agent.id in waiting.resting,
        heated,
        agent.id in waiting.declined,
        delay(agent, queue),
        above,
        load,
        agent.idle_since or agent.last_assigned_at or NEVER,
        agent.id,
    )
