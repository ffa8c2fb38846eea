"""The fallback bot: searches the knowledge base and answers, while Rasa is down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.bots.own_rules import a_matter_for_people, hand_off, signal_of
from handoff_service.errors import BotFailed, Unavailable
from handoff_service.knowledge.client import Knowledge
from handoff_service.texts import say


class SearchBot:
    """Answers from one search; knows nothing of forms, but a human is one step away with it too."""

    name = "search"

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    async def ask(self, request: TurnRequest) -> Answer:
        """An answer, a clarifying question, or a handoff. Raises BotFailed when the knowledge base is down."""
        urgent = a_matter_for_people(request)
        if urgent is not None:
            return replace(urgent, bot=self.name)
        try:
            if request.press:
                return await self._pressed(request, request.press, request.language or "zh")
            found = await self._understand(request)
        except Unavailable as error:
            raise BotFailed(f"search: {error.message}") from error
        return await self._decide(found, request)

    async def _pressed(self, request: TurnRequest, payload: str, language: str) -> Answer:
        name, _, slots = payload.lstrip("/").partition("{")
        if name == "choose_article":
            article = json.loads("{" + slots)["article"]
            found = await self._knowledge.article(article, tenant=request.tenant, language=language)
            shown = (
                _quote(found) if not found.get("doubt") else _offer_human(language, waiting=request.owner == "queue")
            )
            return Answer([shown], bot=self.name)
        # Other buttons belong to Rasa's dialogue; their titles are what the customer wants.
        return await self._decide(await self._understand(request), request)

    async def _understand(self, request: TurnRequest) -> Mapping[str, Any]:
        return await self._knowledge.understand(
            request.text,
            tenant=request.tenant,
            language=request.language,
            context=request.context,
            channel=request.channel,
            contact=request.contact,
        )

    async def _decide(self, found: Mapping[str, Any], request: TurnRequest) -> Answer:
        language, decision, waiting = found["language"], found["decision"], request.owner == "queue"
        if found["mood"]["label"] == "unhappy" and not waiting:
            answer = hand_off("unhappy", say("unhappy", language), rule="mood of the message", mood=found["mood"])
        elif decision["action"] == "answer":
            hit = found["hits"][0]
            text = await self._knowledge.answer(hit, text=request.text, tenant=request.tenant, channel=request.channel)
            answer = Answer([_quote({**hit, "answer": text})])
        elif decision["action"] == "clarify":
            buttons = [
                {"title": hit["title"], "payload": f"/choose_article{json.dumps({'article': hit['article']})}"}
                for hit in [hit for hit in found["hits"] if not hit.get("doubt")][:3]
            ]
            answer = Answer([{"text": say("clarify", language), "kind": "clarify", "buttons": buttons}])
        else:
            answer = Answer([_offer_human(language, waiting=waiting)])
        signals = [*answer.signals, *_unsure(decision)]
        return replace(answer, understanding=found, bot=self.name, signals=signals)


def _unsure(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """That the knowledge base keeps its error budget, as the bot tells it."""
    if decision["action"] == "answer":
        return []
    strength = round(1.0 - float(decision.get("probability") or 0.0), 4)
    return [signal_of("unsure", f"error budget: {decision['action']}", {"decision": decision}, strength=strength)]


def _offer_human(language: str, *, waiting: bool) -> dict[str, Any]:
    """That there is no answer, with the way to a person for who does not wait for one yet."""
    if waiting:
        return {"text": say("unsure_queue", language), "kind": "notice"}
    button = {"title": say("talk_to_human", language), "payload": "/ask_human"}
    return {"text": say("unsure_offer", language), "kind": "offer_human", "buttons": [button]}


def _quote(hit: Mapping[str, Any]) -> dict[str, Any]:
    source = {key: hit.get(key) for key in ("article", "language", "title", "probability")}
    return {"text": hit["answer"], "kind": "answer", "sources": [source]}
