"""Texts that ask nothing, or name a topic without asking anything about it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from kb_index.search.retriever import TenantIndex
from kb_index.text.words import read_tokens, read_words

_COURTESY = read_tokens("courtesy")
_SEEKING = read_tokens("seeking")
_ASKING = read_tokens("asking")
_REFUSALS = tuple(tuple(each.split("_")) for each in sorted(read_words("refusals")))


class Vagueness(StrEnum):
    """How little a text asks; CLEAR leaves the judgement to the calibrated probability."""

    NOTHING_ASKED = "nothing asked"
    TOPIC_ONLY = "topic only"
    CLEAR = "clear"


def vagueness(tokens: Sequence[str], index: TenantIndex) -> Vagueness:
    """Judge folded tokens: greetings and thanks ask nothing; "my order" and "help" are only a topic."""
    content = [token for token in tokens if token not in _COURTESY]
    if not content:
        return Vagueness.NOTHING_ASKED
    topics = {token for token in content if token not in _SEEKING}
    if not topics - _ASKING and len(topics) < len(set(content)):  # "can you help me"
        return Vagueness.TOPIC_ONLY
    if len(topics) == 1 and not topics & _ASKING and index.articles_asking(next(iter(topics))) >= 2:
        return Vagueness.TOPIC_ONLY
    return Vagueness.CLEAR


def refuses(tokens: Sequence[str]) -> bool:
    """Whether folded tokens tell what is not wanted, and ask nothing: "I do not want a refund"."""
    if not _ASKING.isdisjoint(tokens) and not {"do", "did"} >= _ASKING.intersection(tokens):
        return False
    return any(tuple(tokens[place : place + len(each)]) == each for each in _REFUSALS for place in range(len(tokens)))
