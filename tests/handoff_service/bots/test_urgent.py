"""Danger and the wish for a person on the rungs below Rasa: tried before anything else, with the tenant's number."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bot.hearing.danger import NUMBERS, SENTENCES
from handoff_service.bots.keywords import KeywordBot
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.left_message import FORM, leave_message
from handoff_service.bots.model import Answer, Bot
from handoff_service.bots.own_rules import hand_off_by_rule
from handoff_service.bots.search import SearchBot
from handoff_service.database import Database
from handoff_service.knowledge.client import Knowledge
from tests.bot.signals.danger import DANGER, HARMLESS, lines
from tests.handoff_service.bots.test_ladder import REQUEST, failing

CASES = [(kind, text) for kind, block in DANGER.items() for text in lines(block)]
CONTRACT = Path(__file__).parents[2] / "contracts" / "understand.json"
ANSWERS_ALL = json.loads(CONTRACT.read_text("utf-8"))["examples"][0]["response"]


@contextlib.asynccontextmanager
async def search() -> Any:
    """The second rung over a knowledge base that has an article for everything."""

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=ANSWERS_ALL))
    async with httpx2.AsyncClient(transport=transport) as client:
        yield SearchBot(Knowledge(client, "http://kb.test"))


def is_urgent(answer: Answer, kind: str) -> bool:
    wish: Mapping[str, Any] = answer.handoff or {}
    told = (wish.get("reason"), wish.get("priority"), (wish.get("evidence") or {}).get("rule"))
    return (
        told == ("policy", 9, f"safety: {kind}") and NUMBERS.get(kind, NUMBERS["police"]) in answer.messages[0]["text"]
    )


@pytest.mark.parametrize("rung", ["search", "keywords", "none"])
async def test_every_danger_is_heard_on_every_rung(rung: str, database: Database) -> None:
    """Self-harm got an article about refunds, or "I will come back to you"."""
    async with search() as found:
        rungs: dict[str, list[Bot]] = {"search": [found], "keywords": [KeywordBot(database)], "none": []}
        ladder = Ladder([failing("rasa"), *rungs[rung]], failures=10**6)
        missed = [
            (kind, text)
            for kind, text in CASES
            for language in ("zh", "en")
            if not is_urgent(await ladder.ask(replace(REQUEST, text=text, language=language)), kind)
        ]
    assert len(CASES) > 100
    assert missed == []


def test_how_people_talk_is_no_danger() -> None:
    wished = [(text, hand_off_by_rule(replace(REQUEST, text=text))) for text in lines(HARMLESS)]
    assert [text for text, found in wished if found and (found.handoff or {}).get("reason") == "policy"] == []


def test_the_number_is_the_tenants() -> None:
    policy = {"emergency": {"en": {"medical": "999", "police": "112"}}}
    ill = hand_off_by_rule(replace(REQUEST, text="she is unconscious", policy=policy))
    assert ill is not None
    assert "999" in ill.messages[0]["text"]
    threat = hand_off_by_rule(replace(REQUEST, text="I will kill your courier", policy=policy))
    assert threat is not None
    assert "112" in threat.messages[0]["text"], "violence: the police that the tenant has set"


async def test_who_waits_and_is_in_danger_still_gets_the_number_and_keeps_his_place() -> None:
    said = await Ladder([failing("rasa")]).ask(replace(REQUEST, owner="queue", text="我不想活了", language="zh"))
    assert said.handoff is None
    assert NUMBERS["self_harm"] in said.messages[0]["text"]
    assert said.messages[0]["kind"] == "notice"


def test_danger_is_heard_in_the_form_for_a_message_and_at_the_head_of_a_long_one() -> None:
    in_form = replace(REQUEST, form=FORM, text="I want to kill myself")
    assert leave_message(in_form) is None
    assert leave_message(replace(in_form, text="My parcel is wet")) is not None
    long = hand_off_by_rule(replace(REQUEST, text="I want to kill myself. " + "The parcel is wet. " * 400))
    assert long is not None
    assert is_urgent(long, "self_harm")


@pytest.mark.parametrize("press", [None, "/ask_human"])
async def test_a_wish_on_a_lower_rung_leaves_its_signal(press: str | None, database: Database) -> None:
    asked = replace(REQUEST, text="zhuan rengong", press=press)
    async with search() as found:
        for bot in (found, KeywordBot(database)):
            said = await bot.ask(asked)
            assert said.handoff is not None
            assert said.handoff["reason"] == "asked"
            assert [one["signal"] for one in said.signals] == ["asked"]


async def test_a_question_that_search_gives_back_leaves_its_signal() -> None:
    unsure = {**ANSWERS_ALL, "decision": {**ANSWERS_ALL["decision"], "action": "abstain", "probability": 0.2}}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=unsure))
    async with httpx2.AsyncClient(transport=transport) as client:
        said = await SearchBot(Knowledge(client, "http://kb.test")).ask(REQUEST)
    assert [(one["signal"], one["rule"], one["strength"]) for one in said.signals] == [
        ("unsure", "error budget: abstain", 0.8)
    ]


def test_a_senior_person_is_asked_for_by_name() -> None:
    said = hand_off_by_rule(replace(REQUEST, text="叫你们主管来", language="zh"))
    assert said is not None
    assert said.handoff is not None
    assert (said.handoff["priority"], said.handoff["evidence"]["senior"]) == (4, "主管")
    assert "主管" in said.messages[0]["text"]


@pytest.mark.parametrize("name", SENTENCES)
def test_what_is_said_in_danger_is_there_in_both_languages_with_its_number(name: str) -> None:
    said = SENTENCES[name]
    assert all("{number}" in text for language in ("zh", "en") for text in said[language])
    assert said["kind"] == ("notice" if name.endswith("_waiting") else "handoff")
    assert f"{name.removesuffix('_waiting')}_waiting" in SENTENCES
