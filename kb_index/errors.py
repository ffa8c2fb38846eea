"""Everything that can go wrong in the knowledge base, as one tree.

KnowledgeError                 500
├── ArticlesRefused            422  articles break the rules; every problem is listed
├── TextsRefused               422  a background, mood or evaluation file breaks its format
├── ModelUnavailable           503  the embedding model cannot be loaded
├── NoGeneration               503  nothing was built yet, or nothing on disk is intact
│   └── GenerationBroken       503  one generation fails its checksums or cannot be read
├── UnknownTenant              404
└── UnknownArticle             404
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing to repair in one file; line counts from 1."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class KnowledgeError(Exception):
    """Root of the tree; status is the HTTP status, code the stable name for programs."""

    status = 500
    code = "knowledge_error"


class ArticlesRefused(KnowledgeError):
    """The articles were not indexed; problems lists all that must be repaired."""

    status = 422
    code = "articles_refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} problem(s) in the articles, nothing was built:\n{listing}")


class TextsRefused(KnowledgeError):
    """A file of questions or messages could not be read; names file and line."""

    status = 422
    code = "texts_refused"

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")


class ModelUnavailable(KnowledgeError):
    """The embedding model named by TANDEM_KB_MODEL cannot be loaded."""

    status = 503
    code = "model_unavailable"

    def __init__(self, model: str, why: str) -> None:
        super().__init__(
            f"The embedding model {model!r} cannot be loaded ({why}). Set TANDEM_KB_MODEL to "
            "'use-multilingual-v3', a local folder, or a model that this machine can download."
        )


class NoGeneration(KnowledgeError):
    """There is no usable index."""

    status = 503
    code = "no_generation"


class GenerationBroken(NoGeneration):
    """One generation on disk must not be used."""

    code = "generation_broken"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"Generation {name} is unusable: {why}")


class UnknownTenant(KnowledgeError):
    """The tenant has no articles here."""

    status = 404
    code = "unknown_tenant"

    def __init__(self, tenant: str) -> None:
        super().__init__(f"There is no knowledge base for tenant {tenant!r}.")


class UnknownArticle(KnowledgeError):
    """The tenant has no such article that may be shown."""

    status = 404
    code = "unknown_article"

    def __init__(self, tenant: str, article: str) -> None:
        super().__init__(f"Tenant {tenant!r} has no article {article!r} that may be shown now.")
