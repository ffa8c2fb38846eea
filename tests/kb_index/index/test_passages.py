"""Passages in arrays are the passages that were given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kb_index.articles.chunking import Passage, PassageKind
from kb_index.index.passages import Passages

GIVEN = [
    Passage(0, PassageKind.TITLE, "退款"),
    Passage(0, PassageKind.QUESTION, "How long does a refund take?"),
    Passage(2, PassageKind.ANSWER, ""),
    Passage(1, PassageKind.ANSWER, "🙂 naïve\u2028\x00"),
]
MORE = [Passage(3, PassageKind.QUESTION, "新的"), Passage(0, PassageKind.ANSWER, "ende")]


def test_passages_come_back_as_they_were_given() -> None:
    packed = Passages.of(GIVEN)
    for kept in (packed, Passages.restore(packed.arrays()), Passages.of(packed)):
        assert list(kept) == GIVEN
        assert kept[-1] == GIVEN[-1]
        assert kept[1:3] == GIVEN[1:3]
        assert kept.asks.tolist() == [each.asks for each in GIVEN]
        assert kept.versions.tolist() == [each.version for each in GIVEN]
        with pytest.raises(IndexError):
            kept[len(GIVEN)]
    assert list(Passages.of([])) == []


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        ("kinds", lambda kinds: np.where(kinds == kinds[0], 99, kinds).astype(np.uint8)),
        ("kinds", lambda kinds: kinds[:-1]),
        ("versions", lambda versions: versions - 1),
        ("versions", lambda versions: versions[1:]),
        ("ends", lambda ends: ends[:-1]),
        ("ends", lambda ends: ends + 1),
        ("ends", lambda ends: np.concatenate([ends[:1] - 1, ends[1:]])),
        ("ends", lambda ends: ends[::-1]),
        ("text", lambda text: text[:-1]),
        ("text", lambda text: np.concatenate([text[:-1], np.array([0xFF], np.uint8)])),
        ("text", lambda text: np.concatenate([text[:-1], np.array([0xE4], np.uint8)])),
    ],
)
def test_arrays_of_no_passages_are_refused_before_anybody_asks(name: str, damaged: Any) -> None:
    arrays = Passages.of(GIVEN).arrays()
    with pytest.raises(ValueError, match=r".+"):
        Passages.restore(arrays | {name: damaged(arrays[name])})


def test_more_come_after_those_there_were() -> None:
    grown = Passages.of(GIVEN).grown(MORE[:1]).grown(MORE[1:])
    assert list(grown) == list(Passages.restore(grown.arrays())) == GIVEN + MORE
    assert grown.asks.tolist() == [each.asks for each in GIVEN + MORE]
    assert grown[-2:] == MORE
    assert list(Passages.of([]).grown(MORE)) == MORE
