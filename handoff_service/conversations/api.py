"""HTTP of conversations: reading timelines, writing messages, the customer's own commands."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.channels import contacts
from handoff_service.conversations import store
from handoff_service.conversations.access import projected, visible
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.conversations.opinion import judge, rate
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.desk import store as desks
from handoff_service.desk.blocking import blocking
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.choices import CHOICES, choose
from handoff_service.handoffs.view import cards, handoff_json
from handoff_service.inputs import Command as Command
from handoff_service.inputs import Plain, Seq
from handoff_service.live.principal import Principal
from handoff_service.migrate import log_id
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service

Box = Literal["mine", "waiting", "mailbox", "bot", "closed", "all"]
BOXES: dict[Box, tuple[OwnerKind, ...]] = {
    "mine": (OwnerKind.AGENT,),
    "waiting": (OwnerKind.QUEUE, OwnerKind.OFFER),
    "mailbox": (OwnerKind.MAILBOX,),
    "bot": (OwnerKind.BOT,),
    "closed": (OwnerKind.CLOSED,),
    "all": tuple(OwnerKind),
}


class Feedback(Command):
    seq: Seq
    value: Literal["up", "down"]
    comment: Plain = Field("", max_length=1000)


class Rating(Command):
    score: int
    comment: Plain = Field("", max_length=1000)


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    client_id: str
    body: dict[str, Any]
    epoch: int | None = None
    audience: Literal["public", "internal"] = "public"


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    CustomerNow = Annotated[Sender, Depends(access.customer)]
    ReaderNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_READ))]
    PrincipalNow = Annotated[Principal, Depends(access.principal)]

    async def command(
        sender: Sender,
        conversation_id: str,
        verb: str,
        asked: Command,
        work: Callable[[Transaction, Conversation, Context], dict[str, Any]],
    ) -> dict[str, Any]:
        """Runs a customer's command once per op_id on his own, locked conversation."""
        await service.limits.message(f"{sender.tenant}:customer:{sender.contact}")  # each may add to the timeline
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            contacts.lock(tx.connection, sender.tenant, sender.contact)  # before his conversations, as blocking does
            conversation = visible(tx.connection, Principal(customer=sender), conversation_id, lock=True)
            return once(
                tx,
                sender.tenant,
                f"customer:{sender.contact}",
                asked.op_id,
                request={"conversation": conversation_id, "command": verb, **asked.model_dump()},
                now=context.now,
                work=lambda: work(tx, conversation, context),
            )

        return await service.database.write(write)

    @routes.post("/v1/ws-ticket")
    async def ticket(drawn: Annotated[str, Depends(access.ticket)]) -> dict[str, Any]:
        return {"ticket": drawn, "expires_in": 30}

    @routes.get("/v1/conversations/{conversation_id}/entries")
    async def entries(
        conversation_id: str,
        principal: PrincipalNow,
        after: Annotated[Seq, Query()] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 500,
    ) -> dict[str, Any]:
        def load(connection: sa.Connection) -> dict[str, Any]:
            found = visible(connection, principal, conversation_id)
            listed = store.entries_after(connection, found.tenant, found.id, after, limit=limit)
            return {
                "log_id": log_id(connection),
                "conversation": found.id,
                "entries": projected(connection, principal, listed),
                "last_seq": found.last_seq,
            }

        return await service.database.read(load)

    @routes.post("/v1/conversations/{conversation_id}/messages")
    async def message(conversation_id: str, sent: Message, principal: PrincipalNow) -> dict[str, Any]:
        conversation, entry = await service.frames.write_message(principal, conversation_id, sent.model_dump())
        return {"seq": entry.seq, "mid": entry.mid, "conversation": conversation.id}

    @routes.post("/v1/conversations/{conversation_id}/feedback")
    async def feedback(conversation_id: str, asked: Feedback, sender: CustomerNow) -> dict[str, Any]:
        def work(tx: Transaction, conversation: Conversation, context: Context) -> dict[str, Any]:
            entry = judge(
                tx, sender, conversation, seq=asked.seq, value=asked.value, comment=asked.comment, context=context
            )
            return {"seq": entry.seq}

        return await command(sender, conversation_id, "feedback", asked, work)

    @routes.post("/v1/conversations/{conversation_id}/rating")
    async def rating(conversation_id: str, asked: Rating, sender: CustomerNow) -> dict[str, Any]:
        def work(tx: Transaction, conversation: Conversation, context: Context) -> dict[str, Any]:
            entry = rate(tx, sender, conversation, score=asked.score, comment=asked.comment, context=context)
            return {"seq": entry.seq}

        return await command(sender, conversation_id, "rating", asked, work)

    def add_choice(verb: str, asked_for: type[Command]) -> None:
        @routes.post(f"/v1/conversations/{{conversation_id}}/{verb}", name=verb)
        async def take(conversation_id: str, asked: asked_for, sender: CustomerNow) -> dict[str, Any]:  # type: ignore[valid-type]
            await service.limits.message(f"{sender.tenant}:customer:{sender.contact}")
            context = service.context()
            return await service.database.write(lambda tx: choose(tx, sender, conversation_id, verb, asked, context))

    for verb, choice in CHOICES.items():
        add_choice(verb, choice.asked)

    @routes.get("/v1/conversations")
    async def listed(
        agent: ReaderNow, box: Box = "mine", limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> dict[str, Any]:
        def load(connection: sa.Connection) -> dict[str, Any]:
            only = agent.id if box == "mine" else None
            found = store.listed(connection, agent.tenant, BOXES[box], agent=only, limit=limit)
            return {"conversations": cards(connection, found, agent)}

        return await service.database.read(load)

    @routes.get("/v1/conversations/{conversation_id}")
    async def one(conversation_id: str, agent: ReaderNow) -> dict[str, Any]:
        context = service.context()

        def load(connection: sa.Connection) -> dict[str, Any]:
            found = store.find(connection, agent.tenant, conversation_id)
            requests = handoffs.of_conversation(connection, agent.tenant, found.id)
            return {
                "card": cards(connection, [found], agent)[0],
                "handoffs": [handoff_json(connection, handoff, context) for handoff in requests],
                "contact": contacts.details(connection, agent.tenant, found.contact) | blocking(connection, found),
                "steps": desks.steps_done(connection, agent.tenant, found.id),
            }

        return await service.database.read(load)

    return routes
