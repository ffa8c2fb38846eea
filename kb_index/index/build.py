"""Building: articles and example texts in, a published generation out.

A full build fits every tenant's confidence anew, which takes minutes and holds nobody up: the lock on the store
is only held while the result is published. A quick one, for edits, indexes the tenants that have changed, keeps
the confidence that was fitted before, and takes everything else over as it is.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kb_index.articles.chunking import embedded_text, passages_of
from kb_index.articles.model import Source
from kb_index.articles.stores import Stores
from kb_index.confidence.calibration import calibrate
from kb_index.errors import NoGeneration
from kb_index.index.contents import Part, Tenant, embedded_files
from kb_index.index.embedder import Embedder
from kb_index.index.embedding import PROBE
from kb_index.index.generation import Built, GenerationStore
from kb_index.index.inputs import Inputs, own_code, read_inputs
from kb_index.index.measured import index_vectors
from kb_index.index.vectors import FlatVectors
from kb_index.index.withdrawn import Withdrawals
from kb_index.learning.judged import learned
from kb_index.mood.judge import MoodHeads
from kb_index.mood.training import train_mood
from kb_index.search.assemble import assemble
from kb_index.search.retriever import TenantIndex
from kb_index.settings import Settings
from kb_index.text.folding import fold

__all__ = ["BuildReport", "Builder", "Embedder", "build"]

Progress = Callable[[str], None]

PUBLISHING, BUILDING = ".build-lock", ".full-build-lock"

MOST_PARTS = 20
"""Edits whose vectors may lie in files of their own; then a full build gathers all in one again."""


@dataclass(frozen=True)
class TenantReport:
    """One tenant of a published generation."""

    articles: int
    passages: int
    kind: str
    recall: float
    calibrated: bool
    megabytes: float


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
    tenants: Mapping[str, TenantReport] = field(default_factory=dict)


def build(settings: Settings, *, if_changed: bool, progress: Progress) -> BuildReport:
    """Build and publish a generation; raises ArticlesRefused or TextsRefused and then changes nothing."""
    return Builder(settings, progress).build(if_changed=if_changed)


class Builder:
    """Makes generations, one after the other; remembers all vectors, so the next edit costs only itself."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._stores = Stores.of(settings)
        self._withdrawals = Withdrawals(settings.store)
        self._embed: Embedder | None = None
        self._verified: set[str] = set()
        self._made: tuple[str, Mapping[str, Tenant]] = ("", {})
        self.store = GenerationStore.of(settings)

    def build(self, *, if_changed: bool) -> BuildReport:
        """A full build: what if_changed lets stand is only a tenant that is calibrated on just these articles."""
        started = time.perf_counter()
        with _alone(self._settings.store / BUILDING):
            inputs = read_inputs(self._settings, self._stores)
            before = self._before()
            if if_changed and before is not None and self._up_to_date(before, inputs):
                return BuildReport(generation=str(before["generation"]), skipped=True)
            embed = self._embedder()
            _embed_everything(inputs, embed)
            kept = _standing(before, inputs) if if_changed and self._intact(before) else []
            others = [source for source in inputs.sources if source.tenant not in kept]
            made = {source.tenant: self._whole(source, inputs) for source in others}
            self._progress("training the mood heads")
            mood = _train_mood(inputs, embed)
            with _alone(self._settings.store / PUBLISHING):
                return self._publish_full(inputs, made, mood, started)

    def publish_edits(self) -> BuildReport | None:
        """A quick build of what has changed since the current generation; None when nothing has.

        Raises ArticlesRefused and then changes nothing.
        """
        started = time.perf_counter()
        with _alone(self._settings.store / PUBLISHING):
            inputs = read_inputs(self._settings, self._stores)
            before = self._before()
            if before is not None and before["base"] == inputs.base and self._intact(before):
                if before["digest"] == inputs.digest or self.store.held() == inputs.digest:
                    return None
                kept = [source.tenant for source in inputs.sources if _same_articles(before, source)]
                self._embedder()
                earlier = self._earlier(str(before["generation"]))
                entries = before["tenants"]
                made = {
                    tenant: self._quick(source, inputs, earlier[tenant], calibrated_on=entries[tenant]["calibrated_on"])
                    for source in inputs.sources
                    if (tenant := source.tenant) not in kept and tenant in earlier
                }
                if {*made, *kept} == {source.tenant for source in inputs.sources}:
                    return self._publish(inputs, made, None, kept=kept, earlier=before, started=started)
        return self.build(if_changed=True)

    def warm_up(self) -> None:
        """Do once, for nothing, what an edit needs, so that the first one is not slower than the others."""
        before = self._before()
        if before is None or not self._intact(before):
            return
        inputs, name = read_inputs(self._settings, self._stores), str(before["generation"])
        if before["base"] != inputs.base:
            return
        embed, made = self._embedder(), dict(self._earlier(name))
        for source in inputs.sources:
            if source.tenant in made and _same_articles(before, source):
                earlier = made[source.tenant]
                index = assemble(source.articles, inputs.background, embed=embed, earlier=earlier.index)
                made[source.tenant] = Tenant(index, earlier.calibration)
        self._made = (name, made)

    def recalibration_due(self) -> bool:
        """Whether a tenant's confidence was fitted on other articles than it has now."""
        before = self._before()
        return before is not None and any(
            entry["calibrated_on"] != entry["source"] for entry in before["tenants"].values()
        )

    def _before(self) -> dict[str, Any] | None:
        """The manifest of the current generation, if it is intact."""
        for name in self.store.names()[:1]:
            try:
                return self.store.manifest(name)
            except NoGeneration:
                return None
        return None

    def _up_to_date(self, before: Mapping[str, Any], inputs: Inputs) -> bool:
        if self.store.held() == inputs.digest:
            return True
        if before["digest"] != inputs.digest or self.recalibration_due():
            return False
        return self._intact(before)

    def _intact(self, before: Mapping[str, Any] | None) -> bool:
        """Whether a generation's files may be taken over; looked at once, for they never change."""
        if before is None or len(embedded_files(before["files"])) > MOST_PARTS:
            return False
        try:
            if before["generation"] not in self._verified:
                self._verified.add(str(self.store.verify(before["generation"])["generation"]))
        except NoGeneration:
            return False
        return True

    def _embedder(self) -> Embedder:
        """The embedder with the vectors of the newest intact generation; the same one for every build."""
        if self._embed is None:
            known = {}
            for name in self.store.names():
                try:
                    known = self.store.stored_vectors(name, model=self._settings.model)
                    break
                except NoGeneration:
                    continue
            self._embed = Embedder(self._settings.model, known, self._progress)
        self._embed.start_again()
        return self._embed

    def _earlier(self, name: str) -> Mapping[str, Tenant]:
        """The tenants of the current generation; those that this process made are still in memory."""
        if self._made[0] != name:
            try:
                self._made = (name, self.store.load(name).tenants)
            except NoGeneration:
                return {}
        return self._made[1]

    def _still(self, kept: list[str]) -> dict[str, Tenant]:
        """Those of the kept tenants that are in memory."""
        return {tenant: self._made[1][tenant] for tenant in kept if tenant in self._made[1]}

    def _quick(self, source: Source, inputs: Inputs, earlier: Tenant, *, calibrated_on: str) -> Part:
        """Index the articles as they are now, with the confidence of the earlier ones."""
        self._progress(f"tenant {source.tenant}: indexing {len(source.articles)} articles")
        embed = self._embedder_now()
        index, recall = self._indexed(assemble(source.articles, inputs.background, embed=embed, earlier=earlier.index))
        return Part(Tenant(index, earlier.calibration), source.digest, calibrated_on, recall)

    def _whole(self, source: Source, inputs: Inputs) -> Part:
        embed = self._embedder_now()
        self._progress(f"tenant {source.tenant}: indexing {len(source.articles)} articles")
        index, recall = self._indexed(assemble(source.articles, inputs.background, embed=embed))
        calibration = calibrate(
            source.articles,
            inputs.background,
            assemble=partial(assemble, embed=embed),
            embed=embed,
            error_budget=self._settings.error_budget,
            progress=lambda step: self._progress(f"tenant {source.tenant}: {step}"),
        )
        today = self._settings.today()
        calibration = learned(self._settings, source.tenant, index, calibration, embed=embed, day=today)
        return Part(Tenant(index, calibration), source.digest, source.digest, recall)

    def _embedder_now(self) -> Embedder:
        return self._embed if self._embed is not None else self._embedder()

    def _indexed(self, index: TenantIndex) -> tuple[TenantIndex, float]:
        """The index with its vectors kept in the way that the settings and the policy want."""
        assert isinstance(index.vectors, FlatVectors)
        matrix = index.vectors.matrix()
        if self._settings.vectors == "pgvector":
            from kb_index.index.pgvector import owner_of, store_vectors

            url, owner = self._settings.vectors_address, owner_of(self._settings.store)
            indexed = store_vectors(matrix, url=url, owner=owner, progress=self._progress)
        else:
            indexed = index_vectors(matrix, wanted=self._settings.index, progress=self._progress)
        index.vectors = indexed.vectors
        return index, indexed.recall

    def _publish_full(self, inputs: Inputs, made: dict[str, Part], mood: MoodHeads, started: float) -> BuildReport:
        """Publish what a full build made; a tenant that was edited in the meantime is indexed once more."""
        now = read_inputs(self._settings, self._stores)
        before = self._before()
        if now.base == inputs.base and now.digest != inputs.digest:
            for source in now.sources:
                part = made.get(source.tenant)
                if part is not None and part.source != source.digest:
                    made[source.tenant] = self._quick(source, now, part.tenant, calibrated_on=part.calibrated_on)
            inputs = now
        kept = [source.tenant for source in inputs.sources if source.tenant not in made]
        if not all(before is not None and _same_articles(before, inputs.source(tenant)) for tenant in kept):
            made |= {tenant: self._whole(inputs.source(tenant), inputs) for tenant in kept}
            kept = []
        return self._publish(inputs, made, mood, kept=kept, earlier=before, started=started)

    def _publish(
        self, inputs: Inputs, made: dict[str, Part], mood: MoodHeads | None, *, kept: list[str],
        earlier: Mapping[str, Any] | None, started: float,
    ) -> BuildReport:  # fmt: skip
        embed = self._embedder_now()
        linked = bool(kept) or mood is None  # else everything is new, and so is the file of vectors
        probe = embed.alone(PROBE)
        name = self.store.publish(
            Built(
                model=self._settings.model,
                dimension=embed.dimension,
                code=own_code(),
                base=inputs.base,
                digest=inputs.digest,
                withdrawals=inputs.withdrawals,
                probe=probe.tolist(),
                tenants={tenant: made[tenant] for tenant in made if tenant in self._settings.tenants},
                mood=mood,
                vectors_by_hash=embed.fresh if linked else embed.used,
                earlier=str(earlier["generation"]) if linked and earlier is not None else None,
                unchanged=kept,
            )
        )
        manifests = self.store.usable_manifests()
        self._verified.add(name)
        self._made = (name, {tenant: part.tenant for tenant, part in made.items()} | self._still(kept))
        if self._settings.vectors == "pgvector":
            from kb_index.index.pgvector import drop_unused

            drop_unused(self._settings.store, url=self._settings.vectors_address)
        self._withdrawals.forget(min(int(each.get("withdrawals", 0)) for each in manifests))
        report = _report(self.store.manifest(name), embed, time.perf_counter() - started)
        embed.published()
        return report


def _report(manifest: Mapping[str, Any], embed: Embedder, seconds: float) -> BuildReport:
    tenants = {
        tenant: TenantReport(
            articles=entry["articles"],
            passages=entry["passages"],
            kind=entry["vectors"]["kind"],
            recall=entry["vectors"]["recall"],
            calibrated=entry["calibrated_on"] == entry["source"],
            megabytes=sum(
                file["size"] for path, file in manifest["files"].items() if path.startswith(f"{tenant}/")
            ) / 1e6,
        )
        for tenant, entry in manifest["tenants"].items()
    }  # fmt: skip
    return BuildReport(
        generation=manifest["generation"],
        skipped=False,
        articles=sum(tenant.articles for tenant in tenants.values()),
        passages=sum(tenant.passages for tenant in tenants.values()),
        embedded=embed.embedded,
        reused=len(embed.used) - embed.embedded,
        seconds=seconds,
        tenants=tenants,
    )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the store against other builders; the lock ends with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _same_articles(before: Mapping[str, Any], source: Source) -> bool:
    entry = before["tenants"].get(source.tenant)
    return entry is not None and entry["source"] == source.digest


def _standing(before: Mapping[str, Any] | None, inputs: Inputs) -> list[str]:
    """Tenants of which nothing has changed and whose confidence was fitted on just these articles."""
    if before is None or before["base"] != inputs.base:
        return []
    entries = before["tenants"]
    return [
        source.tenant
        for source in inputs.sources
        if _same_articles(before, source) and entries[source.tenant]["calibrated_on"] == source.digest
    ]


def _embed_everything(inputs: Inputs, embed: Embedder) -> None:
    """One pass over all texts, so that they are embedded in few large batches."""
    texts = [fold(text) for text in inputs.background]
    texts += [fold(message.text) for message in inputs.mood]
    for source in inputs.sources:
        texts += [embedded_text(passage, source.articles) for passage in passages_of(source.articles)]
    embed(texts)


def _train_mood(inputs: Inputs, embed: Embedder) -> MoodHeads:
    """Judged messages, and the articles' and background questions as calm."""
    calm = [question for source in inputs.sources for article in source.articles for question in article.questions]
    calm += inputs.background
    return train_mood(inputs.mood, calm, embed=embed)
