"""How long an edit takes among many articles: from a file that is written to the answer that finds it.

The service runs as it always does, with its keeper beside it; after the first edit it also fits the confidence anew in
the background, and that is in the figure too.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import httpx2

from kb_index.articles.model import Article, Audience
from kb_index.articles.stores import Stores
from kb_index.importing.targets import file_of
from kb_index.index.contents import Part, Tenant
from kb_index.index.embedder import Embedder
from kb_index.index.embedding import PROBE
from kb_index.index.filling import Built
from kb_index.index.generation import GenerationStore
from kb_index.index.inputs import own_code, read_inputs
from kb_index.index.measured import index_vectors
from kb_index.index.vectors import FlatVectors
from kb_index.index.withdrawn import Withdrawals
from kb_index.search.assemble import assemble
from kb_index.settings import Settings
from tests.bench.processes import free_address, running
from tests.end_to_end.clients import NotAsTold

TENANT = "many"
TITLES = (
    "紫色的龙怎么喂养",
    "热气球漏气了怎么补",
    "小提琴的弦断了换哪种",
    "冰川徒步要带什么鞋",
    "古董怀表怎么上发条",
    "月球船票能改签吗",
)
"""The first is written to begin with, and not measured: it loads what is in memory for the others."""

FIGURE = f"an edit until it is found, the slowest of {len(TITLES) - 1}, s"
PATIENCE_S = 300.0
UNSEEN = "\u200b"
"""Three wordings that are one: an article must have three."""


def measure_edits(settings: Settings, articles: Sequence[Article], *, root: Path) -> dict[str, float]:
    """Publishes so many articles, a passage or two each, and edits them while they are served."""
    with tempfile.TemporaryDirectory() as folder:
        own = settings.model_copy(
            update={"var": Path(folder) / "var", "tenants": {TENANT: Path(folder) / "kb"}, "database_url": None}
        )
        for article in articles:
            _write(Path(folder) / "kb", article.id, article.language, article.title)
        _publish(settings, own)
        took = asyncio.run(_edited(own, Path(folder), root))
    return {FIGURE: max(took[1:])}


def _write(folder: Path, name: str, language: str, title: str) -> None:
    """An article as a file, there at once as a whole."""
    article = Article(
        tenant=TENANT,
        id=name,
        language=language,
        category="bench",
        title=title,
        questions=tuple(title + UNSEEN * number for number in range(3)),
        audience=Audience.PUBLIC,
        owner="bench",
        valid_from=date(2026, 1, 1),
        review_by=date(2099, 1, 1),
        answer=title,
    )
    path = folder / language / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(file_of(article, why="bench"))
    beside.replace(path)


def _publish(settings: Settings, own: Settings) -> None:
    """What a full build would publish, but with the confidence of the running generation."""
    running_now, _ = GenerationStore.of(settings).load_best()
    stores = Stores.of(own)
    inputs = read_inputs(own, stores, withdrawals=Withdrawals.of(own, stores.database))
    embed = Embedder(own.model, {}, _quiet)
    source = inputs.source(TENANT)
    index = assemble(source.articles, inputs.background, embed=embed)
    assert isinstance(index.vectors, FlatVectors)
    indexed = index_vectors(index.vectors.matrix(), wanted=own.index, progress=_quiet)
    index.vectors = indexed.vectors
    made = Tenant(index, next(iter(running_now.tenants.values())).calibration)
    GenerationStore.of(own).publish(
        Built(
            model=own.model,
            dimension=embed.dimension,
            code=own_code(),
            base=inputs.base,
            digest=inputs.digest,
            withdrawals=inputs.withdrawals,
            probe=embed.alone(PROBE).tolist(),
            tenants={TENANT: Part(made, source.digest, source.digest, indexed.recall)},
            mood=running_now.mood,
            vectors_by_hash=embed.fresh,
        )
    )


async def _edited(own: Settings, folder: Path, root: Path) -> list[float]:
    """Seconds from each written article to the answer that has it first."""
    url = free_address()
    environment = {name: value for name, value in os.environ.items() if name != "TANDEM_KB_DATABASE_URL"}
    environment |= {
        "TANDEM_VAR": str(own.var),
        "TANDEM_KB_TENANTS": json.dumps({TENANT: str(folder / "kb")}),
        "TANDEM_KB_INDEX_URL": url,
    }
    command = [sys.executable, "-m", "kb_index", "serve"]
    log = folder / "kb_index.log"
    async with (
        running(command, url=url, ready="/readyz", cwd=root, environment=environment, log=log, within_s=PATIENCE_S),
        httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False) as client,
    ):
        return [await _found(client, folder / "kb", f"edit-{place}", title) for place, title in enumerate(TITLES)]


async def _found(client: httpx2.AsyncClient, folder: Path, name: str, title: str) -> float:
    await asyncio.to_thread(_write, folder, name, "zh", title)
    begun = time.perf_counter()
    while time.perf_counter() - begun < PATIENCE_S:
        answer = await client.post("/understand", json={"text": title, "tenant": TENANT, "language": "zh"})
        hits = answer.json().get("hits", []) if answer.status_code == 200 else []
        if hits and hits[0]["article"] == name:
            return time.perf_counter() - begun
        await asyncio.sleep(0.02)
    raise NotAsTold(f"{name} was not found within {PATIENCE_S:.0f} s of being written")


def _quiet(_: str) -> None:
    """Progress that nobody reads."""
