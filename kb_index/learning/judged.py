"""Judged answers: past questions about which people said what is right, as evidence for the confidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import structlog

from kb_index.articles.model import Audience
from kb_index.confidence.corrections import JudgedAnswer, refit
from kb_index.confidence.decision import Calibration, decide
from kb_index.database import Database
from kb_index.errors import DatabaseUnavailable
from kb_index.learning import store
from kb_index.learning.feedback import oldest_kept
from kb_index.learning.lessons import lessons
from kb_index.learning.model import Lesson, Taught
from kb_index.learning.taught import taught_by
from kb_index.search.asking import questions_of
from kb_index.search.assemble import Embed
from kb_index.search.retriever import TenantIndex
from kb_index.settings import Settings
from kb_index.text.folding import fold

_log = structlog.get_logger()


def learned(
    settings: Settings, tenant: str, index: TenantIndex, calibration: Calibration, *, embed: Embed, day: date
) -> tuple[Calibration, Taught]:
    """The calibration after what people judged, the same one when nothing is known; and what it knows by now.

    For the build, after `calibrate`. A database that cannot be reached costs what was learned, not the build.
    """
    database = Database(settings.database)
    try:
        with database.read() as connection:
            now = datetime.now(UTC)
            taught = taught_by(connection, now, days=settings.feedback_days).get(tenant, Taught(at=now.isoformat()))
            since = oldest_kept(now, settings.feedback_days)
            told = list(lessons(store.events(connection, tenant, since=since)))
    except DatabaseUnavailable as error:
        _log.warning("kb_index.not_learned", tenant=tenant, why=str(error))
        return calibration, Taught()
    finally:
        database.close()
    judged = judged_answers(told, index, calibration, embed=embed, day=day)
    return refit(calibration, judged, error_budget=settings.budget_of(tenant)), taught


def judged_answers(
    told: Sequence[Lesson], index: TenantIndex, calibration: Calibration, *, embed: Embed, day: date
) -> list[JudgedAnswer]:
    """Lessons asked again of this index, with whether its first article is right as people have said.

    Asked again because evidence from another index cannot be compared with this one's. Left out are questions that
    the articles contain word for word, which would be judged too well, and those whose first article nobody judged.
    """
    known = {fold(passage.text) for passage in index.passages}
    told = [one for one in told if (one.right or one.wrong) and one.text.strip() and fold(one.text) not in known]
    judged = []
    for lesson, question in zip(told, questions_of([fold(one.text) for one in told], index, embed), strict=True):
        ranking = index.rank(question, language=lesson.language, audience=Audience.PUBLIC, day=day)
        if not ranking.candidates:
            continue
        right = _is_right(lesson, index.articles[ranking.candidates[0].version].id)
        if right is not None:
            decision, _ = decide(ranking, index, calibration)
            shown = decision.features, decision.probability, right, lesson.language, decision.topic
            judged.append(JudgedAnswer(*shown, question.vector))
    return judged


def _is_right(lesson: Lesson, article: str) -> bool | None:
    """Whether the article answers the question, as far as it was said."""
    if lesson.right is not None:
        return article == lesson.right
    return False if article == lesson.wrong else None
