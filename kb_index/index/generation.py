"""Generations: immutable folders with everything a search needs, checked before they are trusted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.articles.chunking import CHUNKER_VERSION, Passage, PassageKind
from kb_index.articles.model import Article, Audience
from kb_index.confidence.decision import Calibration
from kb_index.errors import GenerationBroken, NoGeneration
from kb_index.index.lexical import Lexical
from kb_index.index.vectors import FlatVectors
from kb_index.mood.judge import MoodHeads
from kb_index.search.heads import ArticleHead
from kb_index.search.retriever import TenantIndex

FORMAT = 1
KEPT = 2
"""Generations on disk: the current one and the one before."""

MANIFEST = "manifest.json"
POINTER = "current"


@dataclass(frozen=True)
class Tenant:
    """One tenant's index with the calibration that was fitted on it."""

    index: TenantIndex
    calibration: Calibration


@dataclass(frozen=True)
class Generation:
    """One complete, immutable state of the knowledge base."""

    name: str
    model: str
    digest: str
    tenants: Mapping[str, Tenant]
    mood: MoodHeads


@dataclass(frozen=True)
class Built:
    """What a build has made, before it has a name."""

    model: str
    dimension: int
    digest: str
    tenants: Mapping[str, Tenant]
    mood: MoodHeads
    vectors_by_hash: Mapping[bytes, npt.NDArray[np.float32]]


class GenerationStore:
    """The folder of generations and the pointer to the current one, replaced atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pointer = folder / POINTER

    def names(self) -> list[str]:
        """Names by falling preference: what the pointer says, then the newest."""
        found = sorted((path.name for path in self._folder.glob("g-*") if path.is_dir()), reverse=True)
        pointed = [name for name in self._pointed() if name in found]
        return list(dict.fromkeys([*pointed, *found]))

    def _pointed(self) -> dict[str, str]:
        """Generation names with the sha256 of their manifests; empty when there is no readable pointer."""
        try:
            lines = self.pointer.read_text("ascii").splitlines()
            pairs = [line.split() for line in lines]
            return {name: digest for name, digest in pairs if name.startswith("g-")}
        except (OSError, ValueError):
            return {}

    def manifest(self, name: str) -> dict[str, Any]:
        """The manifest, checked against the pointer when the pointer knows this generation."""
        content = self._read(name, MANIFEST)
        expected = self._pointed().get(name)
        if expected is not None and hashlib.sha256(content).hexdigest() != expected:
            raise GenerationBroken(name, "its manifest is not the one that was published")
        try:
            manifest = json.loads(content)
            known = manifest["format"] == FORMAT and manifest["generation"] == name
        except (ValueError, KeyError, TypeError) as error:
            raise GenerationBroken(name, f"its manifest cannot be read: {error}") from error
        if not known:
            raise GenerationBroken(name, f"its manifest has another format than {FORMAT} or another name")
        return dict(manifest)

    def _read(self, name: str, path: str) -> bytes:
        try:
            return (self._folder / name / path).read_bytes()
        except OSError as error:
            raise GenerationBroken(name, f"{path} cannot be read: {error.strerror}") from error

    def _checked(self, name: str, manifest: Mapping[str, Any], path: str) -> bytes:
        """A file's bytes, only if size and sha256 are those of the manifest."""
        content = self._read(name, path)
        expected = manifest["files"].get(path)
        if expected is None:
            raise GenerationBroken(name, f"{path} is not in its manifest")
        if len(content) != expected["size"]:
            raise GenerationBroken(name, f"{path} has {len(content)} bytes instead of {expected['size']}")
        if hashlib.sha256(content).hexdigest() != expected["sha256"]:
            raise GenerationBroken(name, f"{path} was changed: its sha256 differs from the manifest")
        return content

    def load(self, name: str) -> Generation:
        """Read one generation; nothing is parsed before its checksum was found right."""
        manifest = self.manifest(name)
        contents = {path: self._checked(name, manifest, path) for path in manifest["files"]}
        tenants = {
            tenant: _load_tenant(name, tenant, contents, dimension=manifest["dimension"])
            for tenant in manifest["tenants"]
        }
        mood = MoodHeads.restore(_arrays(contents["mood.npz"]))
        return Generation(name, manifest["model"], manifest["digest"], tenants, mood)

    def load_best(self) -> tuple[Generation, list[GenerationBroken]]:
        """The first intact generation, and why those preferred to it could not be used."""
        broken: list[GenerationBroken] = []
        for name in self.names():
            try:
                return self.load(name), broken
            except GenerationBroken as error:
                broken.append(error)
        if broken:
            raise NoGeneration("No intact index: " + "; ".join(map(str, broken)) + ". Run: python -m kb_index build")
        raise NoGeneration(f"There is no index in {self._folder} yet. Run: python -m kb_index build")

    def stored_vectors(self, name: str, *, model: str) -> dict[bytes, npt.NDArray[np.float32]]:
        """Vectors by sha256 of the embedded text, if the generation was made with the same model."""
        manifest = self.manifest(name)
        if manifest["model"] != model:
            return {}
        arrays = _arrays(self._checked(name, manifest, "embedded.npz"))
        return {row.tobytes(): vector for row, vector in zip(arrays["hashes"], arrays["vectors"], strict=True)}

    def verify(self, name: str) -> dict[str, Any]:
        """Check every file of a generation; returns its manifest."""
        manifest = self.manifest(name)
        for path in manifest["files"]:
            self._checked(name, manifest, path)
        return manifest

    def publish(self, built: Built) -> str:
        """Write a new generation, make it durable, point to it, and drop all but the one before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for abandoned in self._folder.glob(".building-*"):  # by a build that was killed
            shutil.rmtree(abandoned, ignore_errors=True)
        created = datetime.now(UTC)
        name = f"g-{created:%Y%m%dT%H%M%S%f}-{built.digest[:8]}"
        working = Path(tempfile.mkdtemp(prefix=".building-", dir=self._folder))
        try:
            files = _contents(built)
            for path, content in files.items():
                (working / path).parent.mkdir(parents=True, exist_ok=True)
                _write_durably(working / path, content)
            manifest = {
                "format": FORMAT,
                "generation": name,
                "created": created.isoformat(),
                "model": built.model,
                "dimension": built.dimension,
                "chunker": CHUNKER_VERSION,
                "digest": built.digest,
                "tenants": {
                    tenant: {"articles": len(part.index.articles), "passages": len(part.index.passages)}
                    for tenant, part in built.tenants.items()
                },
                "files": {
                    path: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                    for path, content in files.items()
                },
            }
            content = json.dumps(manifest, indent=1, sort_keys=True).encode()
            _write_durably(working / MANIFEST, content)
            for folder in {working, *((working / path).parent for path in files)}:
                _sync_folder(folder)
            working.rename(self._folder / name)
        except BaseException:
            shutil.rmtree(working, ignore_errors=True)
            raise
        self._point_to(name, hashlib.sha256(content).hexdigest())
        self._drop_old()
        return name

    def _point_to(self, name: str, digest: str) -> None:
        before = next(iter(self._pointed().items()), None)
        lines = [f"{name} {digest}", *([f"{before[0]} {before[1]}"] if before else [])]
        temporary = self._folder / f".{POINTER}-{os.getpid()}"
        _write_durably(temporary, ("\n".join(lines) + "\n").encode("ascii"))
        temporary.replace(self.pointer)
        _sync_folder(self._folder)

    def _drop_old(self) -> None:
        for name in self.names()[KEPT:]:
            shutil.rmtree(self._folder / name, ignore_errors=True)


def _contents(built: Built) -> dict[str, bytes]:
    """Every file of a generation but the manifest, by its path in the folder."""
    hashes = np.array([np.frombuffer(key, np.uint8) for key in built.vectors_by_hash], dtype=np.uint8)
    vectors = np.array(list(built.vectors_by_hash.values()), dtype=np.float32)
    files = {
        "mood.npz": _packed(built.mood.arrays()),
        "embedded.npz": _packed({"hashes": hashes, "vectors": vectors}),
    }
    for tenant, part in built.tenants.items():
        index = part.index
        arrays: dict[str, npt.NDArray[Any]] = {"background": index.background}
        groups = {
            "lexical": index.lexical.arrays(),
            "head": index.head.arrays(),
            "calibration": part.calibration.arrays(),
        }
        for group, members in groups.items():
            arrays |= {f"{group}.{key}": value for key, value in members.items()}
        files[f"{tenant}/vectors.faiss"] = index.vectors.content()
        files[f"{tenant}/articles.json"] = _json([asdict(article) for article in index.articles])
        files[f"{tenant}/passages.json"] = _json([asdict(passage) for passage in index.passages])
        files[f"{tenant}/models.npz"] = _packed(arrays)
    return files


def _load_tenant(name: str, tenant: str, contents: Mapping[str, bytes], *, dimension: int) -> Tenant:
    """Restore one tenant from checked bytes."""
    vectors = FlatVectors.restore(contents[f"{tenant}/vectors.faiss"])
    articles = [_article(values) for values in json.loads(contents[f"{tenant}/articles.json"])]
    passages = [
        Passage(values["version"], PassageKind(values["kind"]), values["text"])
        for values in json.loads(contents[f"{tenant}/passages.json"])
    ]
    if vectors.dimension != dimension or len(vectors) != len(passages):
        raise GenerationBroken(name, f"tenant {tenant!r} has {len(vectors)} vectors for {len(passages)} passages")
    arrays = _arrays(contents[f"{tenant}/models.npz"])

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


def _article(values: dict[str, Any]) -> Article:
    dates = {key: date.fromisoformat(values[key]) for key in ("valid_from", "review_by", "valid_to") if values[key]}
    texts = {key: tuple(values[key]) for key in ("questions", "tags")}
    return Article(**{**values, **dates, **texts, "audience": Audience(values["audience"])})


def _packed(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _arrays(content: bytes) -> dict[str, npt.NDArray[Any]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _json(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False, default=str).encode()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
