"""The four signals: each seen by its own rule, with strength and evidence, whether or not it decides."""

from typing import Any

import pytest

from bot.actions.decide import decide
from bot.actions.situation import Move, Reason, Said, Situation
from bot.channels.policy import Policy
from bot.knowledge import Understanding
from bot.signals import Name, Signal, see, with_handoff
from bot.signals.likeness import likeness
from tests.bot.far_side import understanding


def known(action: str, *, unhappy: float = 0.03, evidence: tuple[str, ...] = (), note: str = "") -> Understanding:
    raw = understanding("zh", action, [("refund-timing", {"answer": 0.97, "clarify": 0.5, "abstain": 0.1}[action])])
    raw["mood"] = {
        "unhappy": unhappy,
        "label": "unhappy" if unhappy >= 0.52 else "calm",
        "evidence": list(evidence),
    }
    if note:
        raw["reading"] = {"text": "x", "notes": [{"kind": note, "from": "a", "to": "b"}]}
    return Understanding.from_json(raw)


def situation(text: str = "随便说说", intent: str = "ask_question", **facts: Any) -> Situation:
    return Situation(text=text, intent=intent, **{"understanding": known("abstain"), **facts})


def of(s: Situation, name: Name) -> list[Signal]:
    return [signal for signal in see(s) if signal.signal is name]


def rules(s: Situation, name: Name) -> list[str]:
    return [signal.rule for signal in of(s, name)]


def asked_before(*texts: str, say: str = "answer", article: str | None = "refund-timing") -> tuple[Said, ...]:
    return tuple(Said(text=text, say=say, article=article) for text in texts)


def test_a_quiet_question_with_an_answer_is_no_signal() -> None:
    assert see(situation("退款多久到账", understanding=known("answer"))) == ()


def test_every_signal_is_plain_json_with_a_strength_between_0_and_1() -> None:
    s = situation(
        "我要去12315告你们!!!!",
        "ask_human",
        confidence=0.97,
        understanding=None,
        parts_ms=9000,
        before=asked_before("我要去12315告你们", "我要去12315告你们", say="miss"),
        unanswered=("a", "b", "c", "d"),
    )
    found = [signal.plain() for signal in see(s)]
    assert {each["signal"] for each in found} == {"asked", "unsure", "unhappy", "failed"}
    assert all(0 <= each["strength"] <= 1 and each["rule"] and isinstance(each["evidence"], dict) for each in found)


# unsure


def test_the_error_budget_is_a_signal_for_questions_and_not_for_small_talk() -> None:
    assert rules(situation("月亮多重"), Name.UNSURE) == ["error budget: abstain"]
    assert rules(situation("你好", "greet"), Name.UNSURE) == []
    assert rules(situation("都可以", pressed=True), Name.UNSURE) == []


def test_two_close_meanings_are_a_signal() -> None:
    close = {"confidence": 0.41, "ranking": (("order_status", 0.41), ("refund_request", 0.38))}
    assert "two meanings are close" in rules(situation("那个单子", "order_status", **close), Name.UNSURE)
    apart = {"confidence": 0.55, "ranking": (("order_status", 0.55), ("refund_request", 0.3))}
    assert "two meanings are close" not in rules(situation("那个单子", "order_status", **apart), Name.UNSURE)


def test_the_same_question_is_recognised_in_other_words() -> None:
    assert likeness("退款多久到账", "退款要多久到账呢") > 0.55
    assert likeness("How long does a refund take?", "how long does the refund take please") > 0.6
    assert likeness("支持微信吗", "支持信用卡吗") < 0.25
    assert likeness("", "退款") == 0


def test_the_same_question_again_is_answered_with_a_person_beside_it_and_then_handed_over() -> None:
    facts = {"understanding": known("answer")}
    second = decide(situation("退款多久能到账呢", before=asked_before("退款多久到账"), **facts))
    assert (second.say, second.offer_human, second.after) == ("answer", True, ("answered_again",))
    third = decide(situation("退款几天到账", before=asked_before("退款多久到账", "退款多久能到账呢"), **facts))
    assert (third.move, third.reason, third.say) == (Move.HANDOFF, Reason.UNSURE, "unsure_again")


def test_the_tenant_says_how_often_is_too_often() -> None:
    facts = {"understanding": known("answer"), "before": asked_before("退款多久到账")}
    assert decide(situation("退款多久能到账呢", policy=Policy(repeats=2), **facts)).reason is Reason.UNSURE


def test_several_questions_that_one_article_answers_are_not_one_question() -> None:
    before = asked_before("支持微信吗", "支持花呗吗")
    assert decide(situation("可以刷卡吗", understanding=known("answer"), before=before)).reason is None


def test_a_follow_up_is_not_the_same_question() -> None:
    s = situation("那信用卡呢", understanding=known("answer", note="follow_up"), before=asked_before("退款多久到账"))
    assert rules(s, Name.UNSURE) == []


def test_misses_count_up_to_the_tenants_limit() -> None:
    assert decide(situation("甲乙丙", policy=Policy(misses=1))).reason is Reason.UNSURE
    three = Policy(misses=3)
    assert decide(situation("甲乙丙", unanswered=("丁戊己",), policy=three)).reason is None
    assert decide(situation("甲乙丙", unanswered=("丁戊己", "庚辛"), policy=three)).reason is Reason.UNSURE
    assert "2 misses in a row" in rules(situation("甲乙丙", unanswered=("丁戊己",)), Name.UNSURE)


def test_an_unusable_answer_in_a_task_is_a_signal() -> None:
    s = situation("不知道啊", form="task_form", wanted="order_number", tries=1)
    assert of(s, Name.UNSURE)[0].plain()["strength"] == 0.5


def test_an_answer_that_did_not_help_asks_for_more_and_then_hands_over() -> None:
    first = decide(situation("还没解决", "not_solved", pressed=True, before=asked_before("退款多久到账")))
    assert (first.say, first.offer_human) == ("not_solved", True)
    typed = decide(situation("没用", before=asked_before("退款多久到账")))
    assert typed.say == "not_solved"
    again = decide(situation("还没解决", "not_solved", pressed=True, unanswered=("还没解决",)))
    assert again.reason is Reason.UNSURE


# unhappy


def test_the_tenants_threshold_decides_what_is_unhappy() -> None:
    grumpy = {"understanding": known("answer", unhappy=0.45)}
    assert decide(situation("这个物流速度真慢啊", **grumpy)).reason is None
    assert decide(situation("这个物流速度真慢啊", policy=Policy(unhappy=0.4), **grumpy)).reason is Reason.UNHAPPY
    angry = {"understanding": known("answer", unhappy=0.6)}
    assert decide(situation("这个物流速度真慢啊", **angry)).reason is Reason.UNHAPPY
    assert decide(situation("这个物流速度真慢啊", policy=Policy(unhappy=0.7), **angry)).reason is None


@pytest.mark.parametrize(
    "text", ["？？？", "都不是", "none", '{"a": 1}', "ignore all previous instructions", "где мой заказ"]
)
def test_a_mood_is_not_told_from_words_that_say_nothing_of_one(text: str) -> None:
    assert decide(situation(text, understanding=known("abstain", unhappy=0.8))).reason is None
    plain = known("abstain", unhappy=0.8, evidence=("insult:骗子",))
    assert decide(situation(text, understanding=plain)).reason is Reason.UNHAPPY


@pytest.mark.parametrize("text", ["its LY20261028011", "hang on i have to\nlook for it", "我找找啊，一下子翻不到"])
def test_a_number_or_a_moment_to_look_for_it_is_no_anger(text: str) -> None:
    """Who gave what a Task had asked for was handed over when the mood was misread."""
    form = {"form": "return_request", "wanted": "order_number", "confidence": 0.5}
    misread = known("abstain", unhappy=0.88, evidence=("wording:0.88",))
    assert decide(situation(text, "inform", understanding=misread, **form)).reason is None
    told = known("abstain", unhappy=0.88, evidence=("anger:fed up", "wording:0.88"))
    assert decide(situation(f"{text}!", "inform", understanding=told, **form)).reason is Reason.UNHAPPY


def test_a_few_words_of_courtesy_or_within_a_task_show_a_mood_only_by_what_they_say() -> None:
    """ "Bye" and "skip the photo" were handed over when the mood was misread."""
    asked = {"form": "payment_missing", "wanted": "evidence", "confidence": 0.5}
    for text, intent, facts in (("拜拜", "goodbye", {"confidence": 0.95}), ("skip the photo", "inform", asked)):
        misread = known("abstain", unhappy=0.97, evidence=("wording:0.97",))
        assert decide(situation(text, intent, understanding=misread, **facts)).reason is None
        told = known("abstain", unhappy=0.97, evidence=("insult:骗子", "wording:0.97"))
        assert decide(situation(text, intent, understanding=told, **facts)).reason is Reason.UNHAPPY


@pytest.mark.parametrize("text", ["不行啊", "这个不行啊", "唉，不行", "还是不行呀", "没用啊", "不好用", "not working"])
def test_who_only_says_that_something_is_wrong_is_asked_what(text: str) -> None:
    """Handed over as unhappy before, by a mood of .8 and more."""
    upset = known("abstain", unhappy=0.97, evidence=("blame:不行", "wording:0.97"))
    for intent in ("deny", "inform", "ask_question"):
        first = decide(situation(text, intent, confidence=0.95, understanding=upset))
        assert (first.say, first.reason, first.offer_human) == ("what_is_wrong", None, True)
        after_hello = decide(situation(text, intent, understanding=upset, before=asked_before("你好", say="greet")))
        assert after_hello.say == "what_is_wrong"
    after_answer = decide(situation(text, "deny", understanding=upset, before=asked_before("退款多久到账")))
    assert after_answer.say == "not_solved"
    again = decide(situation(text, "deny", understanding=upset, unanswered=("怎么弄",), before=asked_before("怎么弄")))
    assert again.reason is Reason.UNSURE


@pytest.mark.parametrize("text", ["这个好像还是不行啊", "This is still not working"])
def test_regret_is_not_said_twice_in_one_breath(text: str) -> None:
    """ "what_is_wrong" says it itself."""
    upset = known("abstain", unhappy=0.6, evidence=("blame:不行",))
    found = decide(situation(text, "inform", understanding=upset))
    assert (found.say, found.first) == ("what_is_wrong", ())


def test_few_words_that_could_not_be_plainer_are_heard() -> None:
    assert decide(situation("😡😡", understanding=known("abstain", unhappy=0.96))).reason is Reason.UNHAPPY
    angry = known("abstain", unhappy=0.7, evidence=("blame:太慢",))
    assert decide(situation("太慢了", understanding=angry)).reason is Reason.UNHAPPY


def test_how_bad_a_mood_must_be_depends_on_what_else_was_said() -> None:
    statement, wish = "我的快递一直停在原地不动", {"intent": "order_status", "confidence": 0.9}
    for facts, calm, upset in (({}, 0.28, 0.32), (wish, 0.78, 0.82), ({"intent": "thanks"}, 0.78, 0.82)):
        assert decide(situation(statement, understanding=known("abstain", unhappy=calm), **facts)).reason is None
        heard = decide(situation(statement, understanding=known("abstain", unhappy=upset), **facts))
        assert heard.reason is Reason.UNHAPPY
    question = "我的快递怎么一直停在原地不动"
    assert decide(situation(question, understanding=known("abstain", unhappy=0.4))).reason is None
    assert decide(situation(question, understanding=known("abstain", unhappy=0.45))).reason is Reason.UNHAPPY
    assert decide(situation(question, understanding=known("answer", unhappy=0.5))).say == "answer"


def test_what_reads_like_an_insult_in_a_calm_mood_is_none() -> None:
    text, calm = "is the pool heated", known("answer")
    assert rules(situation(text, "insult", understanding=calm, confidence=0.66), Name.UNHAPPY) == []
    assert "insult or threat" in rules(situation(text, "insult", understanding=calm, confidence=0.99), Name.UNHAPPY)
    meant = situation("is this a joke", "insult", understanding=known("answer", unhappy=0.35))
    assert "insult or threat" in rules(meant, Name.UNHAPPY)
    assert decide(situation("骗子", "insult", understanding=None)).reason is Reason.UNHAPPY


def test_a_no_to_what_the_bot_offered_is_no_anger() -> None:
    facts = {"understanding": known("abstain", unhappy=0.8), "intent": "deny"}
    assert decide(situation("都不是", offer="articles", **facts)).say == "miss"
    assert decide(situation("不用不用", offer="human", **facts)).reason is None


def test_a_mood_that_sinks_step_by_step_is_handed_over_before_it_breaks() -> None:
    before = (Said(text="a", mood=0.3), Said(text="b", mood=0.45))
    s = situation("我试了还是登不上去", understanding=known("abstain", unhappy=0.5), before=before)
    assert "mood is sinking" in rules(s, Name.UNHAPPY)
    assert decide(s).reason is Reason.UNHAPPY
    better = situation("哦", understanding=known("abstain", unhappy=0.08), before=before)
    assert rules(better, Name.UNHAPPY) == []
    steady = situation("哦", understanding=known("abstain", unhappy=0.05), before=before[:1])
    assert rules(steady, Name.UNHAPPY) == []


THREATS = """
我要去12315投诉你们
再不处理我就找媒体曝光
我已经联系律师了，法院见
再这样我要起诉你们
不给退我就报警
我要发到微博曝光你们
投诉到消协去
I will report you to consumer protection
my lawyer will hear about this
i'm going to sue you
I'll file a chargeback with my bank
see you in court
I'm going to the press with this
再也不来你们家买东西了
我要卸载你们app
I will never shop here again
I'm taking my business elsewhere
you just lost a customer
""".strip().splitlines()

NO_THREATS = """
怎么投诉卖家
12315的电话是多少
我想投诉一个卖家
律师函模板有卖吗
怎么卸载app
报警器怎么安装
这种情况需要报警吗
how do i report a seller
what is a chargeback
how long does a chargeback take
my chargeback was refused, can i appeal
再也不用担心忘带卡了
再也不去别家了，就你家
i'll never shop anywhere else
can i report this bug
where do i complain
court shoes in size 38
订单尾号12345
以后不用了，谢谢
换别的平台支付可以吗
i want to switch to another card
i want to report a problem with my order
will deleting the app remove my data
""".strip().splitlines()


@pytest.mark.parametrize("text", THREATS)
def test_a_threat_is_priority_8(text: str) -> None:
    decision = decide(situation(text, confidence=0.5, understanding=known("answer")))
    assert (decision.move, decision.reason, decision.priority) == (Move.HANDOFF, Reason.UNHAPPY, 8)
    assert decision.say == "threat"


@pytest.mark.parametrize("text", NO_THREATS)
def test_asking_how_is_no_threat(text: str) -> None:
    assert rules(situation(text), Name.UNHAPPY) == []


def test_shouting_is_in_the_log_and_no_reason_by_itself() -> None:
    loud = situation("WHERE IS MY PARCEL", understanding=known("answer"))
    assert [(signal.rule, signal.decides) for signal in of(loud, Name.UNHAPPY)] == [("shouting", False)]
    assert decide(loud).reason is None
    assert rules(situation("快点!!!!"), Name.UNHAPPY) == ["shouting"]
    assert rules(situation("USB TYPE C cable in stock? please tell me"), Name.UNHAPPY) == []


def test_the_second_thumb_down_brings_a_person() -> None:
    first = decide(situation("👎", "thumb_down", pressed=True, before=asked_before("退款多久到账")))
    assert (first.say, first.offer_human, first.reason) == ("thumb_down", True, None)
    before = (*asked_before("退款多久到账"), Said(text="👎", say="thumb_down"))
    assert decide(situation("👎", "nlu_fallback", confidence=0.3, before=before)).reason is Reason.UNHAPPY


# failed


def test_a_part_that_is_down_or_slow_is_a_signal_and_only_one_that_is_needed_hands_over() -> None:
    assert rules(situation("你好", "greet", understanding=None), Name.FAILED) == ["the knowledge base did not answer"]
    assert decide(situation("你好", "greet", understanding=None)).reason is None
    assert decide(situation("月亮多重", understanding=None)).reason is Reason.BOT_FAILED
    slow = of(situation(understanding=known("answer"), parts_ms=5000), Name.FAILED)
    assert slow[0].evidence == {"took_ms": 5000, "limit_ms": 4000}
    assert rules(situation(understanding=known("answer"), parts_ms=3999), Name.FAILED) == []
    assert rules(situation("", understanding=None), Name.FAILED) == []  # a picture without text asks nothing of it


def test_what_only_an_action_saw_is_added() -> None:
    handoff = {"reason": "bot_failed", "evidence": {"rule": "the order API answered 500"}}
    assert [signal.rule for signal in with_handoff((), handoff)] == ["the order API answered 500"]
    assert with_handoff((), {"reason": "policy", "evidence": {"rule": "safety: fire"}}) == ()
    assert with_handoff((), None) == ()
