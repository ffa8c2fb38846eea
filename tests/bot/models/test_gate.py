"""The gate's verdict, the figures it rests on, and the files that a candidate is checked with."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bot.models.figures import accuracy, macro_f1, scores
from bot.models.fit import gather, same
from bot.models.gate import LEAST, MARGIN, BadChecks, Checks, Findings, Measured, read_jsonl, verdict
from bot.models.inputs import Sources
from bot.models.stories import Outcome
from tests.bot.gateway import ROOT

PERFECT = Measured(Counter({("greet", "greet"): 50, ("bye", "bye"): 50}), frozenset({"greet", "bye"}))
GOOD = Findings(
    candidate=PERFECT, live=None, live_version=None, asked=3, not_handed_over=[], stories=Outcome(passed=["a"])
)


def with_mistakes(count: int) -> Measured:
    """PERFECT but for so many greetings read as goodbyes."""
    pairs = Counter({("greet", "greet"): 50 - count, ("greet", "bye"): count, ("bye", "bye"): 50})
    return Measured(pairs, PERFECT.known)


def test_scores_are_those_of_the_textbook() -> None:
    pairs = Counter({("a", "a"): 6, ("a", "b"): 2, ("b", "b"): 3, ("b", "a"): 1, ("c", "nlu_fallback"): 1})
    found = scores(pairs)
    assert (found["a"].precision, found["a"].recall, found["a"].lines) == (6 / 7, 6 / 8, 8)
    assert found["a"].f1 == pytest.approx(2 * (6 / 7) * (6 / 8) / (6 / 7 + 6 / 8))
    assert (found["c"].precision, found["c"].f1) == (0.0, 0.0)
    assert "nlu_fallback" not in found, "nobody means it"
    assert accuracy(pairs) == pytest.approx(9 / 13)
    assert macro_f1(found, among={"a", "b"}) == pytest.approx((found["a"].f1 + found["b"].f1) / 2)
    assert (macro_f1({}), accuracy({})) == (0.0, 0.0)


def test_a_first_model_passes_when_it_is_good_enough() -> None:
    found = verdict(GOOD)
    assert (found["passed"], found["reasons"], found["macro_f1"], found["compared"]) == (True, [], 1.0, None)


def test_one_way_to_ask_for_a_person_that_gets_none_is_enough_to_refuse() -> None:
    found = verdict(replace(GOOD, not_handed_over=["get me a human"]))
    assert not found["passed"]
    assert "get me a human" in found["reasons"][0]


def test_one_story_that_fails_is_enough_to_refuse() -> None:
    found = verdict(replace(GOOD, stories=Outcome(passed=["a"], failed={"b": "step 2: no"})))
    assert found["reasons"] == ["1 of 2 stories fail: b: step 2: no"]


def test_it_may_be_a_little_worse_than_the_live_model_and_not_more() -> None:
    slightly, clearly = with_mistakes(1), with_mistakes(5)
    assert 1 - macro_f1(scores(slightly.pairs)) < MARGIN < 1 - macro_f1(scores(clearly.pairs))
    live = {"live": PERFECT, "live_version": "v0001-a"}
    assert verdict(replace(GOOD, candidate=slightly, **live))["passed"]
    refused = verdict(replace(GOOD, candidate=clearly, **live))
    assert not refused["passed"]
    assert "v0001-a" in refused["reasons"][0]


def test_an_intent_that_the_live_model_did_not_know_is_not_compared() -> None:
    pairs = Counter({**PERFECT.pairs, ("new", "new"): 6, ("new", "greet"): 4})
    candidate = Measured(pairs, PERFECT.known | {"new"})
    found = verdict(replace(GOOD, candidate=candidate, live=PERFECT, live_version="v0001-a"))
    assert found["compared"]["intents"] == 2
    assert found["passed"]


def test_below_the_least_no_model_goes_live_though_the_live_one_is_as_bad() -> None:
    bad = with_mistakes(20)
    assert macro_f1(scores(bad.pairs)) < LEAST
    assert not verdict(replace(GOOD, candidate=bad, live=bad, live_version="v0001-a"))["passed"]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "x"}', '{"text": "", "intent": "greet"}', '{"text": 1, "intent": "a"}']
)
def test_a_bad_line_of_the_checks_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "intents.jsonl"
    path.write_text('{"text": "hello", "intent": "greet"}\n' + line + "\n")
    with pytest.raises(BadChecks, match=r"intents\.jsonl:2"):
        read_jsonl(path, "text", "intent")


def test_missing_checks_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadChecks, match="cannot be read"):
        Checks.read(tmp_path)


def test_the_projects_checks_are_wide() -> None:
    """Held-out lines that have come into the training data since do not count, so there must be more than enough."""
    sources = Sources(reviewed=ROOT / "nowhere")
    checks, material = Checks.read(sources.checks), gather(sources)
    held_out = Counter(intent for text, intent in checks.held_out if same(text) not in material.texts)
    assert sum(held_out.values()) >= 250
    assert {intent: held_out[intent] for intent in material.intents if held_out[intent] < 5} == {}
    by_language = Counter(language for _, language in checks.asking)
    assert min(by_language["zh"], by_language["en"]) >= 40
    stories = Counter(story.language for story in checks.stories)
    assert sum(stories.values()) >= 30
    assert min(stories["zh"], stories["en"]) >= 12
    assert json.dumps(len({story.name for story in checks.stories})) == str(len(checks.stories))
