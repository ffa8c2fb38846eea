"""Building: articles and example texts in, a published generation out.

A full build fits every tenant's confidence anew, which takes minutes and holds nobody up: the lock on the store
is only held while the result is published. A quick one, for edits, indexes the tenants that have changed, keeps
the confidence that was fitted before, and takes everything else over as it is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from kb_index.articles.chunking import embedded_text, passages_of
from kb_index.articles.model import Article, Source
from kb_index.articles.stores import Refusal, Stores
from kb_index.confidence.calibration import calibrate
from kb_index.errors import NoGeneration
from kb_index.index.compared import nothing_new, same_articles, standing
from kb_index.index.contents import Part, Tenant
from kb_index.index.durable import alone
from kb_index.index.embedder import Embedder
from kb_index.index.embedding import PROBE
from kb_index.index.filling import Built, obeyed
from kb_index.index.generation import GenerationStore
from kb_index.index.inputs import Earlier, Inputs, own_code, read_inputs
from kb_index.index.measured import index_vectors
from kb_index.index.refused import Refusals
from kb_index.index.reported import BuildReport, report_of
from kb_index.index.texts import TextFiles
from kb_index.index.vectors import FlatVectors
from kb_index.index.withdrawn import Withdrawals
from kb_index.learning.judged import learned
from kb_index.learning.model import Taught
from kb_index.learning.taught import taught_anew
from kb_index.mood.judge import MoodHeads
from kb_index.mood.training import train_mood
from kb_index.search.assemble import assemble
from kb_index.search.edits import Edit, suits
from kb_index.search.retriever import TenantIndex
from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage
from kb_index.text.folding import fold

__all__ = ["BuildReport", "Builder", "Embedder", "build"]

Progress = Callable[[str], None]

PUBLISHING, BUILDING = ".build-lock", ".full-build-lock"


def build(settings: Settings, *, if_changed: bool, progress: Progress) -> BuildReport:
    """Build and publish a generation; raises ArticlesRefused or TextsRefused and then changes nothing."""
    return Builder(settings, progress).build(if_changed=if_changed)


class Builder:
    """Makes generations, one after the other; remembers all vectors, so the next edit costs only itself."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._stores = Stores.of(settings)
        self._withdrawals = Withdrawals.of(settings, self._stores.database)
        self._refusals = Refusals(settings.store)
        self._texts = TextFiles(settings)
        self._embed: Embedder | None = None
        self._verified: set[str] = set()
        self._made: tuple[str, Mapping[str, Tenant]] = ("", {})
        self.store = GenerationStore.of(settings)
        self._last_good: dict[str, Sequence[Article]] = {}
        self.refused: Mapping[str, Refusal] = {}

    def build(self, *, if_changed: bool) -> BuildReport:
        """A full build: what if_changed lets stand is only a tenant calibrated on just these articles and judgements.

        A tenant whose articles are refused goes on with its earlier ones. Raises ArticlesRefused, and then changes
        nothing, when no other tenant has anything new.
        """
        started = time.perf_counter()
        with alone(self._settings.store / BUILDING):
            inputs, before = self._read()
            if if_changed and before is not None and self._up_to_date(before, inputs):
                if inputs.refused:
                    raise inputs.refusal
                return BuildReport(generation=str(before["generation"]), skipped=True)
            if inputs.refused and (not inputs.sources or (not if_changed and nothing_new(before, inputs))):
                raise inputs.refusal
            embed = self._embedder()
            _embed_everything(inputs, embed)
            kept = []
            if if_changed and before is not None and self._intact(before):
                kept = standing(before, inputs, taught=self._taught_anew(before))
            mood: MoodHeads | None = None
            made: dict[str, Part] = {}
            while True:
                for source in inputs.sources:
                    if source.tenant not in kept and source.tenant not in made:
                        made[source.tenant] = self._whole(source, inputs)
                if mood is None:
                    self._progress("training the mood heads")
                    mood = _train_mood(inputs, embed)
                with alone(self._settings.store / PUBLISHING):
                    report = self._publish_full(inputs, made, mood, started)
                if report is not None:
                    return report
                inputs, before = self._read()
                kept = []

    def publish_edits(self) -> BuildReport | None:
        """A quick build of what has changed since the current generation; None when nothing has.

        Tenants whose articles are refused go on with their earlier ones, see `refused`. Raises ArticlesRefused when
        nothing else is left to do, and then changes nothing.
        """
        started = time.perf_counter()
        with alone(self._settings.store / PUBLISHING):
            inputs, before = self._read()
            if before is not None and before["base"] == inputs.base and self._intact(before):
                if before["digest"] == inputs.digest or self.store.held() == inputs.digest:
                    return None
                self._embedder()
                earlier = self._earlier(str(before["generation"]))
                self._withdraw_what_is_gone(inputs, earlier)
                made, kept = self._changed(inputs, before, earlier)
                if {*made, *kept} == {source.tenant for source in inputs.sources}:
                    return self._publish(inputs, made, None, kept=kept, earlier=before, started=started)
        return self.build(if_changed=True)

    def warm_up(self) -> None:
        """Do once, for nothing, what an edit needs, so that the first one is not slower than the others."""
        inputs, before = self._read()
        if before is not None and before["base"] == inputs.base and self._intact(before):
            self._embedder().alone(PROBE)
            self._earlier(str(before["generation"]))

    def _read(self) -> tuple[Inputs, dict[str, Any] | None]:
        """All inputs and the manifest of the current generation; what cannot be read now is as it was then."""
        before = self._before()
        inputs = read_inputs(
            self._settings,
            self._stores,
            withdrawals=self._withdrawals,
            texts=self._texts,
            earlier=lambda tenant: self._published(before, tenant),
        )
        self.refused = inputs.refused
        self._last_good = {source.tenant: source.articles for source in inputs.sources if source.tenant in self.refused}
        self._refusals.tell(inputs.refused)
        return inputs, before

    def _published(self, before: Mapping[str, Any] | None, tenant: str) -> Earlier | None:
        """What the current generation holds of a tenant, without what was taken back since; None when nothing."""
        entry = before["tenants"].get(tenant) if before is not None else None
        if before is None or entry is None:
            return None
        try:
            articles = self.store.articles(str(before["generation"]), tenant)
        except NoGeneration:
            return None
        gone = self._stores.tenant(tenant).taken_back(articles)
        kept = tuple(each for each in articles if each not in gone)
        told = f"{entry['source']}\0{[(each.id, each.language) for each in gone]}"
        digest = hashlib.sha256(told.encode()).hexdigest() if gone else str(entry["source"])
        return Earlier(Source(tenant, kept, digest), obeyed(before, tenant))

    def _changed(
        self, inputs: Inputs, before: Mapping[str, Any], earlier: Mapping[str, Tenant]
    ) -> tuple[dict[str, Part], list[str]]:
        """The tenants of which an article has changed, made anew, and the names of the others."""
        kept = [source.tenant for source in inputs.sources if same_articles(before, source)]
        made = {
            source.tenant: self._quick(source, inputs, _part_of(before, source.tenant, earlier[source.tenant]))
            for source in inputs.sources
            if source.tenant not in kept and source.tenant in earlier
        }
        return made, kept

    def _withdraw_what_is_gone(self, inputs: Inputs, earlier: Mapping[str, Tenant]) -> None:
        """Nobody finds what is no longer published while an index without it is being made, however long it takes."""
        gone = []
        for source in inputs.sources:
            now = {(article.id, article.language) for article in source.articles}
            before = earlier[source.tenant].index.published if source.tenant in earlier else ()
            gone += [(source.tenant, each.id, each.language) for each in before if (each.id, each.language) not in now]
        if gone:
            self._withdrawals.add_all(gone)

    def last_good(self, tenant: str) -> Sequence[Article]:
        """The articles that a tenant which is refused goes on with."""
        return self._last_good.get(tenant, ())

    def recalibration_due(self, *, taught: bool = True) -> bool:
        """Whether a tenant's confidence was fitted on other articles than it has now, or before people taught it."""
        before = self._before()
        if before is None or self.store.held() is not None:
            return False
        edited = any(entry["calibrated_on"] != entry["source"] for entry in before["tenants"].values())
        return edited or (taught and bool(self._taught_anew(before)))

    def _taught_anew(self, before: Mapping[str, Any]) -> set[str]:
        database, days = self._stores.database, self._settings.feedback_days
        return taught_anew(database, before["tenants"], datetime.now(UTC), days=days)

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
        if before is None:
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

    def _quick(self, source: Source, inputs: Inputs, before: Part) -> Part:
        """The tenant with the articles as they are now, and the confidence that was fitted on earlier ones."""
        embed = self._embedder_now()
        whole = before.tenant.whole
        edit = Edit.between(whole, source.articles, embed=embed)
        self._progress(f"tenant {source.tenant}: {len(edit)} articles have changed since it was indexed")
        if suits(whole, edit):
            return replace(before, tenant=before.tenant.with_edit(edit), source=source.digest)
        index, recall = self._indexed(assemble(source.articles, inputs.background, embed=embed, earlier=whole))
        made = Tenant(index, before.tenant.calibration, before.tenant.mood)
        return Part(made, source.digest, before.calibrated_on, recall, taught=before.taught)

    def _whole(self, source: Source, inputs: Inputs) -> Part:
        embed = self._embedder_now()
        self._progress(f"tenant {source.tenant}: indexing {len(source.articles)} articles")
        index, recall = self._indexed(assemble(source.articles, inputs.background, embed=embed))
        calibration = calibrate(
            source.articles,
            inputs.background,
            assemble=partial(assemble, embed=embed),
            embed=embed,
            error_budget=self._settings.budget_of(source.tenant),
            progress=lambda step: self._progress(f"tenant {source.tenant}: {step}"),
        )
        today = self._settings.today()
        calibration, taught = learned(self._settings, source.tenant, index, calibration, embed=embed, day=today)
        own = inputs.own_mood.get(source.tenant)
        mood = _train_mood(inputs, embed, own=own) if own else None
        return Part(Tenant(index, calibration, mood), source.digest, source.digest, recall, taught=taught)

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

    def _publish_full(
        self, inputs: Inputs, made: Mapping[str, Part], mood: MoodHeads, started: float
    ) -> BuildReport | None:
        """Publish what a full build made, with the edits of the meantime; None when more must be made whole first."""
        now, before = self._read()
        made = dict(made)
        kept: list[str] = []
        if now.base != inputs.base:
            now = inputs
        for source in now.sources:
            part = made.get(source.tenant)
            if part is not None and part.source != source.digest:
                made[source.tenant] = self._quick(source, now, part)
            elif part is None and before is not None and same_articles(before, source):
                kept.append(source.tenant)
            elif part is None:
                earlier = self._earlier(str(before["generation"])) if before is not None else {}
                if before is None or source.tenant not in earlier:
                    return None
                made[source.tenant] = self._quick(source, now, _part_of(before, source.tenant, earlier[source.tenant]))
        return self._publish(now, made, mood, kept=kept, earlier=before, started=started)

    def _publish(
        self, inputs: Inputs, made: dict[str, Part], mood: MoodHeads | None, *, kept: list[str],
        earlier: Mapping[str, Any] | None, started: float,
    ) -> BuildReport:  # fmt: skip
        embed = self._embedder_now()
        # Else everything is new, and so is the file of vectors.
        linked = bool(kept) or mood is None or any(part.written for part in made.values())
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
                behind=inputs.behind,
            )
        )
        manifests = self.store.usable_manifests()
        self._verified.add(name)
        self._made = (name, {tenant: part.tenant for tenant, part in made.items()} | self._still(kept))
        if self._settings.vectors == "pgvector":
            from kb_index.index.pgvector import drop_unused

            drop_unused(self._settings.store, url=self._settings.vectors_address)
        self._withdrawals.forget(min(obeyed(each, tenant) for each in manifests for tenant in ("", *each["tenants"])))
        report = replace(
            report_of(self.store.manifest(name), embed, time.perf_counter() - started), refused=inputs.refused
        )
        embed.published()
        return report


def _part_of(before: Mapping[str, Any], tenant: str, made: Tenant) -> Part:
    """A tenant of the current generation, whose files are written."""
    entry = before["tenants"][tenant]
    taught = Taught(**entry.get("taught", {}))
    recall = float(entry["vectors"]["recall"])
    return Part(made, entry["source"], entry["calibrated_on"], recall, written=True, taught=taught)


def _embed_everything(inputs: Inputs, embed: Embedder) -> None:
    """One pass over all texts, so that they are embedded in few large batches."""
    texts = [fold(text) for text in inputs.background]
    texts += [fold(message.text) for message in inputs.mood]
    for source in inputs.sources:
        texts += [embedded_text(passage, source.articles) for passage in passages_of(source.articles)]
    embed(texts)


def _train_mood(inputs: Inputs, embed: Embedder, *, own: Sequence[JudgedMessage] = ()) -> MoodHeads:
    """Judged messages, those of a tenant, and the articles' and background questions as calm."""
    calm = [question for source in inputs.sources for article in source.articles for question in article.questions]
    calm += inputs.background
    return train_mood(inputs.mood, calm, embed=embed, own=own)
