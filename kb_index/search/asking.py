"""Making questions of texts: each is embedded together with its strange words, in one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kb_index.index.embedding import Matrix
from kb_index.search.retriever import Question, TenantIndex
from kb_index.text.folding import tokens
from kb_index.text.words import read_tokens

_EVERYBODYS = read_tokens("courtesy") | read_tokens("asking") | read_tokens("seeking")

Embed = Callable[[Sequence[str]], Matrix]


def questions_of(folded: Sequence[str], index: TenantIndex, embed: Embed) -> list[Question]:
    """Folded texts as questions to this index."""
    strange = [strange_words(text, index) for text in folded]
    phrases = list(dict.fromkeys(phrase for phrase in strange if phrase))
    vectors = embed([*folded, *phrases])
    place = {phrase: row for row, phrase in enumerate(phrases, len(folded))}
    return [
        Question.of(text, vectors[row], strange=vectors[place[phrase]] if phrase else None)
        for row, (text, phrase) in enumerate(zip(folded, strange, strict=True))
    ]


def strange_words(folded: str, index: TenantIndex) -> str:
    """The words that no article of the tenant has, each once, with spaces between; "" when there is none."""
    words = dict.fromkeys(tokens(folded))
    return " ".join(word for word in words if word not in _EVERYBODYS and not index.lexical.knows(word))
