"""HTTP of transcripts: a code to an address, then the conversation."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from handoff_service.access import Access, client_address
from handoff_service.conversations.receive import Sender
from handoff_service.inputs import Plain
from handoff_service.service import Service
from handoff_service.transcripts.send import check_address, code_letter, note_down, post, transcript_letter


class Wish(BaseModel):
    """Where to; with the code that went there before, the conversation follows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: Plain = Field(min_length=3, max_length=254)
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None


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
        if code is None:
            await post(await service.database.read(lambda c: code_letter(c, sender, conversation_id, to, context)))
            return {"sent": what}
        proven = code
        await post(
            await service.database.read(lambda c: transcript_letter(c, sender, conversation_id, to, proven, context))
        )
        await service.database.write(lambda tx: note_down(tx, sender, conversation_id, context))
        return {"sent": what}

    return routes
