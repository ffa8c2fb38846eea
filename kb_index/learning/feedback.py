"""Taking feedback in: masked, with the vector that gaps need, once however often it is delivered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa

from kb_index.errors import KnowledgeError
from kb_index.index.embedding import Matrix
from kb_index.learning import store
from kb_index.learning.model import Feedback, Kind
from kb_index.search.understand import Knowledge
from kb_index.text.folding import fold
from kb_index.text.masking import mask

LONGEST = 2000
"""Characters of a question or a reason that are kept."""

LONGEST_ANSWER = 20_000
"""The same for what an agent answered: a draft of it must not end in the middle."""


EXPIRE_EVERY_S = 3600.0


def masked(feedback: Feedback) -> Feedback:
    """Without personal data in any of its texts."""

    def clean(text: str | None, longest: int = LONGEST) -> str | None:
        return None if text is None else mask(text[:longest].replace("\x00", ""), language=feedback.language)[0]

    return replace(
        feedback,
        text=clean(feedback.text) or "",
        reason=clean(feedback.reason),
        answer=clean(feedback.answer, LONGEST_ANSWER),
        original=clean(feedback.original, LONGEST_ANSWER),
    )


def with_original(feedback: Feedback, knowledge: Knowledge | None) -> Feedback:
    """An agent's pick with the article's own text beside what he sent, if he changed it."""
    if feedback.kind is not Kind.PICKED or feedback.answer is None or feedback.original or knowledge is None:
        return feedback
    try:
        articles = knowledge.tenant(feedback.tenant).index.published
    except KnowledgeError:  # a tenant without articles still has customers
        return feedback
    texts = [one.answer for one in articles if (one.id, one.language) == (feedback.article, feedback.language)]
    if not texts or _same(texts[0], feedback.answer):
        return feedback
    return replace(feedback, original=texts[0])


def _same(article: str, sent: str) -> bool:
    return fold(article) == fold(sent)


def take(connection: sa.Connection, feedback: Feedback, knowledge: Knowledge | None) -> bool:
    """Keeps one event; False when there is nothing to do any more. Needs no index: vectors can be made later."""
    feedback = masked(with_original(feedback, knowledge))
    if knowledge is None or not feedback.text.strip() or (feedback.kind is Kind.ASKED and feedback.action == "answer"):
        return store.add(connection, feedback)  # what was answered is no gap
    vector = packed(knowledge.encoder.encode([fold(feedback.text)]))[0]
    return store.add(connection, feedback, model=knowledge.generation.model, vector=vector)


def packed(vectors: Matrix) -> list[bytes]:
    """Vectors as they are kept: float16, one row each."""
    return [row.tobytes() for row in vectors.astype(np.float16)]


def unpacked(vector: bytes) -> Matrix:
    """A vector that was kept."""
    return np.frombuffer(vector, np.float16).astype(np.float32)


def oldest_kept(now: datetime, days: int) -> datetime:
    """The moment before which nothing is kept."""
    return now - timedelta(days=days)
