"""HTTP of files: uploading one, and getting it back as something that a browser saves and never runs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.conversations import store as conversations
from handoff_service.conversations.access import readable, visible
from handoff_service.database import Transaction
from handoff_service.errors import Invalid, Malformed, NotFound, TooLarge, TooMany
from handoff_service.files import links, store
from handoff_service.files.keep import keep
from handoff_service.files.model import StoredFile, clean_name, disposition
from handoff_service.files.shelf import shelf_of
from handoff_service.files.voice import VoiceSniffer
from handoff_service.live.principal import Principal
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tickets import store as tickets

MOST_UNSENT = 20


def may_see(principal: Principal, file: StoredFile) -> bool:
    """Agents see the files of their tenant; a customer his own, and what was said to him."""
    if principal.customer is None:
        return True
    own = file.author == ":".join(principal.key)
    return file.contact == principal.customer.contact and (own or file.audience == "public")


def _is_read_by(connection: sa.Connection, principal: Principal, file: StoredFile) -> bool:
    """Whether an agent sees the entry that the file belongs to: it may be whispered to another, or kept from him."""
    if principal.agent is None or file.conversation is None or not file.seq:  # 0: only named in a ticket
        return True
    entry = conversations.entry_at(connection, file.tenant, file.conversation, file.seq)
    return bool(readable([entry], principal.agent))


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            if piece:
                yield piece
    except ClientDisconnect as error:
        raise Malformed("The upload was cut off.") from error


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    PrincipalNow = Annotated[Principal, Depends(access.principal)]

    def allowed(connection: sa.Connection, principal: Principal, conversation_id: str) -> tuple[str, str | None]:
        """The contact and the conversation of a new file. Raises NotFound, TooMany."""
        if store.unsent(connection, principal.tenant, ":".join(principal.key)) >= MOST_UNSENT:
            raise TooMany("You have uploaded many files without sending them; send those first.")
        if conversation_id == "current" and principal.customer is not None:
            return principal.customer.contact, None
        found = visible(connection, principal, conversation_id)
        return found.contact, found.id

    @routes.post("/v1/conversations/{conversation_id}/files", status_code=201)
    async def upload(
        request: Request,
        conversation_id: str,
        principal: PrincipalNow,
        name: Annotated[str, Query(max_length=1000)] = "",
        voice: bool = False,
    ) -> dict[str, Any]:
        await service.limits.message(":".join((principal.tenant, *principal.key)))
        whose = await service.database.read(lambda c: allowed(c, principal, conversation_id))
        sniffer = VoiceSniffer() if voice else None
        return await taken_in(request, principal.tenant, ":".join(principal.key), whose, name, sniffer)

    @routes.post("/v1/tickets/{ticket_id}/upload", status_code=201)
    async def upload_for_ticket(
        request: Request,
        ticket_id: str,
        agent: Annotated[Agent, Depends(access.may(Permission.TICKETS_WORK))],
        name: Annotated[str, Query(max_length=1000)] = "",
    ) -> dict[str, Any]:
        """A file about a ticket that needs no conversation; `files` then names it in the ticket."""
        author = f"agent:{agent.id}"
        await service.limits.message(f"{agent.tenant}:{author}")
        contact = await service.database.read(lambda c: customer_of(c, agent, ticket_id))
        return await taken_in(request, agent.tenant, author, (contact, None), name, None)

    def customer_of(connection: sa.Connection, agent: Agent, ticket_id: str) -> str:
        """Whom a file about a ticket belongs to. Raises NotFound, TooMany, and Invalid for a ticket of nobody."""
        ticket = tickets.find(connection, agent.tenant, ticket_id, agent)
        if store.unsent(connection, agent.tenant, f"agent:{agent.id}") >= MOST_UNSENT:
            raise TooMany("You have uploaded many files without sending them; send those first.")
        if ticket.contact is None:  # what belongs to nobody, nobody could ask to have erased
            raise Invalid("This ticket has no customer; link a conversation first, then it takes files.")
        return ticket.contact

    async def taken_in(
        request: Request,
        tenant: str,
        author: str,
        whose: tuple[str, str | None],
        name: str,
        sniffer: VoiceSniffer | None,
    ) -> dict[str, Any]:
        """The file of a request, kept for a contact and perhaps a conversation."""
        contact, conversation = whose
        most, told = service.settings.file_max_bytes, request.headers.get("content-length", "0")
        if told.isdigit() and int(told) > most:
            raise TooLarge(f"The file is larger than {most} bytes.")
        content = await keep(service.settings, tenant, _pieces(request), most=most, sniffer=sniffer)
        file = StoredFile(
            tenant=tenant,
            id=content.id,
            contact=contact,
            conversation=conversation,
            author=author,
            name=clean_name(name),
            type=content.type,
            size=content.size,
            sha256=content.sha256,
            seq=None,
            audience=None,
            created_at=service.clock(),
        )

        def add(tx: Transaction) -> None:
            store.add(tx.connection, file)

        try:
            await service.database.write(add)
        except BaseException:
            await asyncio.to_thread(shelf_of(service.settings).drop, file.tenant, [file.id])
            raise
        return {"file": file.as_json()}

    async def served(file: StoredFile) -> StreamingResponse:
        """The content as something that a browser saves and never runs. Raises NotFound, and Unavailable."""
        size, pieces = await shelf_of(service.settings).open(file.tenant, file.id)
        media = f"{file.type}; charset=utf-8" if file.type.startswith("text/") else file.type
        headers = {"Content-Disposition": disposition(file.name), "Content-Length": str(size)}
        return StreamingResponse(pieces, media_type=media, headers=headers)

    @routes.get("/v1/files/{file_id}")
    async def download(file_id: str, principal: PrincipalNow) -> StreamingResponse:
        def find(connection: sa.Connection) -> StoredFile | None:
            file = store.find(connection, principal.tenant, file_id)
            return file if may_see(principal, file) and _is_read_by(connection, principal, file) else None

        if (file := await service.database.read(find)) is None:
            raise NotFound(f"There is no file {file_id[:64]}.")
        return await served(file)

    @routes.get("/v1/shared/{tenant}/{file_id}")
    async def shared(
        tenant: str, file_id: str, until: int, proof: Annotated[str, Query(max_length=64)]
    ) -> StreamingResponse:
        """What was sent to a customer, for the platform that delivers it and for him: whoever has the link."""
        links.check(service.settings, tenant, file_id, until, proof, service.clock())
        file = await service.database.read(lambda connection: store.find(connection, tenant, file_id))
        if file.audience != "public":
            raise NotFound(f"There is no file {file_id[:64]}.")
        return await served(file)

    return routes
