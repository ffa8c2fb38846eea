"""Measuring on anybody's articles and questions: a scratch index in memory, the shipped settings, nothing kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import numpy as np

from kb_index.articles.chunking import embedded_text, passages_of
from kb_index.articles.model import Article, Audience
from kb_index.confidence.calibration import Labelled, calibrate, calibrate_on
from kb_index.confidence.decision import Calibration, decide
from kb_index.evaluation.questions import JudgedQuestion
from kb_index.evaluation.report import ContractReport, Judged, report_on
from kb_index.index.embedding import Encoder, Matrix, Vector
from kb_index.search.asking import questions_of
from kb_index.search.assemble import assemble
from kb_index.search.retriever import Question, TenantIndex
from kb_index.text.folding import fold
from kb_index.text.language import detect_language

DAY = date(2000, 1, 1)
"""Articles of the contract are always valid, so any day does."""

DEPTH = 10
BATCH = 64
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
    embed = RememberingEmbedder(encoder, progress)
    progress(f"indexing {len(articles)} articles")
    embed([embedded_text(passage, articles) for passage in passages_of(articles)])
    index = assemble(articles, background, embed=embed)
    fitted = _calibration(index, articles, calibration, background, embed, error_budget, progress)
    build_s = time.perf_counter() - started
    judged = _ask_all(index, fitted, questions, encoder, progress)
    return report_on(judged, build_s)


def _calibration(
    index: TenantIndex,
    articles: Sequence[Article],
    calibration: Sequence[JudgedQuestion] | None,
    background: Sequence[str],
    embed: RememberingEmbedder,
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


class RememberingEmbedder:
    """Embeds each different text once, in batches too small to need torch."""

    def __init__(self, encoder: Encoder, progress: Progress) -> None:
        self._encoder = encoder
        self._progress = progress
        self._rows: dict[str, Vector] = {}

    def __call__(self, texts: Sequence[str]) -> Matrix:
        missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            self._rows.update(zip(batch, self._encoder.encode(batch), strict=True))
            if start // BATCH % 32 == 31:
                self._progress(f"embedded {start + len(batch)} of {len(missing)} new texts")
        if not texts:
            return np.zeros((0, self._encoder.dimension), np.float32)
        return np.stack([self._rows[text] for text in texts])


def language_for(text: str, index: TenantIndex) -> str:
    """The question's language as the bot would see it; where all articles share one, that one."""
    only = index.only_language
    return only if only is not None else detect_language(text, known=None, default="zh")


def _ask_all(
    index: TenantIndex,
    calibration: Calibration,
    questions: Sequence[JudgedQuestion],
    encoder: Encoder,
    progress: Progress,
) -> list[Judged]:
    judged: list[Judged] = []
    timed = max(1, len(questions) // TIMED)
    for start in range(0, len(questions), BATCH):
        part = questions[start : start + BATCH]
        asked = questions_of([fold(question.text) for question in part], index, encoder.encode)
        for place, (question, one) in enumerate(zip(part, asked, strict=True), start):
            embed_ms = math.nan
            if place % timed == 0:
                before = time.perf_counter()
                questions_of([one.folded], index, encoder.encode)
                embed_ms = (time.perf_counter() - before) * 1000
            judged.append(_ask(index, calibration, question, one, embed_ms))
        if start // BATCH % 32 == 31:
            progress(f"asked {start + len(part)} of {len(questions)} questions")
    return judged


def _ask(
    index: TenantIndex, calibration: Calibration, question: JudgedQuestion, asked: Question, embed_ms: float
) -> Judged:
    language = language_for(question.text, index)
    started = time.perf_counter()
    ranking = index.rank(asked, language=language, audience=Audience.PUBLIC, day=DAY)
    decision, _ = decide(ranking, index, calibration)
    search_ms = (time.perf_counter() - started) * 1000
    found = (index.articles[candidate.version].id for candidate in ranking.candidates[:DEPTH])
    rank = next((place for place, name in enumerate(found, 1) if name in question.right), 0)
    return Judged(question, decision, rank, embed_ms, search_ms)
