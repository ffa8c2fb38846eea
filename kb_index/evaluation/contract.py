"""Measuring on anybody's articles and questions: a scratch index in memory, the shipped settings, nothing kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from kb_index.articles.chunking import embedded_text, passages_of
from kb_index.articles.model import Article, Audience
from kb_index.confidence.calibration import Labelled, calibrate, calibrate_on
from kb_index.confidence.decision import Calibration
from kb_index.evaluation.questions import TENANT, JudgedQuestion
from kb_index.evaluation.report import ContractReport, Judged, report_on
from kb_index.index.contents import Tenant
from kb_index.index.embedding import Encoder
from kb_index.index.remembering import Remembering
from kb_index.reading.vocabulary import vocabulary_of
from kb_index.search.asking import Embed, questions_of
from kb_index.search.assemble import assemble
from kb_index.search.attempts import Search
from kb_index.search.doubted import check
from kb_index.search.retriever import TenantIndex
from kb_index.search.understand import Asked, cautious, hits_of
from kb_index.text.folding import fold
from kb_index.text.language import detect_language

DAY = date(2000, 1, 1)
"""Articles of the contract are always valid, so any day does."""

DEPTH = 10
BATCH = 64
"""Questions that are embedded together; all of them are understood one by one."""
TIMED = 300
"""So many questions are embedded alone, as customers' questions are; the others in batches."""

Progress = Callable[[str], None]


def measure(
    articles: Sequence[Article],
    questions: Sequence[JudgedQuestion],
    calibration: Sequence[JudgedQuestion] | None,
    *,
    background: Sequence[str],
    encoder: Encoder,
    error_budget: float,
    progress: Progress,
) -> ContractReport:
    """Build, calibrate (on `calibration`, or by splitting the articles' own questions) and ask everything."""
    started = time.perf_counter()
    embed = Remembering(encoder, progress=progress).encode
    progress(f"indexing {len(articles)} articles")
    embed([embedded_text(passage, articles) for passage in passages_of(articles)])
    index = assemble(articles, background, embed=embed)
    fitted = _calibration(index, articles, calibration, background, embed, error_budget, progress)
    vocabulary_of(index)
    check(index, DAY)
    build_s = time.perf_counter() - started
    judged = _ask_all(Tenant(index, fitted), questions, encoder, progress)
    return report_on(judged, build_s)


def _calibration(
    index: TenantIndex,
    articles: Sequence[Article],
    calibration: Sequence[JudgedQuestion] | None,
    background: Sequence[str],
    embed: Embed,
    error_budget: float,
    progress: Progress,
) -> Calibration:
    if calibration is None:
        return calibrate(
            articles,
            background,
            assemble=partial(assemble, embed=embed, earlier=index),
            embed=embed,
            error_budget=error_budget,
            progress=progress,
        )
    progress(f"calibrating on {len(calibration)} questions")
    labelled = [Labelled(one.text, one.right, language_for(one.text, index)) for one in calibration]
    return calibrate_on(index, labelled, embed=embed, error_budget=error_budget)


def language_for(text: str, index: TenantIndex) -> str:
    """The question's language as the bot would see it; where all articles share one, that one."""
    only = index.only_language
    return only if only is not None else detect_language(text, known=None, default="zh")


def _ask_all(tenant: Tenant, questions: Sequence[JudgedQuestion], encoder: Encoder, progress: Progress) -> list[Judged]:
    """Each question as the service understands a message that nothing was said before, by the same code."""
    judged: list[Judged] = []
    timed = max(1, len(questions) // TIMED)
    for start in range(0, len(questions), BATCH):
        part = questions[start : start + BATCH]
        embedded = Remembering(encoder)
        questions_of([fold(question.text) for question in part], tenant.index, embedded.encode)
        search = Search(
            tenant, embedded.encode, Audience.PUBLIC, DAY, None, lambda text: language_for(text, tenant.index)
        )
        for place, question in enumerate(part, start):
            embed_ms = math.nan
            if place % timed == 0:
                before = time.perf_counter()
                questions_of([fold(question.text)], tenant.index, encoder.encode)
                embed_ms = (time.perf_counter() - before) * 1000
            judged.append(_ask(search, question, embed_ms))
        if start // BATCH % 32 == 31:
            progress(f"asked {start + len(part)} of {len(questions)} questions")
    return judged


def _ask(search: Search, question: JudgedQuestion, embed_ms: float) -> Judged:
    started = time.perf_counter()
    attempt, _ = search.best(question.text, ())
    asked = Asked(text=question.text, tenant=TENANT, audience=search.audience, language=None, limit=1)
    decision = cautious(attempt.decision, hits_of(asked, search.tenant, attempt, day=DAY), question.text)
    search_ms = (time.perf_counter() - started) * 1000
    found = (search.tenant.index.articles[each.version].id for each in attempt.ranking.candidates[:DEPTH])
    rank = next((place for place, name in enumerate(found, 1) if name in question.right), 0)
    return Judged(question, decision, rank, embed_ms, search_ms)
