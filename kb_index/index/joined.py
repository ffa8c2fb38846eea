"""Several encoders as one: their vectors side by side, so that everything else sees a single, wider encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb_index.errors import ModelUnavailable
from kb_index.index.bridged import is_english
from kb_index.index.embedding import Encoder, Matrix, load_encoder

SEPARATOR = "+"
ENGLISH = "en:"
"""Before a model's name: it is asked about English texts only."""


@dataclass(frozen=True)
class Part:
    """One encoder, and whether it is spared the texts that are not English."""

    encoder: Encoder
    english: bool

    def reads(self, text: str) -> bool:
        return not self.english or is_english(text)


class JoinedEncoder:
    """The parts that read a text share its unit length equally, and the others leave their place empty.

    So a text that only the first part reads has the cosines with its like that it would have without the others.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self.dimension = sum(part.encoder.dimension for part in parts)

    def encode(self, texts: Sequence[str]) -> Matrix:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        end, readers = 0, np.zeros((len(texts), 1), dtype=np.float32)
        for part in self._parts:
            start, end = end, end + part.encoder.dimension
            rows = [row for row, text in enumerate(texts) if part.reads(text)]
            if rows:
                vectors[rows, start:end] = part.encoder.encode([texts[row] for row in rows])
                readers[rows] += 1
        return np.asarray(vectors / np.sqrt(readers), dtype=np.float32)


def load_joined(model: str) -> JoinedEncoder:
    """The encoders whose names stand in `model` with "+" between them; raises ModelUnavailable."""
    names = [name.strip() for name in model.split(SEPARATOR)]
    if names[0].startswith(ENGLISH) or not all(name.removeprefix(ENGLISH) for name in names):
        why = 'names of models are joined as in "first+second" or "first+en:second", and the first one reads everything'
        raise ModelUnavailable(model, why)
    return JoinedEncoder([Part(load_encoder(name.removeprefix(ENGLISH)), name.startswith(ENGLISH)) for name in names])
