"""What is known about a contact travels with the turn, to Rasa and to the knowledge base, by their contracts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from handoff_service.bots.rasa import RasaBot
from handoff_service.bots.search import SearchBot
from handoff_service.knowledge.client import Knowledge
from tests.handoff_service.bots.test_ladder import REQUEST

CONTRACTS = Path(__file__).parents[2] / "contracts"
CONTACT = {"products": [], "asked": [{"article": "invoice", "at": "2026-03-05T09:30:00Z", "solved": None}]}
TURN = json.loads((CONTRACTS / "turn.json").read_text("utf-8"))
UNDERSTAND = json.loads((CONTRACTS / "understand.json").read_text("utf-8"))


class Recorder:
    """Keeps what was asked, and gives one answer."""

    def __init__(self, said: Any) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._said = said

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.content:
            self.bodies.append(json.loads(request.content))
        return httpx2.Response(200, json=self._said)

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self))


@pytest.mark.parametrize("contact", [None, CONTACT])
async def test_the_bot_is_told_by_the_contract(contact: dict[str, Any] | None) -> None:
    far = Recorder({**TURN["examples"][0]["response"], "turn": REQUEST.turn})
    await RasaBot(far.client(), "http://bot", timeout_s=2).ask(replace(REQUEST, contact=contact))
    jsonschema.validate(far.bodies[0], TURN["request"])
    assert far.bodies[0]["metadata"].get("contact") == contact


@pytest.mark.parametrize("contact", [None, CONTACT])
async def test_the_knowledge_base_is_told_by_the_contract(contact: dict[str, Any] | None) -> None:
    far = Recorder(UNDERSTAND["examples"][0]["response"])
    await SearchBot(Knowledge(far.client(), "http://kb")).ask(replace(REQUEST, contact=contact, channel="wechat"))
    jsonschema.validate(far.bodies[0], UNDERSTAND["request"])
    assert (far.bodies[0].get("contact"), far.bodies[0]["channel"]) == (contact, "wechat")


async def test_what_is_in_doubt_is_neither_offered_nor_quoted() -> None:
    hits = UNDERSTAND["examples"][1]["response"]["hits"]
    doubted = {**UNDERSTAND["examples"][1]["response"], "hits": [{**hits[0], "doubt": "two values"}, hits[1]]}
    said = await SearchBot(Knowledge(Recorder(doubted).client(), "http://kb")).ask(REQUEST)
    assert [button["title"] for button in said.messages[0]["buttons"]] == [hits[1]["title"]]
    press = replace(REQUEST, press='/choose_article{"article": "invoice"}')
    article = {"article": "invoice", "language": "en", "title": "t", "answer": "wrong number", "doubt": "two values"}
    said = await SearchBot(Knowledge(Recorder(article).client(), "http://kb")).ask(press)
    assert "wrong number" not in said.messages[0]["text"]
