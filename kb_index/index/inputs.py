"""What a generation is made of, with digests that tell whether anything of it has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from kb_index.articles.model import Source
from kb_index.articles.stores import Refusal, Stores
from kb_index.errors import ArticlesRefused
from kb_index.index.texts import TextFiles
from kb_index.index.withdrawn import Withdrawals
from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage


@dataclass(frozen=True)
class Earlier:
    """A tenant's articles as they were when they could be read last, and how many withdrawals there had been then."""

    source: Source
    withdrawals: int


@dataclass(frozen=True)
class Inputs:
    """All tenants' articles and the example texts.

    base is a digest over everything but articles: with another base nothing of an earlier generation may be
    kept. withdrawals is how many articles had been withdrawn before the first one was read. refused are tenants
    whose articles cannot be read now; `behind` tells of those of them that go on with their earlier articles how many
    withdrawals those have obeyed.
    """

    sources: tuple[Source, ...]
    background: list[str]
    mood: list[JudgedMessage]
    own_mood: Mapping[str, list[JudgedMessage]]
    base: str
    withdrawals: int
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    behind: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One digest over everything."""
        digest = hashlib.sha256(self.base.encode())
        for source in self.sources:
            digest.update(f"{source.tenant}\0{source.digest}\0".encode())
        return digest.hexdigest()

    def source(self, tenant: str) -> Source:
        return next(source for source in self.sources if source.tenant == tenant)

    @property
    def refusal(self) -> ArticlesRefused:
        """The error, with the problems of all tenants, for whoever has nothing else to do."""
        return ArticlesRefused([problem for refusal in self.refused.values() for problem in refusal.problems])


def read_inputs(
    settings: Settings,
    stores: Stores,
    *,
    withdrawals: Withdrawals,
    earlier: Callable[[str], Earlier | None] = lambda _: None,
    texts: TextFiles | None = None,
) -> Inputs:
    """Read everything; a tenant whose articles are refused goes on with those that `earlier` knows, if any.

    `texts` are the example texts of earlier readings, which are then not read again.

    Raises TextsRefused.
    """
    withdrawals.pull()  # what is put back after this is not hidden by what was withdrawn before
    number = withdrawals.last()
    reading = stores.read_all()
    kept = {tenant: found for tenant in reading.refused if (found := earlier(tenant)) is not None}
    sources = sorted([*reading.sources, *(each.source for each in kept.values())], key=lambda each: each.tenant)
    examples = (texts or TextFiles(settings)).read()
    digest = hashlib.sha256()
    budgets = settings.error_budget, sorted(settings.error_budgets.items())
    for value in (settings.model, budgets, settings.index, settings.vectors, own_code(), examples.digest):
        digest.update(f"{value}\0".encode())
    behind = {tenant: each.withdrawals for tenant, each in kept.items()}
    return Inputs(
        sources=tuple(sources),
        background=examples.background,
        mood=examples.mood,
        own_mood=examples.own_mood,
        base=digest.hexdigest(),
        withdrawals=number,
        refused=reading.refused,
        behind=behind,
    )


@cache
def own_code() -> str:
    """A digest over the code that this process runs: other code may cut, embed or fit differently."""
    folder = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.txt"), *folder.rglob("*.npz")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
