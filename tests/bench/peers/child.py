"""One product in a process of its own: fill it, ask it, print what it cost as one line of JSON.

`python -m tests.bench.peers.child NAME FOLDER SECONDS`, with the interpreter of the environment the product is in;
FOLDER holds texts.json, vectors.npy, asked.json and asked.npy. Asking ends after so many seconds.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from tests.bench.peers.products import PRODUCTS, Material, Search

WARM_UP = 5


def resident_mb() -> float:
    """Memory of this process that is in use now."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def run(name: str, folder: Path, seconds: float) -> dict[str, object]:
    """The figures, or {"missing": module} when the product is not installed."""
    module, build = PRODUCTS[name]
    if importlib.util.find_spec(module) is None:
        return {"missing": module}
    texts = json.loads((folder / "texts.json").read_text("utf-8"))
    asked = json.loads((folder / "asked.json").read_text("utf-8"))
    vectors, questions = np.load(folder / "vectors.npy"), np.load(folder / "asked.npy")
    material = Material(texts, vectors, dict(zip(asked, questions, strict=True)))
    before, begun = resident_mb(), time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        search = build(material)
        built_s = time.perf_counter() - begun
        figures = timed(search, asked, questions, seconds)
    return {"version": _version(module), "build_s": built_s, "memory_mb": resident_mb() - before, **figures}


def timed(search: Search, asked: list[str], questions: np.ndarray, seconds: float) -> dict[str, object]:
    """Of as many questions as there is time for: took_ms on the clock, used_ms of the processor, the rows found."""
    for text, vector in zip(asked[:WARM_UP], questions, strict=False):
        search(text, vector)
    took: list[float] = []
    used: list[float] = []
    found: list[list[int]] = []
    ends = time.perf_counter() + seconds
    for text, vector in zip(asked, questions, strict=True):
        begun, busy = time.perf_counter(), time.process_time()
        found.append(search(text, vector))
        took.append((time.perf_counter() - begun) * 1000)
        used.append((time.process_time() - busy) * 1000)
        if time.perf_counter() > ends:
            break
    return {"took_ms": took, "used_ms": used, "found": found}


def _version(module: str) -> str:
    packages = {
        "qdrant_client": "qdrant-client",
        "langchain_community": "langchain-community",
        "haystack": "haystack-ai",
    }
    try:
        return version(packages.get(module, "llama-index-core" if module == "llama_index" else module))
    except PackageNotFoundError:
        return "?"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))) + "\n")
