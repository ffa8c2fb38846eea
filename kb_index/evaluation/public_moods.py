"""The mood on public sets: reviews that say what is liked, and calm questions that nobody should take for anger."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from kb_index.articles.stores import Stores
from kb_index.errors import TextsRefused
from kb_index.evaluation.datasets import read_intents, read_pairs
from kb_index.index.embedding import load_encoder
from kb_index.index.inputs import read_inputs
from kb_index.index.remembering import Remembering
from kb_index.index.withdrawn import Withdrawals
from kb_index.mood.figures import MoodQuality, measure_mood
from kb_index.mood.judge import MoodHeads
from kb_index.mood.training import train_mood
from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage

MOST = 3000
"""Messages of a set that are judged, drawn the same each time; as many others are a tenant's own to train on."""

T = TypeVar("T")


@dataclass(frozen=True)
class MoodRow:
    """One set judged by the heads as shipped, and by heads that learned from other messages of the same set too.

    accuracy counts where the set says who is unhappy, flagged is the share of the calm that are called unhappy; what
    a set cannot tell is None. `goal` belongs to accuracy, or to flagged where there is no accuracy.
    """

    name: str
    messages: int
    accuracy: float | None
    flagged: float | None
    accuracy_with_own: float | None
    goal: float


def measure_public_moods(settings: Settings, folder: Path, say: Callable[[str], None]) -> list[MoodRow]:
    """A row for each set whose file is in the folder; raises TextsRefused naming the file."""
    reviews = folder / "waimai_10k.csv"
    calm = {
        "calm bank questions, en": (folder / "banking77_test.csv", _questions),
        "calm bank questions, zh": (folder / "bq_dev.csv", _sides),
    }
    if not any(path.is_file() for path in (reviews, *(path for path, _ in calm.values()))):
        return []
    encoder = Remembering(load_encoder(settings.model), progress=say)
    inputs = read_inputs(settings, Stores.of(settings), withdrawals=Withdrawals.of(settings))
    if inputs.refused:
        raise inputs.refusal
    questions = [text for source in inputs.sources for article in source.articles for text in article.questions]

    everyday = [*questions, *inputs.background]
    shipped = train_mood(inputs.mood, everyday, embed=encoder.encode)

    def judged(heads: MoodHeads, messages: Sequence[JudgedMessage]) -> MoodQuality:
        return measure_mood(
            heads,
            messages,
            encoder=encoder,
            threshold=settings.unhappy_threshold,
            default_language=settings.default_language,
        ).total

    rows = []
    if reviews.is_file():
        say(reviews.name)
        drawn = _drawn(_reviews(reviews), 2 * MOST)
        asked, own = drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
        quality, taught = judged(shipped, asked), train_mood(inputs.mood, everyday, embed=encoder.encode, own=own)
        own_accuracy = judged(taught, asked).accuracy
        rows.append(MoodRow("reviews, zh", len(asked), quality.accuracy, quality.false_alarms, own_accuracy, 0.90))
    for name, (path, read) in calm.items():
        if path.is_file():
            say(path.name)
            asked = [JudgedMessage(text, unhappy=False) for text in _drawn(read(path), MOST)]
            rows.append(MoodRow(name, len(asked), None, judged(shipped, asked).false_alarms, None, 0.03))
    return rows


def _drawn(texts: Sequence[T], count: int) -> list[T]:
    order = np.random.default_rng(11).permutation(len(texts))[:count]
    return [texts[place] for place in order.tolist()]


def _reviews(path: Path) -> list[JudgedMessage]:
    """Lines label,review; 1 says that the writer is content."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"label", "review"} <= set(rows.fieldnames or ()):
            raise TextsRefused(str(path), 1, f"needs the columns 'label' and 'review', not {rows.fieldnames}")
        return [JudgedMessage(row["review"], unhappy=row["label"] == "0") for row in rows]


def _questions(path: Path) -> list[str]:
    return [text for texts in read_intents(path, "text", "category").values() for text in texts]


def _sides(path: Path) -> list[str]:
    return [left for left, _ in read_pairs(path)]
