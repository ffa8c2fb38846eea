"""Slips, pinyin and mixed languages: what is unknown becomes known, and what is known stays as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb_index.reading.change import Change, Kind, apart, changed
from kb_index.reading.follow_up import dependence
from kb_index.reading.read import Reading, read
from kb_index.reading.sounds import is_pinyin, near, readings, spellings
from kb_index.reading.spelling import slips_between
from kb_index.reading.vocabulary import Vocabulary
from kb_index.text.folding import fold
from kb_index.text.language import foreign_language
from tests.kb_index.reading.conftest import ROOT


def reads(text: str, vocabulary: Vocabulary) -> Reading:
    return read(fold(text), vocabulary)


@pytest.mark.parametrize(
    ("written", "understood", "kind"),
    [
        ("tuikuan", "退款", Kind.PINYIN),
        ("zen me tui huo", "怎么退货", Kind.PINYIN),
        ("TUI KUAN yao duo jiu", "退款要多久", Kind.PINYIN),
        ("xiugai dizhi", "修改地址", Kind.PINYIN),
        ("tk多久", "退款多久", Kind.PINYIN),
        ("yhq", "优惠券", Kind.PINYIN),
        ("退宽多久到", "退款多久到", Kind.SOUND),
        ("我的退火运费谁出", "我的退货运费谁出", Kind.SOUND),
        ("优惠卷怎么用", "优惠券怎么用", Kind.SOUND),
        ("转人工克服", "转人工客服", Kind.SOUND),
        ("孕费多少", "运费多少", Kind.SOUND),
        ("my refnud is late", "my refund is late", Kind.SPELLING),
        ("cancle order", "cancel order", Kind.SPELLING),
        ("where is my delivrey", "where is my delivery", Kind.SPELLING),
        ("refuuuund", "refund", Kind.SPELLING),
        ("refund 多久", "退款 多久", Kind.MIXED),
        ("how do i get a 发票", "how do i get a receipt", Kind.MIXED),
        ("ＴＵＩＫＵＡＮ", "退款", Kind.PINYIN),
    ],
)
def test_a_slip_is_read_as_what_was_meant(vocabulary: Vocabulary, written: str, understood: str, kind: Kind) -> None:
    reading = reads(written, vocabulary)
    assert reading.text == understood
    assert [note.kind for note in reading.notes] == [kind]
    assert reading.notes[0].after in understood


@pytest.mark.parametrize(
    "text",
    [
        "因为我不想要了",
        "退款多久到账",
        "can you help me with my order",
        "LY20261103001到哪了",
        "SF1234567890",
        "ab12-refnud",
        "mail me at refnud@exmaple.com",
        "see https://shop.example/refnud",
        "dhl",
        "what is the weather in Wuhan",
        "they've lost it",
        "i don't know",
        "uber",
        "女人",
        "今天天气怎么样",
        "👍👍",
        "???",
        "",
    ],
)
def test_what_is_known_or_no_word_stays_as_it_is(vocabulary: Vocabulary, text: str) -> None:
    assert reads(text, vocabulary) == Reading(fold(text))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_ordinary_questions_on_anything_are_hardly_ever_changed(vocabulary: Vocabulary, language: str) -> None:
    texts = (ROOT / "data" / "background" / f"{language}.txt").read_text("utf-8").split("\n")
    asked = (ROOT / "data" / "evaluation" / "answerable.jsonl").read_text("utf-8").splitlines()
    own = [line["text"] for line in map(json.loads, asked) if line["language"] == language]
    for lines, share in ((texts, 0.02), (own, 0.01)):
        surely = [text for text in lines if (reading := reads(text, vocabulary)).notes and reading.sure]
        unsure = [text for text in lines if not reads(text, vocabulary).sure]
        assert len(surely) <= 0.005 * len(lines), surely
        assert len(unsure) <= share * len(lines), unsure


def test_an_unsure_reading_says_so(vocabulary: Vocabulary) -> None:
    assert not reads("我要发火了", vocabulary).sure
    assert reads("tuikuan", vocabulary).sure


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_can_be_read(vocabulary: Vocabulary, text: str) -> None:
    reading = reads(text, vocabulary)
    assert bool(reading.notes) == (reading.text != fold(text))
    assert 0 <= dependence(fold(text)) <= 1
    assert foreign_language(text) in {
        None,
        "ja",
        "ko",
        "ar",
        "ru",
        "th",
        "hi",
        "el",
        "he",
        "fr",
        "es",
        "de",
        "it",
        "pt",
        "nl",
        "id",
        "vi",
        "tr",
        "pl",
    }


def test_changes_that_overlap_are_made_once() -> None:
    changes = [Change(0, 2, "A", Kind.SOUND), Change(1, 3, "B", Kind.SOUND), Change(3, 4, "C", Kind.SOUND)]
    assert changed("abcd", apart(changes)) == "AcC"


def test_sounds_of_characters_and_words() -> None:
    assert readings("退") == ("tui",)
    assert "hang" in readings("行")
    assert readings("女")[0] == "nv"
    assert ("tui", "kuan") in spellings("退款")
    assert list(spellings("a")) == []
    assert [near("shi"), near("xing"), near("nan")] == [near("si"), near("xin"), near("lan")]
    assert [is_pinyin("tuikuan"), is_pinyin("refund")] == [True, False]


@pytest.mark.parametrize(
    ("word", "other", "slips"),
    [("refund", "refund", 0), ("refnud", "refund", 1), ("refud", "refund", 1), ("rifand", "refund", 2), ("", "ab", 2)],
)
def test_slips_are_counted(word: str, other: str, slips: int) -> None:
    assert slips_between(word, other) == slips
