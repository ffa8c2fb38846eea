"""HTTP of the article editor: list, read, draft, publish, retire, roll back, delete, and a question tried out.

What an article must be is checked by the knowledge base; its refusals come back with the fields that are wrong.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.inputs import LARGEST, OpId, Plain
from handoff_service.permissions import Permission
from handoff_service.service import Service

Id = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Language = Annotated[Literal["zh", "en"], Path()]
Short = Annotated[Plain, Query(max_length=200)]
ONE = "/v1/knowledge/articles/{article}/{language}"
CHECKS_S = 60.0


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Change(_Asked):
    op_id: OpId
    why: Annotated[Plain, Field(max_length=1000)] = ""


class NewArticle(_Change):
    """The fields of one language version, as in the front matter of a file, with `answer`."""

    article: dict[str, Any]


class Step(_Change):
    """A step on the revision that the editor had before him."""

    revision: int = Field(ge=1, le=LARGEST)


class Edited(Step):
    article: dict[str, Any]


class Publication(Step):
    """`accept`: in spite of errors; what is in doubt is then not answered."""

    accept: bool = False


class RollBack(Step):
    to: int = Field(ge=1, le=LARGEST)


class Trial(_Asked):
    text: Annotated[Plain, Field(min_length=1, max_length=2000)]
    language: Literal["zh", "en"] | None = None


class DraftTrial(Trial):
    """The fields of an article, whether it is stored or not."""

    article: dict[str, Any]


def add_editing(routes: APIRouter, service: Service, access: Access) -> None:
    """Adds the routes of the editor."""
    _add_reading(routes, service, access)
    _add_writing(routes, service, access)
    _add_steps(routes, service, access)


def _add_reading(routes: APIRouter, service: Service, access: Access) -> None:
    AgentNow = Annotated[Agent, Depends(access.may(Permission.KNOWLEDGE_READ))]

    async def read(agent: Agent, path: str, **params: object) -> Any:
        asked = {name: str(value) for name, value in params.items() if value is not None}
        return await service.knowledge.edit("GET", f"/tenants/{agent.tenant}/{path}", timeout_s=30.0, params=asked)

    @routes.get("/v1/knowledge/articles")
    async def articles(
        agent: AgentNow,
        state: Literal["draft", "published", "retired"] | None = None,
        language: Literal["zh", "en"] | None = None,
        category: Short | None = None,
        owner: Short | None = None,
        text: Short | None = None,
        after: Annotated[str | None, Query(pattern=r"^[a-z0-9-]+/[a-z-]+$")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Any:
        """Articles in every state, by id; `after` of an answer asks for the next page."""
        wanted = {"state": state, "language": language, "category": category, "owner": owner, "text": text}
        return await read(agent, "articles", **wanted, after=after, limit=limit)

    @routes.get("/v1/knowledge/categories")
    async def categories(agent: AgentNow) -> dict[str, Any]:
        """The tree of categories with the number of articles in each."""
        return {"categories": await read(agent, "categories")}

    @routes.get(ONE)
    async def one(article: Id, language: Language, agent: AgentNow) -> Any:
        """The newest content of an article, published or not, and the revision that is served."""
        return await read(agent, f"articles/{article}/{language}")

    @routes.get(ONE + "/history")
    async def history(article: Id, language: Language, agent: AgentNow) -> dict[str, Any]:
        """Every step, the newest first, without contents."""
        return {"history": await read(agent, f"articles/{article}/{language}/history")}

    @routes.post("/v1/knowledge/try")
    async def try_out(asked: Trial, agent: AgentNow) -> dict[str, Any]:
        """What the bot would be told about a question now: decision, hits, mood. Nothing is kept of it."""
        return await service.knowledge.understand(asked.text, tenant=agent.tenant, language=asked.language, context=[])


def _add_writing(routes: APIRouter, service: Service, access: Access) -> None:
    AgentNow = Annotated[Agent, Depends(access.may(Permission.KNOWLEDGE_DRAFT))]

    @routes.post("/v1/knowledge/articles")
    async def create(asked: NewArticle, agent: AgentNow) -> Any:
        """A new draft."""
        path = f"/tenants/{agent.tenant}/articles"
        return await service.knowledge.edit("POST", path, json=_told(asked, agent))

    @routes.post(ONE)
    async def edit(article: Id, language: Language, asked: Edited, agent: AgentNow) -> Any:
        """New content as a draft; what is published stays as it is."""
        path = f"/tenants/{agent.tenant}/articles/{article}/{language}"
        return await service.knowledge.edit("PUT", path, json=_told(asked, agent))

    @routes.post("/v1/knowledge/try-draft")
    async def try_draft(asked: DraftTrial, agent: AgentNow) -> Any:
        """What becomes of a question now (`live`), and what would if this version of an article were published."""
        path = f"/tenants/{agent.tenant}/articles/try"
        return await service.knowledge.edit("POST", path, timeout_s=CHECKS_S, json=asked.model_dump(exclude_none=True))

    @routes.post("/v1/knowledge/preview")
    async def preview(asked: NewArticle, agent: AgentNow) -> dict[str, Any]:
        """The passages by which an article that is nowhere stored would be found."""
        path = f"/tenants/{agent.tenant}/articles/preview"
        return {"passages": await service.knowledge.edit("POST", path, json={"article": asked.article})}


def _add_steps(routes: APIRouter, service: Service, access: Access) -> None:
    EditorNow = Annotated[Agent, Depends(access.may(Permission.KNOWLEDGE_DECIDE))]

    async def step(agent: Agent, article: str, language: str, verb: str, asked: Step) -> Any:
        path = f"/tenants/{agent.tenant}/articles/{article}/{language}/{verb}"
        return await service.knowledge.edit("POST", path, timeout_s=CHECKS_S, json=_told(asked, agent))

    @routes.post(ONE + "/publish")
    async def publish(article: Id, language: Language, asked: Publication, agent: EditorNow) -> Any:
        """Customers get it from now on; 409 with `findings` when it contradicts others and `accept` is not set."""
        return await step(agent, article, language, "publish", asked)

    @routes.post(ONE + "/retire")
    async def retire(article: Id, language: Language, asked: Step, agent: EditorNow) -> Any:
        """Nobody gets it any more; it can be published again."""
        return await step(agent, article, language, "retire", asked)

    @routes.post(ONE + "/roll-back")
    async def roll_back(article: Id, language: Language, asked: RollBack, agent: EditorNow) -> Any:
        """An earlier content becomes the newest draft."""
        return await step(agent, article, language, "roll-back", asked)

    @routes.post(ONE + "/delete")
    async def delete(article: Id, language: Language, asked: Step, agent: EditorNow) -> Any:
        """For good: its contents go, who did what and when stays."""
        return await step(agent, article, language, "delete", asked)

    @routes.post("/v1/knowledge/review")
    async def review(agent: EditorNow) -> Any:
        """All checks of all that is published; what is found becomes a task of its owner."""
        return await service.knowledge.edit("POST", f"/tenants/{agent.tenant}/review", timeout_s=CHECKS_S)


def _told(asked: _Change, agent: Agent) -> dict[str, Any]:
    """The change as the knowledge base takes it: who does it, and its op under the agent's own name."""
    body = asked.model_dump(exclude={"op_id"})
    return {**body, "actor": agent.id, "op": f"{agent.id}.{asked.op_id}"}
