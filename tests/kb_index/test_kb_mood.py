"""Mood: anger is found, and the traps of real chats are not taken for anger."""

from __future__ import annotations

import pytest

from kb_index.mood.judge import signs_in
from kb_index.search.understand import Knowledge
from tests.kb_index.shop_articles import ask


@pytest.mark.parametrize(
    "text",
    [
        "转人工",
        "人工客服",
        "我要投诉",
        "怎么投诉卖家",
        "在吗??",
        "多久能退款？？？",
        "收到骗子短信怎么办",
        "鼠标的滚轮坏了",
        "垃圾桶有货吗",
        "给爸妈的礼物",
        "操作步骤是什么",
        "WHERE IS MY ORDER",
        "is this SMS a scam or from you",
        "do you sell trash bags",
        "let me talk to a person",
        "I want to file a complaint",
        "我想问12315的电话",
    ],
)
def test_calm_words_carry_no_signs_of_anger(text: str) -> None:
    assert signs_in(text).unhappy < 0.5, signs_in(text)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("你们就是骗子", "aimed:"),
        ("骗子公司，还我钱", "aimed:"),
        ("傻逼客服", "insult:傻逼"),
        ("滚！", "insult:滚"),
        ("you are scammers", "aimed:"),
        ("what a bunch of idiots", "insult:idiot"),
        ("曝光你们，再去法院起诉", "threat:"),
        ("WHERE IS MY FUCKING ORDER!!!", "shouting:capitals"),
    ],
)
def test_insults_and_threats_aimed_at_the_shop_are_named(text: str, evidence: str) -> None:
    signs = signs_in(text)
    assert signs.unhappy >= 0.5
    assert any(item.startswith(evidence) for item in signs.evidence), signs.evidence


def test_evidence_never_repeats_more_than_the_telling_words() -> None:
    signs = signs_in("我的手机号是13800000000，你们这群傻逼")
    assert not any("138" in item for item in signs.evidence)


@pytest.mark.parametrize(
    "text", ["你们就是骗子!!", "等了一个月没人理我，气死了", "this is ridiculous, nobody answers me"]
)
def test_an_unhappy_customer_is_noticed(knowledge: Knowledge, text: str) -> None:
    mood = ask(knowledge, text).mood
    assert mood.label == "unhappy"
    assert mood.evidence


@pytest.mark.parametrize(
    "text", ["多久能退款", "转人工", "在吗??", "谢谢", "how do I use a coupon", "怎么投诉", "发票怎么开？"]
)
def test_a_calm_customer_stays_calm(knowledge: Knowledge, text: str) -> None:
    mood = ask(knowledge, text).mood
    assert mood.label == "calm", mood
