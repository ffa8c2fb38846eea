"""Everything that can go wrong in the knowledge base, as one tree.

KnowledgeError                 500
├── ArticlesRefused            422  articles break the rules; every problem is listed
├── TextsRefused               422  a background, mood or evaluation file breaks its format
├── ModelUnavailable           503  the embedding model cannot be loaded
├── NoGeneration               503  nothing was built yet, or nothing on disk is intact
│   └── GenerationBroken       503  one generation fails its checksums or cannot be read
├── ArticleInvalid             422  fields of an article break the rules; every one is listed
├── ArticleExists              409  create was asked for what is there
├── ArticleChanged             409  somebody else was faster: load it again
├── IllegalStep                409  the article's state does not allow the verb
├── ArticlesReadOnly           409  the tenant's articles are files
├── PublishingRefused          409  the checks found errors, and nobody accepted them
├── OperationReused            409  an op id came again with another change
├── NotAuthorised              401  the bearer token is missing or wrong
├── WritingDisabled            503  no token is set
├── DatabaseUnavailable        503
├── SourceUnreadable           422  a file, page or sheet cannot be imported; says why
├── UnknownTenant              404
├── UnknownArticle             404
├── UnknownDraft               404
├── DraftClosed                409  it was published or discarded before
├── DraftIncomplete            422  something that an article needs is missing
└── GetsWorse                  409  publishing would change answers for the worse, and nobody accepted that
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing to repair in one file; line counts from 1, and is 0 where there is no line to name."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


class KnowledgeError(Exception):
    """Root of the tree; status is the HTTP status, code the stable name for programs."""

    status = 500
    code = "knowledge_error"

    def __reduce__(self) -> tuple[Any, ...]:
        """The same error in another process, whatever its constructor takes."""
        return _again, (type(self), self.args, dict(self.__dict__))


def _again(kind: type[KnowledgeError], args: tuple[Any, ...], values: dict[str, Any]) -> KnowledgeError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(values)
    return error


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


class SourceUnreadable(KnowledgeError):
    """A file, page or sheet gives nothing to import; says why and what to do."""

    status = 422
    code = "source_unreadable"

    def __init__(self, source: str, why: str) -> None:
        self.source, self.why = source, why
        super().__init__(f"{source}: {why}")


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


class UnknownDraft(KnowledgeError):
    """The tenant has no such draft."""

    status = 404
    code = "unknown_draft"

    def __init__(self, tenant: str, draft: str) -> None:
        super().__init__(f"Tenant {tenant!r} has no draft {draft!r}.")


class DraftClosed(KnowledgeError):
    """The draft is not open any more."""

    status = 409
    code = "draft_closed"

    def __init__(self, draft: str, state: str) -> None:
        super().__init__(f"Draft {draft!r} is {state}; make a new one.")


class DraftIncomplete(KnowledgeError):
    """The draft cannot become an article yet."""

    status = 422
    code = "draft_incomplete"

    def __init__(self, draft: str, what: str) -> None:
        super().__init__(f"Draft {draft!r} cannot be published: {what}")


class GetsWorse(KnowledgeError):
    """Publishing would change answers for the worse; changes are their keys, to be accepted or repaired."""

    status = 409
    code = "gets_worse"

    def __init__(self, changes: Sequence[str]) -> None:
        self.changes = tuple(changes)
        listing = ", ".join(self.changes)
        super().__init__(
            f"{len(self.changes)} question(s) would be answered worse than now ({listing}): look at the replay, "
            "then repair the draft or accept these changes."
        )


class ArticleInvalid(KnowledgeError):
    """An article's fields cannot be used; wrong holds (field, what to do) for all of them."""

    status = 422
    code = "article_invalid"

    def __init__(self, wrong: Sequence[tuple[str, str]]) -> None:
        self.wrong = tuple(wrong)
        listing = "; ".join(f"{field}: {message}" for field, message in self.wrong[:20])
        super().__init__(f"{len(self.wrong)} problem(s) in the article, nothing was stored: {listing}")


class ArticleExists(KnowledgeError):
    """There is an article of this name in this language."""

    status = 409
    code = "article_exists"

    def __init__(self, article: str, language: str) -> None:
        super().__init__(f"Article {article!r} exists in {language!r} already: edit it, or choose another id.")


class ArticleChanged(KnowledgeError):
    """A change was based on another revision than the newest one."""

    status = 409
    code = "article_changed"

    def __init__(self, article: str, language: str, *, based_on: int | None, newest: int, by: str) -> None:
        super().__init__(
            f"Article {article!r} ({language}) is at revision {newest} by {by}, the change was based on "
            f"{based_on}: load it again and repeat the change."
        )


class IllegalStep(KnowledgeError):
    """The state of an article does not allow a verb."""

    status = 409
    code = "illegal_step"

    def __init__(self, verb: str, state: str, possible: Sequence[str]) -> None:
        super().__init__(f"Cannot {verb} an article that is {state}; possible: {', '.join(possible)}.")


class ArticlesReadOnly(KnowledgeError):
    """The tenant keeps its articles as files, which git and an editor change."""

    status = 409
    code = "articles_read_only"

    def __init__(self, tenant: str, folder: str) -> None:
        super().__init__(
            f"The articles of tenant {tenant!r} are files in {folder}: edit them there and run "
            "'python -m kb_index build', or set the tenant to \"database\" in TANDEM_KB_TENANTS."
        )


class PublishingRefused(KnowledgeError):
    """What was to be published holds errors; findings are their messages."""

    status = 409
    code = "publishing_refused"

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        listing = "; ".join(self.findings[:10])
        super().__init__(
            f"{len(self.findings)} error(s): {listing}. Repair them, or publish with accept=true: what is in "
            "doubt is then not answered until it is repaired."
        )


class OperationReused(KnowledgeError):
    """Two different changes came under one op id."""

    status = 409
    code = "operation_reused"

    def __init__(self, op: str) -> None:
        super().__init__(f"Operation {op!r} was another change before: use a new id for each change.")


class NotAuthorised(KnowledgeError):
    """The request does not carry the token."""

    status = 401
    code = "not_authorised"

    def __init__(self) -> None:
        super().__init__("Send 'Authorization: Bearer …' with the value of TANDEM_KB_TOKEN.")


class WritingDisabled(KnowledgeError):
    """No token is set, so nobody can be told from anybody."""

    status = 503
    code = "writing_disabled"

    def __init__(self) -> None:
        super().__init__("Editing is off: set TANDEM_KB_TOKEN for the knowledge base and for who calls it.")


class DatabaseUnavailable(KnowledgeError):
    """The database cannot be reached, or its address cannot be understood."""

    status = 503
    code = "database_unavailable"

    def __init__(self, why: str) -> None:
        super().__init__(f"The database of the knowledge base is not available: {why[:300]}")
