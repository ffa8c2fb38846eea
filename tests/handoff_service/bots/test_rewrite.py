"""The fallback bot says an answer in shorter words when the knowledge base has some in time, by the contract."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import jsonschema
import pytest

from handoff_service.bots.search import SearchBot
from handoff_service.knowledge.client import REWRITE_SLACK_S, Knowledge
from tests.handoff_service.bots.test_contact import CONTRACTS, UNDERSTAND
from tests.handoff_service.bots.test_ladder import REQUEST

CONTRACT = json.loads((CONTRACTS / "rewrite.json").read_text("utf-8"))
FOUND = UNDERSTAND["examples"][0]["response"]
PLAIN = FOUND["hits"][0]["answer"]
WITHIN_S = 2.0


class FarKnowledge:
    """Understands, and rewrites as a test wants."""

    def __init__(self, said: Any, *, offered: bool = True, status: int = 200, mood: str = "calm") -> None:
        first, *others = FOUND["hits"]
        hits = [{**first, "rewrite_within_s": WITHIN_S} if offered else first, *others]
        self._found = {**FOUND, "hits": hits, "mood": {**FOUND["mood"], "label": mood}}
        jsonschema.validate(self._found, UNDERSTAND["response"])
        self._said, self._status = said, status
        self.rewrites: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != "/rewrite":
            return httpx2.Response(200, json=self._found)
        self.rewrites.append(request)
        if self._said is None:
            raise httpx2.ReadTimeout("too long", request=request)
        return httpx2.Response(self._status, json=self._said)

    async def said(self) -> str:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self))
        answer = await SearchBot(Knowledge(client, "http://kb")).ask(REQUEST)
        return str(answer.messages[0]["text"]) if answer.messages else ""


async def test_shorter_words_are_said() -> None:
    far = FarKnowledge(CONTRACT["examples"][0]["response"])
    assert await far.said() == CONTRACT["examples"][0]["response"]["text"]
    (request,) = far.rewrites
    jsonschema.validate(json.loads(request.content), CONTRACT["request"])
    assert request.extensions["timeout"]["read"] == WITHIN_S + REWRITE_SLACK_S


@pytest.mark.parametrize(
    ("said", "status"),
    [(None, 200), (CONTRACT["examples"][1]["response"], 200), ({}, 404), ([], 200), ({"decision": "written"}, 200)],
    ids=repr,
)
async def test_whatever_else_comes_the_answer_is_said_as_it_stands(said: Any, status: int) -> None:
    far = FarKnowledge(said, status=status)
    assert await far.said() == PLAIN
    assert len(far.rewrites) == 1


async def test_nothing_is_asked_for_that_is_not_offered_or_not_said() -> None:
    for far in (FarKnowledge({}, offered=False), FarKnowledge({}, mood="unhappy")):
        await far.said()
        assert far.rewrites == []
