"""Writing an answer anew from its passage, and the decision whether what was written is sent."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from kb_index.articles.model import Article
from kb_index.index.embedding import Encoder
from kb_index.rewriting.breaker import Breaker
from kb_index.rewriting.endpoint import ChatEndpoint, Reply
from kb_index.rewriting.entailed import entailed
from kb_index.rewriting.plain_text import flaw
from kb_index.rewriting.prompt import messages
from kb_index.settings import Settings

LONGEST_PASSAGE = 2000
SHORTEST_PASSAGE = 30
"""Characters of a passage that is worth writing anew, and can be."""


@dataclass(frozen=True)
class Written:
    """What to send: the text, whether it was written or is the plain passage, and for that the reason."""

    text: str
    reason: str | None = None

    @property
    def decision(self) -> str:
        return "plain" if self.reason else "written"


class Writer:
    """Rewrites answers by an endpoint; whatever goes wrong, the plain passage is what is sent.

    within_s is the longest it takes; of more than `at_once` answers at a time the others stay plain.
    """

    def __init__(
        self,
        endpoint: ChatEndpoint,
        *,
        within_s: float,
        longest: int = 400,
        at_once: int = 4,
        tenants: Collection[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self.within_s = within_s
        self._longest = longest
        self._free = at_once
        self._tenants = tenants
        self._breaker = Breaker(clock)

    @classmethod
    def of(cls, settings: Settings) -> Writer | None:
        """The writer of the settings; None when no endpoint is set."""
        if settings.writer_url is None:
            return None
        key = settings.writer_api_key.get_secret_value() if settings.writer_api_key else None
        endpoint = ChatEndpoint(
            str(settings.writer_url), model=settings.writer_model, api_key=key, timeout_s=settings.writer_timeout_s
        )
        return cls(
            endpoint,
            within_s=settings.writer_timeout_s,
            longest=settings.writer_longest,
            at_once=settings.writer_at_once,
            tenants=settings.writer_tenants,
        )

    def serves(self, tenant: str) -> bool:
        return self._tenants is None or tenant in self._tenants

    async def rewrite(self, question: str, article: Article, *, channel: str | None, encoder: Encoder) -> Written:
        """The article's answer to the question in a few words, or as it stands; for an answer that was decided on."""
        passage = article.answer_for(channel)
        if not self.serves(article.tenant):
            return Written(passage, "not for this tenant")
        if article.quote_only:
            return Written(passage, "quote only")
        if not SHORTEST_PASSAGE <= len(passage) <= LONGEST_PASSAGE:
            return Written(passage, "length of the passage")
        if not self._free:
            return Written(passage, "busy")
        if not self._breaker.admits():
            return Written(passage, "endpoint left alone")
        canary = f"ref{secrets.token_hex(8)}"
        reply = await self._ask(messages(question, passage, article.language, canary=canary))
        if reply.problem is not None:
            return Written(passage, reply.problem)
        reason = await asyncio.to_thread(
            objection, reply.text, passage, article.language, encoder, longest=self._longest, canary=canary
        )
        return Written(passage, reason) if reason else Written(reply.text)

    async def close(self) -> None:
        await self._endpoint.close()

    async def _ask(self, chat: list[dict[str, str]]) -> Reply:
        self._free -= 1
        reply: Reply | None = None
        try:
            reply = await self._endpoint.complete(chat)
        finally:
            self._free += 1
            if reply is None:
                self._breaker.gave_up()
        if reply.problem is None:
            self._breaker.worked()
        else:
            self._breaker.failed()
        return reply


def objection(
    text: str, passage: str, language: str, encoder: Encoder, *, longest: int = 400, canary: str = "\ue000"
) -> str | None:
    """Why a written text must not be sent in place of the passage; None when it may be."""
    found = flaw(text, passage, language, longest=longest, canary=canary)
    if found is not None:
        return found
    verdict = entailed(text, passage, language, encoder)
    return None if verdict.entailed else f"not entailed: {verdict.reason}"
