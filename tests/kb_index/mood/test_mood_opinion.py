"""Opinion words: found as whole words, turned by a negation in the same clause, and named as evidence."""

from __future__ import annotations

import numpy as np
import pytest

from kb_index.mood.judge import signs_in
from kb_index.mood.opinion import FEATURES, blamed_in, manner_of, opinions_in, praises
from kb_index.text.folding import fold


def directions(text: str) -> list[float]:
    return [opinion.direction for clause in opinions_in(fold(text)) for opinion in clause]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("好吃", [1]),
        ("难吃", [-1]),
        ("不好吃", [-1]),
        ("没有异味", [0.5]),
        ("味道不错，但是送得太慢", [1, -1]),
        ("the food is delicious", [1]),
        ("not bad", [0.5]),
        ("it isn't comfortable", [-1]),
        ("comfortable, not noisy", [1, 0.5]),
        ("I have a question about my order", []),
        ("退款多久到账", [0]),
    ],
)
def test_opinions_have_a_direction_that_a_negation_turns(text: str, wanted: list[float]) -> None:
    assert directions(text) == wanted


def test_a_negation_does_not_reach_into_the_next_clause() -> None:
    assert directions("no, terrible") == [-1]
    assert directions("不，味道难吃") == [-1]


def test_traditional_and_full_width_writing_is_read_alike() -> None:
    assert directions("質量很差") == directions("质量很差")
    assert directions("ＴＥＲＲＩＢＬＥ") == [-1]


def test_words_inside_other_words_are_no_opinions() -> None:
    assert directions("classic badminton set") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("房间又脏又吵，服务差", ["脏", "吵", "服务差"]),
        ("it isn't comfortable and the fan is noisy", ["not comfortable", "noisy"]),
        ("没有异味，不刺鼻", []),
        ("great sound, never disappointing", []),
    ],
)
def test_blame_is_named_and_denied_blame_is_not(text: str, words: list[str]) -> None:
    assert blamed_in(fold(text)) == words


def test_praise_is_praise_only_without_blame() -> None:
    assert praises("送得很快，好吃")
    assert praises("not bad at all")
    assert not praises("好吃，但是太贵")
    assert not praises("when does the shop open")


@pytest.mark.parametrize("text", ["我没有失望", "I'm not disappointed", "the reply was not useless", "不生气"])
def test_denied_anger_is_no_sign(text: str) -> None:
    assert signs_in(text).unhappy == 0, signs_in(text)
    assert signs_in("我很失望").unhappy > 0 < signs_in("so disappointed").unhappy


def test_manner_has_a_fixed_size_and_survives_empty_and_odd_texts() -> None:
    for text in ("", "😀", "!!!???", "。。。", "x" * 1000, "不" * 300, "not " * 200):
        manner = manner_of(fold(text))
        assert manner.shape == (FEATURES,)
        assert np.isfinite(manner).all()
