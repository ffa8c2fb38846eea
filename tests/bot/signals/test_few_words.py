"""Anger in a few words: beside a number, within a Task, as a no. Intents and moods are what the models really found."""

from dataclasses import replace

import pytest

from bot.actions.decide import decide
from bot.actions.situation import Move, Reason, Said, Situation
from bot.channels.policy import Policy
from bot.signals import see
from tests.bot.signals.test_signals import known, situation

Read = tuple[str, str, float, float]
"""A text, its intent, how sure that is, and its mood by the wording alone."""

UPSET: list[Read] = [
    ("LY20261028011 still nothing!!", "order_status", 0.94, 0.995),
    ("LY20261028011 还没到！！！", "order_status", 0.96, 0.995),
    ("LY20261028011, three weeks late!!", "order_status", 0.73, 0.996),
    ("LY20261028011 货是坏的！", "inform", 0.62, 0.989),
    ("LY20261028011 still waiting!", "order_status", 0.99, 0.905),
    ("20 november and nothing!!", "nlu_fallback", 0.4, 0.973),
    ("$299 for nothing", "nlu_fallback", 0.4, 0.980),
    ("昨天就说今天到！！", "inform", 0.74, 0.928),
    ("13800138000都打爆了", "inform", 0.78, 0.952),
    ("unbelievable", "nlu_fallback", 0.4, 0.988),
    ("都说了没有", "nlu_fallback", 0.4, 0.996),
    ("真无语", "nlu_fallback", 0.4, 0.984),
    ("都三天了！！", "inform", 0.65, 0.933),
    ("i already told you", "nlu_fallback", 0.4, 0.941),
    ("I ALREADY TOLD YOU", "nlu_fallback", 0.4, 0.961),
    ("3 days!!", "inform", 0.5, 0.956),
    ("i've had it", "nlu_fallback", 0.4, 0.898),
    ("again?!", "greet", 0.78, 0.998),
    ("i said no photo!!", "deny", 0.66, 0.990),
    ("ENOUGH!!!", "stop", 0.71, 0.904),
    ("wow. just wow.", "inform", 0.58, 0.998),
    ("seriously?? again??", "greet", 0.44, 1.0),
    ("你们连道歉都不会", "nlu_fallback", 0.4, 0.999),
    ("行，你们厉害", "nlu_fallback", 0.4, 0.949),
    ("not again", "deny", 0.98, 0.960),
    ("说了不是这个！", "deny", 0.93, 0.996),
    ("i give up", "stop", 0.98, 0.961),
    ("no, no, no!!", "deny", 1.0, 0.962),
    ("hello????? answer me", "greet", 0.97, 0.932),
    ("thanks for nothing", "deny", 0.48, 0.943),
]

CALM: list[Read] = [
    ("its LY20261028011", "inform", 0.56, 0.6),
    ("its LY20261028011", "inform", 0.56, 0.97),
    ("here you go LY20261028011", "inform", 0.8, 0.97),
    ("it’s LY20261028011", "inform", 0.69, 0.97),
    ("我的单号是LY20261028011", "order_status", 0.55, 0.97),
    ("LY20261028011，麻烦查一下", "order_status", 0.88, 0.97),
    ("尾号8899", "inform", 0.98, 0.97),
    ("拜拜", "goodbye", 1.0, 0.97),
    ("bye", "goodbye", 1.0, 0.97),
    ("谢谢！", "thanks", 1.0, 0.97),
]


def of(read: Read) -> Situation:
    text, intent, sure, mood = read
    misread = known("abstain", unhappy=mood, evidence=(f"wording:{mood}",))
    return situation(text, intent, confidence=sure, understanding=misread)


ASKED = [("return_request", "order_number"), ("payment_missing", "evidence"), ("return_request", "confirm")]


@pytest.mark.parametrize("read", UPSET, ids=[read[0] for read in UPSET])
def test_anger_in_a_few_words_is_heard_at_first_and_within_a_task(read: Read) -> None:
    """Not heard beside a number, within a Task, or as a no: what counted there were only words known for it."""
    assert decide(of(read)).reason is Reason.UNHAPPY
    for form, wanted in ASKED:
        assert decide(replace(of(read), form=form, wanted=wanted)).reason is Reason.UNHAPPY


@pytest.mark.parametrize("read", CALM, ids=[read[0] for read in CALM])
def test_a_number_with_nothing_beside_it_and_a_goodbye_have_no_mood(read: Read) -> None:
    assert decide(of(read)).reason is None
    for form, wanted in ASKED:
        assert decide(replace(of(read), form=form, wanted=wanted)).reason is None


@pytest.mark.parametrize("text", ["skip the photo", "没有照片", "no photo"])
def test_that_there_is_no_photo_is_an_answer_unless_it_is_shouted(text: str) -> None:
    facts = {"form": "payment_missing", "wanted": "evidence"}
    assert decide(replace(of((text, "stop", 0.99, 0.97)), **facts)).reason is None
    assert decide(replace(of((f"{text}!!", "stop", 0.99, 0.97)), **facts)).reason is Reason.UNHAPPY


def test_a_few_words_count_for_where_the_mood_is_going_and_for_the_tenants_threshold() -> None:
    form = {"form": "return_request", "wanted": "order_number"}
    sinking = replace(of(("unbelievable", "nlu_fallback", 0.4, 0.988)), **form)
    before = (Said(text="a", mood=0.8), Said(text="b", mood=0.93))
    rules = {s.rule for s in see(replace(sinking, before=before)) if s.decides}
    assert {"mood is unhappy", "mood is sinking"} <= rules
    assert decide(replace(sinking, policy=Policy(unhappy=0.2))).reason is Reason.UNHAPPY


@pytest.mark.parametrize(
    "read",
    [
        ("i can't believe you still do not have my number", "deny", 0.65, 0.848),
        ("你们不知道丢人两个字怎么写", "ask_question", 0.6, 0.826),
        ("再想想你们的良心", "stop", 0.63, 0.963),
    ],
)
@pytest.mark.parametrize("wanted", ["order_number", "confirm", "evidence"])
def test_what_is_said_of_us_is_no_moment_to_look_or_to_think(read: Read, wanted: str) -> None:
    said = replace(of(read), form="return_request", wanted=wanted)
    assert decide(said).reason is Reason.UNHAPPY
    calm = decide(replace(said, understanding=known("abstain")))
    assert (calm.move, calm.rule) != (Move.REPLY, "takes time")


def test_a_curly_quote_makes_no_short_text_long() -> None:
    """Of 17 characters; counted as Chinese it was a sentence, whose mood counts sooner."""
    for text in ("i don't like that", "i don’t like that"):
        assert decide(of((text, "inform", 0.5, 0.5))).reason is None
