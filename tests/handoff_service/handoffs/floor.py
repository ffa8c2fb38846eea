"""A shop floor for tests: customers who wait, agents who take them, and what was said meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from handoff_service.agents.model import Agent
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Conversation, Entry, Event
from handoff_service.conversations.receive import Sender, receive
from handoff_service.conversations.reply import reply
from handoff_service.database import Database, Transaction
from handoff_service.handoffs import assign
from handoff_service.handoffs.choices import choose, read_choice
from handoff_service.handoffs.request import request_handoff
from handoff_service.ids import new_id
from handoff_service.settings import Settings
from tests.handoff_service.stage import FakeClock

T = TypeVar("T")


@dataclass
class Floor:
    """`meet` makes a customer: `await meet(language="zh")`."""

    database: Database
    settings: Settings
    clock: FakeClock
    meet: Any

    @property
    def context(self) -> Context:
        return Context(self.settings, self.clock())

    async def do(self, work: Callable[[Transaction], T]) -> T:
        return await self.database.write(work)

    async def asks(self, **changes: Any) -> tuple[Sender, Conversation]:
        """A customer who has asked the bot something."""
        sender = await self.meet(**changes)
        said = {"client_id": "client-01", "body": {"text": "help"}}
        found, _ = await self.do(lambda tx: receive(tx, sender, **said, context=self.context))
        return sender, found

    async def waits(self, queue: str = "support", **changes: Any) -> tuple[Sender, Conversation]:
        """A customer who has asked for a person."""
        sender, found = await self.asks(**changes)

        def ask(tx: Transaction) -> Conversation:
            now = store.find(tx.connection, "demo", found.id, lock=True)
            return request_handoff(tx, now, Event.ASKED, evidence={}, context=self.context, queue=queue)

        return sender, await self.do(ask)

    async def accept(self, waiting: Conversation, agent: Agent) -> Conversation:
        return await self.do(lambda tx: assign.accept(tx, str(waiting.handoff), agent, self.context))

    async def served(self, agent: Agent, **changes: Any) -> tuple[Sender, Conversation]:
        """A customer with whom the agent speaks."""
        sender, waiting = await self.waits(**changes)
        return sender, await self.accept(waiting, agent)

    async def choose(self, sender: Sender, conversation: Conversation, verb: str, **parts: Any) -> dict[str, Any]:
        """What the customer presses."""
        asked = read_choice(verb, {"op_id": new_id("op"), **parts})
        return await self.do(lambda tx: choose(tx, sender, conversation.id, verb, asked, self.context))

    async def note(self, agent: Agent, conversation: Conversation, text: str, **parts: Any) -> Entry:
        """An internal note."""
        _, entry = await self.do(
            lambda tx: reply(
                tx,
                agent,
                conversation.id,
                client_id=new_id("note").replace("_", "-"),
                body={"text": text, **parts},
                epoch=None,
                audience=Audience.INTERNAL,
                context=self.context,
            )
        )
        return entry

    async def now(self, conversation: Conversation) -> Conversation:
        return await self.database.read(lambda c: store.find(c, "demo", conversation.id))

    async def entries(self, conversation: Conversation) -> list[Entry]:
        return await self.database.read(lambda c: store.entries_after(c, "demo", conversation.id, 0))

    async def last_text(self, conversation: Conversation) -> str:
        return str((await self.entries(conversation))[-1].body.get("text"))
