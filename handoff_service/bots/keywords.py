"""The last rung: answers from the local copy of the articles while the knowledge base is down too."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.bots.own_rules import a_matter_for_people, is_angry, wants_human
from handoff_service.database import Database
from handoff_service.errors import BotRefused
from handoff_service.knowledge import store
from handoff_service.knowledge.matching import Copy, Match, Matcher, is_sure
from handoff_service.texts import say

CHOOSE = "choose_article"


class KeywordBot:
    """Quotes an article whose words are plainly those of the question, offers choices, or gives up (BotRefused)."""

    name = "keywords"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._matchers: dict[str, tuple[datetime, Matcher, list[Copy]]] = {}

    async def ask(self, request: TurnRequest) -> Answer:
        """An answer, a question back or a handoff. Raises BotRefused: then the gateway's own rules decide, or the turn
        is kept."""
        language = request.language or "zh"
        urgent = a_matter_for_people(request)
        if urgent is not None:
            return replace(urgent, bot=self.name)
        if wants_human(request) or is_angry(request.text):
            raise BotRefused("keywords: a matter for a person")
        matcher, copies = await self._known(request.tenant)
        chosen = _chosen(request.press)
        if chosen is not None:
            shown = [copy for copy in copies if copy.article == chosen]
            shown.sort(key=lambda copy: copy.language != language)
            if shown:
                return Answer([_quote(shown[0], 1.0)], bot=self.name)
            raise BotRefused("keywords: no copy of this article")
        if request.press is not None:
            raise BotRefused("keywords: a button of a dialogue that is away")
        matches = matcher.find(request.text, language=language)
        if not matches:
            raise BotRefused("keywords: nothing like it")
        if is_sure(matches):
            return Answer([_quote(matches[0].copy, matches[0].likeness)], bot=self.name)
        return Answer([_clarify(matches, language)], bot=self.name)

    async def _known(self, tenant: str) -> tuple[Matcher, list[Copy]]:
        """What was copied for a tenant, read anew only when there is a new copy. Raises BotRefused without any."""
        stamp = await self._database.read(lambda connection: store.copied_at(connection, tenant))
        if stamp is None:
            raise BotRefused("keywords: there is no copy of the articles")
        known = self._matchers.get(tenant)
        if known is None or known[0] != stamp:
            copies = await self._database.read(lambda connection: store.copies(connection, tenant))
            known = self._matchers[tenant] = (stamp, Matcher(copies), copies)
        return known[1], known[2]


def _chosen(press: str | None) -> str | None:
    """The article of a pressed choice."""
    name, _, slots = (press or "").lstrip("/").partition("{")
    return str(json.loads("{" + slots)["article"]) if name == CHOOSE else None


def _quote(copy: Copy, likeness: float) -> dict[str, object]:
    source = {"article": copy.article, "language": copy.language, "title": copy.title}
    return {"text": copy.answer, "kind": "answer", "sources": [{**source, "probability": round(likeness, 4)}]}


def _clarify(matches: list[Match], language: str) -> dict[str, object]:
    buttons = [
        {"title": match.copy.title, "payload": f"/{CHOOSE}{json.dumps({'article': match.copy.article})}"}
        for match in matches
    ]
    human = {"title": say("talk_to_human", language), "payload": "/ask_human"}
    return {"text": say("clarify", language), "kind": "clarify", "buttons": [*buttons, human]}
