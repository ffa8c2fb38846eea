"""How agents' commands on tickets run: once per op_id, in one transaction, on the locked ticket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handoff_service.agents.model import Agent
from handoff_service.conversations.api import Command
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.operations import once
from handoff_service.service import Service
from handoff_service.tickets.model import Ticket
from handoff_service.tickets.work import actor_of, locked

Extra = dict[str, Any]


class Commands:
    """The answer of each is where the ticket stands after it; ids and kinds only, because it is kept for repeats."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def run(
        self,
        agent: Agent,
        what: str,
        asked: Command,
        work: Callable[[Transaction, Context], tuple[Ticket, Extra]],
    ) -> dict[str, Any]:
        """Runs a command that finds or makes its ticket itself; `what` tells commands with the same body apart."""
        await self._service.limits.message(f"{agent.tenant}:agent:{agent.id}")
        context = self._service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            def act() -> dict[str, Any]:
                ticket, extra = work(tx, context)
                return {**standing(ticket), **extra}

            request = {"command": what, **asked.model_dump(mode="json")}
            return once(tx, agent.tenant, actor_of(agent), asked.op_id, request=request, now=context.now, work=act)

        return await self._service.database.write(write)

    async def on_ticket(
        self,
        agent: Agent,
        ticket_id: str,
        asked: Command,
        work: Callable[[Transaction, Ticket, Context], Ticket],
        *,
        what: str,
    ) -> dict[str, Any]:
        """Runs a command on a ticket that the agent may see. Raises NotFound, Conflict for a merged one."""
        return await self.on_ticket_with(
            agent, ticket_id, asked, lambda tx, ticket, context: (work(tx, ticket, context), {}), what=what
        )

    async def on_ticket_with(
        self,
        agent: Agent,
        ticket_id: str,
        asked: Command,
        work: Callable[[Transaction, Ticket, Context], tuple[Ticket, Extra]],
        *,
        what: str,
    ) -> dict[str, Any]:
        """The same for a command that has more to tell."""

        def found(tx: Transaction, context: Context) -> tuple[Ticket, Extra]:
            return work(tx, locked(tx, agent, ticket_id), context)

        return await self.run(agent, f"{what} {ticket_id}", asked, found)


def standing(ticket: Ticket) -> dict[str, Any]:
    """Where a ticket stands; `n` is the last line of its log."""
    return {
        "ticket": ticket.id,
        "number": ticket.number,
        "state": ticket.state,
        "agent": ticket.agent,
        "n": ticket.last_n,
        "conversation": ticket.conversation,
    }
