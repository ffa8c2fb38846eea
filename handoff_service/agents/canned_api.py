"""HTTP of canned replies, as an agent gets them for one conversation."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends

from handoff_service.access import Access
from handoff_service.agents.canned import for_conversation
from handoff_service.agents.model import Agent
from handoff_service.channels import contacts
from handoff_service.conversations import store as conversations
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tenants import store as tenants


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.get("/v1/conversations/{conversation_id}/canned-replies")
    async def ready(
        conversation_id: str, agent: Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_READ))]
    ) -> dict[str, Any]:
        """Those for the conversation's queue and language, with everything filled in."""

        def load(connection: sa.Connection) -> dict[str, Any]:
            found = conversations.find(connection, agent.tenant, conversation_id)
            tenant = tenants.find(connection, agent.tenant)
            return {
                "speaking_as": {"tenant": tenant.id, "name": tenant.name},
                "canned_replies": for_conversation(
                    tenant,
                    agent,
                    language=found.language,
                    queue=found.owner.queue,
                    channel=found.channel,
                    customer=contacts.names(connection, agent.tenant, [found.contact]).get(found.contact),
                    conversation=found.id,
                ),
            }

        return await service.database.read(load)

    return routes
