"""The default encoder: USE-multilingual and MiniLM as one, half of a vector's figures from each.

MiniLM is the better judge of English and knows nothing else. USE gives a text the same direction in every language, so
what MiniLM would say of a Chinese text is guessed from it by a linear map that was fitted on English texts which both
have read. All texts then lie in one space, whatever their language, and are compared by one product. Both halves are
reduced to their main directions, so that a vector is as wide as USE's own.

The three matrices lie beside this file, made of the product's own example texts by `python -m kb_index.index.bridged`
when their digest was written here: texts that are added later change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from kb_index.errors import ModelUnavailable
from kb_index.index.durable import Checksum
from kb_index.index.embedding import DEFAULT_MODEL, MINILM_MODEL, USE_MODEL, Encoder, Matrix, load_encoder
from kb_index.text.collections import read_background, read_mood
from kb_index.text.folding import fold
from kb_index.text.language import detect_language, foreign_language, holds_han

HALF = 256
"""Figures of each half; 320 and 192 win nothing for Chinese and lose a little of English."""

RIDGE = 1.0
"""Precision of the map's coefficients before anything is seen; flat from .3 to 3."""

FILE = Path(__file__).parent / "bridged.npz"
SHA256 = "01eb61334382deb260d302d32918c120ab6099eee334abf543bd0043d4335c35"
"""Of the file: whoever makes another one writes its digest here and raises the number of DEFAULT_MODEL."""


@dataclass(frozen=True)
class Maps:
    """first and second reduce USE's and MiniLM's vectors, across guesses the second half from USE's."""

    first: Matrix
    second: Matrix
    across: Matrix

    @classmethod
    def fit(cls, use: Encoder, minilm: Encoder, *, english: Sequence[str], others: Sequence[str]) -> Self:
        """Of folded texts, from vectors that both have given to the English ones."""
        meaning, judged = use.encode(english), minilm.encode(english)
        second = main_directions(judged, HALF)
        squares = meaning.T @ meaning + RIDGE * np.eye(use.dimension, dtype=np.float32)
        across = np.linalg.solve(squares, meaning.T @ judged) @ second
        return cls(main_directions(np.vstack([meaning, use.encode(others)]), HALF), second, across.astype(np.float32))

    @classmethod
    def read(cls, path: Path) -> Self:
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{each.name: arrays[each.name].astype(np.float32) for each in fields(cls)})

    def write(self, path: Path) -> None:
        """As halves of floats; their rounding moves no cosine by more than some ten-thousandths."""
        np.savez(path, allow_pickle=False, **{name: rows.astype(np.float16) for name, rows in vars(self).items()})


class BridgedEncoder:
    """Texts in any language to unit vectors; a guessed half is the shorter, the less there is to guess from."""

    dimension = 2 * HALF

    def __init__(self, use: Encoder, minilm: Encoder, maps: Maps) -> None:
        self._use, self._minilm, self._maps = use, minilm, maps

    def encode(self, texts: Sequence[str]) -> Matrix:
        meaning = self._use.encode(texts)
        vectors = np.hstack([_units(meaning @ self._maps.first), meaning @ self._maps.across])
        english = [row for row, text in enumerate(texts) if is_english(text)]
        if english:
            judged = self._minilm.encode([texts[row] for row in english])
            vectors[english, HALF:] = _units(judged @ self._maps.second)
        return _units(vectors)


def load_bridged() -> BridgedEncoder:
    """Raises ModelUnavailable."""
    try:
        found = Checksum.of_file(FILE).sha256
    except OSError as error:
        raise ModelUnavailable(DEFAULT_MODEL, f"{FILE.name} cannot be read: {error.strerror}") from error
    if found != SHA256:
        raise ModelUnavailable(DEFAULT_MODEL, f"{FILE.name} is damaged: its sha256 is {found[:16]}…; install it again")
    return BridgedEncoder(load_encoder(USE_MODEL), load_encoder(MINILM_MODEL), Maps.read(FILE))


def is_english(text: str) -> bool:
    """Whether a model that knows English only can judge a text.

    Nothing of another language can it judge, no Chinese word among English ones, and no text that says nothing, such as
    a number.
    """
    latin = detect_language(text, known=None, default="zh") == "en"
    return latin and not holds_han(text) and foreign_language(text) is None


def main_directions(rows: Matrix, count: int) -> Matrix:
    """Columns on which the rows, not centred, lie as well as on any so many; always the same ones for the same rows."""
    _, directions = np.linalg.eigh(rows.T.astype(np.float64) @ rows)  # ascending
    return np.ascontiguousarray(directions[:, ::-1][:, :count], dtype=np.float32)


def _units(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def example_texts(data: Path) -> tuple[list[str], list[str]]:
    """The product's own example texts, folded: English ones and others; no article, no evaluation question."""
    written = [*read_background(data / "background"), *(message.text for message in read_mood(data / "mood"))]
    folded = list(dict.fromkeys(map(fold, written)))
    return [text for text in folded if is_english(text)], [text for text in folded if not is_english(text)]


if __name__ == "__main__":
    texts, strange = example_texts(Path("data"))
    Maps.fit(load_encoder(USE_MODEL), load_encoder(MINILM_MODEL), english=texts, others=strange).write(FILE)
