"""HTTP of persons: an agent says that two contacts are the same customer, or that they are not, and his name."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from handoff_service import audit
from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.bell import desk_topic
from handoff_service.channels import contacts
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.inputs import Command, Plain
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service


class Merge(Command):
    other: Plain


class Part(Command):
    pass


class Preferred(Command):
    channel: Plain | None = Field(max_length=40)


class Called(Command):
    name: Plain = Field(min_length=1, max_length=80, pattern=r"\S")


class Wanted(BaseModel):
    """None: he is told of each ticket where it was opened."""

    model_config = ConfigDict(extra="forbid", strict=True)

    channel: Plain | None = Field(max_length=40)


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    AnsweringNow = Annotated[Agent, Depends(Access(service).may(Permission.CONVERSATIONS_ANSWER))]

    CustomerNow = Annotated[Sender, Depends(Access(service).customer)]

    async def run(agent: Agent, contact: str, asked: Command, deed: str, other: str | None) -> dict[str, Any]:
        context, actor = service.context(), f"agent:{agent.id}"

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                if deed == "merge":
                    contacts.join(tx.connection, agent.tenant, contact, other or "")
                elif deed == "name":
                    _call(tx, agent, contact, other or "")
                elif deed == "prefer":
                    contacts.prefer(tx.connection, agent.tenant, contact, other)
                else:
                    contacts.part(tx.connection, agent.tenant, contact)
                detail = {"other": other} if other and deed != "name" else {}
                audit.record(
                    tx, agent.tenant, actor=actor, action=f"contact_{deed}", subject=contact, detail=detail,
                    now=context.now,
                )  # fmt: skip
                return {"person": contacts.same_person(tx.connection, agent.tenant, contact)}

            request = {"command": deed, "contact": contact, "other": other}
            return once(tx, agent.tenant, actor, asked.op_id, request=request, now=context.now, work=work)

        return await service.database.write(write)

    @routes.post("/v1/contacts/{contact_id}/merge")
    async def merge(contact_id: str, asked: Merge, agent: AnsweringNow) -> dict[str, Any]:
        """From now on both, and whoever they were merged with before, have one history; nothing is moved."""
        return await run(agent, contact_id, asked, "merge", asked.other)

    @routes.post("/v1/contacts/{contact_id}/part")
    async def part(contact_id: str, asked: Part, agent: AnsweringNow) -> dict[str, Any]:
        """This contact is somebody else than those it was merged with."""
        return await run(agent, contact_id, asked, "part", "")

    @routes.post("/v1/contacts/{contact_id}/preferred-channel")
    async def prefer(contact_id: str, asked: Preferred, agent: AnsweringNow) -> dict[str, Any]:
        """From now on this customer, whichever contact he is, is told of his tickets on this channel."""
        return await run(agent, contact_id, asked, "prefer", asked.channel)

    @routes.post("/v1/contacts/{contact_id}/name")
    async def call(contact_id: str, asked: Called, agent: AnsweringNow) -> dict[str, Any]:
        """What a customer is called who has not signed in; a platform's name for him counts when he writes again."""
        return await run(agent, contact_id, asked, "name", contacts.shown(asked.name).strip())

    @routes.get("/v1/widget/preferred-channel")
    async def preferred(sender: CustomerNow) -> dict[str, Any]:
        """Where the customer wants to be told of his tickets, None: where each was opened; and where he could be."""

        def load(connection: sa.Connection) -> dict[str, Any]:
            who = (sender.tenant, sender.contact)
            has = contacts.channels_of(connection, sender.tenant, contacts.same_person(connection, *who))
            return {"channel": contacts.preference(connection, *who), "channels": has}

        return await service.database.read(load)

    @routes.post("/v1/widget/preferred-channel")
    async def prefer_mine(asked: Wanted, sender: CustomerNow) -> dict[str, Any]:
        """The customer says himself where he wants to be told of his tickets."""
        await service.limits.message(f"{sender.tenant}:preferred:{sender.contact}")
        who = (sender.tenant, sender.contact)
        await service.database.write(lambda tx: contacts.prefer(tx.connection, *who, asked.channel, alone=True))
        return {"channel": asked.channel}

    return routes


def _call(tx: Transaction, agent: Agent, contact: str, name: str) -> None:
    """Gives a contact this name. Raises NotFound, Erased, Invalid for an empty one, Conflict for who has signed in."""
    contacts.lock(tx.connection, agent.tenant, contact)
    if not name:
        raise Invalid("name: a name has letters that can be read.")
    if contacts.is_verified(tx.connection, agent.tenant, contact):
        raise Conflict("The name of a customer who has signed in comes from your own site.", contact=contact)
    contacts.rename(tx.connection, agent.tenant, contact, name)
    tx.ring(desk_topic(agent.tenant))
