"""Who is on duty: pure rules over agents and connected desks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from handoff_service.agents.model import Agent, Status
from handoff_service.permissions import Permission, holds


def answers(agent: Agent) -> bool:
    """Whether customers are for him at all: his account is in use, and his role answers them."""
    return not agent.disabled and holds(agent, Permission.CONVERSATIONS_ANSWER)


def present(agent: Agent, connected: set[str]) -> bool:
    """May be given work now: it is his to answer, he says that he is online, and a desk of his is connected."""
    return answers(agent) and agent.status is Status.ONLINE and agent.id in connected


def on_duty(agents: Iterable[Agent], connected: set[str], queue: str, *, now: datetime, grace: timedelta) -> bool:
    """Whether anybody of the queue is there, counting those whose connection broke less than `grace` ago.

    An agent who is away or busy counts: he comes back, and the customer keeps his place.
    """
    return any(
        agent.status is not Status.OFFLINE
        and answers(agent)
        and queue in agent.queues
        and (agent.id in connected or (agent.seen_at is not None and now - agent.seen_at < grace))
        for agent in agents
    )


def lost(agent: Agent, connected: set[str], *, now: datetime, grace: timedelta) -> bool:
    """Gone longer than the grace time: the conversations of the agent go back to the queue.

    Taking a conversation is a sign of life too, for a client that works without an open desk. Who signed off and keeps
    his conversations until he is back is lost only after that time. Who may not answer any more is lost at once: his
    account was disabled, or he has another role now (F-65).
    """
    if not answers(agent):
        return True
    if agent.id in connected or (agent.back_at is not None and now < agent.back_at + grace):
        return False
    signs = [moment for moment in (agent.seen_at, agent.last_assigned_at) if moment is not None]
    return not signs or now - max(signs) >= grace
