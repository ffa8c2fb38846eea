"""HTTP of complaints: the register, filing, classifying, evidence, remedies, and the case file."""

import asyncio
import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from handoff_service import audit
from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.clock import iso
from handoff_service.complaints import remedies, store
from handoff_service.complaints.case_file import case_html, case_json
from handoff_service.complaints.register import add_evidence, as_complaint, classify, file_complaint
from handoff_service.complaints.view import register_json, timelines
from handoff_service.conversations import store as conversations
from handoff_service.conversations.api import Command
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.handoffs.view import agent_names
from handoff_service.inputs import Plain
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tickets import store as tickets
from handoff_service.tickets.commands import Commands
from handoff_service.tickets.listing import Place, read_cursor, write_cursor
from handoff_service.tickets.model import Source, Ticket
from handoff_service.tickets.view import ticket_json, whole_json
from handoff_service.tickets.work import actor_of

COLUMNS = (
    "number", "ticket", "state", "category", "cause", "threat", "filed_at", "due_at", "answered_at", "ended_at",
    "subject",
)  # fmt: skip
LONGEST = timedelta(days=400)
Name = Annotated[Plain, Field(max_length=64)]
Words = Annotated[Plain, Field(max_length=2000)]


class File(Command):
    """A complaint by hand; of a conversation, or of a contact who has called."""

    subject: Words
    conversation: Name | None = None
    contact: Name | None = None
    category: Name | None = None
    wanted: Words = ""
    about_agent: Name | None = None
    priority: int | None = None
    fields: dict[Name, Words] | None = None


class Make(Command):
    category: Name | None = None
    wanted: Words = ""


class Classify(Command):
    category: Name | None = None
    cause: Name | None = None


class Evidence(Command):
    kind: Name
    value: Annotated[Plain, Field(max_length=500)] = ""
    file: Name | None = None


class Propose(Command):
    kind: Name
    amount: int = 0
    note: Annotated[Plain, Field(max_length=500)] = ""


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access, commands = Access(service), Commands(service)
    ReaderNow = Annotated[Agent, Depends(access.may(Permission.COMPLAINTS_READ))]
    WorkerNow = Annotated[Agent, Depends(access.may(Permission.COMPLAINTS_WORK))]

    @routes.get("/v1/complaints")
    async def register(
        agent: ReaderNow,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """The register, the latest first; the last 30 days without `since`."""
        start, end = _span(since, until, service.clock())

        def load(connection: sa.Connection) -> dict[str, Any]:
            listed, after = _register(connection, agent, start, end, cursor, limit)
            names = agent_names(connection, agent.tenant)
            return {
                "complaints": [{**line, "ticket": ticket_json(ticket, names)} for ticket, line in listed],
                "next": after,
            }

        return await service.database.read(load)

    @routes.get("/v1/complaints/export")
    async def export(agent: ReaderNow, since: datetime | None = None, until: datetime | None = None) -> Response:
        """The register as CSV, at most a year of it."""
        start, end = _span(since, until, service.clock())
        lines: list[tuple[Ticket, dict[str, Any]]] = []
        after: str | None = ""
        while after is not None:  # page by page, beside those who write: a year of it takes seconds
            more, after = await service.database.read(
                lambda connection, at=after: _register(connection, agent, start, end, at, 200)  # type: ignore[misc]
            )
            lines += more
        now, count = service.clock(), {"complaints": len(lines)}
        await service.database.write(lambda tx: _audit(tx, agent, "complaints_export", "tenant", count, now))
        headers = {"Content-Disposition": 'attachment; filename="complaints.csv"'}
        content = await asyncio.to_thread(as_csv, lines)
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)

    @routes.post("/v1/complaints")
    async def file(asked: File, agent: WorkerNow) -> dict[str, Any]:
        def work(tx: Transaction, context: Context) -> tuple[Ticket, dict[str, Any]]:
            talk = conversations.find(tx.connection, agent.tenant, asked.conversation) if asked.conversation else None
            parts = asked.model_dump(exclude={"op_id", "conversation", "fields"})
            parts |= {"source": Source.HAND, "actor": actor_of(agent), "context": context}
            return file_complaint(tx, agent.tenant, conversation=talk, fields=asked.fields, **parts), {}

        return await commands.run(agent, "complaint", asked, work)

    @routes.post("/v1/tickets/{ticket_id}/complaint")
    async def make(ticket_id: str, asked: Make, agent: WorkerNow) -> dict[str, Any]:
        """Makes a ticket of another type a complaint."""

        def work(tx: Transaction, ticket: Ticket, context: Context) -> Ticket:
            return as_complaint(tx, agent, ticket, context, category=asked.category, wanted=asked.wanted)

        return await commands.on_ticket(agent, ticket_id, asked, work, what="complaint")

    @routes.post("/v1/complaints/{ticket_id}/classify")
    async def classified(ticket_id: str, asked: Classify, agent: WorkerNow) -> dict[str, Any]:

        def work(tx: Transaction, ticket: Ticket, context: Context) -> Ticket:
            return classify(tx, agent, ticket, context, category=asked.category, cause=asked.cause)

        return await commands.on_ticket(agent, ticket_id, asked, work, what="classify")

    @routes.post("/v1/complaints/{ticket_id}/evidence")
    async def evidence(ticket_id: str, asked: Evidence, agent: WorkerNow) -> dict[str, Any]:
        def work(tx: Transaction, ticket: Ticket, context: Context) -> Ticket:
            return add_evidence(tx, agent, ticket, context, kind=asked.kind, value=asked.value, file=asked.file)

        return await commands.on_ticket(agent, ticket_id, asked, work, what="evidence")

    async def with_remedy(
        agent: Agent,
        ticket_id: str,
        asked: Command,
        work: Callable[[Transaction, Ticket, Context], tuple[Ticket, Any]],
        *,
        what: str,
    ) -> dict[str, Any]:
        """Runs a command about a remedy; the answer has it beside the ticket."""

        def and_show(tx: Transaction, ticket: Ticket, context: Context) -> tuple[Ticket, dict[str, Any]]:
            ticket, remedy = work(tx, ticket, context)
            return ticket, {"remedy": {part: getattr(remedy, part) for part in ("id", "kind", "amount", "state")}}

        return await commands.on_ticket_with(agent, ticket_id, asked, and_show, what=what)

    @routes.post("/v1/complaints/{ticket_id}/remedies")
    async def propose(ticket_id: str, asked: Propose, agent: WorkerNow) -> dict[str, Any]:
        """Offers something: approved at once within the role's limit, else it waits for an approval."""
        told: dict[str, Any] = {"kind": asked.kind, "amount": asked.amount, "note": asked.note}
        return await with_remedy(
            agent, ticket_id, asked, lambda tx, t, c: remedies.propose(tx, agent, t, c, **told), what="propose"
        )

    @routes.post("/v1/complaints/{ticket_id}/remedies/{remedy_id}/approve")
    async def approve(ticket_id: str, remedy_id: str, asked: Command, agent: WorkerNow) -> dict[str, Any]:
        def work(tx: Transaction, ticket: Ticket, context: Context) -> tuple[Ticket, Any]:
            return remedies.decide(tx, agent, ticket, remedy_id, context, approve=True)

        return await with_remedy(agent, ticket_id, asked, work, what=f"approve {remedy_id}")

    @routes.post("/v1/complaints/{ticket_id}/remedies/{remedy_id}/refuse")
    async def refuse(ticket_id: str, remedy_id: str, asked: Command, agent: WorkerNow) -> dict[str, Any]:
        def work(tx: Transaction, ticket: Ticket, context: Context) -> tuple[Ticket, Any]:
            return remedies.decide(tx, agent, ticket, remedy_id, context, approve=False)

        return await with_remedy(agent, ticket_id, asked, work, what=f"refuse {remedy_id}")

    @routes.post("/v1/complaints/{ticket_id}/remedies/{remedy_id}/done")
    async def done(ticket_id: str, remedy_id: str, asked: Command, agent: WorkerNow) -> dict[str, Any]:
        def work(tx: Transaction, ticket: Ticket, context: Context) -> tuple[Ticket, Any]:
            return remedies.carry_out(tx, agent, ticket, remedy_id, context)

        return await with_remedy(agent, ticket_id, asked, work, what=f"done {remedy_id}")

    async def case(agent: Agent, ticket_id: str, *, notes: bool) -> dict[str, Any]:
        now = service.clock()

        def read(connection: sa.Connection) -> tuple[str, dict[str, Any]]:
            ticket = tickets.find(connection, agent.tenant, ticket_id, agent)
            store.find(connection, agent.tenant, ticket.id)
            whole, timeline = whole_json(connection, agent, ticket), timelines(connection, ticket)
            made = case_json(whole, timeline, tenant=agent.tenant, made_at=str(iso(now)), notes=notes)
            return ticket.id, made

        found, made = await service.database.read(read)  # beside those who write, however long its timelines are
        await service.database.write(lambda tx: _audit(tx, agent, "case_export", found, {}, now))
        return made

    @routes.get("/v1/complaints/{ticket_id}/case.json")
    async def case_as_json(ticket_id: str, agent: WorkerNow, notes: bool = False) -> dict[str, Any]:
        """The case file, with the notes for colleagues if asked; that it was read is in the audit."""
        return await case(agent, ticket_id, notes=notes)

    @routes.get("/v1/complaints/{ticket_id}/case.html")
    async def case_as_page(
        ticket_id: str,
        agent: WorkerNow,
        notes: bool = False,
        language: Annotated[str, Query(pattern="^(zh|en)$")] = "zh",
    ) -> HTMLResponse:
        """The case file as a page for the printer."""
        return HTMLResponse(case_html(await case(agent, ticket_id, notes=notes), language))

    return routes


def _span(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when the register is asked for. Raises Invalid."""
    end = until or now + timedelta(seconds=1)
    start = since or end - timedelta(days=30)
    if start.tzinfo is None or end.tzinfo is None:
        raise Invalid("`since` and `until` need their time zone, such as 2026-11-01T00:00:00+08:00.")
    if not start < end <= start + LONGEST:
        raise Invalid(f"`since` lies before `until`, by at most {LONGEST.days} days.")
    return start, end


def _register(
    connection: sa.Connection, agent: Agent, start: datetime, end: datetime, cursor: str, limit: int
) -> tuple[list[tuple[Ticket, dict[str, Any]]], str | None]:
    """Lines of the register that the agent may see, and the cursor of the next page."""
    place = read_cursor(cursor)
    after = (place.due_at, place.id) if place else None
    filed = store.filed(connection, agent.tenant, since=start, until=end, after=after, limit=limit)
    seen = tickets.by_ids(connection, agent.tenant, [one.ticket for one in filed], agent)
    lines = [(seen[one.ticket], register_json(one)) for one in filed if one.ticket in seen]
    last = filed[-1] if len(filed) == limit else None
    return lines, write_cursor(Place(last.filed_at, last.ticket)) if last else None


def as_csv(lines: list[tuple[Ticket, dict[str, Any]]]) -> str:
    """The register as a table; a cell that a spreadsheet would take for a formula begins with an apostrophe. Pure."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for ticket, line in lines:
        known = {
            **line,
            "ticket": ticket.id,
            "number": ticket.number,
            "state": ticket.state,
            "subject": ticket.subject,
            "due_at": iso(ticket.due_at),
            "ended_at": iso(ticket.ended_at),
        }
        table.writerow([_harmless(known[name]) for name in COLUMNS])
    return "﻿" + out.getvalue()  # without the mark a spreadsheet shows Chinese as rubbish


def _harmless(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _audit(tx: Transaction, agent: Agent, action: str, subject: str, detail: dict[str, Any], now: datetime) -> None:
    audit.record(tx, agent.tenant, actor=actor_of(agent), action=action, subject=subject, detail=detail, now=now)
