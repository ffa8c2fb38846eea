"""What the HTTP interface of articles takes and gives; the rules of an article's fields are in fields.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb_index.articles.findings import Finding, Task
from kb_index.articles.lifecycle import Kept, Revision
from kb_index.articles.model import written
from kb_index.errors import Problem
from kb_index.shapes import Usable

Person = Annotated[Usable, Field(min_length=1, max_length=200)]
Reason = Annotated[Usable, Field(max_length=1000)]
Op = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FactBody(Strict):
    name: Usable
    kind: Usable
    value: Usable
    valid_from: Usable | None = None
    valid_to: Usable | None = None


class ArticleBody(Strict):
    """The fields of one language version, as in a file's front matter; dates are ISO."""

    id: Usable
    language: Usable
    category: Usable
    title: Usable
    questions: list[Usable]
    answer: Usable
    audience: Usable = "public"
    owner: Usable
    valid_from: Usable
    review_by: Usable
    valid_to: Usable | None = None
    tags: list[Usable] = []
    short: Usable | None = None
    variants: dict[Usable, Usable] = {}
    facts: list[FactBody] = []
    products: list[Usable] = []
    quote_only: bool = False

    def values(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class CreateBody(Strict):
    """A new draft; with an op the request may be repeated."""

    article: ArticleBody
    actor: Person
    why: Reason = ""
    op: Op | None = None


class EditBody(Strict):
    """New content on top of the revision that the editor had before him."""

    article: ArticleBody
    revision: int = Field(ge=1)
    actor: Person
    why: Reason = ""
    op: Op | None = None


class StepBody(Strict):
    """A verb on the revision that the actor had before him."""

    revision: int = Field(ge=1)
    actor: Person
    why: Reason = ""
    op: Op | None = None


class PublishBody(StepBody):
    """accept publishes in spite of errors; what is in doubt is then not answered."""

    accept: bool = False


class RollBackBody(StepBody):
    to: int = Field(ge=1)


class CategoriesBody(Strict):
    """{path: {language: title}}"""

    categories: dict[Usable, dict[Usable, Usable]] = Field(max_length=1000)


class PreviewBody(Strict):
    article: ArticleBody


class KeptModel(Strict):
    """An article as an editor sees it; `served` is the revision that customers see, `article` can be put back."""

    article: dict[str, Any]
    state: Literal["draft", "published", "retired"]
    revision: int
    served: int | None
    changed_by: str
    changed_at: str | None

    @classmethod
    def of(cls, kept: Kept) -> KeptModel:
        return KeptModel(
            article=written(kept.article),
            state=kept.state.value,
            revision=kept.revision,
            served=kept.served,
            changed_by=kept.changed_by,
            changed_at=kept.changed_at.isoformat() if kept.changed_at is not None else None,
        )


class FindingModel(Strict):
    kind: str
    severity: str
    article: str
    language: str
    owner: str
    message: str
    evidence: dict[str, Any]

    @classmethod
    def of(cls, finding: Finding) -> FindingModel:
        return FindingModel(
            kind=str(finding.kind),
            severity=str(finding.severity),
            article=finding.article,
            language=finding.language,
            owner=finding.owner,
            message=finding.message,
            evidence=dict(finding.evidence),
        )


class EditedModel(KeptModel):
    findings: list[FindingModel] = []


class PageModel(Strict):
    articles: list[KeptModel]
    after: str | None


class RevisionModel(Strict):
    revision: int
    state: str
    action: str
    actor: str
    why: str
    at: str
    article: dict[str, Any] | None

    @classmethod
    def of(cls, step: Revision) -> RevisionModel:
        return cls(
            revision=step.number,
            state=str(step.state),
            action=step.action,
            actor=step.actor,
            why=step.why,
            at=step.at.isoformat(),
            article=written(step.article) if step.article is not None else None,
        )


class TaskModel(FindingModel):
    id: str
    opened: str
    due: str
    done: str | None

    @classmethod
    def of_task(cls, task: Task) -> TaskModel:
        return cls(
            **FindingModel.of(task.finding).model_dump(),
            id=task.id,
            opened=task.opened.isoformat(),
            due=task.due,
            done=task.done.isoformat() if task.done is not None else None,
        )


class PassageModel(Strict):
    kind: str
    text: str


class ReviewModel(Strict):
    findings: list[FindingModel]
    opened: int
    closed: int
    open: int


class ProblemModel(Strict):
    file: str
    line: int
    message: str

    @classmethod
    def of(cls, problem: Problem) -> ProblemModel:
        return cls(file=problem.path, line=problem.line, message=problem.message)


class RefusedModel(Strict):
    """Why the articles of a tenant cannot be read now; meanwhile those of an earlier reading are served."""

    since: str
    problems: list[ProblemModel]
