"""HTTP of training: supervisors label what was misunderstood, review one another, train and put versions live."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import Field

from handoff_service import audit
from handoff_service.access import Access
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.clock import iso
from handoff_service.conversations.api import Command
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Forbidden
from handoff_service.inputs import Plain
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.training import store
from handoff_service.training.collect import collect
from handoff_service.training.label import drop, label, review
from handoff_service.training.lines import accepted, as_rasa_yaml, for_training, may_train
from handoff_service.training.model import LONGEST, Misunderstood, State
from handoff_service.training.models import shown

Intent = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Version = Annotated[str, Field(pattern=r"^v[A-Za-z0-9-]{1,63}$")]
InPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
SHOWN = 200


class Label(Command):
    intent: Intent
    text: Annotated[Plain, Field(min_length=1, max_length=LONGEST)]


class Review(Command):
    accept: bool


class Choice(Command):
    version: Version


class Trainers:
    """Who may train: those with the permission, of tenants that may."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._trainer = Access(service).may(Permission.BOT_TRAIN)
        self.permission = self._trainer.permission

    async def __call__(self, request: Request) -> Agent:
        """The one who asks. Raises Unauthorized, Forbidden."""
        agent = await self._trainer(request)
        settings = self._service.settings
        if not await self._service.database.read(lambda c: may_train(c, agent.tenant, settings)):
            raise Forbidden("All tenants share the bot, and TANDEM_TRAINING_TENANTS does not list yours.")
        return agent


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/training")
    trainers = Trainers(service)
    _add_messages(routes, service, trainers)
    _add_models(routes, service, trainers)
    return routes


def _add_messages(routes: APIRouter, service: Service, trainers: Trainers) -> None:
    TrainerNow = Annotated[Agent, Depends(trainers)]

    async def change(
        agent: Agent, subject: str, asked: Command, work: Callable[[Transaction, Context], Misunderstood]
    ) -> dict[str, Any]:
        """Runs a command once per op_id."""
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            def act() -> dict[str, Any]:
                return _json(work(tx, context), agents.names(tx.connection, agent.tenant))

            request = {"subject": subject, "command": type(asked).__name__, **asked.model_dump()}
            return once(tx, agent.tenant, f"agent:{agent.id}", asked.op_id, request=request, now=context.now, work=act)

        return await service.database.write(write)

    @routes.get("/messages")
    async def messages(
        agent: TrainerNow,
        state: Literal["open", "labelled", "accepted"] = "open",
        limit: Annotated[int, Query(ge=1, le=SHOWN)] = 50,
    ) -> dict[str, Any]:
        """Misunderstood messages without personal data, the newest first."""

        def read(connection: Any) -> dict[str, Any]:
            names = agents.names(connection, agent.tenant)
            found = store.listed(connection, agent.tenant, [State(state)], limit=limit)
            return {
                "messages": [_json(one, names) for one in found],
                "counts": store.counts(connection, agent.tenant),
                "four_eyes": service.settings.training_four_eyes,
            }

        return await service.database.read(read)

    @routes.post("/messages/collect")
    async def look(_: Command, agent: TrainerNow) -> dict[str, Any]:
        """Looks through the conversations that changed since the last time; how many messages are new."""
        new = await collect(service.database, service.knowledge, agent.tenant, service.clock)
        return {"new": new}

    @routes.post("/messages/{message}/label")
    async def labelled(message: InPath, asked: Label, agent: TrainerNow) -> dict[str, Any]:
        """Picks the intent and the wording; what is personal in the wording is masked."""
        language = await service.database.read(lambda c: store.find(c, agent.tenant, message).language)
        (wording,) = await service.knowledge.mask([(asked.text, language)])
        return await change(
            agent,
            f"label {message}",
            asked,
            lambda tx, context: label(tx, agent, message, intent=asked.intent, wording=wording, context=context),
        )

    @routes.post("/messages/{message}/review")
    async def reviewed(message: InPath, asked: Review, agent: TrainerNow) -> dict[str, Any]:
        """Accepts a label of somebody else, or opens the message again."""
        return await change(
            agent,
            f"review {message}",
            asked,
            lambda tx, context: review(tx, agent, message, accept=asked.accept, context=context),
        )

    @routes.post("/messages/{message}/drop")
    async def dropped(message: InPath, asked: Command, agent: TrainerNow) -> dict[str, Any]:
        """Takes a message out."""
        return await change(
            agent, f"drop {message}", asked, lambda tx, context: drop(tx, agent, message, context=context)
        )

    @routes.get("/lines", response_class=PlainTextResponse)
    async def lines(agent: TrainerNow) -> PlainTextResponse:
        """The accepted lines as a training file of Rasa."""
        found = await service.database.read(lambda c: accepted(c, agent.tenant))
        headers = {"Content-Disposition": 'attachment; filename="reviewed.yml"'}
        return PlainTextResponse(as_rasa_yaml(found), media_type="application/yaml", headers=headers)


def _add_models(routes: APIRouter, service: Service, trainers: Trainers) -> None:
    TrainerNow = Annotated[Agent, Depends(trainers)]

    async def record(agent: Agent, action: str, subject: str, **detail: Any) -> None:
        now = service.clock()
        await service.database.write(
            lambda tx: audit.record(
                tx, agent.tenant, actor=f"agent:{agent.id}", action=action, subject=subject, detail=detail, now=now
            )
        )

    @routes.get("/models")
    async def models(agent: TrainerNow) -> dict[str, Any]:
        """The versions with their figures, who put them live, and how the newest training goes."""
        state = await service.models.state()
        names = await service.database.read(lambda c: agents.names(c, agent.tenant))
        return shown(state, agent.tenant, names)

    @routes.post("/models/train", status_code=202)
    async def train(_: Command, agent: TrainerNow) -> dict[str, Any]:
        """Starts a training with the data and all accepted lines; its gate decides whether it goes live."""
        lines = await service.database.read(lambda c: for_training(c, service.settings))
        started = await service.models.train(agent, lines)
        await record(agent, "model_train", "bot", lines=len(lines))
        return {"training": {**started["training"], "by": agent.name}}

    @routes.post("/models/live")
    async def live(asked: Choice, agent: TrainerNow) -> dict[str, Any]:
        """Puts a version live that its gate has passed."""
        moved = await service.models.put_live(agent, asked.version)
        await record(agent, "model_live", asked.version)
        return moved

    @routes.post("/models/rollback")
    async def rollback(asked: Choice, agent: TrainerNow) -> dict[str, Any]:
        """Goes back from the live version, which must be this one, to the one before."""
        moved = await service.models.roll_back(agent, asked.version)
        await record(agent, "model_rollback", asked.version, to=moved["live"])
        return moved


def _json(one: Misunderstood, names: dict[str, str]) -> dict[str, Any]:
    kept = ("id", "conversation", "seq", "language", "reason", "state", "text", "intent", "confidence", "wording")
    return {
        **{name: getattr(one, name) for name in kept},
        "at": iso(one.at),
        "label": one.label,
        "labelled_by": names.get(one.labelled_by or ""),
        "labelled_by_id": one.labelled_by,
        "labelled_at": iso(one.labelled_at),
        "reviewed_by": names.get(one.reviewed_by or ""),
        "reviewed_at": iso(one.reviewed_at),
    }
