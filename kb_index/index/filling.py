"""Filling a new generation's folder: what is written anew, and what is linked from the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb_index.index.contents import (
    EMBEDDED,
    MOOD,
    MOST_PARTS,
    ByHash,
    Part,
    embedded_files,
    pack_vectors,
    packed,
    small_files,
    tenant_files,
    unpack_vectors,
    vectors_file,
    whole_files,
)
from kb_index.index.durable import Checksum, same_file, sync_file, write_durably
from kb_index.mood.judge import MoodHeads


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a build has made, before it has a name.

    tenants are those made anew; those in unchanged, and the mood heads if None, are taken from the generation
    `earlier`, whose embedded vectors are kept too. withdrawals is how many there had been before the articles were
    read; behind tells it of tenants whose articles could not be read now and are those of an earlier reading. probe
    is the embedding of a fixed text, by which a model of the same name that has become another one is noticed.
    """

    model: str
    dimension: int
    code: str
    base: str
    digest: str
    withdrawals: int
    probe: Sequence[float]
    tenants: Mapping[str, Part]
    mood: MoodHeads | None
    vectors_by_hash: ByHash
    earlier: str | None = None
    unchanged: Sequence[str] = ()
    behind: Mapping[str, int] = field(default_factory=dict)


def obeyed(manifest: Mapping[str, Any], tenant: str) -> int:
    """How many withdrawals had been made before a tenant's articles were read."""
    return int(manifest["tenants"].get(tenant, {}).get("withdrawals", manifest.get("withdrawals", 0)))


def fill(working: Path, built: Built, *, folder: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """Write or link all files into the folder; returns the manifest's tenants and files.

    `before` is the manifest of the generation in `folder` from which files are linked.
    """
    parts = embedded_files(before["files"])
    together = parts[1:] if len(parts) > MOST_PARTS else []
    linked = [path for tenant in built.unchanged for path in tenant_files(tenant, before["files"])]
    for tenant, part in built.tenants.items():
        linked += whole_files(tenant, before["files"]) if part.written else []
    linked += [path for path in parts if path not in together]
    linked += [MOOD] if built.mood is None else []
    files: dict[str, Checksum] = {}
    for path in linked:
        (working / path).parent.mkdir(exist_ok=True)
        same_file(folder / str(built.earlier) / path, working / path)
        files[path] = Checksum(**before["files"][path])
    written = {MOOD: packed(built.mood.arrays())} if built.mood is not None else {}
    written |= _embedded(built.vectors_by_hash, parts, [folder / str(built.earlier) / path for path in together])
    for tenant, part in built.tenants.items():
        written |= small_files(tenant, part)
        (working / tenant).mkdir(exist_ok=True)
        if not part.written:
            vectors = part.tenant.whole.vectors
            path = vectors_file(tenant, vectors.kind)
            vectors.write(working / path)
            sync_file(working / path)
            files[path] = Checksum.of_file(working / path)
    for path, content in written.items():
        write_durably(working / path, content)
        files[path] = Checksum.of(content)
    return {"tenants": _entries(built, before), "files": {path: vars(checksum) for path, checksum in files.items()}}


def _embedded(fresh: ByHash, parts: Sequence[str], together: Sequence[Path]) -> dict[str, bytes]:
    """The vectors that are not linked as a file of their own, under a name that comes after the others."""
    if parts and not fresh and not together:
        return {}
    vectors: dict[bytes, Any] = {}
    for path in together:
        vectors |= unpack_vectors(path.read_bytes())
    last = parts[-1].removeprefix(EMBEDDED).removesuffix(".npz").removeprefix("-") if parts else ""
    name = f"{EMBEDDED}-{int(last or 0) + 1:06}.npz" if parts else f"{EMBEDDED}.npz"
    return {name: pack_vectors({**vectors, **fresh})}


def _entries(built: Built, before: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest tells about each tenant."""
    tenants = {tenant: dict(before["tenants"][tenant]) for tenant in built.unchanged}
    tenants |= {tenant: part.entry() for tenant, part in built.tenants.items()}
    for tenant, entry in tenants.items():
        entry.pop("withdrawals", None)
        if tenant in built.behind:
            entry["withdrawals"] = built.behind[tenant]
    return tenants
