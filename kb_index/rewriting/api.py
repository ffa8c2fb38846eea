"""The HTTP route of rewriting; who was told `rewrite_within_s` asks it before an answer is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Literal

import structlog
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from kb_index.articles.model import Audience
from kb_index.confidence.decision import Action
from kb_index.index.live import LiveKnowledge
from kb_index.rewriting.writer import Writer, Written
from kb_index.search.shapes import (
    ArticleName,
    AudienceName,
    ChannelName,
    LanguageName,
    Text,
    UnderstandResponse,
)
from kb_index.search.understand import CHAT, PAGE
from kb_index.shapes import TenantName

_log = structlog.get_logger()


class RewriteRequest(BaseModel):
    """The question, and the article that was decided to answer it, in the version of the language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Text
    tenant: TenantName
    article: ArticleName
    language: LanguageName
    channel: ChannelName = CHAT
    audience: AudienceName = "public"


class RewriteResponse(BaseModel):
    decision: Literal["written", "plain"]
    reason: str | None = None
    generation: str
    text: str


def offer(writer: Writer, tenant: str, answer: UnderstandResponse) -> UnderstandResponse:
    """The answer with a word to its first hit that /rewrite may be asked, where a rewriting could be sent at all."""
    hit = answer.hits[0] if answer.hits else None
    if hit is None or answer.decision.action is not Action.ANSWER or not writer.serves(tenant):
        return answer
    if hit.quote or hit.doubt or hit.language != answer.language:
        return answer  # a translation could not be checked here
    offered = hit.model_copy(update={"rewrite_within_s": writer.within_s})
    return answer.model_copy(update={"hits": (offered, *answer.hits[1:])})


def add_rewriting_routes(
    app: FastAPI, live: LiveKnowledge, writer: Writer | None, *, today: Callable[[], date]
) -> None:
    @app.post("/rewrite", response_model_exclude_none=True)
    async def rewrite(body: RewriteRequest) -> RewriteResponse:
        """The article's answer in a few words when the check finds nothing against it, else as it stands."""
        started = time.perf_counter()
        knowledge = live.current()
        day = today()
        article = knowledge.article(
            body.tenant, body.article, language=body.language, audience=Audience(body.audience), day=day
        )
        channel = None if body.channel == PAGE else body.channel
        plain = article.answer_for(channel)
        if writer is None:
            written = Written(plain, "off")
        elif knowledge.doubt(article, day=day) is not None:
            written = Written(plain, "in doubt")
        elif article.language != body.language:
            written = Written(plain, "another language")
        else:
            written = await writer.rewrite(body.text, article, channel=channel, encoder=knowledge.encoder)
        _log.info(
            "kb_index.rewritten",
            tenant=body.tenant,
            article=article.id,
            language=article.language,
            generation=knowledge.generation.name,
            decision=written.decision,
            reason=written.reason,
            took_ms=round((time.perf_counter() - started) * 1000, 2),
        )
        return RewriteResponse(
            decision="plain" if written.reason else "written",
            reason=written.reason,
            generation=knowledge.generation.name,
            text=written.text,
        )
