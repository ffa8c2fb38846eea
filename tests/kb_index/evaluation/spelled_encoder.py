"""An encoder that knows spelling only, and a knowledge base of made-up topics that it can tell apart."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np

from kb_index.evaluation.questions import JudgedQuestion
from kb_index.index.embedding import Matrix
from kb_index.text.folding import character_grams

THINGS = (
    "parcel", "refund", "voucher", "password", "invoice", "address", "warranty", "battery", "subscription", "loyalty",
    "exchange", "payment", "courier", "receipt", "account", "newsletter", "discount", "stock", "colour", "gift",
)  # fmt: skip
WAYS = (
    "where can i see my {}", "how do i change the {}", "tell me about the {} please", "is there a problem with my {}",
    "i have a question on {}", "my {} does not work", "what about the {} of my order", "can you check the {} for me",
    "{} information", "who do i ask for a {}",
)  # fmt: skip


class SpelledEncoder:
    """Sums a fixed random direction per character n-gram."""

    dimension = 96

    def encode(self, texts: Sequence[str]) -> Matrix:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for gram, count in character_grams(text, shortest=3, longest=5).items():
                row += count * _direction(gram, self.dimension)
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))


@cache
def _direction(gram: str, dimension: int) -> Matrix:
    return np.random.default_rng(zlib.crc32(gram.encode())).standard_normal(dimension, dtype=np.float32)


def topic_lines(things: Sequence[str] = THINGS, ways: Sequence[str] = WAYS[:6]) -> list[dict[str, object]]:
    """Articles as the lines of the contract."""
    return [
        {"id": thing, "language": "en", "title": thing, "questions": [way.format(thing) for way in ways], "answer": ""}
        for thing in things
    ]


def topic_questions(
    answerable: Sequence[str], missing: Sequence[str], ways: Sequence[str] = WAYS[6:]
) -> list[JudgedQuestion]:
    """Questions worded in other ways; about the missing things no article answers."""
    return [
        JudgedQuestion(way.format(thing), frozenset([thing]) if thing in answerable else frozenset())
        for way in ways
        for thing in (*answerable, *missing)
    ]
