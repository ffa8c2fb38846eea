"""HTTP of desks: tags, putting aside, what else a customer wrote, search, and the supervisor's wall."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.api import Command
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.desk import aside, store
from handoff_service.desk.wall import wall
from handoff_service.handoffs.api import OwnedCommand
from handoff_service.handoffs.release import owned
from handoff_service.handoffs.view import cards
from handoff_service.inputs import Plain
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service

MOST_TAGS = 20
SEARCHED = timedelta(days=90)  # names and last words; ids and numbers are found whatever their age
Tag = Annotated[Plain, Field(min_length=1, max_length=40)]


class Tags(Command):
    tags: list[Tag] = Field(max_length=MOST_TAGS)


class Aside(OwnedCommand):
    until: AwareDatetime = Field(strict=False)


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    ReaderNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_READ))]
    AgentNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    SupervisorNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_SUPERVISE))]

    async def command(
        agent: Agent, subject: str, asked: Command, work: Callable[[Transaction, Context], dict[str, Any]]
    ) -> dict[str, Any]:
        """Runs an agent's command once per op_id."""
        context = service.context()
        request = {"subject": subject, "command": type(asked).__name__, **asked.model_dump(mode="json")}

        def write(tx: Transaction) -> dict[str, Any]:
            who = f"agent:{agent.id}"
            run = lambda: work(tx, context)  # noqa: E731
            return once(tx, agent.tenant, who, asked.op_id, request=request, now=context.now, work=run)

        return await service.database.write(write)

    @routes.post("/v1/conversations/{conversation_id}/tags")
    async def tags(conversation_id: str, asked: Tags, agent: AgentNow) -> dict[str, Any]:
        """Replaces the tags of a conversation, whoever holds it."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            found = conversations.find(tx.connection, agent.tenant, conversation_id)
            contacts.lock(tx.connection, agent.tenant, found.contact)
            wanted = sorted({tag.strip() for tag in asked.tags} - {""})
            store.set_tags(tx.connection, agent.tenant, found.id, wanted, by=agent.id, now=context.now)
            tx.ring(desk_topic(agent.tenant))
            return {"conversation": found.id, "tags": wanted}

        return await command(agent, conversation_id, asked, work)

    @routes.post("/v1/conversations/{conversation_id}/put-aside")
    async def put_aside(conversation_id: str, asked: Aside, agent: AgentNow) -> dict[str, Any]:
        """Puts the agent's own conversation aside until a time, or until anything happens in it."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            held = owned(tx, conversation_id, agent, asked.epoch)
            aside.put_aside(tx, held, asked.until, context)
            return {"conversation": held.id, "aside_until": iso(asked.until)}

        return await command(agent, conversation_id, asked, work)

    @routes.post("/v1/conversations/{conversation_id}/bring-back")
    async def bring_back(conversation_id: str, asked: OwnedCommand, agent: AgentNow) -> dict[str, Any]:
        """Takes a conversation that was put aside up again."""

        def work(tx: Transaction, _: Context) -> dict[str, Any]:
            held = owned(tx, conversation_id, agent, asked.epoch)
            aside.bring_back(tx, held)
            return {"conversation": held.id, "aside_until": None}

        return await command(agent, conversation_id, asked, work)

    @routes.get("/v1/contacts/{contact_id}/conversations")
    async def history(contact_id: str, agent: ReaderNow) -> dict[str, Any]:
        """Everything that a customer wrote about on any channel, the latest first."""

        def load(connection: sa.Connection) -> dict[str, Any]:
            contacts.details(connection, agent.tenant, contact_id)  # raises NotFound
            person = contacts.same_person(connection, agent.tenant, contact_id)
            found = [each for one in person for each in conversations.of_contact(connection, agent.tenant, one)]
            found.sort(key=lambda one: one.opened_at)
            return {"conversations": cards(connection, found[::-1], agent)}

        return await service.database.read(load)

    @routes.get("/v1/search")
    async def search(
        agent: ReaderNow,
        q: Annotated[str, Query(min_length=2, max_length=120, pattern=r"^[^\x00]*$")],
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> dict[str, Any]:
        """Conversations by id, ticket number, the customer's id, tag, name, or last words.

        `contacts`: whom the words name by a ticket or an id of his, also who has never written. `more`: there are.
        """
        since: datetime = service.clock() - SEARCHED

        def load(connection: sa.Connection) -> dict[str, Any]:
            words = q.strip()
            ids = store.matching(connection, agent.tenant, words, since=since, limit=limit + 1)
            found = [conversations.find(connection, agent.tenant, one) for one in ids[:limit]]
            named = contacts.names(connection, agent.tenant, store.named(connection, agent.tenant, words, limit=limit))
            return {
                "conversations": cards(connection, found, agent),
                "contacts": [{"id": contact, "name": name} for contact, name in named.items()],
                "more": len(ids) > limit,
            }

        return await service.database.read(load)

    @routes.get("/v1/wall")
    async def live_wall(agent: SupervisorNow) -> dict[str, Any]:
        """Queues, people and what needs a look now."""
        context = service.context()
        return await service.database.read(lambda connection: wall(connection, agent, context))

    return routes
