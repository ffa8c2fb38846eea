"""Folding, tokens, languages and pieces: what search sees of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_index.articles.chunking import LONGEST_PIECE, answer_pieces, plain_text
from kb_index.index.lexical import Lexical
from kb_index.text.folding import fold, tokens
from kb_index.text.language import detect_language, foreign_language


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("退貨運費", "退货运费"),
        ("ＲＥＦＵＮＤ　please", "refund please"),
        ("订单LY20261103001到哪了", "订单 到哪了"),
        ("LY20261103001", "ly20261103001"),
        ("  a\n\t b ", "a b"),
        ("１２３？！，：（）", "123?!,:()"),
        ("退\u200b款\ufeff多\u2060久\u00ad", "退款多久"),
        ("r\u0337\u0322\u0321\u031be\u0338\u0353f\u0335und", "refund"),
        ("退\u0337款\u0337", "退款"),
        ("Café Ménage", "cafe menage"),
        ("\u3000退款\u3000", "退款"),
        ("①②", "12"),
        ("が한국", "が한국"),
    ],
)
def test_folding_unifies_what_means_the_same(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_folding_and_tokens_accept_any_text(text: str) -> None:
    assert all(token.strip() for token in tokens(fold(text)))


def test_tokens_are_words_without_marks_and_english_plurals() -> None:
    assert tokens(fold("Coupons, please! 优惠券怎么用？")) == ["coupon", "please", "优惠券", "怎么", "用"]


@pytest.mark.parametrize(
    ("text", "known", "language"),
    [
        ("多久能退款", None, "zh"),
        ("how long does it take", "zh", "en"),
        ("我的iPhone坏了", "en", "zh"),
        ("how do I pay with 支付宝", None, "en"),
        ("12345", "en", "en"),
        ("???", "zh", "zh"),
        ("LY20261103001", "zh", "zh"),
        ("ok", "zh", "zh"),
        ("refund", "zh", "en"),
        ("👍", None, "zh"),
    ],
)
def test_language_follows_the_letters_and_else_what_is_known(text: str, known: str | None, language: str) -> None:
    assert detect_language(text, known=known, default="zh") == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Combien de temps pour un remboursement ?", "fr"),
        ("¿Cuánto tarda el reembolso?", "es"),
        ("wie lange dauert die Rückerstattung", "de"),
        ("quanto tempo demora o reembolso", "pt"),
        ("berapa lama uang saya kembali", "id"),
        ("返金はいつですか", "ja"),
        ("환불은 얼마나 걸리나요", "ko"),
        ("متى يصل المبلغ المسترد", "ar"),
        ("Когда вернут деньги", "ru"),
        ("优の良品退款", None),
        ("退款多久", None),
        ("how long does a refund take", None),
        ("do I need a visa for the USA", None),
        ("tuikuan yao duo jiu", None),
        ("El Niño jacket size", None),
        ("👍", None),
        ("", None),
    ],
)
def test_other_languages_are_told_by_their_letters_or_commonest_words(text: str, language: str | None) -> None:
    assert foreign_language(text) == language


def test_markdown_marks_are_not_searched() -> None:
    text = plain_text("1. Open **Me** → [Orders](https://shop.example/o)\n2. Choose `Cancel`")
    assert text == "Open Me → Orders\nChoose Cancel"


def test_long_answers_become_pieces_at_sentence_ends() -> None:
    sentences = [f"这是第{number}句话，说的是一件不太短的事情。" for number in range(30)]
    pieces = answer_pieces("".join(sentences))
    assert len(pieces) > 3
    assert all(len(piece) <= LONGEST_PIECE and piece.endswith("。") for piece in pieces)
    assert "".join(pieces).replace(" ", "") == "".join(sentences)


def test_a_version_number_does_not_end_a_sentence() -> None:
    assert answer_pieces("Fees are 0.1 % of 1.5 million.") == ["Fees are 0.1 % of 1.5 million."]


def test_lexical_scores_survive_being_stored() -> None:
    index = Lexical.build([["refund", "day"], ["invoice"], []])
    again = Lexical.restore(index.arrays())
    for words in (["refund"], ["invoice", "day"], ["unknown"], []):
        assert again.scores(words).tolist() == index.scores(words).tolist()
    assert again.weight("invoice") == index.weight("invoice")
    assert index.scores(["refund"]).argmax() == 0
