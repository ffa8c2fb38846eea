"""Building: articles and example texts in, a published generation out."""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb_index.articles.chunking import embedded_text, passages_of
from kb_index.articles.model import Source, read_tenant
from kb_index.confidence.calibration import calibrate
from kb_index.errors import ArticlesRefused, NoGeneration, Problem
from kb_index.index.embedding import Encoder, Matrix, load_encoder
from kb_index.index.generation import Built, GenerationStore, Tenant
from kb_index.mood.judge import MoodHeads
from kb_index.search.assemble import assemble
from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage, read_background, read_mood
from kb_index.text.folding import fold

Progress = Callable[[str], None]
BATCH = 512


@dataclass(frozen=True)
class BuildReport:
    """What a build did; skipped means that the current generation already has exactly these inputs."""

    generation: str
    skipped: bool
    articles: int = 0
    passages: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class _Inputs:
    """All that a generation is made of, and one digest over it."""

    sources: tuple[Source, ...]
    background: list[str]
    mood: list[JudgedMessage]
    digest: str


class Embedder:
    """Embeds each different text once, never again what an earlier generation embedded."""

    def __init__(self, model: str, known: dict[bytes, npt.NDArray[np.float32]], progress: Progress) -> None:
        self._model = model
        self._known = known
        self._progress = progress
        self._encoder: Encoder | None = None
        self.used: dict[bytes, npt.NDArray[np.float32]] = {}
        self.embedded = 0
        self.dimension = len(next(iter(known.values()))) if known else 0

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors of folded texts, one row each."""
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        self._embed(missing)
        self.used.update((key, self._known[key]) for key in keys)
        if not keys:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[key] for key in keys])

    def _embed(self, missing: dict[bytes, str]) -> None:
        if missing and self._encoder is None:
            self._progress(f"loading {self._model}")
            self._encoder = load_encoder(self._model)
            self.dimension = self._encoder.dimension
        keys = list(missing)
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            assert self._encoder is not None
            vectors = self._encoder.encode([missing[key] for key in batch])
            self._known.update(zip(batch, vectors, strict=True))
            self.embedded += len(batch)
            self._progress(f"embedded {start + len(batch)} of {len(keys)} new texts")


def build(settings: Settings, *, if_changed: bool, progress: Progress) -> BuildReport:
    """Build and publish a generation; raises ArticlesRefused or TextsRefused and then changes nothing."""
    started = time.perf_counter()
    with _alone(settings.store):
        store = GenerationStore(settings.store)
        inputs = _read_inputs(settings)
        current, known = _reusable(store, model=settings.model)
        if if_changed and current is not None and current[1] == inputs.digest:
            return BuildReport(generation=current[0], skipped=True)
        embed = Embedder(settings.model, known, progress)
        _embed_everything(inputs, embed)
        tenants = {
            source.tenant: _build_tenant(source, inputs.background, settings, embed, progress)
            for source in inputs.sources
        }
        progress("training the mood heads")
        mood = _train_mood(inputs, embed)
        name = store.publish(
            Built(settings.model, embed.dimension, inputs.digest, tenants, mood, vectors_by_hash=embed.used)
        )
    return BuildReport(
        generation=name,
        skipped=False,
        articles=sum(len(tenant.index.articles) for tenant in tenants.values()),
        passages=sum(len(tenant.index.passages) for tenant in tenants.values()),
        embedded=embed.embedded,
        reused=len(embed.used) - embed.embedded,
        seconds=time.perf_counter() - started,
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the store against a second builder; the lock ends with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".build-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_inputs(settings: Settings) -> _Inputs:
    """Read everything, report the problems of all tenants at once, and digest it with our own code."""
    sources: list[Source] = []
    problems: list[Problem] = []
    for tenant, folder in sorted(settings.tenants.items()):
        try:
            sources.append(read_tenant(tenant, folder))
        except ArticlesRefused as refused:
            problems.extend(refused.problems)
    if problems:
        raise ArticlesRefused(problems)
    background, mood = read_background(settings.background), read_mood(settings.mood)
    digest = hashlib.sha256(f"{settings.model}\0{settings.error_budget}\0".encode())
    for source in sources:
        digest.update(f"{source.tenant}\0{source.digest}\0".encode())
    digest.update("\0".join([*background, *map(str, mood)]).encode())
    own_code = Path(__file__).parents[1]
    for path in sorted([*own_code.rglob("*.py"), *own_code.rglob("words/*.txt")]):
        digest.update(path.read_bytes())
    return _Inputs(tuple(sources), background, mood, digest.hexdigest())


def _reusable(
    store: GenerationStore, *, model: str
) -> tuple[tuple[str, str] | None, dict[bytes, npt.NDArray[np.float32]]]:
    """Name and digest of the intact current generation, and the vectors it has embedded."""
    for place, name in enumerate(store.names()):
        try:
            manifest = store.verify(name)
            vectors = store.stored_vectors(name, model=model)
        except NoGeneration:
            continue
        return ((name, manifest["digest"]) if place == 0 else None), vectors
    return None, {}


def _embed_everything(inputs: _Inputs, embed: Embedder) -> None:
    """One pass over all texts, so that they are embedded in few large batches."""
    texts = [fold(text) for text in inputs.background]
    texts += [fold(message.text) for message in inputs.mood]
    for source in inputs.sources:
        texts += [embedded_text(passage, source.articles) for passage in passages_of(source.articles)]
    embed(texts)


def _build_tenant(
    source: Source, background: Sequence[str], settings: Settings, embed: Embedder, progress: Progress
) -> Tenant:
    progress(f"tenant {source.tenant}: indexing {len(source.articles)} articles")
    index = assemble(source.articles, background, embed=embed)
    calibration = calibrate(
        source.articles,
        background,
        assemble=partial(assemble, embed=embed),
        embed=embed,
        error_budget=settings.error_budget,
        progress=lambda step: progress(f"tenant {source.tenant}: {step}"),
    )
    return Tenant(index, calibration)


def _train_mood(inputs: _Inputs, embed: Embedder) -> MoodHeads:
    """Judged messages, and the articles' and background questions as calm."""
    calm = [question for source in inputs.sources for article in source.articles for question in article.questions]
    calm += inputs.background
    texts = [fold(text) for text in [*(message.text for message in inputs.mood), *calm]]
    unhappy = [message.unhappy for message in inputs.mood] + [False] * len(calm)
    neutral = [False] * len(inputs.mood) + [True] * len(calm)
    return MoodHeads.train(texts, embed(texts), unhappy, neutral=neutral)
