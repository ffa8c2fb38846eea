"""HTTP of calls: ring, respond, hang up. What the browsers say to each other goes over their sockets (`signal`)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.conversations.access import visible
from handoff_service.conversations.api import Command
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.handoffs.api import OwnedCommand
from handoff_service.handoffs.assign import as_author
from handoff_service.inputs import Plain
from handoff_service.live.principal import Principal
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.video import commands
from handoff_service.video.ice import ice_servers


class Ring(OwnedCommand):
    media: Literal["voice", "video"]


class Respond(Command):
    call: Plain
    accept: bool


class HangUp(Command):
    call: Plain


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    AgentNow = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    CustomerNow = Annotated[Sender, Depends(access.customer)]
    PrincipalNow = Annotated[Principal, Depends(access.principal)]

    def servers(who: str) -> list[dict[str, Any]]:
        return ice_servers(service.settings, who, service.clock())

    @routes.post("/v1/conversations/{conversation_id}/call")
    async def ring(conversation_id: str, asked: Ring, agent: AgentNow) -> dict[str, Any]:
        """The agent rings; the customer sees an entry that he can agree to or decline for a minute."""
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                entry = commands.ring(tx, conversation_id, agent, asked.epoch, asked.media, context)
                return {"conversation": conversation_id, "call": entry.body["call"]["id"], "seq": entry.seq}

            request = {"subject": conversation_id, "command": "Ring", **asked.model_dump()}
            return once(tx, agent.tenant, f"agent:{agent.id}", asked.op_id, request=request, now=context.now, work=work)

        return {**await service.database.write(write), "ice": servers(agent.id)}

    @routes.post("/v1/conversations/{conversation_id}/call/respond")
    async def respond(conversation_id: str, asked: Respond, sender: CustomerNow) -> dict[str, Any]:
        """The customer agrees (his consent is an entry of his) or declines."""
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            conversation = visible(tx.connection, Principal(customer=sender), conversation_id, lock=True)

            def work() -> dict[str, Any]:
                author, accept = sender.author, asked.accept
                entry = commands.respond(tx, conversation, author, asked.call, context, accept=accept)
                return {"conversation": conversation.id, "call": asked.call, "seq": entry.seq}

            who = f"customer:{sender.contact}"
            request = {"conversation": conversation_id, "command": "call respond", **asked.model_dump()}
            return once(tx, sender.tenant, who, asked.op_id, request=request, now=context.now, work=work)

        return {**await service.database.write(write), "ice": servers(sender.contact) if asked.accept else []}

    @routes.post("/v1/conversations/{conversation_id}/call/end")
    async def end(conversation_id: str, asked: HangUp, principal: PrincipalNow) -> dict[str, Any]:
        """Either side hangs up; a call that is over stays so."""
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            conversation = visible(tx.connection, principal, conversation_id, lock=True)
            if principal.agent is not None:
                commands.check_party(conversation, principal.agent)
            author = as_author(principal.agent) if principal.agent else principal.as_customer().author
            entry = commands.hang_up(tx, conversation, author, asked.call, context)
            return {"conversation": conversation.id, "call": asked.call, "seq": entry.seq if entry else None}

        return await service.database.write(write)

    return routes
