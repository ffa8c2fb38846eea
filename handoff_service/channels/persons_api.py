"""HTTP of persons: an agent says that two contacts are one and the same customer, or that they are not."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from handoff_service import audit
from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.channels import contacts
from handoff_service.database import Transaction
from handoff_service.inputs import Command, Plain
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service


class Merge(Command):
    other: Plain


class Part(Command):
    pass


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    AnsweringNow = Annotated[Agent, Depends(Access(service).may(Permission.CONVERSATIONS_ANSWER))]

    async def run(agent: Agent, contact: str, asked: Command, deed: str, other: str) -> dict[str, Any]:
        context, actor = service.context(), f"agent:{agent.id}"

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                if deed == "merge":
                    contacts.join(tx.connection, agent.tenant, contact, other)
                else:
                    contacts.part(tx.connection, agent.tenant, contact)
                detail = {"other": other} if other else {}
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

    return routes
