"""Generations: immutable folders with everything a search needs, checked before they are trusted.

A generation is written beside the others and named when it is complete; the pointer, replaced last and
atomically, names the current one, those before, and the sha256 of each manifest, which in turn holds size
and sha256 of every file. Small files are parsed from the bytes that were hashed. The vector index is hashed
as a stream and then mapped into memory: FAISS sees no byte of a file that differs from what was published.
A generation that the pointer does not vouch for (a damaged pointer, a folder brought from elsewhere) is first
read by a child process: FAISS was not written to be safe on hostile files, and a crash there is only a refusal.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.articles.chunking import CHUNKER_VERSION
from kb_index.articles.model import Article
from kb_index.errors import DatabaseUnavailable, GenerationBroken, NoGeneration
from kb_index.index.contents import (
    EDIT,
    MOOD,
    Tenant,
    embedded_files,
    open_vectors,
    published_articles,
    read_edit,
    read_part,
    tenant_files,
    unpack_vectors,
    unpacked,
    vectors_file,
    whole_files,
)
from kb_index.index.durable import Checksum, replace_durably, sync_file, write_durably
from kb_index.index.filling import Built, fill, obeyed
from kb_index.index.trial import survives_reading
from kb_index.mood.judge import MoodHeads
from kb_index.settings import Settings

__all__ = ["Built", "Generation", "GenerationStore", "Tenant"]

FORMAT = 4
KEPT = 3
"""Generations on disk: the current one and two before; files that they share are there once."""

MANIFEST = "manifest.json"
POINTER = "current"
HELD = "held"


@dataclass(frozen=True)
class Generation:
    """One complete, immutable state of the knowledge base."""

    name: str
    model: str
    digest: str
    tenants: Mapping[str, Tenant]
    mood: MoodHeads
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def obeyed(self, tenant: str) -> int:
        """How many withdrawals had been made before the tenant's articles were read."""
        return obeyed(self.manifest, tenant)


class GenerationStore:
    """The folder of generations and the pointer to the current one, replaced atomically."""

    def __init__(self, folder: Path, *, vectors_url: str | None = None) -> None:
        self.folder = folder
        self.pointer = folder / POINTER
        self._vectors_url = vectors_url

    @classmethod
    def of(cls, settings: Settings) -> GenerationStore:
        return cls(settings.store, vectors_url=settings.vectors_address)

    def names(self) -> list[str]:
        """Names by falling preference: what the pointer says, then the newest."""
        found = sorted((path.name for path in self.folder.glob("g-*") if path.is_dir()), reverse=True)
        pointed = [name for name in self._pointed() if name in found]
        return list(dict.fromkeys([*pointed, *found]))

    def _pointed(self) -> dict[str, str]:
        """Generation names with the sha256 of their manifests; empty when there is no readable pointer."""
        try:
            lines = self.pointer.read_text("ascii").splitlines()
            pairs = [line.split() for line in lines]
            return {name: digest for name, digest in pairs if name.startswith("g-") and "/" not in name}
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
            written, named = manifest["format"], manifest["generation"]
        except (ValueError, KeyError, TypeError) as error:
            raise GenerationBroken(name, f"its manifest cannot be read: {error}") from error
        if written != FORMAT:
            why = f"another release wrote it, in format {written} and not {FORMAT}: the next build replaces it"
            raise GenerationBroken(name, why)
        if named != name:
            raise GenerationBroken(name, f"its manifest is that of {named}")
        return dict(manifest)

    def usable_manifests(self) -> list[dict[str, Any]]:
        """Those of all generations that could be served; one of an older release or a damaged one could not."""
        found = []
        for name in self.names():
            with suppress(GenerationBroken):
                found.append(self.manifest(name))
        return found

    def _read(self, name: str, path: str) -> bytes:
        try:
            return (self.folder / name / path).read_bytes()
        except OSError as error:
            raise GenerationBroken(name, f"{path} cannot be read: {error.strerror}") from error

    def _expected(self, name: str, manifest: Mapping[str, Any], path: str) -> Checksum:
        try:
            return Checksum(**manifest["files"][path])
        except (KeyError, TypeError) as error:
            raise GenerationBroken(name, f"{path} is not in its manifest") from error

    def _checked(self, name: str, manifest: Mapping[str, Any], path: str) -> bytes:
        """A file's bytes, only if size and sha256 are those of the manifest."""
        content = self._read(name, path)
        _compare(name, path, found=Checksum.of(content), expected=self._expected(name, manifest, path))
        return content

    def _checked_file(self, name: str, manifest: Mapping[str, Any], path: str) -> Path:
        """A file that may be large, only if size and sha256 are those of the manifest."""
        place = self.folder / name / path
        expected = self._expected(name, manifest, path)
        try:
            if place.stat().st_size == expected.size:
                _compare(name, path, found=Checksum.of_file(place), expected=expected)
                return place
        except OSError as error:
            raise GenerationBroken(name, f"{path} cannot be read: {error.strerror}") from error
        raise GenerationBroken(name, f"{path} has {place.stat().st_size} bytes instead of {expected.size}")

    def load(self, name: str, *, earlier: Generation | None = None) -> Generation:
        """Read one generation; nothing is parsed before its checksum was found right.

        What has the same checksums as in the generation `earlier` is taken over from memory.
        """
        manifest = self.manifest(name)
        try:
            known = earlier.manifest.get("files", {}) if earlier is not None else {}
            tenants = {}
            for tenant, entry in manifest["tenants"].items():
                before = earlier.tenants.get(tenant) if earlier is not None else None
                tenants[tenant] = self._load_tenant(name, manifest, tenant, entry, before, known)
            if earlier is not None and manifest["files"][MOOD] == known.get(MOOD):
                mood = earlier.mood
            else:
                mood = MoodHeads.restore(unpacked(self._checked(name, manifest, MOOD)))
            return Generation(name, manifest["model"], manifest["digest"], tenants, mood, manifest)
        except DatabaseUnavailable as error:  # of vectors that are not in files
            raise GenerationBroken(name, str(error)) from error
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError) as error:
            why = f"this version cannot read it ({type(error).__name__}: {error})"
            raise GenerationBroken(name, why) from error

    def _load_tenant(
        self, name: str, manifest: Mapping[str, Any], tenant: str, entry: Mapping[str, Any],
        before: Tenant | None, known: Mapping[str, Any],
    ) -> Tenant:  # fmt: skip
        """One tenant; `before` is that of a generation with the files `known`, of which the same are taken over."""
        files = manifest["files"]
        if before is not None and _as_known(tenant_files(tenant, files), tenant_files(tenant, known), files, known):
            return before
        if before is not None and _as_known(whole_files(tenant, files), whole_files(tenant, known), files, known):
            made = Tenant(before.whole, before.calibration, before.mood)
        else:
            made = self._load_whole(name, manifest, tenant, entry)
        if f"{tenant}/{EDIT}" not in files:
            return made
        return read_edit(tenant, made, read=lambda path: self._checked(name, manifest, path))

    def _load_whole(self, name: str, manifest: Mapping[str, Any], tenant: str, entry: Mapping[str, Any]) -> Tenant:
        path = self._checked_file(name, manifest, vectors_file(tenant, entry["vectors"]["kind"]))
        if name not in self._pointed() and path.suffix == ".faiss" and not survives_reading(path):
            raise GenerationBroken(name, f"{path.name} of tenant {tenant!r} breaks its reader")
        vectors = open_vectors(path, entry, vectors_url=self._vectors_url)
        if vectors.dimension != manifest["dimension"]:
            why = f"tenant {tenant!r} has vectors of {vectors.dimension} instead of {manifest['dimension']} dimensions"
            raise GenerationBroken(name, why)
        files = manifest["files"]
        return read_part(tenant, files, read=lambda file: self._checked(name, manifest, file), vectors=vectors)

    def load_best(
        self, *, earlier: Generation | None = None, accept: Callable[[Generation], None] = lambda _: None
    ) -> tuple[Generation, list[GenerationBroken]]:
        """The first intact generation, and why those preferred to it could not be used.

        accept may raise GenerationBroken for one that is intact and yet of no use.
        """
        broken: list[GenerationBroken] = []
        for name in self.names():
            try:
                generation = self.load(name, earlier=earlier)
                accept(generation)
                return generation, broken
            except GenerationBroken as error:
                broken.append(error)
        if broken:
            raise NoGeneration("No intact index: " + "; ".join(map(str, broken)) + ". Run: python -m kb_index build")
        raise NoGeneration(f"There is no index in {self.folder} yet. Run: python -m kb_index build")

    def stored_vectors(self, name: str, *, model: str) -> dict[bytes, npt.NDArray[np.float32]]:
        """Vectors by sha256 of the embedded text, if the generation was made with the same model.

        Raises GenerationBroken.
        """
        manifest = self.manifest(name)
        found: dict[bytes, npt.NDArray[np.float32]] = {}
        if manifest["model"] == model:
            for path in embedded_files(manifest["files"]):
                try:
                    found |= unpack_vectors(self._checked(name, manifest, path))
                except (ValueError, KeyError) as error:
                    raise GenerationBroken(name, f"{path} cannot be read: {error}") from error
        return found

    def articles(self, name: str, tenant: str) -> tuple[Article, ...]:
        """The articles that a generation was made of; raises GenerationBroken."""
        manifest = self.manifest(name)
        try:
            files = manifest["files"]
            return published_articles(tenant, files, read=lambda path: self._checked(name, manifest, path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GenerationBroken(name, f"its articles cannot be read: {error}") from error

    def verify(self, name: str) -> dict[str, Any]:
        """Check every file of a generation; returns its manifest."""
        manifest = self.manifest(name)
        for path in manifest["files"]:
            self._checked_file(name, manifest, path)
        return manifest

    def publish(self, built: Built) -> str:
        """Write a new generation, make it durable, point to it, and drop all but the last before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for abandoned in self.folder.glob(".building-*"):  # by a build that was killed
            shutil.rmtree(abandoned, ignore_errors=True)
        created = datetime.now(UTC)
        name = f"g-{created:%Y%m%dT%H%M%S%f}-{built.digest[:8]}"
        before = self.manifest(built.earlier) if built.earlier is not None else {"tenants": {}, "files": {}}
        working = Path(tempfile.mkdtemp(prefix=".building-", dir=self.folder))
        try:
            manifest = {
                "format": FORMAT,
                "generation": name,
                "created": created.isoformat(),
                "chunker": CHUNKER_VERSION,
                **{key: getattr(built, key) for key in ("model", "dimension", "code", "base", "digest", "withdrawals")},
                "probe": [round(float(value), 6) for value in built.probe],
                **fill(working, built, folder=self.folder, before=before),
            }
            content = json.dumps(manifest, indent=1, sort_keys=True).encode()
            write_durably(working / MANIFEST, content)
            for folder in {working, *((working / path).parent for path in manifest["files"])}:
                sync_file(folder)
            working.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(working, ignore_errors=True)
            raise
        self._point_to(name, hashlib.sha256(content).hexdigest())
        (self.folder / HELD).unlink(missing_ok=True)  # the articles have changed since somebody rolled back
        self._drop_old()
        return name

    def _point_to(self, name: str, digest: str) -> None:
        """Name the current generation; those before stay vouched for as long as they are kept."""
        others = [(other, sha) for other, sha in self._pointed().items() if other != name]
        lines = [f"{each} {sha}" for each, sha in [(name, digest), *others[: KEPT - 1]]]
        replace_durably(self.pointer, ("\n".join(lines) + "\n").encode("ascii"))

    def roll_back(self, name: str | None = None) -> str:
        """Point to the generation before, or the named one; raises GenerationBroken when it is not intact.

        The articles stay as they are: the state that was rolled back from is not built again until one changes.
        """
        current, *others = self.names() or [""]
        target = name or next(iter(others), None)
        if target is None or target not in self.names():
            raise NoGeneration(f"There is no generation {name or 'before the current one'} in {self.folder}.")
        manifest = self.verify(target)
        replace_durably(self.folder / HELD, str(self.manifest(current)["digest"]).encode("ascii"))
        content = self._read(target, MANIFEST)
        self._point_to(str(manifest["generation"]), hashlib.sha256(content).hexdigest())
        return target

    def held(self) -> str | None:
        """The digest of the inputs that somebody rolled back from, which must not be built again by itself."""
        try:
            return (self.folder / HELD).read_text("ascii").strip() or None
        except OSError:
            return None

    def _drop_old(self) -> None:
        for name in self.names()[KEPT:]:
            shutil.rmtree(self.folder / name, ignore_errors=True)


def _compare(name: str, path: str, *, found: Checksum, expected: Checksum) -> None:
    if found.size != expected.size:
        raise GenerationBroken(name, f"{path} has {found.size} bytes instead of {expected.size}")
    if found.sha256 != expected.sha256:
        raise GenerationBroken(name, f"{path} was changed: its sha256 differs from the manifest")


def _as_known(paths: list[str], before: list[str], files: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether the files of two generations are the same ones."""
    return set(paths) == set(before) and all(files[path] == known[path] for path in paths)
