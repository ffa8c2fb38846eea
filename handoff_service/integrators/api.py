"""HTTP for integrators (`/v1/api`): what their systems read and write with an API key; documented in /openapi.json."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.callers import Caller
from handoff_service.changes import Changing, IdempotencyKey
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.access import projected_to
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Author, AuthorKind, Conversation, Draft, Kind
from handoff_service.conversations.receive import clean_text
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.inputs import Plain, Seq
from handoff_service.integrators import examples, store
from handoff_service.permissions import Permission
from handoff_service.service import Service
from handoff_service.tables import EPOCH

# Changes are dated when they begin: by then one that began earlier is committed.
SETTLED = timedelta(seconds=10)

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[Plain, Query(max_length=200, description="`cursor` of the page before; without it the first page")]


class Note(BaseModel):
    """An internal note: the customer never sees it."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [examples.NOTE]})

    text: Plain = Field(min_length=1, max_length=4000)


def shown(conversation: Conversation) -> dict[str, Any]:
    """A conversation as integrators see it."""
    return {
        "id": conversation.id,
        "channel": conversation.channel,
        "contact": conversation.contact,
        "language": conversation.language,
        "owner": {
            "kind": conversation.owner.kind,
            "agent": conversation.owner.agent,
            "queue": conversation.owner.queue,
        },
        "last_seq": conversation.last_seq,
        "opened_at": iso(conversation.opened_at),
        "updated_at": iso(conversation.updated_at),
        "closed_at": iso(conversation.closed_at),
    }


def as_cursor(updated_at: datetime, conversation: str) -> str:
    """A place in the order of changes, as text that means nothing to its reader."""
    moment = (updated_at - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(json.dumps([moment, conversation]).encode()).decode()


def from_cursor(cursor: str) -> tuple[datetime, str]:
    """The place again. Raises Invalid for what `as_cursor` has not written."""
    try:
        moment, name = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if not isinstance(moment, int) or not isinstance(name, str) or "\x00" in name:
            raise TypeError(cursor)
        return (EPOCH + timedelta(microseconds=moment)).astimezone(UTC), name
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Invalid("`cursor` is none that a page before had; begin without one.") from error


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/api", tags=["integrators"])
    access, changing = Access(service), Changing(service)
    _add_reading(routes, service, access)
    _add_writing(routes, access, changing)
    return routes


def _add_reading(routes: APIRouter, service: Service, access: Access) -> None:
    ReaderNow = Annotated[Caller, Depends(access.calls(Permission.CONVERSATIONS_READ))]

    @routes.get("/conversations", responses=examples.of(examples.CONVERSATIONS))
    async def listed(caller: ReaderNow, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
        """Conversations in the order of their last change, the longest unchanged first.

        The last page has a cursor too: asked again later, it brings what has changed since, and once more what has
        changed in the ten seconds before it was asked.
        """
        after, settled = from_cursor(cursor) if cursor is not None else None, service.clock() - SETTLED
        found = await service.database.read(
            lambda connection: store.changed_after(connection, caller.tenant, after, limit=limit + 1)
        )
        page, more = found[:limit], len(found) > limit
        place = (page[-1].updated_at, page[-1].id) if page else after
        if not more:  # who changes something at this moment may come before one whose change is known
            place = min(place or (settled, ""), (settled, ""))
        return {"conversations": [shown(one) for one in page], "cursor": place and as_cursor(*place), "more": more}

    @routes.get("/conversations/{conversation_id}", responses=examples.of(examples.CONVERSATION))
    async def one(conversation_id: str, caller: ReaderNow) -> dict[str, Any]:
        """One conversation."""
        return await service.database.read(
            lambda connection: shown(conversations.find(connection, caller.tenant, conversation_id))
        )

    @routes.get("/conversations/{conversation_id}/entries", responses=examples.of(examples.ENTRIES))
    async def entries(
        conversation_id: str, caller: ReaderNow, cursor: Annotated[Seq, Query()] = 0, limit: Limit = 100
    ) -> dict[str, Any]:
        """The timeline in order, internal notes too; `cursor` is the seq of the last entry that you have.

        Whispers need conversations.supervise, what is kept from an accused agent complaints.decide: else only the
        place of such an entry is shown, with the kind `hidden`.
        """

        def load(connection: sa.Connection) -> dict[str, Any]:
            found = conversations.find(connection, caller.tenant, conversation_id)
            listed = conversations.entries_after(connection, caller.tenant, found.id, cursor, limit=limit)
            last = listed[-1].seq if listed else cursor
            page = projected_to(connection, caller, listed)
            return {"entries": page, "cursor": last, "more": last < found.last_seq}

        return await service.database.read(load)


def _add_writing(routes: APIRouter, access: Access, changing: Changing) -> None:
    WriterNow = Annotated[Caller, Depends(access.calls(Permission.CONVERSATIONS_ANSWER))]

    @routes.post("/conversations/{conversation_id}/notes", status_code=201, responses=examples.of(examples.NOTED, 201))
    async def note(conversation_id: str, given: Note, caller: WriterNow, key: IdempotencyKey) -> dict[str, Any]:
        """Writes an internal note into a conversation, for the agents who read it."""

        def work(tx: Transaction, context: Context) -> dict[str, Any]:
            found = conversations.find(tx.connection, caller.tenant, conversation_id)
            contacts.lock(tx.connection, caller.tenant, found.contact)
            found = conversations.find(tx.connection, caller.tenant, conversation_id, lock=True)
            author = Author(AuthorKind.SYSTEM, caller.actor, "")
            body = {"text": clean_text(given.text), "kind": "note"}
            draft = Draft(kind=Kind.MESSAGE, author=author, body=body, audience=Audience.INTERNAL)
            _, entry = conversations.append(tx, found, draft, context.now)
            return {"conversation": found.id, "seq": entry.seq}

        return await changing.run(caller, key, f"note {conversation_id}", given, work)
