"""A text that is longer than the contract allows: the wish at its head reaches the bot as well as that at its end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from handoff_service.bots.asking import asks_for_human
from handoff_service.bots.turn_json import CUT, MAX_TEXT, as_answer, as_json
from tests.handoff_service.bots.test_ladder import REQUEST

CONTRACT = json.loads((Path(__file__).parents[2] / "contracts" / "turn.json").read_text("utf-8"))
STORY = "The lamp flickers whenever I touch it. " * 300


@pytest.mark.parametrize("text", [f"转人工！{STORY}", f"{STORY}转人工", f"{STORY}\n{STORY}", "短", "x" * MAX_TEXT])
def test_both_ends_are_sent_within_the_contract(text: str) -> None:
    body = as_json(replace(REQUEST, text=text))
    jsonschema.validate(body, CONTRACT["request"], format_checker=jsonschema.FormatChecker())
    sent = body["text"]
    assert sent == text if len(text) <= MAX_TEXT else CUT in sent
    assert (sent[:1900], sent[-1900:]) == (text[:1900], text[-1900:])
    assert asks_for_human(sent) == ("转人工" in text)


@pytest.mark.parametrize("queue", [None, "returns"])
def test_a_bot_may_name_the_queue(queue: str | None) -> None:
    answer = {**CONTRACT["examples"][2]["response"]}
    answer["handoff"] = {**answer["handoff"], **({"queue": queue} if queue else {})}
    jsonschema.validate(answer, CONTRACT["response"])
    wish = as_answer(answer, answer["turn"]).handoff
    assert wish is not None
    assert wish.get("queue") == queue


def test_a_queue_that_is_no_name_is_no_answer() -> None:
    answer = CONTRACT["examples"][2]["response"]
    with pytest.raises(ValueError, match="a queue's id"):
        as_answer({**answer, "handoff": {**answer["handoff"], "queue": 7}}, answer["turn"])
