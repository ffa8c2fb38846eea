"""The files of one generation: what is written for each tenant, and how it is read back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.articles.chunking import Passage, PassageKind
from kb_index.articles.model import article_of, plain
from kb_index.confidence.decision import Calibration
from kb_index.index.lexical import Lexical
from kb_index.index.measured import OPENERS
from kb_index.index.vectors import Vectors
from kb_index.search.heads import ArticleHead
from kb_index.search.retriever import TenantIndex

MOOD = "mood.npz"
EMBEDDED = "embedded"
"""How the files with vectors by text begin: embedded.npz, then one more per edit until the next full build."""

ByHash = Mapping[bytes, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Tenant:
    """One tenant's index with the calibration that was fitted on it."""

    index: TenantIndex
    calibration: Calibration


@dataclass(frozen=True)
class Part:
    """A tenant as a build made it.

    source is the digest of its articles, calibrated_on that of the articles that its calibration was fitted on,
    recall the share of the exact ten nearest that its vector index finds.
    """

    tenant: Tenant
    source: str
    calibrated_on: str
    recall: float

    def entry(self) -> dict[str, Any]:
        """What the manifest tells about it."""
        index = self.tenant.index
        return {
            "articles": len(index.articles),
            "passages": len(index.passages),
            "source": self.source,
            "calibrated_on": self.calibrated_on,
            "vectors": {
                "kind": index.vectors.kind,
                "parameters": dict(index.vectors.parameters),
                "recall": round(self.recall, 5),
            },
        }


def small_files(tenant: str, part: Part) -> dict[str, bytes]:
    """Every file of a tenant but its vectors, by its path in the generation."""
    index = part.tenant.index
    arrays: dict[str, npt.NDArray[Any]] = {"background": index.background}
    groups = {
        "lexical": index.lexical.arrays(),
        "head": index.head.arrays(),
        "calibration": part.tenant.calibration.arrays(),
    }
    for group, members in groups.items():
        arrays |= {f"{group}.{key}": value for key, value in members.items()}
    return {
        f"{tenant}/articles.json": _json([plain(article) for article in index.articles]),
        f"{tenant}/passages.json": _json([[each.version, each.kind, each.text] for each in index.passages]),
        f"{tenant}/models.npz": packed(arrays),
    }


def read_part(tenant: str, *, read: Callable[[str], bytes], vectors: Vectors) -> Tenant:
    """Restore one tenant; raises ValueError when its files do not fit together."""
    articles = [article_of(values) for values in json.loads(read(f"{tenant}/articles.json"))]
    passages = [
        Passage(version, PassageKind(kind), text) for version, kind, text in json.loads(read(f"{tenant}/passages.json"))
    ]
    if len(vectors) != len(passages):
        raise ValueError(f"tenant {tenant!r} has {len(vectors)} vectors for {len(passages)} passages")
    arrays = unpacked(read(f"{tenant}/models.npz"))

    def group(prefix: str) -> dict[str, npt.NDArray[Any]]:
        return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}

    index = TenantIndex(
        articles=articles,
        passages=passages,
        vectors=vectors,
        background=arrays["background"],
        lexical=Lexical.restore(group("lexical.")),
        head=ArticleHead.restore(group("head.")),
    )
    return Tenant(index, Calibration.restore(group("calibration.")))


def vectors_file(tenant: str, kind: str) -> str:
    """Where a tenant's vectors are; those in a database leave a note that says where."""
    return f"{tenant}/vectors.json" if kind == "pgvector" else f"{tenant}/vectors.faiss"


def tenant_files(tenant: str, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if path.startswith(f"{tenant}/")]


def embedded_files(paths: Iterable[str]) -> list[str]:
    return sorted(path for path in paths if path.startswith(EMBEDDED) and "/" not in path)


def pack_vectors(vectors: ByHash) -> bytes:
    """Vectors by the sha256 of their text."""
    hashes = np.array([np.frombuffer(key, np.uint8) for key in vectors], dtype=np.uint8)
    return packed({"hashes": hashes, "vectors": np.array(list(vectors.values()), dtype=np.float32)})


def unpack_vectors(content: bytes) -> dict[bytes, npt.NDArray[np.float32]]:
    arrays = unpacked(content)
    return {row.tobytes(): vector for row, vector in zip(arrays["hashes"], arrays["vectors"], strict=True)}


def packed(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpacked(content: bytes) -> dict[str, npt.NDArray[Any]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def open_vectors(path: Path, entry: Mapping[str, Any], *, vectors_url: str | None) -> Vectors:
    """The vectors that a manifest's entry describes; raises ValueError for a kind that is not known here."""
    described = entry["vectors"]
    if described["kind"] == "pgvector":
        from kb_index.index.pgvector import open_noted

        return open_noted(path, vectors_url)
    opener = OPENERS.get(described["kind"])
    if opener is None:
        raise ValueError(f"the index kind {described['kind']!r} is not known to this version")
    return opener(path, described["parameters"])


def _json(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()
