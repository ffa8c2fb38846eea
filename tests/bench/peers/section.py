"""Quality, time per question and memory of this product and of others; the encoder is not in it, all have its vectors.

Also alone, without any part running: `python -m tests.bench.peers [--python INTERPRETER] [--sets FOLDER]`. The others
are looked for in the interpreter's environment, never in this project's; those that it has not are named.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kb_index.articles.chunking import embedded_text
from kb_index.articles.model import Audience
from kb_index.evaluation.contract import DAY, RememberingEmbedder
from kb_index.index.embedding import load_encoder
from kb_index.search.asking import questions_of
from kb_index.search.assemble import assemble, different_passages
from kb_index.text.folding import fold, tokens
from tests.bench.figures import percentile, show_table
from tests.bench.peers.child import resident_mb
from tests.bench.peers.corpus import Corpus, read_corpus
from tests.bench.peers.products import PRODUCTS
from tests.bench.setting import Bench

MODEL = "use-multilingual-v3"
ASKED, SECONDS, LONGEST_S = 1000, 60.0, 900
OURS, TO_BEAT = "Tandem", "txtai, hybrid"
COLUMNS = ("", "version", "n", "R@1", "MRR@10", "p50 ms", "p95 ms", "built s", "memory MB", "goal")

ROOT = Path(__file__).parents[3]


async def peers(bench: Bench) -> None:
    """Prints a line per product."""
    sets = bench.environment.get("TANDEM_DEVELOPMENT_SETS", "")
    await asyncio.to_thread(compare, bench.folder, bench.peers, sets)


def compare(folder: Path, python: str, sets: str) -> None:
    """Fill every product with the same and print the table."""
    corpus = read_corpus(ROOT, sets, asked=ASKED)
    embed = RememberingEmbedder(load_encoder(MODEL), lambda step: print(f"  {step}", flush=True))
    passages = different_passages(corpus.articles)
    texts = [embedded_text(passage, corpus.articles) for passage in passages]
    asked = [fold(question.text) for question in corpus.questions]
    _write(folder, texts, asked, embed)
    owners = [corpus.articles[passage.version].id for passage in passages]
    results = {OURS: _ours(corpus, embed, asked)} | {name: _other(name, folder, python) for name in PRODUCTS}
    there = {name: figures for name, figures in results.items() if "took_ms" in figures}
    rows = [_line(name, figures, owners, corpus, there) for name, figures in there.items()]
    show_table(f"11. Beside other products: {len(texts)} texts of {corpus.title}, the same vectors", COLUMNS, rows)
    for name, figures in results.items():
        if name not in there:
            print(f"  {name}: {figures.get('missing') or figures['broke']}", flush=True)


def _write(folder: Path, texts: Sequence[str], asked: Sequence[str], embed: RememberingEmbedder) -> None:
    """What the children read; words are cut for the products that look for words, for they know no Chinese."""
    for name, group in (("vectors", texts), ("asked", asked)):
        np.save(folder / f"{name}.npy", embed(group))
    for name, group in (("texts", texts), ("asked", asked)):
        cut = [" ".join(tokens(text)) or text for text in group]
        (folder / f"{name}.json").write_text(json.dumps(cut), "utf-8")


def _ours(corpus: Corpus, embed: RememberingEmbedder, asked: Sequence[str]) -> dict[str, object]:
    """The product itself: ranking with all its scores; the ids of the articles found instead of rows."""
    before, begun = resident_mb(), time.perf_counter()
    index = assemble(corpus.articles, [], embed=embed)
    built_s = time.perf_counter() - begun
    questions = questions_of(asked, index, embed)
    took: list[float] = []
    names: list[list[str]] = []
    for question in [*questions[:5], *questions]:
        begun = time.perf_counter()
        ranking = index.rank(question, language="zh", audience=Audience.PUBLIC, day=DAY)
        took.append((time.perf_counter() - begun) * 1000)
        names.append([index.articles[candidate.version].id for candidate in ranking.candidates[:10]])
    memory = resident_mb() - before
    return {"version": "", "build_s": built_s, "took_ms": took[5:], "names": names[5:], "memory_mb": memory}


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
    found = _names(figures, owners)
    ranks = [
        next((place for place, each in enumerate(names, 1) if each in question.right), 0)
        for names, question in zip(found, corpus.questions, strict=False)
    ]
    p50 = percentile(took, 0.5)
    return [
        name, str(figures["version"]), str(len(took)), f"{np.mean([rank == 1 for rank in ranks]):.3f}",
        f"{np.mean([1 / rank if rank else 0.0 for rank in ranks]):.3f}", f"{p50:.2f}", f"{percentile(took, 0.95):.2f}",
        f"{figures['build_s']:.1f}", f"{figures['memory_mb']:.0f}", _goal(p50, all_of) if name == OURS else "",
    ]  # fmt: skip


def _names(figures: Mapping[str, object], owners: Sequence[str]) -> list[list[str]]:
    """The articles found, each once: several texts of one may be among the ten."""
    if "names" in figures:
        return figures["names"]  # type: ignore[return-value]
    rows: list[list[int]] = figures["found"]  # type: ignore[assignment]
    return [list(dict.fromkeys(owners[row] for row in each)) for each in rows]


def _goal(p50: float, all_of: Mapping[str, object]) -> str:
    """Half of txtai's hybrid time, and not slower than anybody."""
    others = {name: percentile(each["took_ms"], 0.5) for name, each in all_of.items() if name != OURS}  # type: ignore[index]
    goals = {f"≤ .5 × {TO_BEAT}": others[TO_BEAT] / 2} if TO_BEAT in others else {}
    slower = [name for name, other in others.items() if other < p50]
    said = [f"{text}: {'reached' if p50 <= most else 'NOT reached'}" for text, most in goals.items()]
    return ", ".join([*said, f"slower than: {', '.join(slower)}" if slower else "slower than nobody"])


def alone(python: str, sets: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), python, sets)
