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
from handoff_service.conversations.model import Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.conversations.opinion import judge, rate
from handoff_service.conversations.receive import Sender, clean_text
from handoff_service.database import Transaction
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.release import leave_message, solved
from handoff_service.handoffs.request import request_handoff
from handoff_service.handoffs.view import cards, handoff_json
from handoff_service.inputs import OpId, Plain, Seq
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


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    op_id: OpId


class Feedback(Command):
    seq: Seq
    value: Literal["up", "down"]
    comment: Plain = Field("", max_length=1000)


class Rating(Command):
    score: int
    comment: Plain = Field("", max_length=1000)


class LeftMessage(Command):
    text: str = Field(max_length=8000)
    reply_to: Plain = Field("", max_length=254)


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    client_id: str
    body: dict[str, Any]
    epoch: int | None = None
    audience: Literal["public", "internal"] = "public"


def _left(asked: LeftMessage) -> dict[str, Any]:
    body = {"text": clean_text(asked.text)}
    return body | ({"reply_to": asked.reply_to} if asked.reply_to else {})


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

    @routes.post("/v1/conversations/{conversation_id}/ask-human")
    async def ask_human(conversation_id: str, asked: Command, sender: CustomerNow) -> dict[str, Any]:
        def work(tx: Transaction, conversation: Conversation, context: Context) -> dict[str, Any]:
            if conversation.owner.kind is OwnerKind.BOT:
                evidence = {"rule": "pressed: talk to a person"}
                conversation = request_handoff(
                    tx, conversation, Event.ASKED, evidence=evidence, context=context, actor=sender.author
                )
            return {"owner": conversation.owner.kind, "epoch": conversation.epoch}

        return await command(sender, conversation_id, "ask-human", asked, work)

    @routes.post("/v1/conversations/{conversation_id}/solved")
    async def is_solved(conversation_id: str, asked: Command, sender: CustomerNow) -> dict[str, Any]:
        def work(tx: Transaction, conversation: Conversation, context: Context) -> dict[str, Any]:
            left = solved(tx, conversation, sender.author, context)
            return {"owner": left.owner.kind, "epoch": left.epoch}

        return await command(sender, conversation_id, "solved", asked, work)

    @routes.post("/v1/conversations/{conversation_id}/leave-message")
    async def leave(conversation_id: str, asked: LeftMessage, sender: CustomerNow) -> dict[str, Any]:
        def work(tx: Transaction, conversation: Conversation, context: Context) -> dict[str, Any]:
            draft = Draft(kind=Kind.MESSAGE, author=sender.author, body=_left(asked))
            conversation, _ = store.append(tx, conversation, draft, context.now)
            left = leave_message(tx, conversation, sender.author, context, reply_to=asked.reply_to)
            return {"owner": left.owner.kind, "epoch": left.epoch}

        return await command(sender, conversation_id, "leave-message", asked, work)

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
        def load(connection: sa.Connection) -> dict[str, Any]:
            found = store.find(connection, agent.tenant, conversation_id)
            requests = handoffs.of_conversation(connection, agent.tenant, found.id)
            return {
                "card": cards(connection, [found], agent)[0],
                "handoffs": [handoff_json(connection, handoff) for handoff in requests],
                "contact": contacts.details(connection, agent.tenant, found.contact),
            }

        return await service.database.read(load)

    return routes
