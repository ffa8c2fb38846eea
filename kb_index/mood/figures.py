"""How well the mood is judged: figures over messages that people judged."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from kb_index.evaluation.measures import auroc
from kb_index.index.embedding import Encoder
from kb_index.mood.judge import MoodHeads
from kb_index.text.collections import JudgedMessage
from kb_index.text.folding import fold
from kb_index.text.language import detect_language

TIMED = 300
"""So many messages are judged one by one with the clock running; the encoder reads the rest in batches."""


@dataclass(frozen=True)
class MoodQuality:
    """Shares are 0..1; nan where the messages have none of that kind.

    precision: of those flagged, how many are unhappy; recall: of the unhappy, how many are flagged;
    false_alarms: of the others, how many are flagged; auroc does not depend on the threshold.
    """

    messages: int
    unhappy: int
    accuracy: float
    auroc: float
    precision: float
    recall: float
    false_alarms: float

    def plain(self) -> dict[str, float | None]:
        return {key: None if math.isnan(value) else round(value, 4) for key, value in asdict(self).items()}


@dataclass(frozen=True)
class MoodReport:
    """Quality over all messages and by language; milliseconds of one message, encoder included, at the median."""

    total: MoodQuality
    by_language: dict[str, MoodQuality]
    ms_per_text: float

    def plain(self) -> dict[str, object]:
        return {
            **self.total.plain(),
            "ms_per_text": round(self.ms_per_text, 3),
            "by_language": {language: quality.plain() for language, quality in self.by_language.items()},
        }


def measure_mood(
    heads: MoodHeads,
    messages: Sequence[JudgedMessage],
    *,
    encoder: Encoder,
    threshold: float,
    default_language: str,
) -> MoodReport:
    """Judge every message and compare with what people said."""
    folded = [fold(message.text) for message in messages]
    vectors = encoder.encode(folded)
    unhappy = [
        heads.judge(message.text, text, vector, threshold=threshold).unhappy
        for message, text, vector in zip(messages, folded, vectors, strict=True)
    ]
    languages = [detect_language(message.text, known=None, default=default_language) for message in messages]
    truth = [message.unhappy for message in messages]
    rows = list(zip(languages, unhappy, truth, strict=True))
    return MoodReport(
        total=quality_of(unhappy, truth, threshold=threshold),
        by_language={
            language: quality_of(
                [score for own, score, _ in rows if own == language],
                [bad for own, _, bad in rows if own == language],
                threshold=threshold,
            )
            for language in sorted(set(languages))
        },
        ms_per_text=_median_ms(heads, messages[:TIMED], encoder=encoder, threshold=threshold),
    )


def quality_of(scores: Sequence[float], unhappy: Sequence[bool], *, threshold: float) -> MoodQuality:
    """Figures of probabilities against what people said; scores and unhappy have one entry per message."""
    flagged, truth = np.array(scores) >= threshold, np.array(unhappy, dtype=bool)
    return MoodQuality(
        messages=len(truth),
        unhappy=int(truth.sum()),
        accuracy=_share(flagged == truth),
        auroc=auroc(scores, unhappy),
        precision=_share(truth[flagged]),
        recall=_share(flagged[truth]),
        false_alarms=_share(flagged[~truth]),
    )


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else math.nan


def _median_ms(heads: MoodHeads, messages: Sequence[JudgedMessage], *, encoder: Encoder, threshold: float) -> float:
    times = []
    for message in messages:
        started = time.perf_counter()
        text = fold(message.text)
        heads.judge(message.text, text, encoder.encode([text])[0], threshold=threshold)
        times.append((time.perf_counter() - started) * 1000)
    return float(np.median(times))
