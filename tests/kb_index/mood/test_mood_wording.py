"""The wording of a message: characters, words and pairs of words as one sparse row."""

from __future__ import annotations

import numpy as np
import pytest

from kb_index.mood.wording import WORDS_COUNT, Wording, word_grams

TEXTS = ["the soup was cold", "the soup was hot", "汤是凉的", "汤是热的"] * 2


def test_words_count_alone_and_in_pairs_in_both_languages() -> None:
    assert word_grams("not good not good") == {"not": 2, "good": 2, "not good": 2, "good not": 1}
    assert word_grams("送得很快") == {"送得": 1, "很快": 1, "送得 很快": 1}


def test_a_row_holds_the_characters_at_length_one_and_the_words_at_their_own() -> None:
    wording = Wording.learn(TEXTS)
    columns, values = wording.entries(TEXTS[0])
    assert len(columns) == len(set(columns.tolist()))
    assert values @ values == pytest.approx(1 + WORDS_COUNT**2)
    row = wording.matrix(TEXTS[:1])
    assert row.shape == (1, len(wording))
    assert np.allclose(row[:, columns].toarray()[0], values)


def test_wording_survives_being_stored() -> None:
    wording = Wording.learn(TEXTS)
    again = Wording.restore(wording.arrays())
    for before, after in zip(wording.entries("the soup 汤"), again.entries("the soup 汤"), strict=True):
        assert np.array_equal(before, after)
