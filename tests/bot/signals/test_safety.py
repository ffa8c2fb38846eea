"""Danger is heard whatever else was asked, and only where there is some."""

import pytest

from bot.actions.decide import decide
from bot.actions.situation import Move, Reason, Situation
from bot.channels.policy import read_policy
from bot.signals import danger
from tests.bot.signals.danger import DANGER, HARMLESS, lines

CASES = [(kind, text) for kind, block in DANGER.items() for text in lines(block)]


@pytest.mark.parametrize(("kind", "text"), CASES, ids=[text for _, text in CASES])
def test_danger_is_heard_and_its_kind_known(kind: str, text: str) -> None:
    found = danger(text)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("text", lines(HARMLESS))
def test_how_people_talk_is_no_danger(text: str) -> None:
    assert danger(text) is None


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
