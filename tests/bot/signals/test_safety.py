"""Danger is heard whatever else was asked, and only where there is some."""

import sre_parse
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

from bot.actions.decide import decide
from bot.actions.situation import Move, Reason, Situation
from bot.channels.policy import read_policy
from bot.hearing.words import WORDS
from bot.signals import danger
from tests.bot.signals.danger import DANGER, HARMLESS, lines

MARKS = list(sre_parse.parse(r"\W"))
CASES = [(kind, text) for kind, block in DANGER.items() for text in lines(block)]


@pytest.mark.parametrize(("kind", "text"), CASES, ids=[text for _, text in CASES])
def test_danger_is_heard_and_its_kind_known(kind: str, text: str) -> None:
    found = danger(text)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("text", lines(HARMLESS))
def test_how_people_talk_is_no_danger(text: str) -> None:
    assert danger(text) is None


def patterns(content: Any) -> Iterator[str]:
    """All lines of the lists, however deep."""
    if isinstance(content, str):
        yield content
        return
    for each in content.values() if isinstance(content, dict) else content:
        yield from patterns(each)


def walls(parsed: Iterable[Any]) -> int:
    """The most repetitions without end over marks that stand side by side, with nothing needed in between: with two, a
    wall of marks is cut in all ways, and its length costs squared.
    """
    worst = side_by_side = 0
    for what, how in parsed:
        inner = []
        if what in (sre_parse.MAX_REPEAT, sre_parse.MIN_REPEAT):
            least, most, inner = how[0], how[1], [how[2]]
            takes_marks = most is sre_parse.MAXREPEAT and list(how[2]) == MARKS
            side_by_side = (side_by_side if least == 0 else 0) + takes_marks
        elif what is sre_parse.SUBPATTERN:
            inner, side_by_side = [how[3]], 0
        elif what is sre_parse.BRANCH:
            inner, side_by_side = how[1], 0
        else:
            side_by_side = 0
        worst = max([worst, side_by_side, *(walls(each) for each in inner)])
    return worst


def test_a_wall_of_marks_costs_no_pattern_its_length_squared() -> None:
    assert walls(sre_parse.parse(r"^\W*(?:a|b)*\W*c")) == 2
    assert walls(sre_parse.parse(r"^(?:\W{0,20}(?:a|b))*\W{0,20}c\W*$")) == 1
    lines_of_all = list(patterns(yaml.safe_load(WORDS.read_text(encoding="utf-8"))))
    assert [line for line in lines_of_all if walls(sre_parse.parse(line)) > 1] == []


@pytest.mark.parametrize("form", [None, "refund_form"])
def test_danger_comes_before_everything_else_and_says_the_tenants_number(form: str | None) -> None:
    policy = read_policy({"emergency": {"zh": {"fire": "+86 119"}, "en": {"medical": "999"}}})
    facts = {"policy": policy, "form": form, "wanted": "order_number" if form else None, "intent": "ask_human"}
    fire = decide(Situation(text="充电宝着火了，转人工", language="zh", **facts))
    assert (fire.move, fire.reason, fire.priority) == (Move.HANDOFF, Reason.POLICY, 9)
    assert (fire.say, fire.values["number"]) == ("danger_fire", "+86 119")
    ill = decide(Situation(text="she is unconscious", language="en", **facts))
    assert ill.values["number"] == "999"
    hurt = decide(Situation(text="i want to kill myself", language="en", **facts))
    assert hurt.values["number"] == "12356"  # not set by the tenant: the built-in one


def test_who_waits_and_is_in_danger_still_gets_the_number() -> None:
    decision = decide(Situation(text="我不想活了", intent="ask_question", waiting=True))
    assert (decision.move, decision.say, decision.values["number"]) == (Move.REPLY, "danger_self_harm_waiting", "12356")
