"""What the gateway understands by itself while no bot is up: danger, asking for a person, and plain anger."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import yaml

from bot.hearing import wish
from bot.hearing.danger import danger
from bot.models.wish import WISH, learn
from bot.near_duplicates import deal, groups_of
from handoff_service.bots import asking
from handoff_service.bots.asking import asks_for_human, lines_of
from handoff_service.bots.misspelt import Spelling, heard_rightly
from handoff_service.bots.own_rules import is_angry
from tests.bot.crawl.asking import WAYS
from tests.bot.crawl.look_alikes import AS_ANSWERS, LOOK_ALIKES

EVALUATION = Path(__file__).resolve().parents[3] / "data" / "evaluation"


def evaluation(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (EVALUATION / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("kind", WAYS)
def test_every_way_to_ask_for_a_person_is_understood_without_a_bot(kind: str) -> None:
    """134 of the 387 were not: pinyin, voice input, typing errors, full width, two languages in one line."""
    assert [text for text in WAYS[kind] if not asks_for_human(text)] == []


def test_what_only_looks_like_it_is_left_alone() -> None:
    assert [text for text in [*LOOK_ALIKES, *AS_ANSWERS] if asks_for_human(text)] == []


def test_ways_that_were_not_before_the_eyes_of_who_wrote_the_rules_are_understood_too() -> None:
    unseen = evaluation("asking_unseen.jsonl")
    for sets, least in ((range(1, 5), 0.98), ((5,), 0.94)):  # the fifth: 87.4 % at first sight
        wishes = [str(one["text"]) for one in unseen if one["asks"] and one["set"] in sets]
        assert sum(map(asks_for_human, wishes)) >= least * len(wishes)
    assert [one["text"] for one in unseen if not one["asks"] and asks_for_human(str(one["text"]))] == []


def test_ways_that_weights_and_rules_have_not_seen_are_understood_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the training lines, by weights learnt from the others. All five: 805 of 850 wishes (710 by the rules
    alone), of which 266 of 308 (182) in wordings that the rules' author never looked at, and 90 of 11,660 others (52).
    """
    texts, intents = training_lines()
    folds = deal(groups_of(texts, intents), intents, folds=5)
    known = [at for at, fold in enumerate(folds) if fold]
    learnt = learn([texts[at] for at in known], [intents[at] for at in known])
    monkeypatch.setattr(wish, "_learnt", lambda: (learnt.weights, learnt.bias))
    asking._asks.cache_clear()
    heard: dict[bool, list[bool]] = {asked: [] for asked in (True, False)}
    for at, fold in enumerate(folds):
        if not fold:
            heard[intents[at] == WISH].append(asks_for_human(texts[at]))
    asking._asks.cache_clear()
    assert sum(heard[True]) >= 0.9 * len(heard[True])
    assert sum(heard[False]) <= 0.012 * len(heard[False])


def training_lines() -> tuple[list[str], list[str]]:
    """The texts, without the marks of values in them, and their intents."""
    told = [
        (re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})", r"\1", line[2:].strip()), entry["intent"])
        for path in sorted((EVALUATION.parent / "training" / "nlu").glob("*.yml"))
        for entry in yaml.safe_load(path.read_text("utf-8"))["nlu"]
        if "intent" in entry
        for line in entry["examples"].splitlines()
        if line.strip()
    ]
    return [text for text, _ in told], [intent for _, intent in told]


def test_questions_are_not_taken_for_the_wish() -> None:
    asked = [*evaluation("answerable.jsonl"), *evaluation("out_of_scope.jsonl"), *evaluation("negated.jsonl")]
    wrong = [text for one in asked if asks_for_human(text := str(one.get("text") or one.get("question")))]
    assert len(wrong) <= 0.005 * len(asked), wrong


@pytest.mark.parametrize("text", ["转人工", "我要找真人", "let me talk to a person", "agent please", "人工", "“agent”"])
def test_a_wish_is_heard_in_every_place_where_it_may_stand(text: str) -> None:
    assert asks_for_human(text)
    assert asks_for_human(f"how long does it take?\n{text}"), "as the last of several messages too"
    story = "The lamp flickers. " * 400
    assert asks_for_human(f"{text}. {story}"), "at the head of a long text"
    assert asks_for_human(f"{story}\n{text}\n{story}"), "as a message of its own between two long ones"
    assert asks_for_human(f"{story} {text}"), "at its end"


@pytest.mark.parametrize(
    "text",
    [
        "不小心拍错了,找人工客服改一下",
        "不想和人工智障聊了,要人工",
        "stop transferring me to bots and get me a person",
        "don't put me through the bot again, give me a human",
    ],
)
def test_what_one_clause_refuses_another_one_may_ask_for(text: str) -> None:
    assert asks_for_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "不用转人工了",
        "don't transfer me to an agent",
        "no human please",
        "人工智能课程",
        "为什么给我转人工？我不需要人工",
        "I don't want an agent; speaking to a representative is a waste of time",
    ],
)
def test_who_declines_is_not_handed_over(text: str) -> None:
    assert not asks_for_human(text)


def test_of_a_long_line_both_ends_are_read_and_of_others_everything() -> None:
    assert lines_of("a\n\nb") == ["a", "b"]
    assert [len(part) for part in lines_of("x" * 8000)] == [2000, 2000]


def test_one_slip_of_the_keyboard_is_set_right_and_words_of_their_own_are_left_alone() -> None:
    spelling = Spelling(meant=["human", "agent", "talk"], other_words=["humane", "urgent"])
    assert spelling.corrected("tlak to a huamn agnt") == "talk to a human agent"
    assert spelling.corrected("an urgent and humane walk") == "an urgent and humane walk"
    assert heard_rightly("赚人公") == "转人工"
    assert heard_rightly("转入公司账户") == "转入公司账户", "only a clause that is nothing else"


def test_plain_anger_is_seen_and_calm_words_are_not_taken_for_it() -> None:
    moods = evaluation("mood.jsonl")
    seen = [one for one in moods if one["unhappy"] and is_angry(str(one["text"]))]
    assert len(seen) >= 20, "coarse, but not blind"
    calm = [str(one["text"]) for one in moods if not one["unhappy"]]
    calm += [str(one.get("text") or one.get("question")) for one in evaluation("answerable.jsonl")]
    wrong = [text for text in calm if is_angry(text)]
    assert len(wrong) <= 0.01 * len(calm), wrong


@pytest.mark.parametrize(
    "text",
    [
        *("human ", "real live ", "talk to ", "不要", "转", "fu", "worst a-", "你们", " ", "don't "),
        *("我要", "请帮我", "人工 客服 ", "kefu ", "转 agent ", "tlak ot huamn ", "给我 real ", "a. b? "),
    ],
)
def test_no_text_holds_up_the_event_loop(text: str) -> None:
    """F-97: as long as a message may be, in the shape that a careless pattern takes seconds for."""
    hostile = (text * 8000)[:8000]
    began = time.process_time()
    asks_for_human(hostile)
    is_angry(hostile)
    danger(hostile[:4000])
    assert time.process_time() - began < 0.4
