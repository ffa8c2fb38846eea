"""What the gateway tells about the moment of a turn is checked like everything else; all of it may be missing."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bot.channels.checks import BadTurn
from bot.channels.policy import STANDARD
from bot.channels.request import Turn, read_turn
from bot.settings import ROOT

GOOD = json.loads((ROOT / "tests" / "contracts" / "turn.json").read_text(encoding="utf-8"))["examples"][0]["request"]
CHINA = timezone(timedelta(hours=8))
FILE = {"id": "f_1", "name": "box.jpg", "type": "image/jpeg", "size": 48213}


def read(text: str = "你好", **metadata: Any) -> Turn:
    body = {**GOOD, "text": text, "metadata": {**GOOD["metadata"], **metadata}}
    return read_turn(json.dumps(body).encode(), max_chars=4000)


def test_without_any_of_it_a_turn_is_a_turn() -> None:
    turn = read()
    assert (turn.hour, turn.now, turn.returning, turn.given_back, turn.files) == (None, None, None, None, ())
    assert turn.policy == STANDARD


def test_all_of_it_is_read() -> None:
    turn = read(
        hour=21,
        now="2026-11-02T21:30:00+08:00",
        returning={"last_at": "2026-10-20T03:00:00Z", "count": 2},
        given_back={
            "at": "2026-11-02T13:29:00Z",
            "agent": "Lin",
            "summary": "等照片",
            "promises": [{"text": "今天退", "seq": 7}],
        },
        files=[FILE],
        policy={"misses": 3, "unhappy": 0.6, "emergency": {"en": {"medical": "999"}}, "newer_than_this_bot": [1]},
    )
    assert (turn.hour, turn.now) == (21, datetime(2026, 11, 2, 21, 30, tzinfo=CHINA))
    assert turn.returning is not None
    assert turn.returning.count == 2
    assert turn.given_back is not None
    assert (turn.given_back.agent, turn.given_back.promises) == ("Lin", ("今天退",))
    assert turn.files[0].is_picture
    assert (turn.policy.misses, turn.policy.tries, turn.policy.unhappy) == (3, 2, 0.6)
    assert turn.policy.number("medical", language="en") == "999"
    assert turn.policy.number("fire", language="en") == "119"
    assert turn.policy.number("medical", language="zh") == "120"


def test_a_text_may_be_empty_only_beside_a_file() -> None:
    assert read("", files=[FILE]).text == ""
    with pytest.raises(BadTurn):
        read("")


@pytest.mark.parametrize(
    "metadata",
    [
        {"hour": 24},
        {"hour": -1},
        {"hour": "9"},
        {"hour": True},
        {"hour": 9.5},
        {"now": "2026-11-02T21:30:00"},
        {"now": "yesterday"},
        {"now": 5},
        {"returning": []},
        {"returning": {"count": 1}},
        {"returning": {"last_at": "2026-10-20T03:00:00Z", "count": 0}},
        {"given_back": "Lin"},
        {"given_back": {"agent": "Lin", "summary": "x"}},
        {"given_back": {"at": "2026-10-20T03:00:00Z", "agent": 5, "summary": "x"}},
        {"given_back": {"at": "2026-10-20T03:00:00Z", "agent": "Lin", "summary": "x", "promises": ["today"]}},
        {"given_back": {"at": "2026-10-20T03:00:00Z", "agent": "Lin", "summary": "x", "promises": [{"seq": 1}]}},
        {"files": {}},
        {"files": ["f_1"]},
        {"files": [{"id": "f_1", "name": "a", "type": "image/png"}]},
        {"files": [{**FILE, "size": True}]},
        {"policy": []},
        {"policy": {"misses": 0}},
        {"policy": {"misses": "2"}},
        {"policy": {"misses": 2.5}},
        {"policy": {"repeats": 1}},
        {"policy": {"unhappy": 1.5}},
        {"policy": {"channel_chars": 10}},
        {"policy": {"emergency": {"zh": "120"}}},
        {"policy": {"emergency": {"zh": {"medical": 120}}}},
        {"policy": {"emergency": {"zh": {"medical": "1" * 41}}}},
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_and_said_what(metadata: dict[str, Any]) -> None:
    with pytest.raises(BadTurn) as caught:
        read(**metadata)
    assert caught.value.status == 422
    assert str(caught.value)


def test_a_button_may_carry_a_value() -> None:
    body = {**GOOD, "press": '/choose{"value":"damaged"}'}
    press = read_turn(json.dumps(body).encode(), max_chars=4000).press
    assert press is not None
    assert (press.intent, press.value, press.article) == ("choose", "damaged", None)
