"""*asked*: who wants a person is heard in whatever words, and nobody else is."""

import pytest

from bot.actions.decide import decide
from bot.actions.situation import Reason
from bot.signals import Name
from tests.bot.signals.test_signals import known, of, rules, situation


def test_asking_is_heard_in_words_by_button_and_as_a_yes_to_the_offer() -> None:
    assert of(situation("转人工", "ask_human", confidence=0.9), Name.ASKED)[0].strength == 0.9
    assert of(situation("转人工", "ask_human", pressed=True), Name.ASKED)[0].evidence["pressed"] is True
    assert rules(situation("好", "affirm", offer="human"), Name.ASKED) == ["accepted the offer"]
    assert rules(situation("好", "affirm"), Name.ASKED) == []


def test_where_the_classifier_is_sure_of_nothing_the_weights_of_the_wish_are_heard() -> None:
    unsure = {"confidence": 0.4}
    assert rules(situation("loop in staff", "nlu_fallback", **unsure), Name.ASKED)
    assert rules(situation("loop in staff", "order_status", confidence=0.9), Name.ASKED) == []
    answer = known("answer")
    assert rules(situation("loop in staff", "nlu_fallback", understanding=answer, **unsure), Name.ASKED) == []


def test_a_guess_at_the_wish_that_the_weights_do_not_hear_is_none() -> None:
    text = "do you have a cable holder for a standing desk manager"
    assert rules(situation(text, "ask_human", confidence=0.45), Name.ASKED) != ["asked for a human"]
    assert rules(situation("pls halp, superviser", "ask_human", confidence=0.45), Name.ASKED), "words they do not know"


def test_what_a_customer_tells_of_when_asked_what_happened_is_no_wish() -> None:
    told = {"form": "complaint", "wanted": "what", "confidence": 0.4}
    assert "asked for a human" not in rules(situation("同一个问题说了三遍没人管", "ask_human", **told), Name.ASKED)
    assert rules(situation("转人工", "ask_human", **told), Name.ASKED) == ["asked for a human"]
    likely = {**told, "confidence": 0.75}
    for story in ("跟你们同事说了五遍没解决", "客服一直说等,没有人处理"):
        assert "asked for a human" not in rules(situation(story, "ask_human", **likely), Name.ASKED)
    weighed = {**told, "understanding": known("abstain")}
    assert "asked for a human" not in rules(situation("loop in staff", "nlu_fallback", **weighed), Name.ASKED)


@pytest.mark.parametrize("text", ["叫你们经理来", "I want to speak to your supervisor", "找高级客服"])
def test_asking_for_a_senior_person_is_told_apart_and_more_urgent(text: str) -> None:
    decision = decide(situation(text, "ask_human"))
    assert (decision.say, decision.reason, decision.priority) == ("asked_senior", Reason.ASKED, 4)


@pytest.mark.parametrize(
    "text",
    [
        "i do not want a robot i need a human",
        "is there somebody who is not a bot",
        "no more robots please",
        "i need someone from your staff",
        "叫个说了算的人",
        "懒得和机器人聊",
        "轉人工",
        "不要AI要真人",
        "能不能转人工",
        "派个能听懂人话的来",
    ],
)
def test_refusing_the_machine_is_asking_whatever_the_classifier_says(text: str) -> None:
    assert rules(situation(text, "ask_human"), Name.ASKED)
    assert rules(situation(text, "ask_question"), Name.ASKED)


@pytest.mark.parametrize(
    "text",
    [
        "我上次已经找过人工了",
        "我叫了个人帮我签收",
        "i already spoke to an agent",
        "transfer my points to another person",
        "不用转人工",
        "i do not want to talk to a person",
    ],
)
def test_what_was_or_goes_elsewhere_is_no_asking(text: str) -> None:
    assert not rules(situation(text, "ask_human"), Name.ASKED)
    assert not rules(situation(text, "ask_question"), Name.ASKED)


def test_a_weak_wish_is_seen_and_does_not_decide() -> None:
    s = situation("谁能看一下我的单子", confidence=0.4, ranking=(("ask_question", 0.4), ("ask_human", 0.35)))
    weak = of(s, Name.ASKED)
    assert [(signal.rule, signal.decides) for signal in weak] == [("may have asked for a human", False)]
    assert decide(s).reason is None


@pytest.mark.parametrize(
    "text",
    [
        "我点错了商品,转人工帮我改",
        "按错了尺码,我要人工",
        "误触了付款,给我转人工",
        "跟你聊就够烦了,给我转人工",
        "别叫客服,叫你们老板来",
        "我不要转人工语音，我要真人",
        "客服说解决不了,我要找主管",
        "客服说三天到账,现在五天了,让我跟经理谈",
        "上次转人工之后就断了,再帮我转一次",
        "客服已经答应退款了又反悔，叫你们经理出来",
        "don't transfer me to another bot, transfer me to a person",
        "please stop and connect me with an agent",
        "i'd be fine with a bot if it worked, but get me an agent",
        "happy to chat with you but i want a person",
        "i hate talking to people who can't help, get me a manager",
        "this is a job for an agent",
        "can you pass me to someone competent",
    ],
)
def test_what_one_clause_refuses_or_tells_another_one_may_ask_for(text: str) -> None:
    assert is_heard(text)


@pytest.mark.parametrize(
    "what", ["耳机坏了", "手机坏了", "钱没到账", "打不开", "取消订单", "检查一下", "价格不对", "牙刷坏了", "维修"]
)
def test_what_it_is_about_may_follow_the_wish_without_a_mark(what: str) -> None:
    assert is_heard(f"转人工{what}")
    assert rules(situation(f"转人工{what}", "ask_question"), Name.ASKED), "whatever the classifier says"


def is_heard(text: str) -> bool:
    """Whether the wish is heard where the classifier is sure of it."""
    return any(each.decides for each in of(situation(text, "ask_human", confidence=0.9), Name.ASKED))


@pytest.mark.parametrize(
    "text",
    [
        "取消转人工",
        "撤回转人工客服",
        "cancel the transfer to a human",
        "不小心点了转人工",
        "点错人工了",
        "can you transfer this ticket to my brother",
        "forward my ticket to my email",
        "send this to your manager as praise",
        "does anyone work there on sunday",
        "will someone join the livestream tonight",
        "the sweater looks different on a real man",
        "i was promised a call back by a manager yesterday and nothing came",
        "可以和商家谈价吗",
        "要跟卖家说备注吗",
        "要请专人安装吗",
        "换个会安装的人来要多少钱",
        "升级到二线城市配送吗",
        "交给楼下员工了",
        "怎么切换到人工模式",
        "不要机器人回充功能的有吗",
        "人工耳蜗能退吗",
        "要不要人工验机",
    ],
)
def test_what_only_sounds_like_the_wish_is_none(text: str) -> None:
    assert not rules(situation(text, "ask_question", confidence=0.9), Name.ASKED)


@pytest.mark.parametrize(
    "text",
    [
        "不要转人工了，转人工也没用",
        "别转人工，上次转人工等了一个小时",
        "先不用人工，不行再找人工",
        "别转，转人工要等好久",
        "谁说要转人工了？我不要人工",
        "没要人工，点错转人工了",
        "不用转人工，有专员在处理了",
        "no agents, I hate having to talk to a person",
        "no need for a human, if it fails I will ask for a human",
        "why transfer me to a human? I don't need a human",
        "no human, I already asked to speak to a manager and they refused",
        "I don't want a human, can you do it without a human agent",
        "do not escalate to a manager, just let me finish",
    ],
)
def test_the_reason_for_a_no_is_no_wish(text: str) -> None:
    assert not rules(situation(text, "deny", confidence=0.97), Name.ASKED)
    assert not rules(situation(text, "ask_question", confidence=0.5), Name.ASKED)
