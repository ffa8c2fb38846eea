"""HTTP of handoffs: what agents do with conversations."""

from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from pydantic import Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.conversations.access import visible
from handoff_service.conversations.api import Command
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.handoffs import assign, moves, release, store
from handoff_service.handoffs.queues_now import queues_now
from handoff_service.handoffs.receipts import conversation_receipts, customer_receipt
from handoff_service.handoffs.view import handoff_json
from handoff_service.inputs import Plain
from handoff_service.live.principal import Principal
from handoff_service.operations import is_known, once
from handoff_service.permissions import Permission
from handoff_service.service import Service

Note = Annotated[Plain, Field(max_length=2000)]


class OwnedCommand(Command):
    """A command of the owner, valid only under the epoch that he saw."""

    epoch: int


class Transfer(OwnedCommand):
    to_agent: Plain | None = None
    to_queue: Plain | None = None
    to_tier: Annotated[int, Field(ge=1, le=5)] | None = None
    note: Note = ""


class Escalate(OwnedCommand):
    reason: Annotated[Plain, Field(min_length=1, max_length=500)]
    tier: Annotated[int, Field(ge=2, le=5)] = moves.SENIOR
    note: Note = ""


class GiveBack(OwnedCommand):
    """`summary` is for the bot: what was agreed; `note` for colleagues."""

    note: Note = ""
    summary: Note = ""


class Close(OwnedCommand):
    wrap_up: Plain
    note: Note = ""


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    ReaderNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_READ))]
    AgentNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    SupervisorNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_SUPERVISE))]
    PrincipalNow = Annotated[Principal, Depends(access.principal)]

    async def command(
        agent: Agent, subject: str, asked: Command, work: Callable[[Transaction, Context], Conversation]
    ) -> dict[str, Any]:
        """Runs an agent's command once per op_id; the answer is the conversation's owner and epoch after it."""
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            def act() -> dict[str, Any]:
                moved = work(tx, context)
                return {"conversation": moved.id, "epoch": moved.epoch, "owner": moved.owner.kind}

            request = {"subject": subject, "command": type(asked).__name__, **asked.model_dump()}
            return once(tx, agent.tenant, f"agent:{agent.id}", asked.op_id, request=request, now=context.now, work=act)

        return await service.database.write(write)

    @routes.get("/v1/handoffs/{handoff_id}")
    async def one(handoff_id: str, agent: ReaderNow) -> dict[str, Any]:
        context = service.context()
        return await service.database.read(
            lambda connection: handoff_json(connection, store.find(connection, agent.tenant, handoff_id), context)
        )

    @routes.get("/v1/queues")
    async def queues(agent: SupervisorNow) -> dict[str, Any]:
        """Every queue as it is now: who is there, who could take one more, who waits and since when."""
        context = service.context()
        return await service.database.read(lambda c: {"queues": queues_now(c, agent.tenant, context)})

    @routes.get("/v1/conversations/{conversation_id}/receipt")
    async def receipt(conversation_id: str, principal: PrincipalNow) -> dict[str, Any]:
        """What became of each request for a person; the customer sees what concerns him, in his language."""
        context = service.context()

        def load(connection: sa.Connection) -> dict[str, Any]:
            found = visible(connection, principal, conversation_id)
            if principal.customer is not None:
                return customer_receipt(connection, found, context)
            return conversation_receipts(connection, found, context)

        return await service.database.read(load)

    @routes.post("/v1/handoffs/{handoff_id}/accept")
    async def accept(handoff_id: str, asked: Command, agent: AgentNow) -> dict[str, Any]:
        def refuse(connection: sa.Connection) -> None:
            if not is_known(connection, agent.tenant, f"agent:{agent.id}", asked.op_id):
                assign.refuse_taken(connection, handoff_id, agent)

        await service.database.read(refuse)  # who comes too late does not stand in the way of those who write
        return await command(
            agent, f"accept {handoff_id}", asked, lambda tx, c: assign.accept(tx, handoff_id, agent, c)
        )

    @routes.post("/v1/handoffs/{handoff_id}/decline")
    async def decline(handoff_id: str, asked: Command, agent: AgentNow) -> dict[str, Any]:
        return await command(
            agent, f"decline {handoff_id}", asked, lambda tx, c: assign.decline(tx, handoff_id, agent, c)
        )

    @routes.post("/v1/conversations/{conversation_id}/take-over")
    async def take_over(conversation_id: str, asked: OwnedCommand, agent: AgentNow) -> dict[str, Any]:
        return await command(
            agent,
            f"take-over {conversation_id}",
            asked,
            lambda tx, c: assign.take_over(tx, conversation_id, agent, asked.epoch, c),
        )

    @routes.post("/v1/conversations/{conversation_id}/join")
    async def join(conversation_id: str, asked: OwnedCommand, agent: SupervisorNow) -> dict[str, Any]:
        """A supervisor speaks himself; whom he took it from may take it back with take-over."""
        return await command(
            agent,
            f"join {conversation_id}",
            asked,
            lambda tx, c: assign.take_over(tx, conversation_id, agent, asked.epoch, c, join=True),
        )

    @routes.post("/v1/conversations/{conversation_id}/escalate")
    async def escalate(conversation_id: str, asked: Escalate, agent: AgentNow) -> dict[str, Any]:
        def work(tx: Transaction, context: Context) -> Conversation:
            return moves.escalate(
                tx,
                conversation_id,
                agent,
                asked.epoch,
                context,
                reason=asked.reason,
                tier=asked.tier,
                note=asked.note,
            )

        return await command(agent, f"escalate {conversation_id}", asked, work)

    @routes.post("/v1/conversations/{conversation_id}/transfer")
    async def transfer(conversation_id: str, asked: Transfer, agent: AgentNow) -> dict[str, Any]:
        def work(tx: Transaction, context: Context) -> Conversation:
            return release.transfer(
                tx,
                conversation_id,
                agent,
                asked.epoch,
                context,
                to_agent=asked.to_agent,
                to_queue=asked.to_queue,
                to_tier=asked.to_tier,
                note=asked.note,
            )

        return await command(agent, f"transfer {conversation_id}", asked, work)

    @routes.post("/v1/conversations/{conversation_id}/give-back")
    async def give_back(conversation_id: str, asked: GiveBack, agent: AgentNow) -> dict[str, Any]:
        def work(tx: Transaction, context: Context) -> Conversation:
            told = {"note": asked.note, "summary": asked.summary}
            return release.give_back(tx, conversation_id, agent, asked.epoch, context, **told)

        return await command(agent, f"give-back {conversation_id}", asked, work)

    @routes.post("/v1/conversations/{conversation_id}/close")
    async def close(conversation_id: str, asked: Close, agent: AgentNow) -> dict[str, Any]:
        def work(tx: Transaction, context: Context) -> Conversation:
            return release.close(
                tx, conversation_id, agent, asked.epoch, context, wrap_up=asked.wrap_up, note=asked.note
            )

        return await command(agent, f"close {conversation_id}", asked, work)

    return routes
