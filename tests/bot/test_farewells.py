"""Who takes leave is not looked up, and is not taken for somebody who has had enough."""

import pytest

from bot.actions.decide import decide
from bot.actions.situation import Situation
from bot.hearing.words import says_farewell
from tests.bot.signals.test_signals import known, situation

FAREWELLS = [
    "that was it",
    "nothing else",
    "ok, that's all for now",
    "perfect, nothing further",
    "no more questions from my side",
    "you can close this chat now",
    "没别的了",
    "没有其他问题了，谢谢",
    "好的，就这样吧",
    "暂时没有了",
    "我去忙了，拜拜",
    "可以结束对话了",
]
NONE = [
    "nothing works",
    "that was it that I ordered?",
    "is that all?",
    "close my account",
    "no more bots",
    "没有其他颜色了吗",
    "没有发票",
    "就这样的服务",
    "不问了解不到",
    "结束日期是哪天",
    "嗯" * 60,
]


def left(text: str, **more: object) -> Situation:
    return situation(text, "nlu_fallback", confidence=0.4, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", FAREWELLS)
def test_a_farewell_that_the_classifier_does_not_know_ends_the_conversation(text: str) -> None:
    decision = decide(left(text, understanding=known("abstain", unhappy=0.7)))
    assert (decision.say, decision.close) == ("goodbye", True)


@pytest.mark.parametrize("text", NONE)
def test_what_only_begins_like_one_is_none(text: str) -> None:
    assert not says_farewell(text)
    assert decide(left(text)).rule != "takes leave"


def test_courtesies_of_which_it_is_unsure_which_are_one_of_them() -> None:
    ranking = (("solved", 0.4), ("goodbye", 0.15), ("thanks", 0.15), ("inform", 0.1))
    decision = decide(situation("全都搞明白了，回见", "solved", confidence=0.4, ranking=ranking))
    assert (decision.say, decision.close) == ("goodbye", True)
    ranking = (("thanks", 0.4), ("solved", 0.3), ("inform", 0.1))
    decision = decide(situation("my doubt is cleared, thank you", "thanks", confidence=0.4, ranking=ranking))
    assert (decision.say, decision.close) == ("thanks", False)


def test_within_a_task_and_beside_a_choice_it_may_be_an_answer() -> None:
    asked = situation("that's it", "nlu_fallback", confidence=0.4, form="cancel_order", wanted="confirmed")
    assert decide(asked).say != "goodbye"
    assert decide(left("that is it", options=("a", "b"))).say != "goodbye"


def test_anger_with_a_goodbye_is_heard() -> None:
    upset = known("abstain", unhappy=0.95, evidence=("anger:pointless",))
    ranking = (("goodbye", 0.5), ("thanks", 0.2))
    assert (
        decide(
            situation("this is pointless, goodbye", "goodbye", confidence=0.5, ranking=ranking, understanding=upset)
        ).say
        == "unhappy"
    )
