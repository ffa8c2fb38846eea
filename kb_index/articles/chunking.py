"""Passages: the pieces of an article that are embedded and searched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kb_index.articles.model import Article
from kb_index.text.folding import fold

CHUNKER_VERSION = 1
"""Raise it when the same article would give other passages, so that nothing old is reused."""

LONGEST_PIECE = 160
"""Characters per answer piece; longer pieces blur in one embedding."""

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*_`#>|]+|^\s*(?:[-+]|\d+[.)、])\s+", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[。！？!?;；])|(?<=\.)\s+|\n+")


class PassageKind(StrEnum):
    TITLE = "title"
    QUESTION = "question"
    ANSWER = "answer"


@dataclass(frozen=True)
class Passage:
    """One indexed piece; version is the position of its article in the tenant's list."""

    version: int
    kind: PassageKind
    text: str

    @property
    def asks(self) -> bool:
        return self.kind is not PassageKind.ANSWER


def plain_text(markdown: str) -> str:
    """Markdown without its marks, good for reading aloud or embedding."""
    return _MARKS.sub("", _LINK.sub(r"\1", markdown)).strip()


def answer_pieces(markdown: str) -> list[str]:
    """Split an answer at sentence ends into pieces of at most about LONGEST_PIECE characters."""
    pieces: list[str] = []
    for sentence in map(str.strip, _SENTENCE_END.split(plain_text(markdown))):
        if not sentence:
            continue
        if pieces and len(pieces[-1]) + len(sentence) < LONGEST_PIECE:
            pieces[-1] = f"{pieces[-1]} {sentence}"
        else:
            pieces.append(sentence)
    return pieces


def passages_of(articles: Sequence[Article]) -> list[Passage]:
    """All passages in a stable order: per article the title, the questions, the answer's pieces."""
    found: list[Passage] = []
    for version, article in enumerate(articles):
        found.append(Passage(version, PassageKind.TITLE, article.title))
        found.extend(Passage(version, PassageKind.QUESTION, question) for question in article.questions)
        found.extend(Passage(version, PassageKind.ANSWER, piece) for piece in answer_pieces(article.answer))
    return found


def embedded_text(passage: Passage, articles: Sequence[Article]) -> str:
    """What is embedded for a passage: an answer's piece is only understandable under its title."""
    if passage.asks:
        return fold(passage.text)
    return fold(f"{articles[passage.version].title} {passage.text}")
