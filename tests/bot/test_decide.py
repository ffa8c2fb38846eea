"""The decision table, rule by rule; no Rasa, no network."""

from typing import Any

import pytest

from bot.actions.answering import CLOSE as TWO_ARE_CLOSE
from bot.actions.decide import Move, Reason, Situation, decide
from bot.actions.standing import Standing
from bot.actions.texts import Texts
from bot.knowledge import KnowledgeUnavailable, Understanding
from tests.bot.far_side import understanding


def known(
    action: str, probability: float = 0.97, *, angry: str | None = None, rule: str | None = None
) -> Understanding:
    found = [("refund-timing", probability), ("return-policy", probability - 0.05)]
    raw = understanding("zh", action, found, angry=angry)
    raw["decision"] |= {"rule": rule} if rule is not None else {}
    return Understanding.from_json(raw)


ANSWER, CLARIFY, ABSTAIN = known("answer"), known("clarify", 0.5), known("abstain", 0.1)


def situation(text: str = "随便", intent: str = "ask_question", **facts: Any) -> Situation:
    return Situation(text=text, intent=intent, **{"understanding": ABSTAIN, **facts})


@pytest.mark.parametrize("form", [None, "order_status", "refund_request"])
@pytest.mark.parametrize("wanted", [None, "order_number", "phone_tail", "reason", "confirmed"])
@pytest.mark.parametrize("understood", [ANSWER, CLARIFY, ABSTAIN, known("answer", angry="insult:x"), None])
def test_asking_for_a_human_wins_from_any_state(form: str, wanted: str, understood: Understanding) -> None:
    decision = decide(
        situation("转人工", "ask_human", form=form, wanted=wanted, understanding=understood, unanswered=("a",), tries=1)
    )
    assert (decision.move, decision.reason) == (Move.HANDOFF, Reason.ASKED)


def test_yes_to_the_offer_of_a_human_is_asking_for_one() -> None:
    assert decide(situation("好的", "affirm", offer="human")).reason is Reason.ASKED
    assert decide(situation("好的", "affirm")).move is Move.REPLY
    assert decide(situation("不用", "deny", offer="human")).say == "declined"


def test_anger_is_handed_off_by_mood_or_by_insult() -> None:
    assert decide(situation(understanding=known("answer", angry="anger:x"))).reason is Reason.UNHAPPY
    assert decide(situation("骗子", "insult", understanding=None)).reason is Reason.UNHAPPY
    assert decide(situation("骗子", "insult", confidence=0.5)).reason is None


def test_a_bad_refund_reason_is_no_anger_but_an_insult_is() -> None:
    facts = {"form": "refund_request", "wanted": "reason", "intent": "inform"}
    assert (
        decide(situation("东西坏了", understanding=known("abstain", 0.1, angry="wording:0.7"), **facts)).move
        is Move.FILL
    )
    angry = known("abstain", 0.1, angry="insult:骗子")
    assert decide(situation("骗子", understanding=angry, **facts)).reason is Reason.UNHAPPY


def test_the_knowledge_base_decides_a_question() -> None:
    assert decide(situation(understanding=ANSWER)).say == "answer"
    clarify = decide(situation(understanding=CLARIFY))
    assert (clarify.say, [hit.article for hit in clarify.choices]) == ("clarify", ["refund-timing", "return-policy"])
    assert clarify.slots["offer"] == {"kind": "articles", "options": ["refund-timing", "return-policy"]}


def test_an_answer_whose_facts_are_in_doubt_is_checked_by_a_person_at_once() -> None:
    raw = understanding("zh", "abstain", [("refund-timing", 0.97)])
    raw["decision"]["rule"] = "fact in doubt"
    doubted = Understanding.from_json(raw)
    handed = decide(situation(understanding=doubted))
    assert (handed.move, handed.reason, handed.say) == (Move.HANDOFF, Reason.UNSURE, "being_checked")
    assert decide(situation(understanding=doubted, waiting=True)).say == "unsure_waiting"


def test_first_miss_offers_second_hands_off_and_an_answer_resets() -> None:
    first = decide(situation("甲"))
    assert (first.say, first.offer_human, first.slots["unanswered"]) == ("miss", True, ["甲"])
    second = decide(situation("乙", unanswered=("甲",)))
    assert (second.move, second.reason) == (Move.HANDOFF, Reason.UNSURE)
    assert decide(situation(understanding=ANSWER, unanswered=("甲",))).slots["unanswered"] == []


def test_small_talk_in_between_keeps_the_count_of_misses() -> None:
    assert decide(situation("谢谢", "thanks", unanswered=("甲",))).slots["unanswered"] == ["甲"]


def test_second_clarify_in_a_row_is_a_miss() -> None:
    assert decide(situation(understanding=CLARIFY, offer="articles", options=("a",))).say == "miss"
    assert decide(situation(understanding=CLARIFY, offer="articles", unanswered=("甲",))).reason is Reason.UNSURE


def test_a_choice_that_nobody_made_is_answered_where_two_were_close_and_one_is_likely_enough() -> None:
    close = known("clarify", 0.8, rule=TWO_ARE_CLOSE)
    offered = {"offer": "articles", "options": ("refund-timing", "return-policy")}
    answered = decide(situation("退款要多久啊", understanding=close, **offered))
    assert (answered.say, answered.article, answered.offer_human) == ("article", "refund-timing", True)
    assert decide(situation("退款要多久啊", understanding=CLARIFY, **offered)).say == "miss", "too improbable"
    assert decide(situation("退款", understanding=known("clarify", 0.8), **offered)).say == "miss", "a mere topic"
    assert decide(situation("另一个退款", understanding=close, **offered)).say == "miss", "the other one"
    other = {**offered, "options": ("return-policy", "refund-timing")}
    assert decide(situation("退款要多久啊", understanding=close, **other)).say == "miss", "another one was the first"


def test_none_of_these_is_a_miss() -> None:
    facts = {"pressed": True, "offer": "articles"}
    assert decide(situation("都不是", "none_of_these", **facts)).say == "miss"
    assert decide(situation("都不是", "none_of_these", unanswered=("甲",), **facts)).reason is Reason.UNSURE
    for text in ("这些都不是", "都不是，我问的是别的", "neither of these is it", "none of them"):
        assert decide(situation(text, "stop", offer="articles")).say == "miss"


@pytest.mark.parametrize(
    ("text", "article"), [("2", "b"), ("第一个", "a"), ("option 3", "c"), ("选二", "b"), ("the second one please", "b")]
)
def test_a_choice_can_be_typed(text: str, article: str) -> None:
    assert decide(situation(text, offer="articles", options=("a", "b", "c"))).article == article


def test_a_number_without_choices_is_no_choice() -> None:
    assert decide(situation("2")).article is None
    assert decide(situation("3", offer="articles", options=("a", "b"))).article is None


def test_the_knowledge_base_is_needed_only_for_questions() -> None:
    assert decide(situation(understanding=None)).reason is Reason.BOT_FAILED
    assert decide(situation("你好", "greet", understanding=None)).say == "greet"
    assert decide(situation("我要退款", "refund_request", understanding=None)).move is Move.TASK
    form = {"form": "order_status", "wanted": "order_number", "understanding": None}
    assert decide(situation("就那个哦", "inform", **form)).move is Move.FILL
    assert decide(situation("这是什么?", **form)).reason is Reason.BOT_FAILED


def test_tasks_start_and_carry_the_order_over_where_they_do_something_with_it() -> None:
    done = {"task": "order_status", "known": {"order_number": "LY20261103001"}}
    after = {"standing": Standing(done=done)}
    status = decide(situation("查订单", "order_status", **after))
    assert (status.move, status.slots["task"], status.slots["known"]) == (Move.TASK, "order_status", {"carried": {}})
    refund = decide(situation("我要退款", "refund_request", **after))
    assert refund.slots["known"] == {"carried": {"order_number": "LY20261103001"}}


def test_a_general_question_is_answered_not_made_a_form() -> None:
    general = situation("退款多久到?", "refund_request", confidence=0.7, understanding=ANSWER)
    assert decide(general).say == "answer"
    assert decide(situation("我要退款", "refund_request", understanding=ANSWER)).move is Move.TASK


@pytest.mark.parametrize("text", ["退款", "refund?", "my order", "关于退款的事", "Returns"])
def test_a_bare_topic_is_clarified_not_made_a_form(text: str) -> None:
    assert decide(situation(text, "refund_request", understanding=CLARIFY)).say == "clarify"
    assert decide(situation(text, "refund_request", understanding=None)).move is Move.TASK


@pytest.mark.parametrize("text", ["我要退款", "refund my order", "查订单", "where is my order"])
def test_a_wish_is_made_a_form_even_where_the_knowledge_base_would_clarify(text: str) -> None:
    assert decide(situation(text, "order_status", understanding=CLARIFY)).move is Move.TASK


def test_a_bare_order_number_is_looked_up() -> None:
    assert decide(situation("LY20261103001", "inform", entities=frozenset({"order_number"}))).move is Move.TASK


def test_a_form_is_filled_stopped_switched_or_interrupted() -> None:
    form = {"form": "order_status", "wanted": "order_number"}
    assert decide(situation("LY", "inform", entities=frozenset({"order_number"}), **form)).move is Move.FILL
    assert decide(situation("算了", "stop", **form)).move is Move.STOP
    assert decide(situation("不用了", "deny", **form)).move is Move.STOP
    assert decide(situation("我要退款", "refund_request", **form)).move is Move.TASK
    assert decide(situation("多久能退款?", understanding=ANSWER, **form)).say == "answer"
    assert decide(situation("谢谢", "thanks", **form)).say == "thanks"
    angry = known("abstain", 0.1, angry="insult:骗子")
    assert decide(situation("骗子", "insult", understanding=angry, **form)).reason is Reason.UNHAPPY


def test_a_no_answers_the_confirmation_instead_of_stopping() -> None:
    form = {"form": "refund_request", "wanted": "confirmed"}
    assert decide(situation("不", "deny", **form)).move is Move.FILL
    assert decide(situation("是", "affirm", **form)).move is Move.FILL


@pytest.mark.parametrize(
    "text",
    [
        "可以先别提交",
        "好的我再想想",
        "好的，等一下",
        "可以，但是我要改一下",
        "確認，但別提交",
        "确认，没让你提交",
        "yes?",
        "yes but wait",
        "yes, don't submit",
        "yes dont",
        "ok, not yet",
        "sure, hold on",
        "yes, later",
        "Yes, BUT why",
    ],
)
def test_a_yes_with_hesitation_submits_nothing_however_sure_it_was_read(text: str) -> None:
    form = {"form": "refund_request", "wanted": "confirmed"}
    decision = decide(situation(text, "affirm", **form))
    assert decision.move is Move.REPLY
    assert decision.say in ("asking.not_yet", "asking.no_hurry")


def test_only_a_firm_yes_or_the_button_submits() -> None:
    form = {"form": "refund_request", "wanted": "confirmed"}
    assert decide(situation("应该行", "affirm", confidence=0.89, **form)).say == "asking.not_yet"
    assert decide(situation("没问题，确认", "affirm", confidence=0.9, **form)).move is Move.FILL
    assert decide(situation("先提交", "affirm", confidence=0.5, pressed=True, **form)).move is Move.FILL
    assert decide(situation("别", "deny", confidence=0.3, **form)).move is Move.FILL
    assert decide(situation("好的，多久到账？", "affirm", understanding=ANSWER, **form)).say == "answer"


@pytest.mark.parametrize("text", ["不想要了", "物流一直不动，不想等了", "it broke after two days"])
def test_any_statement_is_a_refund_reason(text: str) -> None:
    form = {"form": "refund_request", "wanted": "reason", "understanding": ANSWER}
    assert decide(situation(text, "order_status", confidence=0.5, **form)).move is Move.FILL


def test_second_unusable_answer_hands_off() -> None:
    form = {"form": "order_status", "wanted": "order_number"}
    first = decide(situation("abc", "nlu_fallback", confidence=0.4, **form))
    assert (first.move, first.slots["tries"]) == (Move.FILL, 1)
    second = decide(situation("abcd", "nlu_fallback", confidence=0.4, tries=1, **form))
    assert (second.move, second.reason) == (Move.HANDOFF, Reason.UNSURE)


@pytest.mark.parametrize(
    "facts",
    [
        {"intent": "ask_human"},
        {"intent": "insult"},
        {"understanding": known("abstain", 0.1, angry="anger:x")},
        {"understanding": None},
        {"unanswered": ("甲", "乙")},
        {"form": "order_status", "wanted": "order_number", "tries": 5, "intent": "inform"},
        {"intent": "affirm", "offer": "human"},
    ],
)
def test_who_waits_is_neither_handed_off_nor_offered_a_human(facts: dict[str, Any]) -> None:
    decision = decide(situation(waiting=True, **facts))
    assert decision.move is not Move.HANDOFF
    assert decision.reason is None
    assert not decision.offer_human
    assert Texts.load().has(decision.say)


def test_small_talk_gives_way_to_the_question_that_came_with_it() -> None:
    assert decide(situation("你好，退款多久到账？", "greet", understanding=ANSWER)).say == "answer"
    assert decide(situation("你是机器人吗？", "bot_challenge", understanding=ANSWER)).say == "bot_challenge"


def test_a_guess_neither_says_that_it_is_solved_nor_closes() -> None:
    assert decide(situation("笑死我了", "solved", confidence=0.4)).say == "miss"
    assert not decide(situation("拜", "goodbye", confidence=0.5)).close
    assert decide(situation("解决了", "solved", confidence=0.9)).close
    assert decide(situation("刚才不好用，现在解决了", "inform", confidence=0.5)).close, "what had failed before is over"
    assert not decide(situation("解决了一个，另一个还是不起作用", "inform", confidence=0.5)).close
    assert decide(situation("再见", "goodbye", confidence=0.9)).close


def test_a_few_words_that_ask_nothing_are_small_talk_even_when_unsure() -> None:
    assert decide(situation("请问", "greet", confidence=0.5)).say == "greet"
    assert decide(situation("请问什么?", "greet", confidence=0.5)).say == "miss"
    assert decide(situation("一段长得多的话不是寒暄", "greet", confidence=0.5)).say == "miss"
    assert decide(situation("请问", "greet", confidence=0.5, understanding=CLARIFY)).say == "clarify"


@pytest.mark.parametrize("text", ["？？？", "。", "😶", "   "])
def test_a_text_without_words_is_a_miss(text: str) -> None:
    decision = decide(situation(text, "nlu_fallback", confidence=0.4, understanding=ANSWER))
    assert (decision.say, decision.offer_human, decision.slots["unanswered"]) == ("no_words", True, [text])


@pytest.mark.parametrize("text", ["👍", "👍👍", "🙏", "❤️"])
def test_a_sign_of_thanks_is_thanked_for(text: str) -> None:
    assert decide(situation(text, "nlu_fallback", confidence=0.4)).say == "thanks"


def test_every_shape_of_nonsense_from_the_knowledge_base_is_refused() -> None:
    good = understanding("zh", "answer", [("refund-timing", 0.9)])
    for broken in [None, [], "x", {}, {**good, "hits": [{}]}, {**good, "mood": None}, {**good, "decision": 3}]:
        with pytest.raises(KnowledgeUnavailable):
            Understanding.from_json(broken)


@pytest.mark.parametrize("text", ["i do not\nhave the number here", "hang\non", "我手头\n没有单号"])
def test_time_to_look_for_the_number_is_heard_in_several_messages(text: str) -> None:
    """In one message it was, in two it was a no and stopped the Task."""
    form = {"form": "return_request", "wanted": "order_number"}
    assert decide(situation(text, "deny", confidence=0.75, **form)).rule == "takes time"


WORDED = "the keyboard will not switch on, i want to return it"


def test_a_wish_in_so_many_words_starts_its_task_though_it_was_read_with_doubt() -> None:
    ranking = (("return_request", 0.58), ("correct", 0.29))
    begun = decide(situation(WORDED, "return_request", confidence=0.58, ranking=ranking))
    assert (begun.move, begun.slots["task"]) == (Move.TASK, "return_request")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (WORDED, {"confidence": 0.44}),
        (WORDED, {"intent": "exchange_request"}),
        (WORDED, {"understanding": ANSWER}),
        ("a return because it will not switch on", {}),
        ("i want to know, can i return what will not switch on?", {}),
        (WORDED, {"ranking": (("return_request", 0.58), ("order_status", 0.26))}),
        ("我昨天退货了想查进度", {}),
        ("i want to know the return address", {}),
        ("please stop my return", {}),
        ("i need to know if a return costs something", {}),
        ("i want to know whether my return arrived", {}),
        ("i want to speak about a return", {}),
        ("i want to return it with a human", {}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_doubt_starts_no_task_when(text: str, facts: dict[str, Any]) -> None:
    assert decide(situation(text, **{"intent": "return_request", "confidence": 0.58, **facts})).move is not Move.TASK


CLOSE = {"confidence": 0.42, "ranking": (("refund_request", 0.42), ("return_request", 0.36))}


def test_a_task_that_is_close_to_a_worded_wish_is_asked_about_too() -> None:
    ranking = (("return_request", 0.51), ("order_status", 0.45))
    assert (
        decide(situation("我昨天退货了，想退", "return_request", confidence=0.51, ranking=ranking)).say == "which_task"
    )


def test_two_tasks_that_are_close_are_asked_about_once() -> None:
    asked = decide(situation("东西不要了", "refund_request", **CLOSE))
    assert (asked.say, asked.tasks) == ("which_task", ("refund_request", "return_request"))
    assert asked.slots["offer"] == {"kind": "tasks", "options": ["refund_request", "return_request"]}
    assert decide(situation("东西不要了", "refund_request", offer="tasks", **CLOSE)).say != "which_task"


@pytest.mark.parametrize(
    "facts",
    [
        {"ranking": (("refund_request", 0.42), ("ask_question", 0.36)), "confidence": 0.42},
        {"ranking": (("refund_request", 0.42), ("return_request", 0.1)), "confidence": 0.42},
        {"ranking": (("refund_request", 0.3), ("return_request", 0.26)), "confidence": 0.3},
        {**CLOSE, "understanding": ANSWER},
        {**CLOSE, "form": "order_status", "wanted": "order_number"},
    ],
    ids=["one is no task", "the second is unlikely", "both together are unsure", "there is an answer", "in a task"],
)
def test_nothing_is_asked_about_tasks_when(facts: dict[str, Any]) -> None:
    assert decide(situation("东西不要了", "refund_request", **facts)).say != "which_task"


@pytest.mark.parametrize(("text", "task"), [("2", "return_request"), ("第一个", "refund_request")])
def test_a_task_is_picked_by_its_number(text: str, task: str) -> None:
    options = ("refund_request", "return_request")
    chosen = decide(situation(text, offer="tasks", options=options, understanding=CLARIFY))
    assert (chosen.move, chosen.slots["task"]) == (Move.TASK, task)


def test_none_of_the_tasks_is_a_miss() -> None:
    refused = decide(situation("都不是", offer="tasks", options=("refund_request", "return_request")))
    assert (refused.say, refused.offer_human) == ("miss", True)
