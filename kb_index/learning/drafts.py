"""Drafts: an agent's answer becomes an article, or a customer's wording a similar question; a person decides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from kb_index.articles.fields import read_fields
from kb_index.articles.model import Article, Audience
from kb_index.errors import DraftIncomplete, UnknownArticle
from kb_index.learning.model import Asked, Draft, Lesson, State
from kb_index.text.masking import mask

REVIEW_AFTER = timedelta(days=180)
TITLE = 120
QUESTION = 300
MOST_QUESTIONS = 50


def from_answer(
    lesson: Lesson,
    others: Sequence[Lesson],
    *,
    draft: str,
    category: str,
    by: str,
    now: datetime,
    extends: str | None = None,
    gap: str | None = None,
) -> Draft:
    """A draft of what an agent answered, with the wordings of the lesson and of others that asked the same.

    With `extends` the wordings are proposed as similar questions of that article, and the answer stays as it is.
    Raises DraftIncomplete when there is no answer.
    """
    reply = lesson.reply
    if reply is None and extends is None:
        raise DraftIncomplete(draft, "no agent has answered this question; choose one that was answered")
    same = [one for one in (lesson, *others) if one.language == lesson.language and one.text.strip()]
    wordings = {mask(one.text)[0].strip()[:QUESTION]: one.conversation for one in reversed(same)}
    questions = tuple(Asked(text, conversation) for text, conversation in reversed(wordings.items()))
    origin = {"conversation": lesson.conversation, "question": lesson.question}
    if reply is not None:
        origin |= {"entry": reply.entry, "agent": reply.agent, "at": reply.at.isoformat()}
    return Draft(
        tenant=lesson.tenant,
        id=draft,
        state=State.OPEN,
        article=extends or _name(lesson),
        language=lesson.language,
        title="" if extends else questions[0].text[:TITLE],
        category="" if extends else category,
        questions=questions[:MOST_QUESTIONS],
        answer="" if extends or reply is None else mask(reply.text)[0].strip(),
        extends=extends is not None,
        provenance=origin | ({"gap": gap} if gap else {}),
        created_by=by,
        created_at=now,
    )


def _name(lesson: Lesson) -> str:
    """An id until an editor gives a better one."""
    told = f"{lesson.conversation}/{lesson.question}"
    return f"learned-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def edited(draft: Draft, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a draft after an editor's changes; what he wrote himself comes from no conversation."""
    values = {name: changes[name] for name in ("article", "title", "category", "answer") if name in changes}
    if "questions" in changes:
        origin = {asked.text: asked.conversation for asked in draft.questions}
        values["questions"] = [{"text": text, "conversation": origin.get(text)} for text in changes["questions"]]
    return values


def as_article(draft: Draft, published: Sequence[Article], *, day: date) -> Article:
    """The article that a draft would become, checked like any other. Raises DraftIncomplete, UnknownArticle."""
    wordings = [asked.text for asked in draft.questions]
    if draft.extends:
        base = [one for one in published if (one.id, one.language) == (draft.article, draft.language)]
        if not base:
            raise UnknownArticle(draft.tenant, draft.article)
        return replace(base[0], questions=tuple(dict.fromkeys([*base[0].questions, *wordings])))
    values = {
        "id": draft.article,
        "language": draft.language,
        "category": draft.category,
        "title": draft.title,
        "questions": wordings,
        "audience": "public",
        "owner": draft.created_by,
        "valid_from": day,
        "review_by": day + REVIEW_AFTER,
        "answer": draft.answer,
    }
    problems: list[str] = []
    found = read_fields(
        values, tenant=draft.tenant, report=lambda field, message: problems.append(f"{field}: {message}")
    )
    if problems:
        raise DraftIncomplete(draft.id, "; ".join(problems))
    return found


def tentative(draft: Draft, published: Sequence[Article], *, day: date) -> Article:
    """The article for a replay, which needs no more than a question and an answer. Raises as as_article does."""
    if draft.extends or not draft.questions or not draft.answer.strip():
        return as_article(draft, published, day=day)
    wordings = tuple(asked.text for asked in draft.questions)
    return Article(
        tenant=draft.tenant,
        id=draft.article,
        language=draft.language,
        category=draft.category or "none",
        title=draft.title or wordings[0],
        questions=wordings,
        audience=Audience.PUBLIC,
        owner=draft.created_by,
        valid_from=day,
        review_by=day + REVIEW_AFTER,
        answer=draft.answer,
    )
