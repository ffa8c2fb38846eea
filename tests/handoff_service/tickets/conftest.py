"""A shop with people and a customer, on which tickets are worked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from handoff_service.agents.model import Agent, Role
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Entry
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Database
from handoff_service.tickets import log, store, update, work
from handoff_service.tickets.model import Happening, Source, Ticket
from handoff_service.tickets.open import open_work
from handoff_service.tickets.states import replay
from tests.handoff_service.stage import FakeClock


class Office:
    """Lin and Maya are agents, Chen and Noor supervisors; `customer` has written once."""

    def __init__(self, database: Database, clock: FakeClock, context: Callable[[], Context]) -> None:
        self.database, self.clock, self.context = database, clock, context
        self.people: dict[str, Agent] = {}
        self._ids = count(1)

    async def moved_in(self, hire: Any, arrive: Any) -> Office:
        for name in ("lin", "maya"):
            self.people[name] = await hire(name)
        for name in ("chen", "noor"):
            self.people[name] = await hire(name, role=Role.SUPERVISOR)
        self.customer: Sender = await arrive()
        self.conversation = (await self.says("my parcel LY20261101001 is late"))[0]
        return self

    async def says(self, text: str, customer: Sender | None = None) -> tuple[Conversation, Entry]:
        """The customer writes."""
        client, sender = f"client-{next(self._ids)}", customer or self.customer
        return await self.database.write(
            lambda tx: receive(tx, sender, client_id=client, body={"text": text}, context=self.context())
        )

    async def opens(self, subject: str = "find the parcel", by: str = "lin", **parts: Any) -> Ticket:
        options: dict[str, Any] = {"type": "order", "source": Source.HAND, "conversation": self.conversation, **parts}
        actor = work.actor_of(self.people[by])
        return await self.database.write(
            lambda tx: open_work(tx, "demo", subject=subject, actor=actor, context=self.context(), **options)
        )

    async def does(self, who: str, verb: Callable[..., Any], ticket: Ticket, *arguments: Any, **named: Any) -> Any:
        """An agent's verb on the ticket as it is now."""
        agent = self.people[who]

        def act(tx: Any) -> Any:
            return verb(tx, agent, work.locked(tx, agent, ticket.id), *arguments, self.context(), **named)

        return await self.database.write(act)

    async def tells(self, who: str, ticket: Ticket, text: str) -> Ticket:
        return await self.database.write(lambda tx: update.tell(tx, self.people[who], ticket.id, text, self.context()))

    async def now(self, ticket: Ticket) -> Ticket:
        """The ticket as it stands; its log leads to the same state and owner."""
        found, lines = await self.database.read(lambda c: self._look(c, ticket))
        state, agent, n = replay(lines)
        assert (state, agent, n) == (found.state, found.agent, found.last_n)
        return found

    async def log(self, ticket: Ticket) -> list[Happening]:
        return await self.database.read(lambda c: log.lines(c, ticket))

    @staticmethod
    def _look(connection: Any, ticket: Ticket) -> tuple[Ticket, list[Happening]]:
        return store.find(connection, ticket.tenant, ticket.id, None), log.lines(connection, ticket)

    async def heard(self, conversation: str | None = None) -> list[str]:
        """What the customer was told by notices."""
        name = conversation or self.conversation.id
        entries = await self.database.read(lambda c: conversations.entries_after(c, "demo", name, 0))
        return [str(one.body["text"]) for one in entries if one.body.get("kind") == "notice"]


@pytest.fixture
async def office(
    database: Database, clock: FakeClock, context: Callable[[], Context], hire: Any, arrive: Any
) -> Office:
    return await Office(database, clock, context).moved_in(hire, arrive)
