"""Keeps a local copy of what customers may read, for the time when the knowledge base is down.

Only what kb_index serves to the public is copied, in the words that it serves, and nothing that is in doubt. The copy
is in the database: it survives the gateway, and replicas share it. What was withdrawn is gone with the next look.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import structlog

from handoff_service.clock import Clock
from handoff_service.database import Database
from handoff_service.errors import Invalid, NotFound, TandemError, Unavailable
from handoff_service.knowledge import store
from handoff_service.knowledge.client import Knowledge
from handoff_service.knowledge.matching import Copy
from handoff_service.tenants import store as tenants

log = structlog.get_logger()

PAGE = 200
MOST_PAGES = 100
ANSWER_CHARS = 4000


class Copier:
    """Looks every `every_s` seconds whether the articles of a tenant have changed, and copies them if so."""

    def __init__(self, database: Database, knowledge: Knowledge, clock: Clock, *, every_s: float) -> None:
        self._database = database
        self._knowledge = knowledge
        self._clock = clock
        self._every_s = every_s
        self._seen: dict[str, str] = {}

    async def run(self) -> None:
        """Copies until cancelled; while the knowledge base is away the copy stays as it is."""
        while True:
            try:
                for tenant in await self._database.read(tenants.everyone):
                    await self.refresh(tenant.id)
            except TandemError as error:
                log.info("articles not copied, trying again", error=error.message)
            await asyncio.sleep(self._every_s)

    async def refresh(self, tenant: str) -> bool:
        """Whether a new copy was made. Raises Unavailable while the knowledge base is away."""
        try:
            listed = await self._listed(tenant)
        except (NotFound, Invalid):  # a tenant without articles of its own
            listed = []
        seen = hashlib.sha256(json.dumps([listed, self._clock().date().isoformat()]).encode()).hexdigest()
        if self._seen.get(tenant) == seen:
            return False
        found = [copy for one in listed if (copy := await self._copy(tenant, one)) is not None]
        now = self._clock()
        await self._database.write(lambda tx: store.replace(tx.connection, tenant, found, now))
        self._seen[tenant] = seen
        log.info("articles copied", tenant=tenant, articles=len(found))
        return True

    async def _listed(self, tenant: str) -> list[tuple[str, str, int, str]]:
        """(article, language, served revision, last change) of everything that is served."""
        served: list[tuple[str, str, int, str]] = []
        after: str | None = None
        for _ in range(MOST_PAGES):
            params = {"audience": "public", "limit": str(PAGE), **({"after": after} if after else {})}
            page = await self._knowledge.edit("GET", f"/tenants/{tenant}/articles", params=params)
            served += [_listing(one) for one in page["articles"] if one.get("served") is not None]
            after = page.get("after")
            if after is None:
                return served
        raise Unavailable(f"The articles of {tenant} have no end.")

    async def _copy(self, tenant: str, listed: tuple[str, str, int, str]) -> Copy | None:
        """The article as the public reads it now; None when it does not, in this language."""
        article, language, _, _ = listed
        found = await self._knowledge.public_article(article, tenant=tenant, language=language)
        if found is None or found.get("doubt") or found.get("language") != language:
            return None
        questions = tuple(str(one) for one in found.get("questions", ()))
        category, answer = str(found.get("category", "")), str(found["answer"])[:ANSWER_CHARS]
        return Copy(article, language, str(found["title"]), questions, answer, category)


def _listing(raw: Any) -> tuple[str, str, int, str]:
    content = raw["article"]
    changed = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return content["id"], content["language"], raw["served"], changed
