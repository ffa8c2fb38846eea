"""Embedding at a build: every different text once, and none that an earlier generation has embedded."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Encoder, Matrix, Vector, load_encoder

Progress = Callable[[str], None]
BATCH = 512


class Embedder:
    """Callable: folded texts in, unit vectors out; remembers by the sha256 of each text.

    `used` are the vectors asked for in this build, `fresh` those that no published generation has yet.
    """

    def __init__(self, model: str, known: dict[bytes, npt.NDArray[np.float32]], progress: Progress) -> None:
        self._model = model
        self._known = known
        self._progress = progress
        self._encoder: Encoder | None = None
        self.used: dict[bytes, npt.NDArray[np.float32]] = {}
        self.fresh: dict[bytes, npt.NDArray[np.float32]] = {}
        self.dimension = len(next(iter(known.values()))) if known else 0

    @property
    def embedded(self) -> int:
        """How many texts were embedded."""
        return len(self.fresh)

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors of folded texts, one row each."""
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        self._embed(missing)
        self.used.update((key, self._known[key]) for key in keys)
        if not keys:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[key] for key in keys])

    def alone(self, text: str) -> Vector:
        """One text, never remembered: for recognising the model."""
        vector: Vector = self._ready().encode([text])[0]
        return vector

    def start_again(self) -> None:
        """Another build begins; what one that failed has embedded stays fresh."""
        self.used = {}

    def published(self) -> None:
        """All that is known is in a generation now."""
        self.fresh = {}

    def _ready(self) -> Encoder:
        if self._encoder is None:
            self._progress(f"loading {self._model}")
            self._encoder = load_encoder(self._model)
            self.dimension = self._encoder.dimension
        return self._encoder

    def _embed(self, missing: dict[bytes, str]) -> None:
        keys, began = list(missing), time.perf_counter()
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            vectors = self._ready().encode([missing[key] for key in batch])
            self._known.update(zip(batch, vectors, strict=True))
            self.fresh.update(zip(batch, vectors, strict=True))
            done = start + len(batch)
            left = (time.perf_counter() - began) / done * (len(keys) - done)
            self._progress(f"embedded {done} of {len(keys)} new texts, {left:.0f} s left")
