"""HTTP of tickets."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.callers import Caller
from handoff_service.complaints.register import file_complaint
from handoff_service.conversations import store as conversations
from handoff_service.conversations.api import Command
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.handoffs.view import agent_names
from handoff_service.inputs import Plain
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tickets import follow_up, merge, store, update, work
from handoff_service.tickets.commands import Commands, standing
from handoff_service.tickets.listing import MOST, Filter, page
from handoff_service.tickets.model import Source, State, Ticket
from handoff_service.tickets.open import open_work
from handoff_service.tickets.settings import COMPLAINT
from handoff_service.tickets.view import ticket_json, whole_json

Name = Annotated[Plain, Field(max_length=64)]
Line = Annotated[Plain, Field(max_length=500)]
Text = Annotated[str, Field(max_length=8000)]
Fields = dict[Annotated[Plain, Field(max_length=64)], Annotated[Plain, Field(max_length=2000)]]


class Open(Command):
    """A ticket by hand; of a conversation, of a contact, or of neither."""

    subject: Line
    type: Name
    conversation: Name | None = None
    contact: Name | None = None
    priority: int | None = None
    tier: int = 1
    queue: Name | None = None
    agent: Name | None = None
    fields: Fields | None = None
    due_at: AwareDatetime | None = Field(None, strict=False)


class Assign(Command):
    to_agent: Name | None = None
    to_queue: Name | None = None


class End(Command):
    """`note` is for colleagues; `tell` goes to the customer before."""

    note: Annotated[Plain, Field(max_length=2000)] = ""
    tell: Text = ""


class Update(Command):
    """`wait`: from now on the customer is awaited."""

    text: Text
    audience: Literal["internal", "public"] = "internal"
    wait: bool = False


class Change(Command):
    subject: Line | None = None
    type: Name | None = None
    priority: int | None = None
    tier: int | None = None
    fields: Fields | None = None
    due_at: AwareDatetime | None = Field(None, strict=False)


class Link(Command):
    conversation: Name


class Attach(Command):
    file: Name


class Merge(Command):
    into: Name


class Split(Command):
    subject: Line
    type: Name | None = None
    lines: list[int] = Field([], max_length=100)
    conversations: list[Name] = Field([], max_length=100)


class FollowUp(Command):
    """Without a time: what was planned is not wanted any more."""

    at: AwareDatetime | None = Field(None, strict=False)
    in_days: int | None = Field(None, ge=1, le=730)
    kind: Name = "message"
    text: Text = ""


class Outcome(Command):
    outcome: Name


Work = Callable[[Transaction, Ticket, Context], Ticket]


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access, commands = Access(service), Commands(service)
    ReaderNow = Annotated[Caller, Depends(access.calls(Permission.TICKETS_READ))]
    WorkerNow = Annotated[Agent, Depends(access.may(Permission.TICKETS_WORK))]

    @routes.get("/v1/tickets")
    async def listed(
        caller: ReaderNow,
        state: Annotated[list[State] | None, Query()] = None,
        owner: Annotated[str | None, Query(max_length=64)] = None,
        queue: Annotated[str | None, Query(max_length=64)] = None,
        type: Annotated[str | None, Query(max_length=64)] = None,
        priority: Annotated[int | None, Query(ge=0, le=9)] = None,
        due_before: AwareDatetime | None = None,
        contact: Annotated[str | None, Query(max_length=64)] = None,
        conversation: Annotated[str | None, Query(max_length=64)] = None,
        text: Annotated[str, Query(max_length=200)] = "",
        cursor: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    ) -> dict[str, Any]:
        """Unfinished tickets, due first at the top; with `text` any, newest first. `owner`: me, none or an agent's id.

        Promises to answer a conversation are among them: type `message`, no number.
        """
        asked = Filter(
            states=frozenset(state or ()),
            agent=_owner(owner, caller),
            queue=queue,
            type=type,
            priority=priority,
            due_before=due_before,
            contact=contact,
            conversation=conversation,
            text=text.strip(),
        )

        def load(connection: sa.Connection) -> dict[str, Any]:
            found = page(connection, caller, asked, cursor=cursor or None, limit=limit)
            names = agent_names(connection, caller.tenant)
            return {"tickets": [ticket_json(one, names) for one in found.tickets], "next": found.next}

        return await service.database.read(load)

    @routes.get("/v1/tickets/{ticket_id}")
    async def one(ticket_id: str, caller: ReaderNow) -> dict[str, Any]:
        """A ticket by its id or number; of a merged one what it was merged into, which contains it."""

        def load(connection: sa.Connection) -> dict[str, Any]:
            asked = store.find(connection, caller.tenant, ticket_id, caller)
            found = store.find(connection, caller.tenant, store.root_of(connection, asked).id, caller)
            return {**whole_json(connection, caller, found), "asked": asked.number or asked.id}

        return await service.database.read(load)

    @routes.post("/v1/tickets")
    async def opened(asked: Open, agent: WorkerNow) -> dict[str, Any]:
        def act(tx: Transaction, context: Context) -> tuple[Ticket, dict[str, Any]]:
            talk = conversations.find(tx.connection, agent.tenant, asked.conversation) if asked.conversation else None
            parts = asked.model_dump(exclude={"op_id", "conversation", "type"}, exclude_none=True)
            parts |= {"conversation": talk, "source": Source.HAND, "actor": work.actor_of(agent), "context": context}
            if asked.type == COMPLAINT:
                return file_complaint(tx, agent.tenant, **parts), {}
            return open_work(tx, agent.tenant, type=asked.type, **parts), {}

        return await commands.run(agent, "open", asked, act)

    def command(path: str, body: type[Command], does: Callable[[Agent, Any], Work]) -> None:
        """A route for a command on one ticket."""

        async def run(ticket_id: str, asked: Any, agent: Agent) -> dict[str, Any]:
            return await commands.on_ticket(agent, ticket_id, asked, does(agent, asked), what=path)

        run.__annotations__ |= {"asked": body, "agent": WorkerNow}
        routes.add_api_route(f"/v1/tickets/{{ticket_id}}/{path}", run, methods=["POST"], name=path)

    command("take", Command, lambda agent, _: lambda tx, t, c: work.take(tx, agent, t, c))
    command("release", Command, lambda agent, _: lambda tx, t, c: work.release(tx, agent, t, c))
    command("wait", Command, lambda agent, _: lambda tx, t, c: work.wait(tx, agent, t, c))
    command(
        "assign",
        Assign,
        lambda agent, a: lambda tx, t, c: work.assign(tx, agent, t, c, to_agent=a.to_agent, to_queue=a.to_queue),
    )
    command(
        "reopen",
        Command,
        lambda agent, _: lambda tx, t, c: work.reopen(tx, t, work.actor_of(agent), c, {}),
    )
    command("close", End, lambda agent, a: lambda tx, t, c: work.close(tx, agent, t, c, note=a.note))
    command("done", Command, lambda agent, _: lambda tx, t, c: work.finish(tx, agent, t, c))
    command(
        "change",
        Change,
        lambda agent, a: lambda tx, t, c: work.change(tx, agent, t, c, **a.model_dump(exclude={"op_id"})),
    )
    command("link", Link, lambda agent, a: lambda tx, t, c: work.link(tx, agent, t, a.conversation, c))
    command("unlink", Link, lambda agent, a: lambda tx, t, c: work.unlink(tx, agent, t, a.conversation, c))
    command("files", Attach, lambda agent, a: lambda tx, t, c: work.attach(tx, agent, t, a.file, c))
    command(
        "follow-up",
        FollowUp,
        lambda agent, a: (
            lambda tx, t, c: follow_up.plan(
                tx, agent, t, c, at=follow_up.wanted_at(c, at=a.at, in_days=a.in_days), kind=a.kind, text=a.text
            )
        ),
    )
    command(
        "outcome",
        Outcome,
        lambda agent, a: lambda tx, t, c: follow_up.note_outcome(tx, agent, t, c, outcome=a.outcome),
    )

    @routes.post("/v1/tickets/{ticket_id}/update")
    async def updated(ticket_id: str, asked: Update, agent: WorkerNow) -> dict[str, Any]:
        """Notes something for colleagues, or tells the customer on his channel."""

        def act(tx: Transaction, context: Context) -> tuple[Ticket, dict[str, Any]]:
            if asked.audience == "public":
                ticket = update.tell(tx, agent, ticket_id, asked.text, context)
            else:
                ticket = update.note(tx, agent, work.locked(tx, agent, ticket_id), asked.text, context)
            return work.wait(tx, agent, ticket, context) if asked.wait else ticket, {}

        return await commands.run(agent, f"update {ticket_id}", asked, act)

    @routes.post("/v1/tickets/{ticket_id}/resolve")
    async def resolved(ticket_id: str, asked: End, agent: WorkerNow) -> dict[str, Any]:
        """Says that it is solved; the customer is told when there are words for him."""

        def act(tx: Transaction, context: Context) -> tuple[Ticket, dict[str, Any]]:
            if asked.tell:
                update.tell(tx, agent, ticket_id, asked.tell, context)
            return work.resolve(tx, agent, work.locked(tx, agent, ticket_id), context, note=asked.note), {}

        return await commands.run(agent, f"resolve {ticket_id}", asked, act)

    @routes.post("/v1/tickets/{ticket_id}/merge")
    async def merged(ticket_id: str, asked: Merge, agent: WorkerNow) -> dict[str, Any]:
        """Merges this ticket into another; the answer is where that one stands."""
        return await commands.run(
            agent, f"merge {ticket_id}", asked, lambda tx, c: (merge.merge(tx, agent, ticket_id, asked.into, c), {})
        )

    @routes.post("/v1/tickets/{ticket_id}/split")
    async def split(ticket_id: str, asked: Split, agent: WorkerNow) -> dict[str, Any]:
        """Opens a second ticket for a part of this one; the answer has both."""

        def act(tx: Transaction, ticket: Ticket, context: Context) -> tuple[Ticket, dict[str, Any]]:
            told = asked.model_dump(exclude={"op_id"})
            first, second = merge.split(tx, agent, ticket, context, **told)
            return first, {"second": standing(second)}

        return await commands.on_ticket_with(agent, ticket_id, asked, act, what="split")

    return routes


def _owner(asked: str | None, caller: Caller) -> str | None:
    """The agent whose tickets are asked for; `me` is nobody's name when an integrator asks. Raises Invalid."""
    if asked != "me":
        return asked
    if caller.agent is None:
        raise Invalid("`owner=me` is for agents; name an agent's id.")
    return caller.agent.id
