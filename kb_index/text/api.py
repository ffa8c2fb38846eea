"""The HTTP route of masking, for who shows or keeps what customers wrote."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from kb_index.search.shapes import LanguageName, Text
from kb_index.text.masking import mask


class Masked(BaseModel):
    """A text and the language of the words that take the place of what is personal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Text
    language: LanguageName = "en"


class MaskRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    texts: Annotated[list[Masked], Field(max_length=2000)]


class MaskResponse(BaseModel):
    texts: list[str]


def add_text_routes(app: FastAPI) -> None:
    """POST /mask, by the contract tests/contracts/mask.json."""

    @app.post("/mask")
    async def masked(body: MaskRequest) -> MaskResponse:
        return MaskResponse(texts=[mask(each.text, language=each.language)[0] for each in body.texts])
