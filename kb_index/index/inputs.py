"""What a generation is made of, with digests that tell whether anything of it has changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb_index.articles.model import Source
from kb_index.articles.stores import Stores
from kb_index.index.withdrawn import Withdrawals
from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage, read_background, read_mood


@dataclass(frozen=True)
class Inputs:
    """All tenants' articles and the example texts.

    base is a digest over everything but articles: with another base nothing of an earlier generation may be
    kept. withdrawals is how many articles had been withdrawn before the first one was read.
    """

    sources: tuple[Source, ...]
    background: list[str]
    mood: list[JudgedMessage]
    base: str
    withdrawals: int

    @property
    def digest(self) -> str:
        """One digest over everything."""
        digest = hashlib.sha256(self.base.encode())
        for source in self.sources:
            digest.update(f"{source.tenant}\0{source.digest}\0".encode())
        return digest.hexdigest()

    def source(self, tenant: str) -> Source:
        return next(source for source in self.sources if source.tenant == tenant)


def read_inputs(settings: Settings, stores: Stores) -> Inputs:
    """Read everything; reports the problems of all tenants at once, as ArticlesRefused."""
    withdrawals = Withdrawals(settings.store).last()
    sources = stores.read_all()
    background, mood = read_background(settings.background), read_mood(settings.mood)
    digest = hashlib.sha256()
    for value in (settings.model, settings.error_budget, settings.index, settings.vectors, own_code()):
        digest.update(f"{value}\0".encode())
    digest.update("\0".join([*background, *map(str, mood)]).encode())
    return Inputs(tuple(sources), background, mood, digest.hexdigest(), withdrawals)


@cache
def own_code() -> str:
    """A digest over the code that this process runs: other code may cut, embed or fit differently."""
    folder = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("words/*.txt")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
