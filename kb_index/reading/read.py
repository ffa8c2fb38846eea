"""Reading one message: what its slips, its pinyin and its other-language words stand for."""

from __future__ import annotations

from dataclasses import dataclass

from kb_index.reading.change import Change, Note, apart, changed
from kb_index.reading.homophones import reheard
from kb_index.reading.mixed import translated
from kb_index.reading.pinyin import unromanised
from kb_index.reading.spelling import respelled
from kb_index.reading.vocabulary import Vocabulary
from kb_index.text.language import detect_language

LONGEST_READ = 200
"""Characters; a longer message says enough with its slips."""


@dataclass(frozen=True)
class Reading:
    """A folded text as it is understood, and every change; sure means that the written text needs no search."""

    text: str
    notes: tuple[Note, ...] = ()
    sure: bool = True


def read(folded: str, vocabulary: Vocabulary) -> Reading:
    """Read a folded text against the tenant's vocabulary; what is known stays as it is."""
    if len(folded) > LONGEST_READ:
        return Reading(folded)
    language = detect_language(folded, known=None, default="zh")
    changes: list[Change] = []
    if not folded.isascii():
        changes += [*translated(folded, vocabulary, language=language), *reheard(folded, vocabulary)]
    changes += [*unromanised(folded, vocabulary), *respelled(folded, vocabulary)]
    kept = apart(changes)
    if not kept:
        return Reading(folded)
    notes = tuple(Note(change.kind, folded[change.start : change.end], change.to.strip()) for change in kept)
    return Reading(" ".join(changed(folded, kept).split()), notes, all(change.sure for change in kept))
