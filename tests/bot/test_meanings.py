"""What words mean by themselves: near words are near, unknown ones say nothing, and a model keeps its own copy."""

from pathlib import Path

import numpy as np
import pytest

from bot.components.linear_model import LinearModel
from bot.components.meanings import Meanings, shipped

LINES = {
    "cancel": ["cancel my order", "please cancel the order", "取消订单", "把订单取消掉", "cancel it", "我要取消"],
    "coupon": ["is my coupon valid", "check this voucher", "优惠券能用吗", "查一下优惠券", "my voucher", "代金券"],
}
TEXTS = [text for lines in LINES.values() for text in lines]
LABELS = [label for label, lines in LINES.items() for _ in lines]


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("parcel", "package", "coupon"),
        ("包裹", "快递", "发票"),
        ("refund", "退款", "地址"),
        ("the parcels", "包裹", "密码"),
    ],
)
def test_words_of_one_meaning_are_nearer_than_others_in_both_languages(text: str, near: str, far: str) -> None:
    words = shipped()
    assert words.of(text) @ words.of(near) > words.of(text) @ words.of(far) + 0.1


def test_what_is_shipped_is_the_committed_list() -> None:
    listed = Path("data/words/meanings.txt").read_text(encoding="utf-8").splitlines()
    assert shipped().words == [line for line in listed if not line.startswith("#")]


def test_unknown_words_say_nothing() -> None:
    assert not shipped().of("zxqv 😀 123 ask_human order2").any()
    assert np.isclose(np.linalg.norm(shipped().of("退款 refund zxqv")), 1.0)


def test_a_word_counts_the_less_the_more_texts_it_stands_in() -> None:
    weighed = shipped().weighed(["my order"] * 50 + ["my parcel"])
    assert weighed.of("my parcel") @ weighed.of("parcel") > shipped().of("my parcel") @ shipped().of("parcel")


def test_a_kept_model_reads_as_it_did_and_one_of_the_release_before_still_reads(tmp_path: Path) -> None:
    model = LinearModel.fit(TEXTS, LABELS, strength=40.0)
    model.save(tmp_path)
    assert LinearModel.load(tmp_path).rank("check my voucher") == model.rank("check my voucher")
    assert LinearModel.load(tmp_path).meanings.words == model.meanings.words
    (tmp_path / "meanings.npz").unlink()
    before = {"weights": model.weights[: len(model.vocabulary)], "bias": model.bias, "rarity": model.rarity}
    np.savez(tmp_path / "numbers.npz", **before)
    assert LinearModel.load(tmp_path).rank("cancel my order")[0][0] == "cancel"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    shipped().save(tmp_path / "kept.npz")
    assert np.array_equal(Meanings.read(tmp_path / "kept.npz").of("退款"), shipped().of("退款"))
