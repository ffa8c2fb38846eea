"""Folds of which none has been told what it is asked."""

from collections import Counter

from bot.near_duplicates import core, deal, groups_of

TEXTS = [
    "我要退款",
    "帮我退款",
    "麻烦申请退款谢谢",
    "钱还没到",
    "i want a refund",
    "can you refund me please",
    "where is my parcel",
    "退款",
]
LABELS = ["refund"] * 6 + ["order_status"] + ["ask_question"]


def test_the_same_wish_in_another_coat_is_one_group() -> None:
    assert core("麻烦帮我申请退款，谢谢") == core("我要退款") == "退款"
    groups = groups_of(TEXTS, LABELS)
    assert groups[0] == groups[1] == groups[2]
    assert groups[4] == groups[5]
    assert len({groups[0], groups[3], groups[4], groups[6], groups[7]}) == 5, "other wishes and other intents are apart"


def test_courtesy_alone_is_itself() -> None:
    assert core("请") == "请"
    assert core("please") == "please"


def test_a_group_is_never_torn_and_every_intent_is_dealt_round() -> None:
    labels = ["a"] * 12 + ["b"] * 10
    groups = [0] * 4 + list(range(1, 9)) + list(range(20, 30))
    folds = deal(groups, labels, folds=5)
    assert len({fold for fold, group in zip(folds, groups, strict=True) if group == 0}) == 1
    dealt = Counter(zip(labels, folds, strict=True))
    assert [dealt["b", fold] for fold in range(5)] == [2] * 5
    assert max(dealt["a", fold] for fold in range(5)) == 4
