"""What the gateway understands by itself while no bot is up: asking for a person, and plain anger."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from handoff_service.bots.own_rules import asks_for_human, is_angry
from tests.bot.crawl.asking import WAYS
from tests.bot.crawl.look_alikes import LOOK_ALIKES

PLAIN = (
    "zh",
    "zh polite",
    "zh upset",
    "emoji",
    "mixed",
    "en",
    "en polite",
    "en upset",
    "in a longer text",
    "as an answer",
)
EVALUATION = Path(__file__).resolve().parents[3] / "data" / "evaluation"


def evaluation(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (EVALUATION / name).read_text("utf-8").splitlines()]


def test_most_ways_to_ask_for_a_person_are_understood() -> None:
    """Typing errors, pinyin and the like are for the bot; who is not understood waits until the reply deadline."""
    asking = [text for kind in PLAIN for text in WAYS[kind]]
    missed = [text for text in asking if not asks_for_human(text)]
    assert len(missed) <= 0.2 * len(asking), missed


def test_what_only_looks_like_it_is_left_alone() -> None:
    wrong = [text for text in LOOK_ALIKES if asks_for_human(text)]
    assert len(wrong) <= 0.05 * len(LOOK_ALIKES), wrong


@pytest.mark.parametrize("text", ["转人工", "我要找真人", "let me talk to a person", "agent please", "人工", "“agent”"])
def test_the_plain_ways_always_work(text: str) -> None:
    assert asks_for_human(text)
    assert asks_for_human(f"how long does it take?\n{text}"), "as the last of several messages too"


@pytest.mark.parametrize("text", ["不用转人工了", "don't transfer me to an agent", "no human please", "人工智能课程"])
def test_who_declines_is_not_handed_over(text: str) -> None:
    assert not asks_for_human(text)


def test_plain_anger_is_seen_and_calm_words_are_not_taken_for_it() -> None:
    moods = evaluation("mood.jsonl")
    seen = [one for one in moods if one["unhappy"] and is_angry(str(one["text"]))]
    assert len(seen) >= 20, "coarse, but not blind"
    calm = [str(one["text"]) for one in moods if not one["unhappy"]]
    calm += [str(one.get("text") or one.get("question")) for one in evaluation("answerable.jsonl")]
    wrong = [text for text in calm if is_angry(text)]
    assert len(wrong) <= 0.01 * len(calm), wrong


@pytest.mark.parametrize(
    "text", ["human ", "real live ", "talk to ", "不要", "转", "fu", "worst a-", "你们", " ", "don't "]
)
def test_no_text_holds_up_the_event_loop(text: str) -> None:
    """F-97: as long as a message may be, in the shape that a careless pattern takes seconds for."""
    hostile = (text * 8000)[:8000]
    began = time.process_time()
    asks_for_human(hostile)
    is_angry(hostile)
    assert time.process_time() - began < 0.25
