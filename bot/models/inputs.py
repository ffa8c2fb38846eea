"""What a model is made of, as hashes: the same inputs give the same model."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.settings import ROOT


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a model's inputs lie; `reviewed` is the folder of the reviewed lines, which may be missing."""

    root: Path = ROOT
    config: Path = ROOT / "config.yml"
    domain: Path = ROOT / "bot" / "domain.yml"
    training: Path = ROOT / "data" / "training"
    checks: Path = ROOT / "data" / "evaluation"
    reviewed: Path

    @classmethod
    def of(cls, models: Path) -> "Sources":
        """The project's own, with the reviewed lines beside the models."""
        return cls(reviewed=models.parent / "reviewed")

    def moved(self, **places: Path) -> "Sources":
        """The same with other places."""
        return replace(self, **places)

    def code(self) -> Iterator[Path]:
        """What shapes the model and must fit the code that runs it."""
        yield from (self.config, self.domain, ROOT / "bot" / "requirements.lock")
        yield from sorted((ROOT / "bot" / "components").rglob("*.py"))
        yield from sorted((ROOT / "bot" / "entities").rglob("*.py"))

    def data(self) -> Iterator[Path]:
        """What it learns from."""
        yield from sorted(self.training.rglob("*.yml"))
        yield from sorted(self.reviewed.glob("*.yml"))

    def code_hash(self) -> str:
        """SHA-256 of `code`."""
        return content_hash(self.code())

    def data_hash(self) -> str:
        """SHA-256 of `data`."""
        return content_hash(self.data())

    def hash(self) -> str:
        """SHA-256 of both."""
        return hashlib.sha256(f"{self.code_hash()} {self.data_hash()}".encode()).hexdigest()


def content_hash(paths: Iterator[Path]) -> str:
    """SHA-256 over names and contents; names without their folder, so that a checkout may lie anywhere."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
