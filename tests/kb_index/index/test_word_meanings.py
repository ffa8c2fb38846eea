"""Vectors of single words, small enough to be carried along."""

from __future__ import annotations

from collections import Counter

import numpy as np

from kb_index.index.word_meanings import DIMENSIONS, chinese, english, shrunk


def test_words_are_of_a_dictionary_or_often_ours() -> None:
    found = english(Counter({"alipay": 3, "acconut": 1, "refundable": 1}))
    assert {"refund", "alipay", "refundable"} <= found
    assert "acconut" not in found
    found = chinese(["包裹到了", "宝和花"])
    assert "包裹" in found
    assert not {"宝和", "和花", "裹到"} & found


def test_what_is_left_tells_the_words_apart_as_before() -> None:
    """Points in as many directions as are kept lose only what a byte cannot hold."""
    chance = np.random.default_rng(1)
    vectors = np.pad(chance.normal(size=(400, DIMENSIONS)), ((0, 0), (0, 64))).astype(np.float32)
    rows, scale = shrunk(vectors)
    assert rows.dtype == np.int8
    assert rows.shape == (400, DIMENSIONS)
    small = rows * scale[:, None]
    centred = vectors - vectors.mean(axis=0)
    assert np.abs(small @ small.T - centred @ centred.T).max() < 0.02 * np.abs(centred @ centred.T).max()


def test_a_word_in_the_middle_of_all_is_no_division_by_zero() -> None:
    vectors = np.array([[1.0] * 200, [-1.0] * 200, [0.0] * 200], dtype=np.float32)
    rows, scale = shrunk(np.repeat(vectors, 60, axis=0))
    assert np.isfinite(scale).all()
    assert not rows[-1].any() or abs(rows[-1] * scale[-1]).max() < 1e-4
