"""Understanding a message among 12,000 articles: time, throughput, memory, start; what batches cost, and an edit.

Also alone, without any part running: `python -m tests.bench.understanding [--sets FOLDER]`. One thread. The articles
are those of `tests.bench.peers`, as often as it takes; mood and confidence are the running generation's. They are
published by one process and asked in another, which has read nothing but the index, as the service has.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from kb_index.articles.model import Article, Audience
from kb_index.index.contents import Part, Tenant
from kb_index.index.embedder import Embedder
from kb_index.index.embedding import load_encoder
from kb_index.index.filling import Built
from kb_index.index.generation import GenerationStore
from kb_index.index.measured import index_vectors
from kb_index.index.remembering import Remembering
from kb_index.index.vectors import FlatVectors
from kb_index.search.assemble import assemble
from kb_index.search.understand import Asked, Knowledge
from kb_index.settings import Settings
from kb_index.text.collections import read_background
from kb_index.text.folding import fold
from tests.bench.edits import FIGURE, measure_edits
from tests.bench.figures import percentile, show_table
from tests.bench.peers.child import resident_mb
from tests.bench.peers.corpus import many_articles, read_corpus
from tests.bench.setting import Bench

ARTICLES, ASKED, BATCHED = 12_000, 500, 2_000
ROOT = Path(__file__).parents[2]
DAY = date(2026, 11, 1)
ASKED_TEXTS = "asked.json"
GOALS = {
    "understand p50, ms": 6.0,
    "understand p95, ms": 9.0,
    "understand per second": 150.0,
    "process memory, MB": 400.0,
    "start until the first answer, s of processor": 4.0,
    "batch encoding / bare encoder": 1.2,
    FIGURE: 2.0,
}
PARTS = ("publish", "articles", "batches", "edits")
AT_LEAST = ("understand per second",)


async def understanding(bench: Bench) -> None:
    """Prints a line per figure."""
    sets = bench.environment.get("TANDEM_DEVELOPMENT_SETS", "")
    await asyncio.to_thread(show, sets)


def show(sets: str) -> None:
    """Each measurement in a process of its own, so that memory and start are those of nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        _child("publish", sets, folder)
        figures = {name: value for part in PARTS[1:] for name, value in _child(part, sets, folder).items()}
    rows = [[name, f"{figures[name]:.2f}", _goal(name, figures[name])] for name in GOALS]
    show_table(f"12. Understanding among {ARTICLES:,} articles, the encoder included", ("", "figure", "goal"), rows)


def _goal(name: str, value: float) -> str:
    least = name in AT_LEAST
    reached = value >= GOALS[name] if least else value <= GOALS[name]
    return f"{'≥' if least else '≤'} {GOALS[name]:g} {'reached' if reached else 'NOT reached'}"


def _child(part: str, sets: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.understanding", "--part", part, "--sets", sets, "--store", folder]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    *said, last = run.stdout.splitlines()
    print("\n".join(said), flush=True)
    found: dict[str, float] = json.loads(last)
    return found


def _publish(settings: Settings, sets: str, store: Path) -> dict[str, float]:
    """A generation whose only tenant has so many articles, and beside it what will be asked."""
    generation, _ = GenerationStore.of(settings).load_best()
    encoder = load_encoder(settings.model)
    embed = Remembering(encoder, progress=_quiet).encode
    corpus = read_corpus(ROOT, sets, asked=ASKED)
    (store / ASKED_TEXTS).write_text(json.dumps([question.text for question in corpus.questions]), "utf-8")
    articles = many_articles(corpus, ARTICLES)
    index = assemble(articles, read_background(settings.background), embed=embed)
    assert isinstance(index.vectors, FlatVectors)
    indexed = index_vectors(index.vectors.matrix(), wanted="auto", progress=_quiet)
    index.vectors = indexed.vectors
    print(f"  {len(articles):,} articles in {len(index.passages):,} passages: {corpus.title}")
    tenant = Tenant(index, next(iter(generation.tenants.values())).calibration)
    GenerationStore(store).publish(
        Built(
            model=settings.model,
            dimension=index.vectors.dimension,
            code="bench",
            base="bench",
            digest="bench",
            withdrawals=0,
            probe=[],
            tenants={"many": Part(tenant, "bench", "bench", indexed.recall)},
            mood=generation.mood,
            vectors_by_hash={},
        )
    )
    return {}


def _among_many(settings: Settings, store: Path) -> dict[str, float]:
    """Ask a tenant with so many articles, one question after the other."""
    generation, _ = GenerationStore(store).load_best()
    knowledge = Knowledge(generation, load_encoder(settings.model))
    knowledge.prepare(DAY)
    _understand(knowledge, "多久能退款", "many")
    started = time.process_time()
    texts: list[str] = json.loads((store / ASKED_TEXTS).read_text("utf-8"))
    took: list[float] = []
    used: list[float] = []
    for text in [*texts[:20], *texts]:
        begun, busy = time.perf_counter(), time.process_time()
        _understand(knowledge, text, "many")
        took.append((time.perf_counter() - begun) * 1000)
        used.append((time.process_time() - busy) * 1000)
    measured = took[20:]
    print(f"  of the processor: p50 {percentile(used[20:], 0.5):.2f} ms, p95 {percentile(used[20:], 0.95):.2f} ms")
    return {
        "start until the first answer, s of processor": started,
        "understand p50, ms": percentile(measured, 0.5),
        "understand p95, ms": percentile(measured, 0.95),
        "understand per second": 1000 * len(measured) / sum(measured),
        "process memory, MB": resident_mb(),
    }


def _understand(knowledge: Knowledge, text: str, tenant: str) -> None:
    asked = Asked(text=text, tenant=tenant, audience=Audience.PUBLIC, language=None, limit=5)
    knowledge.understand(asked, day=DAY, default_language="zh", unhappy_threshold=0.5)


def _batches(settings: Settings) -> dict[str, float]:
    """What the builder's embedder costs beside the encoder alone, for the same texts in the same batches."""
    texts = [fold(text) for text in read_background(settings.background)][:BATCHED]
    encoder = load_encoder(settings.model)
    encoder.encode(texts[:64])
    begun = time.process_time()
    for start in range(0, len(texts), 64):
        encoder.encode(texts[start : start + 64])
    bare = time.process_time() - begun
    embed = Embedder(settings.model, {}, _quiet)
    embed.alone(texts[0])  # the model is loaded once
    begun = time.process_time()
    embed(texts)
    return {"batch encoding / bare encoder": (time.process_time() - begun) / bare}


def _articles(sets: str) -> list[Article]:
    return many_articles(read_corpus(ROOT, sets, asked=ASKED), ARTICLES)


def _quiet(_: str) -> None:
    """Progress that nobody reads."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.understanding", description=__doc__)
    parser.add_argument(
        "--sets", default="", metavar="FOLDER", help="public development sets; else the demo's articles"
    )
    parser.add_argument("--part", choices=PARTS, help="one measurement, as JSON")
    parser.add_argument("--store", type=Path, help="folder of the index that `publish` writes")
    chosen = parser.parse_args()
    if chosen.part is None:
        show(chosen.sets)
        return
    settings = Settings()
    found = {
        "publish": lambda: _publish(settings, chosen.sets, chosen.store),
        "articles": lambda: _among_many(settings, chosen.store),
        "batches": lambda: _batches(settings),
        "edits": lambda: measure_edits(settings, _articles(chosen.sets), root=ROOT),
    }[chosen.part]()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
