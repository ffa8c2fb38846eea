"""Encoders: the sentence-transformers module and the direct path are the same function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb_index.errors import ModelUnavailable
from kb_index.index.embedding import DEFAULT_MODEL, FEW, SentenceTransformerEncoder, load_encoder

TEXTS = ["多久能退款", "how long does a refund take", "", "短", "a longer sentence about delivery " * 5]


def test_many_texts_through_sentence_transformers_equal_the_direct_path() -> None:
    encoder = load_encoder(DEFAULT_MODEL)
    many = [f"{text} {number}" for number in range(FEW // 4) for text in TEXTS]
    assert len(many) > FEW
    batched = encoder.encode(many)
    direct = np.concatenate([encoder.encode([text]) for text in many])
    assert batched.shape == (len(many), 512)
    assert np.abs(batched - direct).max() <= 1e-5
    assert np.abs(np.linalg.norm(batched, axis=1) - 1).max() <= 1e-3


def test_the_module_saved_and_loaded_as_a_model_folder_is_the_same(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from kb_index.index.use_module import UseMultilingual

    SentenceTransformer(modules=[UseMultilingual()], device="cpu").save(str(tmp_path / "model"))
    loaded = SentenceTransformerEncoder(str(tmp_path / "model"))
    assert loaded.dimension == 512
    assert np.abs(loaded.encode(TEXTS) - load_encoder(DEFAULT_MODEL).encode(TEXTS)).max() <= 1e-5


def test_an_unknown_model_says_which_setting_to_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="TANDEM_KB_MODEL"):
        load_encoder(str(tmp_path / "absent"))


def test_both_languages_share_one_space() -> None:
    chinese, english, other = load_encoder(DEFAULT_MODEL).encode(
        ["怎么修改收货地址", "how do I change my delivery address", "明天会下雨吗"]
    )
    assert chinese @ english > 0.6 > chinese @ other
