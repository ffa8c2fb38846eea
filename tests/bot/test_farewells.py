"""Who takes leave is not looked up, and is not taken for somebody who has had enough."""

import pytest

from bot.actions.decide import decide
from bot.actions.situation import Situation
from bot.hearing.words import says_farewell
from tests.bot.signals.test_signals import asked_before, known, situation

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
BEFORE = asked_before("退款多久到账")
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
    upset = known("abstain", unhappy=0.7)
    decision = decide(left(text, understanding=upset, before=BEFORE))
    assert (decision.say, decision.close) == ("goodbye", True)
    assert not decide(left(text, understanding=upset)).close, "nothing was said before"
    assert not decide(left(text, understanding=upset, before=BEFORE, unanswered=("怎么弄",))).close, "he gives up"


@pytest.mark.parametrize("text", NONE)
def test_what_only_begins_like_one_is_none(text: str) -> None:
    assert not says_farewell(text)
    assert decide(left(text)).rule != "takes leave"


def test_courtesies_of_which_it_is_unsure_which_are_one_of_them() -> None:
    ranking = (("solved", 0.4), ("goodbye", 0.15), ("thanks", 0.15), ("inform", 0.1))
    decision = decide(situation("全都搞明白了，回见", "solved", confidence=0.4, ranking=ranking, before=BEFORE))
    assert (decision.say, decision.close) == ("goodbye", True)
    ranking = (("thanks", 0.4), ("solved", 0.3), ("inform", 0.1))
    decision = decide(situation("my doubt is cleared, thank you", "thanks", confidence=0.4, ranking=ranking))
    assert (decision.say, decision.close) == ("thanks", False)


def test_within_a_task_and_beside_a_choice_it_may_be_an_answer() -> None:
    asked = situation("that's it", "nlu_fallback", confidence=0.4, form="cancel_order", wanted="confirmed")
    assert decide(asked).say != "goodbye"
    assert decide(left("that is it", options=("a", "b"))).say != "goodbye"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ok thanks bye but who pays the postage", "goodbye"),
        ("all good except the box was wet", "solved"),
        ("cheers but nobody fixed it", "thanks"),
        ("没其他问题了，就是发票还没收到", "solved"),
        ("谢谢，不过钱还没到", "thanks"),
        ("谢谢，但是不能用了", "thanks"),
        ("解决了，但是又被扣了两次款", "solved"),
        ("解决了，但是我要退款", "solved"),
        ("thanks but it doesn't work", "thanks"),
        ("bye, but no problem of mine was solved", "goodbye"),
    ],
)
def test_what_follows_a_but_is_heard(text: str, intent: str) -> None:
    for confidence in (0.4, 0.8):
        ranking = ((intent, confidence), ("goodbye", 0.3))
        s = situation(text, intent, confidence=confidence, ranking=ranking, before=BEFORE)
        assert not decide(s).close
        assert decide(s).say == "miss"


@pytest.mark.parametrize(
    "text",
    [
        "之前不行，但现在好了",
        "it was broken but it works now",
        "不过还是谢谢你",
        "解决了，就是有点慢",
        "谢谢，但是不需要了",
        "thanks but I don't need it anymore",
        "thanks, but no thanks",
    ],
)
def test_a_but_before_thanks_or_a_solution_takes_nothing_back(text: str) -> None:
    s = situation(text, "solved", confidence=0.8, before=BEFORE)
    assert decide(s).close


def test_anger_with_a_goodbye_is_heard() -> None:
    upset = known("abstain", unhappy=0.95, evidence=("anger:pointless",))
    assert decide(left("close this ticket", understanding=upset, before=BEFORE)).say == "unhappy"
    ranking = (("goodbye", 0.5), ("thanks", 0.2))
    assert (
        decide(
            situation("this is pointless, goodbye", "goodbye", confidence=0.5, ranking=ranking, understanding=upset)
        ).say
        == "unhappy"
    )
