"""Replay: what would become of past and golden questions if a draft were published. Asks the real search, twice."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from kb_index.articles.model import Article, Audience
from kb_index.confidence.decision import Action
from kb_index.index.remembering import Remembering
from kb_index.learning.model import Golden, Lesson
from kb_index.search.assemble import assemble
from kb_index.search.edits import Edit, suits
from kb_index.search.understand import Asked, Knowledge
from kb_index.text.folding import fold

CHOICES = 3
"""Articles that a clarifying question offers."""


class Source(StrEnum):
    """Where a question comes from: a golden one, one whose right article people named, any other past one."""

    GOLDEN = "golden"
    JUDGED = "judged"
    PAST = "past"


@dataclass(frozen=True)
class Question:
    """One question to ask again; `right` are the articles that answer it, empty when none should, None if unknown."""

    source: Source
    text: str
    language: str
    right: frozenset[str] | None = None
    conversation: str | None = None

    @property
    def key(self) -> str:
        """The same for the same question."""
        return hashlib.sha256(f"{self.language}\0{self.text}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Outcome:
    """What the bot does with a question, and the articles that it answers with or offers."""

    action: Action
    articles: tuple[str, ...]
    probability: float


@dataclass(frozen=True)
class Changed:
    """A question that is treated in another way; `worse` only where it is known what is right."""

    question: Question
    before: Outcome
    after: Outcome
    worse: bool

    @property
    def key(self) -> str:
        """Names this change of this question, so that what was accepted is exactly what was seen."""
        told = f"{self.question.key}\0{self.after.action}\0{','.join(self.after.articles)}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Replay:
    """The result: counts of actions before and after over past questions, and every question that changes."""

    generation: str
    asked: int
    golden: int
    before: dict[str, int]
    after: dict[str, int]
    now_answered: int
    no_longer_answered: int
    changes: tuple[Changed, ...]
    seconds: float

    @property
    def worse(self) -> tuple[Changed, ...]:
        """What must be accepted before publishing."""
        return tuple(change for change in self.changes if change.worse)


def past_questions(lessons: Sequence[Lesson]) -> list[Question]:
    """The questions of past conversations, each wording once; what people said about the last one counts."""
    found: dict[str, Question] = {}
    for lesson in lessons:
        if not lesson.text.strip():
            continue
        right = frozenset({lesson.right}) if lesson.right is not None else None
        source = Source.PAST if right is None else Source.JUDGED
        one = Question(source, lesson.text, lesson.language, right, lesson.conversation)
        if one.key not in found or right is not None:
            found[one.key] = one
    return list(found.values())


def golden_questions(golden: Sequence[Golden]) -> list[Question]:
    """Golden questions as such that are asked again."""
    return [Question(Source.GOLDEN, one.text, one.language, one.right) for one in golden]


def with_draft(articles: Sequence[Article], draft: Article) -> list[Article]:
    """The published articles with this version in place of the one there is."""
    kept = [each for each in articles if (each.id, each.language) != (draft.id, draft.language)]
    return [*kept, draft]


def over(knowledge: Knowledge, tenant: str, articles: Sequence[Article], *, background: Sequence[str]) -> Knowledge:
    """The knowledge as it would be over these articles of a tenant, in memory only. Raises UnknownTenant.

    It keeps the calibration that is in force, as an edit does until the next full build.
    """
    served = knowledge.tenant(tenant)
    embed = knowledge.encoder.encode
    edit = Edit.between(served.whole, articles, embed=embed)
    if suits(served.whole, edit):
        candidate = served.with_edit(edit)
    else:
        candidate = replace(served, index=assemble(articles, background, embed=embed))
    tenants = {**knowledge.generation.tenants, tenant: candidate}
    return replace(knowledge, generation=replace(knowledge.generation, tenants=tenants))


def replay(
    knowledge: Knowledge,
    tenant: str,
    articles: Sequence[Article],
    questions: Sequence[Question],
    *,
    background: Sequence[str],
    day: date,
    default_language: str,
) -> Replay:
    """Compares the knowledge as it is with one over these articles. Raises UnknownTenant."""
    began = time.perf_counter()
    encoder = knowledge.encoder if isinstance(knowledge.encoder, Remembering) else Remembering(knowledge.encoder)
    encoder.encode([fold(question.text) for question in questions])
    before = replace(knowledge, encoder=encoder)
    after = over(before, tenant, articles, background=background)
    changes, counts = [], (Counter[str](), Counter[str]())
    gained = lost = 0
    for question in questions:
        was, will = (_outcome(each, tenant, question, day, default_language) for each in (before, after))
        if question.source is not Source.GOLDEN:
            counts[0][str(was.action)] += 1
            counts[1][str(will.action)] += 1
            gained += will.action is Action.ANSWER and was.action is not Action.ANSWER
            lost += was.action is Action.ANSWER and will.action is not Action.ANSWER
        if (was.action, was.articles) != (will.action, will.articles):
            changes.append(Changed(question, was, will, _grade(question, will) < _grade(question, was)))
    golden = sum(question.source is Source.GOLDEN for question in questions)
    changes.sort(key=lambda change: (not change.worse, change.question.source != Source.GOLDEN, change.question.text))
    return Replay(
        generation=knowledge.generation.name,
        asked=len(questions) - golden,
        golden=golden,
        before=dict(counts[0]),
        after=dict(counts[1]),
        now_answered=gained,
        no_longer_answered=lost,
        changes=tuple(changes),
        seconds=round(time.perf_counter() - began, 3),
    )


def _outcome(knowledge: Knowledge, tenant: str, question: Question, day: date, default_language: str) -> Outcome:
    asked = Asked(
        text=question.text,
        tenant=tenant,
        audience=Audience.PUBLIC,
        language=question.language,
        earlier=(),
        limit=CHOICES,
    )
    found = knowledge.understand(asked, day=day, default_language=default_language, unhappy_threshold=0.5)
    named = {Action.ANSWER: 1, Action.CLARIFY: CHOICES, Action.ABSTAIN: 0}[found.decision.action]
    articles = tuple(hit.article for hit in found.hits[:named])
    return Outcome(found.decision.action, articles, round(found.decision.probability, 4))


def _grade(question: Question, outcome: Outcome) -> int:
    """How well a question is served, where it is known what is right: a wrong answer is the worst."""
    if question.right is None:
        return 0
    right = bool(question.right.intersection(outcome.articles))
    if outcome.action is Action.ANSWER:
        return 3 if right else 0
    if not question.right:
        return 3 if outcome.action is Action.ABSTAIN else 2
    return 2 if outcome.action is Action.CLARIFY and right else 1
