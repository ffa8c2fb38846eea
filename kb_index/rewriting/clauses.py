"""Sentences and clauses of an answer: the pieces that are compared."""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"(?<=[。！？!?；;\n])|(?<=\.)\s+(?=[A-Z0-9\"“(]|$)")
_CLAUSE_END = re.compile(r"(?<=[，：])|(?<=[,:])(?=\s)")
_LIST_MARK = re.compile(r"^\s*(?:[-*•·]|\d+[.)、])\s+", re.MULTILINE)
_SAYS = re.compile(r"\w")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order; pieces without a letter or digit are none, marks of lists are left out."""
    return [piece.strip() for piece in _SENTENCE_END.split(_LIST_MARK.sub("", text)) if piece and _SAYS.search(piece)]


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence between its commas and colons, those in numbers and times excepted."""
    return [piece.strip() for piece in _CLAUSE_END.split(sentence) if piece and _SAYS.search(piece)]
