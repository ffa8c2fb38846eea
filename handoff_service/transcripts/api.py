"""HTTP of transcripts: a code to an address, then the conversation."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from handoff_service.access import Access, client_address
from handoff_service.channels.letters import Letter
from handoff_service.conversations.receive import Sender
from handoff_service.inputs import Plain
from handoff_service.service import Service
from handoff_service.transcripts.send import Place, check_address, code_letter, note_down, post, transcript_letter


class Wish(BaseModel):
    """Where to; with the code that went there before, the conversation follows.

    `language`: the tag of what the mail itself says, such as zh-Hant; None: that of the conversation.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    to: Plain = Field(min_length=3, max_length=254)
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")] | None = None


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)

    @routes.post("/v1/conversations/{conversation_id}/transcript")
    async def transcript(
        conversation_id: str, asked: Wish, sender: Annotated[Sender, Depends(access.customer)], request: Request
    ) -> dict[str, Any]:
        """Sends a code to an address, or with it the conversation; {"sent": "code"} or {"sent": "transcript"}."""
        to, context, code = check_address(asked.to), service.context(), asked.code
        what = "code" if code is None else "transcript"
        # An address gets few mails whoever asks and however he writes it, and a code is not guessed from many browsers
        # either.
        whose = [f"{sender.tenant}:{what}:{who}" for who in (to.lower(), sender.contact)]
        await service.limits.letter(whose, client_address(request))

        def write(connection: sa.Connection) -> Letter:
            place = Place(sender, conversation_id, to, asked.language)
            if code is None:
                return code_letter(connection, place, context)
            return transcript_letter(connection, place, code, context)

        await post(await service.database.read(write))
        if code is not None:
            await service.database.write(lambda tx: note_down(tx, sender, conversation_id, context))
        return {"sent": what}

    return routes
