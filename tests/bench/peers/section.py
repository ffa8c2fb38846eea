"""Quality, time per question and memory of this product and of others; the encoder is not in it, all have its vectors.

Also alone, without any part running: `python -m tests.bench.peers [--python INTERPRETER] [--sets FOLDER]`. The others
are looked for in the interpreter's environment, never in this project's; those that it has not are named.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kb_index.articles.chunking import embedded_text
from kb_index.articles.model import Audience
from kb_index.evaluation.contract import DAY
from kb_index.index.embedding import load_encoder
from kb_index.index.measured import index_vectors
from kb_index.index.remembering import Remembering
from kb_index.index.vectors import FlatVectors
from kb_index.search.asking import Embed, questions_of
from kb_index.search.assemble import assemble, different_passages
from kb_index.text.folding import fold, tokens
from tests.bench.figures import percentile, show_table
from tests.bench.peers.child import resident_mb, timed
from tests.bench.peers.corpus import Corpus, read_corpus
from tests.bench.peers.products import COUNT, PRODUCTS
from tests.bench.setting import Bench

MODEL = "use-multilingual-v3"
ASKED, SECONDS, LONGEST_S = 1000, 60.0, 900
OURS, OUR_VECTORS, TO_BEAT = "Tandem, everything", "Tandem, vectors", "txtai, hybrid"
COLUMNS = ("", "version", "n", "R@1", "MRR@10", "p50 ms", "p95 ms", "processor p50", "built s", "MB", "goal")

ROOT = Path(__file__).parents[3]


async def peers(bench: Bench) -> None:
    """Prints a line per product."""
    sets = bench.environment.get("TANDEM_DEVELOPMENT_SETS", "")
    await asyncio.to_thread(compare, bench.folder, bench.peers, sets)


def compare(folder: Path, python: str, sets: str) -> None:
    """Fill every product with the same and print the table. Raises SystemExit without such an interpreter."""
    if shutil.which(python) is None:
        raise SystemExit(f"peers: there is no interpreter {python}; name the one of an environment with the others")
    corpus = read_corpus(ROOT, sets, asked=ASKED)
    embed = Remembering(load_encoder(MODEL), progress=_said).encode
    passages = different_passages(corpus.articles)
    texts = [embedded_text(passage, corpus.articles) for passage in passages]
    asked = [fold(question.text) for question in corpus.questions]
    _write(folder, texts, asked, embed)
    owners = [corpus.articles[passage.version].id for passage in passages]
    results = _ours(corpus, embed, asked) | {name: _other(name, folder, python) for name in PRODUCTS}
    there = {name: figures for name, figures in results.items() if "took_ms" in figures}
    rows = [_line(name, figures, owners, corpus, there) for name, figures in there.items()]
    show_table(f"11. Beside other products: {len(texts)} texts of {corpus.title}, the same vectors", COLUMNS, rows)
    for name, figures in results.items():
        if name not in there:
            print(f"  {name}: {figures.get('missing') or figures['broke']}", flush=True)


def _write(folder: Path, texts: Sequence[str], asked: Sequence[str], embed: Embed) -> None:
    """What the children read; words are cut for the products that look for words, for they know no Chinese."""
    for name, group in (("vectors", texts), ("asked", asked)):
        np.save(folder / f"{name}.npy", embed(group))
    for name, group in (("texts", texts), ("asked", asked)):
        cut = [" ".join(tokens(text)) or text for text in group]
        (folder / f"{name}.json").write_text(json.dumps(cut), "utf-8")


def _ours(corpus: Corpus, embed: Embed, asked: Sequence[str]) -> dict[str, dict[str, object]]:
    """The product itself: its ranking with vectors, words and head; and its vector index alone, as most others are."""
    before, begun = resident_mb(), time.perf_counter()
    index = assemble(corpus.articles, [], embed=embed)
    assert isinstance(index.vectors, FlatVectors)
    index.vectors = index_vectors(index.vectors.matrix(), wanted="auto", progress=_said).vectors
    common = {"version": "", "build_s": time.perf_counter() - begun, "memory_mb": resident_mb() - before}
    known = dict(zip(asked, questions_of(asked, index, embed), strict=True))
    everything = np.ones(len(index.passages), dtype=np.bool_)
    everything.setflags(write=False)

    def rank(text: str, _: np.ndarray) -> list[int]:
        ranking = index.rank(known[text], language="zh", audience=Audience.PUBLIC, day=DAY)
        return [candidate.passage for candidate in ranking.candidates[:COUNT]]

    def nearest(_: str, vector: np.ndarray) -> list[int]:
        rows: list[int] = index.vectors.nearest(vector, COUNT, chosen=everything)[0].tolist()
        return rows

    questions = embed(asked)
    return {
        name: common | timed(search, list(asked), questions, SECONDS)
        for name, search in ((OURS, rank), (OUR_VECTORS, nearest))
    }


def _said(step: str) -> None:
    print(f"  {step}", flush=True)


def _other(name: str, folder: Path, python: str) -> dict[str, object]:
    command = [python, "-m", "tests.bench.peers.child", name, str(folder), str(SECONDS)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}
    try:
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return {"broke": f"took more than {LONGEST_S} s"}
    if run.returncode:
        return {"broke": (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]}
    figures: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return {"missing": f"not in the environment of {python}"} if "missing" in figures else figures


def _line(
    name: str, figures: Mapping[str, object], owners: Sequence[str], corpus: Corpus, all_of: Mapping[str, object]
) -> list[str]:
    took: list[float] = figures["took_ms"]  # type: ignore[assignment]
    rows: list[list[int]] = figures["found"]  # type: ignore[assignment]
    found = [list(dict.fromkeys(owners[row] for row in each)) for each in rows]  # several texts of an article: one
    ranks = [
        next((place for place, each in enumerate(names, 1) if each in question.right), 0)
        for names, question in zip(found, corpus.questions, strict=False)
    ]
    return [
        name, str(figures["version"]), str(len(took)), f"{np.mean([rank == 1 for rank in ranks]):.3f}",
        f"{np.mean([1 / rank if rank else 0.0 for rank in ranks]):.3f}", f"{percentile(took, 0.5):.2f}",
        f"{percentile(took, 0.95):.2f}",
        f"{percentile(figures['used_ms'], 0.5):.2f}", f"{figures['build_s']:.1f}", f"{figures['memory_mb']:.0f}",
        _goal(name, all_of),
    ]  # fmt: skip


def _goal(name: str, all_of: Mapping[str, object]) -> str:
    """Half of txtai's hybrid time for everything, and for vectors alone not slower than anybody who has them alone."""
    p50 = {each: percentile(figures["took_ms"], 0.5) for each, figures in all_of.items()}  # type: ignore[index]
    if name == OURS and TO_BEAT in p50:
        return f"≤ .5 × {TO_BEAT}: {'reached' if p50[OURS] <= p50[TO_BEAT] / 2 else 'NOT reached'}"
    if name != OUR_VECTORS:
        return ""
    others = [other for other in p50 if other not in (OURS, OUR_VECTORS, TO_BEAT)]
    if not others:
        return "no peer is installed here: compared with nobody"
    faster = [other for other in others if p50[other] < p50[OUR_VECTORS]]
    return f"slower than: {', '.join(faster)}" if faster else "slower than nobody"


def alone(python: str, sets: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), python, sets)
