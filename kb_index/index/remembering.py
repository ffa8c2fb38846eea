"""An encoder that embeds every different text once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kb_index.index.embedding import Encoder, Matrix

BATCH = 64
TOLD_EVERY = 32
"""Batches between two words about progress."""


class Remembering:
    """Embeds what is new in batches, and forgets nothing; `known` may have a text's vector from elsewhere."""

    def __init__(
        self,
        encoder: Encoder,
        *,
        known: Callable[[str], Matrix | None] = lambda _: None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._encoder = encoder
        self._known = known
        self._progress = progress
        self._kept: dict[str, Matrix] = {}
        self.dimension = encoder.dimension

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, a row each."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._kept]
        self._kept |= {text: found for text in missing if (found := self._known(text)) is not None}
        missing = [text for text in missing if text not in self._kept]
        for number, start in enumerate(range(0, len(missing), BATCH), 1):
            batch = missing[start : start + BATCH]
            self._kept.update(zip(batch, self._encoder.encode(batch), strict=True))
            if number % TOLD_EVERY == 0:
                self._progress(f"embedded {start + len(batch)} of {len(missing)} new texts")
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([self._kept[text] for text in texts])
