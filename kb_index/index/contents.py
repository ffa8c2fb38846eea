"""The files of one generation: what is written for each tenant, and how it is read back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb_index.articles.model import Article, article_of, plain
from kb_index.confidence.decision import Calibration
from kb_index.index.lexical import Lexical
from kb_index.index.measured import OPENERS
from kb_index.index.passages import Passages
from kb_index.index.vectors import Vectors
from kb_index.learning.model import Taught
from kb_index.mood.judge import MoodHeads
from kb_index.search.edits import Edit, edited
from kb_index.search.heads import ArticleHead
from kb_index.search.passage_words import PassageWords
from kb_index.search.retriever import TenantIndex

MOOD = "mood.npz"
EMBEDDED = "embedded"
"""How the files with vectors by text begin: embedded.npz, then one more per edit until they are put together."""

MOST_PARTS = 20
"""So many files with vectors may lie beside the first one; the next edit puts them into one."""

EDIT, EDIT_VECTORS = "edit.json", "edit.npz"
ARTICLES, WORDS = "articles.jsonl", "words.json"

ByHash = Mapping[bytes, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Tenant:
    """One tenant's index with the calibration that was fitted on it, or on one before its edits.

    `mood` are heads of its own, if it has judged messages itself. `built` is the index as it was built whole and `edit`
    what has changed since; both None when nothing has.
    """

    index: TenantIndex
    calibration: Calibration
    mood: MoodHeads | None = None
    built: TenantIndex | None = None
    edit: Edit | None = None

    @property
    def whole(self) -> TenantIndex:
        """The index that edits are applied to."""
        return self.index if self.built is None else self.built

    def with_edit(self, edit: Edit) -> Tenant:
        """The tenant after an edit of the index that was built whole, in place of the edit there was."""
        if not len(edit):
            return Tenant(self.whole, self.calibration, self.mood)
        return Tenant(edited(self.whole, edit), self.calibration, self.mood, self.whole, edit)


@dataclass(frozen=True)
class Part:
    """A tenant as a build made it.

    source is the digest of its articles, calibrated_on that of the articles that its calibration was fitted on,
    recall the share of the exact ten nearest that its vector index finds. written says that the files of the index
    before its edits are those of the generation before. taught tells which judgements the calibration knows.
    """

    tenant: Tenant
    source: str
    calibrated_on: str
    recall: float
    written: bool = False
    taught: Taught = field(default_factory=Taught)

    def entry(self) -> dict[str, Any]:
        """What the manifest tells about it."""
        index = self.tenant.index
        return {
            "articles": len(index.published),
            "passages": int(index.counts.sum()),
            "source": self.source,
            "calibrated_on": self.calibrated_on,
            "taught": asdict(self.taught),
            "vectors": {
                "kind": index.vectors.kind,
                "parameters": dict(index.vectors.parameters),
                "recall": round(self.recall, 5),
            },
        }


def small_files(tenant: str, part: Part) -> dict[str, bytes]:
    """Every file of a tenant that has to be written, but its vectors, by its path in the generation."""
    return _edit_files(tenant, part.tenant.edit) | ({} if part.written else _whole_files(tenant, part.tenant))


def _edit_files(tenant: str, edit: Edit | None) -> dict[str, bytes]:
    if edit is None:
        return {}
    said = {"changed": [plain(article) for article in edit.changed], "gone": edit.gone}
    return {f"{tenant}/{EDIT}": _json(said), f"{tenant}/{EDIT_VECTORS}": packed({"vectors": edit.vectors})}


def _whole_files(tenant: str, made: Tenant) -> dict[str, bytes]:
    index = made.whole
    arrays: dict[str, npt.NDArray[Any]] = {"background": index.background}
    groups = {
        "lexical": index.lexical.arrays(),
        "passages": index.passages.arrays(),
        "head": index.head.arrays(),
        "calibration": made.calibration.arrays(),
    }
    for group, members in groups.items():
        arrays |= {f"{group}.{key}": value for key, value in members.items()}
    return {
        f"{tenant}/{ARTICLES}": b"".join(_json(plain(article)) + b"\n" for article in index.articles),
        f"{tenant}/{WORDS}": _json(index.words.plain()),
        f"{tenant}/models.npz": packed(arrays),
        **({f"{tenant}/{MOOD}": packed(made.mood.arrays())} if made.mood is not None else {}),
    }


def read_part(tenant: str, paths: Collection[str], *, read: Callable[[str], bytes], vectors: Vectors) -> Tenant:
    """Restore one tenant; raises ValueError when its files do not fit together."""
    articles = [article_of(values) for values in _stored(read(f"{tenant}/{ARTICLES}"))]
    arrays = unpacked(read(f"{tenant}/models.npz"))

    def group(prefix: str) -> dict[str, npt.NDArray[Any]]:
        return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}

    passages, head = Passages.restore(group("passages.")), ArticleHead.restore(group("head."))
    if len(vectors) != len(passages):
        raise ValueError(f"tenant {tenant!r} has {len(vectors)} vectors for {len(passages)} passages")
    if passages.versions.max(initial=-1) >= len(articles):
        raise ValueError(f"tenant {tenant!r} has passages of articles that it has not")
    if head.examples != (len(passages), len(arrays["background"])):
        raise ValueError(f"tenant {tenant!r} has a head of other examples, {head.examples}")

    index = TenantIndex(
        articles=articles,
        passages=passages,
        vectors=vectors,
        background=arrays["background"],
        lexical=Lexical.restore(group("lexical.")),
        head=head,
        words=PassageWords.restore(json.loads(read(f"{tenant}/{WORDS}"))),
    )
    own = f"{tenant}/{MOOD}"
    mood = MoodHeads.restore(unpacked(read(own))) if own in paths else None
    return Tenant(index, Calibration.restore(group("calibration.")), mood)


def vectors_file(tenant: str, kind: str) -> str:
    """Where a tenant's vectors are; those in a database leave a note that says where."""
    return f"{tenant}/vectors.json" if kind == "pgvector" else f"{tenant}/vectors.faiss"


def read_edit(tenant: str, made: Tenant, *, read: Callable[[str], bytes]) -> Tenant:
    """The tenant with the edit that lies beside its index; raises ValueError when they do not fit together."""
    said = json.loads(read(f"{tenant}/{EDIT}"))
    changed = tuple(article_of(values) for values in said["changed"])
    gone = tuple((article, language) for article, language in said["gone"])
    return made.with_edit(Edit(changed, gone, unpacked(read(f"{tenant}/{EDIT_VECTORS}"))["vectors"]))


def published_articles(tenant: str, paths: Collection[str], *, read: Callable[[str], bytes]) -> tuple[Article, ...]:
    """The articles that a generation holds of a tenant, without its index; raises ValueError."""
    found = {}
    for values in _stored(read(f"{tenant}/{ARTICLES}")):
        found[values["id"], values["language"]] = article_of(values)
    if f"{tenant}/{EDIT}" in paths:
        said = json.loads(read(f"{tenant}/{EDIT}"))
        for article, language in said["gone"]:
            found.pop((article, language), None)
        found |= {(values["id"], values["language"]): article_of(values) for values in said["changed"]}
    return tuple(found.values())


def _stored(content: bytes) -> Iterator[dict[str, Any]]:
    """The values of each article; a text that stands in several places, or articles, is in memory once."""
    known: dict[str, str] = {}

    def once(value: Any) -> Any:
        if isinstance(value, str):
            return known.setdefault(value, value)
        if isinstance(value, list):
            return [once(each) for each in value]
        return {key: once(each) for key, each in value.items()} if isinstance(value, dict) else value

    for line in io.BytesIO(content):
        yield once(json.loads(line))


def tenant_files(tenant: str, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if path.startswith(f"{tenant}/")]


def whole_files(tenant: str, paths: Iterable[str]) -> list[str]:
    """Those of the index before its edits."""
    edit = (f"{tenant}/{EDIT}", f"{tenant}/{EDIT_VECTORS}")
    return [path for path in tenant_files(tenant, paths) if path not in edit]


def embedded_files(paths: Iterable[str]) -> list[str]:
    """The files with vectors by text, the oldest first."""
    found = (path for path in paths if path.startswith(EMBEDDED) and "/" not in path)
    return sorted(found, key=lambda path: (len(path), path))


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
    """What was packed; raises ValueError for anything else, such as what is larger than its bytes."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in arrays.zip.infolist()):
                raise ValueError("its arrays are compressed")
            return {key: arrays[key] for key in arrays.files}
    except (zipfile.BadZipFile, EOFError, MemoryError, OSError, AttributeError, TypeError) as error:
        raise ValueError(f"its arrays cannot be read: {error}") from error


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
