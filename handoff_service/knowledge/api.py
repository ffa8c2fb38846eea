"""HTTP of the knowledge panel and of learning: agents search, look at gaps and draft; supervisors decide.

Everything but the search is passed to the knowledge base, which keeps it; who asks is written down there.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.inputs import LARGEST, Plain
from handoff_service.knowledge.editing import add_editing
from handoff_service.permissions import Permission
from handoff_service.service import Service

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
Wording = Annotated[Plain, Field(min_length=1, max_length=300)]
InPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# A replay asks thousands of questions.
REPLAY_S = 120.0


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Proposal(_Asked):
    """The answered question of a conversation, by its entry; with `extends` a similar question of that article."""

    conversation: Name
    question: int = Field(ge=0, le=LARGEST)
    extends: Name | None = None
    gap: Name | None = None


class Changes(_Asked):
    """Fields of a draft that get another value."""

    article: Name | None = None
    title: Annotated[Plain, Field(min_length=1, max_length=120)] | None = None
    category: Annotated[Plain, Field(max_length=320)] | None = None
    answer: Annotated[Plain, Field(min_length=1, max_length=20000)] | None = None
    questions: Annotated[list[Wording], Field(max_length=50)] | None = None


class Acceptance(_Asked):
    """Keys of changes for the worse, as the replay names them."""

    changes: list[Name] = Field(min_length=1, max_length=1000)


class Golden(_Asked):
    """A question that must go on being answered with `article`; with null it must not be answered."""

    text: Annotated[Plain, Field(min_length=1, max_length=2000)]
    article: Name | None
    also: list[Name] = Field(default=[], max_length=20)
    language: Literal["zh", "en"]


class Nothing(_Asked):
    pass


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.get("/v1/knowledge/search")
    async def search(
        agent: Annotated[Agent, Depends(access.may(Permission.KNOWLEDGE_READ))],
        q: Annotated[Plain, Query(min_length=1, max_length=500)],
        language: Literal["zh", "en"] | None = None,
    ) -> dict[str, Any]:
        """Articles for an agent who searches."""
        return await service.knowledge.search(q, tenant=agent.tenant, language=language)

    _add_reading(routes, service, access)
    _add_drafting(routes, service, access)
    _add_deciding(routes, service, access)
    add_editing(routes, service, access)
    return routes


def _add_reading(routes: APIRouter, service: Service, access: Access) -> None:
    AgentNow = Annotated[Agent, Depends(access.may(Permission.KNOWLEDGE_READ))]

    async def read(agent: Agent, path: str, **params: str | None) -> Any:
        asked = {name: value for name, value in params.items() if value is not None}
        return await service.knowledge.edit("GET", f"/tenants/{agent.tenant}/{path}", timeout_s=30.0, params=asked)

    @routes.get("/v1/knowledge/gaps")
    async def gaps(
        agent: AgentNow,
        days: Annotated[int, Query(ge=1, le=3650)] = 90,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Any:
        """What customers asked and nobody had an answer for, clustered, the most asked first."""
        return await read(agent, "gaps", days=str(days), limit=str(limit))

    @routes.get("/v1/knowledge/drafts")
    async def drafts(agent: AgentNow, state: Literal["open", "published", "discarded"] | None = None) -> Any:
        """Drafts with the conversation and entry that each came from."""
        return await read(agent, "drafts", state=state)

    @routes.get("/v1/knowledge/drafts/{draft}")
    async def one(agent: AgentNow, draft: InPath) -> Any:
        """One draft."""
        return await read(agent, f"drafts/{draft}")

    @routes.get("/v1/knowledge/golden")
    async def golden(agent: AgentNow) -> Any:
        """The golden questions that were added here; those of the file are not listed."""
        return await read(agent, "golden")

    @routes.get("/v1/knowledge/tasks")
    async def tasks(
        agent: AgentNow,
        owner: Annotated[Plain, Query(max_length=80)] | None = None,
        state: Literal["open", "done"] = "open",
    ) -> dict[str, Any]:
        """What owners of articles have to repair: contradictions, placeholders, expired facts."""
        return {"tasks": await read(agent, "tasks", owner=owner, state=state)}


def _add_drafting(routes: APIRouter, service: Service, access: Access) -> None:
    AgentNow = Annotated[Agent, Depends(access.may(Permission.KNOWLEDGE_DRAFT))]

    @routes.post("/v1/knowledge/drafts")
    async def propose(asked: Proposal, agent: AgentNow) -> Any:
        """An agent's answer becomes a draft; asked again, it is the same one."""
        body = {**asked.model_dump(exclude_none=True), "by": agent.id}
        return await service.knowledge.edit("POST", f"/tenants/{agent.tenant}/drafts", json=body)

    @routes.post("/v1/knowledge/drafts/{draft}")
    async def edit(draft: InPath, asked: Changes, agent: AgentNow) -> Any:
        """Changes an open draft."""
        body = asked.model_dump(exclude_none=True)
        return await service.knowledge.edit("PATCH", f"/tenants/{agent.tenant}/drafts/{draft}", json=body)

    @routes.post("/v1/knowledge/drafts/{draft}/replay")
    async def replay(draft: InPath, _: Nothing, agent: AgentNow) -> Any:
        """Which past and golden questions would be answered otherwise; `blocking` is what must be accepted."""
        path = f"/tenants/{agent.tenant}/drafts/{draft}/replay"
        return await service.knowledge.edit("POST", path, timeout_s=REPLAY_S)


def _add_deciding(routes: APIRouter, service: Service, access: Access) -> None:
    SupervisorNow = Annotated[Agent, Depends(access.may(Permission.KNOWLEDGE_DECIDE))]

    async def decide(agent: Agent, path: str, **body: Any) -> Any:
        body["by"] = agent.id
        return await service.knowledge.edit("POST", f"/tenants/{agent.tenant}/{path}", timeout_s=REPLAY_S, json=body)

    @routes.post("/v1/knowledge/drafts/{draft}/accept")
    async def accept(draft: InPath, asked: Acceptance, agent: SupervisorNow) -> Any:
        """Accepts changes for the worse; by whom and when is kept with the draft."""
        return await decide(agent, f"drafts/{draft}/accept", changes=asked.changes)

    @routes.post("/v1/knowledge/drafts/{draft}/publish")
    async def publish(draft: InPath, _: Nothing, agent: SupervisorNow) -> Any:
        """Publishes a draft after one more replay; 409 while a change for the worse is not accepted."""
        return await decide(agent, f"drafts/{draft}/publish")

    @routes.post("/v1/knowledge/drafts/{draft}/discard")
    async def discard(draft: InPath, _: Nothing, agent: SupervisorNow) -> Any:
        """Closes a draft without publishing it."""
        return await decide(agent, f"drafts/{draft}/discard")

    @routes.post("/v1/knowledge/golden")
    async def add_golden(asked: Golden, agent: SupervisorNow) -> Any:
        """Adds a golden question, or replaces the one with the same wording."""
        return await decide(agent, "golden", **asked.model_dump())

    @routes.post("/v1/knowledge/golden/{key}/drop")
    async def drop_golden(key: InPath, _: Nothing, agent: SupervisorNow) -> Any:
        """Deletes a golden question."""
        return await service.knowledge.edit("DELETE", f"/tenants/{agent.tenant}/golden/{key}")
