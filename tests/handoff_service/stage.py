"""What the gateway's tests play with: a clock that is turned by hand, a bot that says what it is told, people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agent_store
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.conversations.receive import Sender
from handoff_service.handoffs.model import Handoff, rank
from handoff_service.ids import new_id
from handoff_service.seed import demo_settings
from handoff_service.settings import Settings
from handoff_service.tenants.model import Tenant

MONDAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SHOP_URL = "http://127.0.0.1:8082"
# Long enough that a desk stays connected through every test that does not end it on purpose.
SHIFT = timedelta(days=30)


class FakeClock:
    """The present, moved only by `advance`."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def answer(text: str = "Refunds arrive within three days.", **parts: Any) -> Answer:
    """One public message of the bot."""
    return Answer([{"text": text, "kind": "answer", **parts}])


def wants_human(reason: str = "unsure", *, priority: int | None = None, **evidence: Any) -> Answer:
    """The bot's wish for a person, with the sentence that it says on the way."""
    handoff = {"reason": reason, "priority": priority, "evidence": evidence}
    return Answer([{"text": "Let me get a colleague.", "kind": "handoff"}], handoff)


Step = Answer | Exception | Callable[[TurnRequest], Awaitable[Answer]]


class ScriptedBot:
    """A Bot that plays its script step by step, then repeats its usual answer; keeps every request."""

    name = "scripted"

    def __init__(self, script: Iterable[Step] = (), *, usually: Step | None = None) -> None:
        self.script: list[Step] = list(script)
        self.usually: Step = usually or answer()
        self.requests: list[TurnRequest] = []

    async def ask(self, request: TurnRequest) -> Answer:
        self.requests.append(request)
        step = self.script.pop(0) if self.script else self.usually
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Answer):
            return replace(step, bot=self.name)
        return replace(await step(request), bot=self.name)


class Held:
    """A step of the script that waits until the test lets it go; `asked` tells that the bot is thinking."""

    def __init__(self, then: Answer | None = None) -> None:
        self.then = then or answer()
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, request: TurnRequest) -> Answer:  # noqa: ARG002
        self.asked.set()
        await self.go.wait()
        return self.then


def shop(name: str = "demo") -> Tenant:
    """A tenant like the demo shop: queue `support` (claim) and queue `senior` (offer)."""
    return Tenant(id=name, name=f"Shop {name}", settings=demo_settings(SHOP_URL))


def trial_settings(**changes: Any) -> Settings:
    """The default settings, whatever the environment of this machine says; a bot that waits for nobody's next words.

    Sockets are looked after so seldom that no test passes by it.
    """
    usual = {"environment": "development", "shop_url": SHOP_URL, "bot_quiet_s": 0, "socket_poll_s": 60}
    return Settings(**{**usual, **changes})


def person(name: str, **changes: Any) -> Agent:
    """An agent of the demo shop who serves both queues in both languages."""
    agent = Agent(
        tenant="demo",
        id=f"a_{name}",
        email=f"{name}@lanyu.example",
        name=name.title(),
        role=Role.AGENT,
        languages=("zh", "en"),
        queues=("support", "senior"),
        capacity=3,
        open=0,
        status=Status.ONLINE,
        disabled=False,
        seen_at=None,
        last_assigned_at=None,
    )
    return replace(agent, **changes)


def waiting_handoff(number: int, *, priority: int = 3, at: datetime = MONDAY, **changes: object) -> Handoff:
    """A handoff of the demo shop that waits in the queue `support`."""
    handoff = Handoff(
        tenant="demo",
        id=f"h_{number}",
        conversation=f"c_{number}",
        reason="asked",
        priority=priority,
        queue="support",
        language="en",
        evidence={},
        rank=rank(at, priority),
        requested_seq=3,
        requested_at=at,
        queued_at=at,
        offered_at=None,
        offered_to=None,
        accepted_at=None,
        accepted_by=None,
        first_reply_at=None,
        closed_at=None,
        wrap_up=None,
    )
    return replace(handoff, **changes)  # type: ignore[arg-type]


def start_shift(connection: sa.Connection, agent: Agent, now: datetime, password_hash: str = "-") -> Agent:
    """Stores the agent and connects a desk of his for SHIFT."""
    agent_store.save(connection, agent, password_hash)
    agent_store.keep_desk(connection, agent.tenant, agent.id, "desk", now=now, until=now + SHIFT)
    return agent_store.find(connection, agent.tenant, agent.id)


def end_shift(connection: sa.Connection, agent: Agent, now: datetime) -> None:
    """The connection of the agent's desk breaks."""
    agent_store.end_desk(connection, agent.tenant, agent.id, "desk", now=now)


def meet(connection: sa.Connection, now: datetime, *, tenant: str = "demo", language: str = "en") -> Sender:
    """A new contact on the web channel."""
    contact = new_id("k")
    connection.execute(
        sa.insert(tables.contacts).values(tenant=tenant, id=contact, name="Visitor", language=language, created_at=now)
    )
    return Sender(tenant, "web", contact, "Visitor", language)
