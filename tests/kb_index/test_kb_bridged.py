"""The default encoder: English judged by both of its halves, the rest by one and what that tells of the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from kb_index.errors import ModelUnavailable
from kb_index.index import bridged
from kb_index.index.bridged import FILE, HALF, SHA256, BridgedEncoder, Maps, example_texts, is_english
from kb_index.index.build import build
from kb_index.index.durable import Checksum
from kb_index.index.embedding import DEFAULT_MODEL, MINILM_MODEL, USE_MODEL, load_encoder
from kb_index.index.generation import GenerationStore
from kb_index.index.graph import GraphVectors
from kb_index.index.inverted import InvertedVectors
from kb_index.index.joined import load_joined
from kb_index.index.live import LiveKnowledge
from kb_index.index.minilm import WORDS
from kb_index.index.vectors import FlatVectors, Vectors
from kb_index.settings import Settings
from kb_index.text.collections import read_questions
from kb_index.text.folding import fold
from tests.kb_index.shop_articles import ask, quiet

ROOT = Path(__file__).parents[2]
SAME = [
    ("怎么修改收货地址", "how do I change my delivery address"),
    ("多久能退款", "how long does a refund take"),
    ("忘记登录密码怎么办", "I forgot my password"),
    ("怎么开发票", "how do I get an invoice"),
    ("优惠券怎么用", "how do I use a coupon"),
    ("怎么取消订单", "how do I cancel my order"),
    ("运费是多少", "how much is shipping"),
    ("怎么联系人工客服", "how do I contact customer service"),
]
FOREIGN = [
    ("wie lange dauert die rückerstattung", "how long does the refund take"),
    ("wie kann ich meine lieferadresse ändern", "how can i change my delivery address"),
    ("ich habe mein passwort vergessen", "i forgot my password"),
    ("comment puis-je annuler ma commande", "how can i cancel my order"),
    ("où est mon colis", "where is my parcel"),
    ("cómo puedo obtener una factura", "how can i get an invoice"),
    ("cuánto cuesta el envío", "how much is shipping"),
    ("come posso cambiare il mio indirizzo", "how can i change my address"),
]
NOT_ENGLISH = [
    *(foreign for foreign, _ in FOREIGN),
    *(
        "多久能退款",
        "我的app登不上了",
        "iphone 15 pro max 退货",
        "how do i pay with 支付宝",
        "你们的 return policy 是什么",
    ),
    *("12345", "", "как вернуть деньги", "返品したいのですが"),
]
CHINESE, ENGLISH = ([pair[side] for pair in SAME] for side in (0, 1))
Vector = npt.NDArray[np.float32]


def vectors(texts: list[str], model: str = DEFAULT_MODEL) -> Vector:
    return load_encoder(model).encode(texts)


def test_it_is_the_default_and_no_wider_than_its_first_half_was() -> None:
    assert Settings.model_fields["model"].default == DEFAULT_MODEL
    assert load_encoder(DEFAULT_MODEL).dimension == load_encoder(USE_MODEL).dimension == 512


def test_a_text_has_one_unit_vector_alone_and_among_others() -> None:
    texts = [*CHINESE, *ENGLISH, *NOT_ENGLISH]
    together = vectors(texts)
    assert np.abs(together - np.concatenate([vectors([text]) for text in texts])).max() <= 1e-5
    assert np.abs(np.linalg.norm(together, axis=1) - 1).max() <= 1e-5
    assert vectors([]).shape == (0, 512)


def test_english_is_judged_by_both_halves() -> None:
    both = (vectors(ENGLISH, USE_MODEL) @ vectors(ENGLISH, USE_MODEL).T) / 2
    both += (vectors(ENGLISH, MINILM_MODEL) @ vectors(ENGLISH, MINILM_MODEL).T) / 2
    assert np.abs(vectors(ENGLISH) @ vectors(ENGLISH).T - both).max() <= 0.08, "only reduced to the main directions"


def test_across_the_languages_nothing_is_lost_of_what_the_first_half_knows() -> None:
    """Joined without a guess, a pair in two languages has .7 of its cosine."""
    alone = (vectors(CHINESE, USE_MODEL) * vectors(ENGLISH, USE_MODEL)).sum(axis=1)
    here = (vectors(CHINESE) * vectors(ENGLISH)).sum(axis=1)
    joined = load_joined(f"{USE_MODEL}+en:{MINILM_MODEL}")
    empty = (joined.encode(CHINESE) * joined.encode(ENGLISH)).sum(axis=1)
    assert empty.mean() <= 0.75 * alone.mean()
    assert here.mean() >= 0.95 * alone.mean()
    cosines = vectors(CHINESE) @ vectors(ENGLISH).T
    assert (cosines.argmax(axis=0) == np.arange(len(SAME))).all()
    assert (cosines.argmax(axis=1) == np.arange(len(SAME))).all()


def test_german_french_spanish_and_italian_keep_what_the_first_half_knows() -> None:
    """Read by MiniLM these pairs had .4 of a cosine instead of .8."""
    foreign, english = ([pair[side] for pair in FOREIGN] for side in (0, 1))
    alone = (vectors(foreign, USE_MODEL) * vectors(english, USE_MODEL)).sum(axis=1)
    assert (vectors(foreign) * vectors(english)).sum(axis=1).mean() >= 0.9 * alone.mean()
    assert ((vectors(foreign) @ vectors(english).T).argmax(axis=1) == np.arange(len(FOREIGN))).all()


def test_a_name_in_latin_letters_does_not_take_a_chinese_question_from_chinese_ones() -> None:
    named, plain = ["iphone 15 pro max 退货"], ["苹果手机退货"]
    alone = vectors(named, USE_MODEL) @ vectors(plain, USE_MODEL).T
    assert (vectors(named) @ vectors(plain).T).item() >= 0.95 * alone.item()


def test_what_makes_its_vectors_is_what_its_name_stands_for() -> None:
    """Vectors are kept by this name: who changes one of these raises its number, else old and new ones are mixed."""
    assert DEFAULT_MODEL == "use-and-minilm-2"
    assert Checksum.of_file(FILE).sha256 == SHA256
    assert SHA256 == "01eb61334382deb260d302d32918c120ab6099eee334abf543bd0043d4335c35"
    assert Checksum.of_file(WORDS).sha256 == "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
    assert [text for text in [*CHINESE, *NOT_ENGLISH] if is_english(text)] == []
    english = [
        *ENGLISH,
        *(text for _, text in FOREIGN),
        "my iphone 15 pro is broken",
        "café opening hours",
        "refund",
    ]
    assert [text for text in english if not is_english(text)] == []


@pytest.mark.parametrize(
    "kind",
    [
        FlatVectors.of,
        lambda rows: InvertedVectors.of(rows, "ivf-flat", nlist=16, nprobe=8),
        lambda rows: GraphVectors.of(rows, ef=64),
    ],
)
def test_every_index_finds_a_chinese_passage_among_english_ones(kind: Callable[[Vector], Vectors]) -> None:
    """One product compares all languages, so no kind of index needs to know of them."""
    others = [line for line in (ROOT / "data/background/en.txt").read_text("utf-8").splitlines() if line][:600]
    found = kind(vectors([*others, *CHINESE]))
    every = np.ones(len(others) + len(CHINESE), dtype=np.bool_)
    nearest = [int(found.nearest(vector, 1, chosen=every)[0][0]) - len(others) for vector in vectors(ENGLISH)]
    assert nearest == list(range(len(SAME)))


def test_what_the_second_half_would_say_is_guessed_of_texts_that_the_map_has_not_seen() -> None:
    """The shipped matrices, by English texts of the evaluation, which they were not made of."""
    asked = read_questions(ROOT / "data/evaluation/answerable.jsonl")
    english = [fold(question.text) for question in asked if is_english(question.text)]
    maps = Maps.read(FILE)
    guessed = vectors(english, USE_MODEL) @ maps.across
    told = vectors(english, MINILM_MODEL) @ maps.second
    cosines = (guessed * told).sum(axis=1) / np.linalg.norm(guessed, axis=1) / np.linalg.norm(told, axis=1)
    assert len(english) >= 100
    assert cosines.mean() >= 0.65


def test_the_shipped_matrices_can_be_made_again(tmp_path: Path) -> None:
    """Of a tenth of the texts, which is quicker: nearly the same map, and after writing exactly itself."""
    english, others = (texts[::10] for texts in example_texts(ROOT / "data"))
    assert len(english) >= 600
    assert len(others) >= 700
    maps = Maps.fit(load_encoder(USE_MODEL), load_encoder(MINILM_MODEL), english=english, others=others)
    maps.write(tmp_path / "maps.npz")
    read = Maps.read(tmp_path / "maps.npz")
    few = BridgedEncoder(load_encoder(USE_MODEL), load_encoder(MINILM_MODEL), read).encode([*CHINESE, *ENGLISH])
    shipped = vectors([*CHINESE, *ENGLISH])
    assert np.abs(few @ few.T - shipped @ shipped.T).mean() <= 0.05
    assert np.abs(read.first - maps.first).max() <= 1e-3
    of_all = Maps.read(FILE)
    for one, other, chance in ((read.first, of_all.first, HALF / 512), (read.second, of_all.second, HALF / 384)):
        shared = ((one.T @ other) ** 2).sum() / HALF  # of the directions; as many by chance share `chance`
        assert shared >= chance + 0.6 * (1 - chance)
    meaning = vectors(ENGLISH, USE_MODEL)
    guessed, told = meaning @ read.across @ read.second.T, meaning @ of_all.across @ of_all.second.T
    lengths = [np.linalg.norm(rows, axis=1) for rows in (guessed, told)]
    assert ((guessed * told).sum(axis=1) / lengths[0] / lengths[1]).mean() >= 0.8
    assert 0.7 <= lengths[0].mean() / lengths[1].mean() <= 1.1


@pytest.mark.parametrize("content", [None, b"", b"PK", FILE.read_bytes()[:-9], b"\0" + FILE.read_bytes()[1:]])
def test_without_its_matrices_or_with_damaged_ones_the_error_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setattr(bridged, "FILE", tmp_path / "maps.npz")
    if content is not None:
        bridged.FILE.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"maps\.npz"):
        bridged.load_bridged()


def test_matrices_of_another_shape_are_damaged_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridged, "FILE", tmp_path / "maps.npz")
    Maps(*(rows[:-1] for rows in vars(Maps.read(FILE)).values())).write(bridged.FILE)
    with pytest.raises(ModelUnavailable, match="damaged"):
        bridged.load_bridged()


def test_the_default_of_another_release_is_not_looked_for_on_a_hub() -> None:
    with pytest.raises(ModelUnavailable, match="another release made it"):
        load_encoder("use-and-minilm-1")


def test_an_index_of_the_former_default_is_served_until_the_new_one_is_built(shop: Settings) -> None:
    former = shop.model_copy(update={"model": USE_MODEL})
    build(former, if_changed=True, progress=quiet)
    live = LiveKnowledge(GenerationStore.of(shop))
    live.reload()
    assert live.current().generation.model == USE_MODEL
    assert ask(live.current(), "多久能退款").hits[0].article == "refund-timing"
    report = build(shop, if_changed=True, progress=quiet)
    assert report.embedded > 0, "vectors of another encoder are not taken over, though they are as wide"
    live.reload()
    assert live.current().generation.model == DEFAULT_MODEL
    assert live.warning is None
    assert ask(live.current(), "will I get my money back soon").hits[0].article == "refund-timing"
