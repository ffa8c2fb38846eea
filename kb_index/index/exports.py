"""Models in the form that is run: made once from a package's weights, with checksums, and again when damaged."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.index.durable import Checksum, sync_file, write_durably

MANIFEST = "manifest.json"


def kept(folder: Path, names: Sequence[str], make: Callable[[Path], None]) -> Path:
    """The folder with these files intact; `make` writes them, into another folder, when one is missing or damaged.

    Its name ends with the number of the export; those of the same weights with a lower one are dropped.
    """
    if not _intact(folder, names):
        _make(folder, names, make)
    stem, _, number = folder.name.rpartition("-")
    for other in folder.parent.glob(f"{stem}-*"):
        older = other.name.removeprefix(f"{stem}-")
        if older.isdecimal() and int(older) < int(number):
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _intact(folder: Path, names: Sequence[str]) -> bool:
    try:
        expected = json.loads((folder / MANIFEST).read_bytes())
        return all(Checksum.of_file(folder / name) == Checksum(**expected[name]) for name in names)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _make(folder: Path, names: Sequence[str], make: Callable[[Path], None]) -> None:
    """Write beside and rename, so that a killed export leaves nothing that looks whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    working = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        make(working)
        manifest = {name: vars(Checksum.of_file(working / name)) for name in names}
        for name in names:
            sync_file(working / name)
        write_durably(working / MANIFEST, json.dumps(manifest, indent=1).encode())
        shutil.rmtree(folder, ignore_errors=True)
        working.rename(folder)
        sync_file(folder.parent)
    finally:
        shutil.rmtree(working, ignore_errors=True)


def quantised(graph: bytes, working: Path) -> bytes:
    """The graph with weights as bytes; activations are quantised per call when it runs, so one call is one text."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, smaller = working / "plain.onnx", working / "quantised.onnx"
    plain.write_bytes(graph)
    logging.getLogger().addFilter(quiet := lambda _: False)  # it advises a step that these nodes do not need
    try:
        quantize_dynamic(plain, smaller, weight_type=QuantType.QInt8, per_channel=True)
    finally:
        logging.getLogger().removeFilter(quiet)
    content = smaller.read_bytes()
    plain.unlink()
    smaller.unlink()
    return content


def session(path: Path) -> Any:
    """What runs a graph, on one thread; any number of threads may call it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])


class Rows:
    """A matrix in a file of which single rows are read: of one that is mapped a process soon holds the half."""

    def __init__(self, path: Path) -> None:
        mapped = np.load(path, mmap_mode="r")
        self._kind, self._width, self._start = mapped.dtype, mapped.shape[1], mapped.offset
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def of(self, numbers: Sequence[int]) -> npt.NDArray[Any]:
        size = self._width * self._kind.itemsize
        read = [os.pread(self._file, size, self._start + size * number) for number in numbers]
        return np.frombuffer(b"".join(read), self._kind).reshape(len(read), self._width)
