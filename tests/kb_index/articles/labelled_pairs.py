"""Labelled pairs of articles that contradict each other or do not: our own, half of them never looked at in tuning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kb_index.articles.model import Article, Audience

PAIRS = Path(__file__).parent / "contradiction_pairs.tsv"
DAY = date(2026, 6, 1)


@dataclass(frozen=True)
class Pair:
    """Two articles and whether they contradict each other."""

    tuned: bool
    contradict: bool
    one: Article
    other: Article


def article(name: str, language: str, answer: str, **more: object) -> Article:
    """An article of which only the answer matters."""
    values: dict[str, object] = {
        "tenant": "shop",
        "id": name,
        "language": language,
        "category": "orders",
        "title": "标题" if language == "zh" else "Title",
        "questions": ("一", "二", "三"),
        "audience": Audience.PUBLIC,
        "owner": "team",
        "valid_from": date(2026, 1, 1),
        "review_by": date(2030, 1, 1),
        "answer": answer,
        **more,
    }
    return Article(**values)  # type: ignore[arg-type]


def read_pairs() -> list[Pair]:
    """All labelled pairs."""
    pairs = []
    for line in PAIRS.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        group, label, first, left, second, right = line.split("\t")
        name = "one" if second.startswith("=") else "other"
        pairs.append(
            Pair(
                group == "tuned",
                label == "yes",
                article("one", first, left),
                article(name, second.removeprefix("="), right),
            )
        )
    return pairs
