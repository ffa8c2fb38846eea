"""Pinyin typed instead of characters: whole words ("tuikuan", "zen me tui huo") and initials ("tk")."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb_index.reading.change import Change, Kind
from kb_index.reading.sounds import is_pinyin
from kb_index.reading.spelling import WRITTEN
from kb_index.reading.vocabulary import Vocabulary

LONGEST_RUN = 120
"""Letters of one run of pinyin that are read."""

LEAST_IN_WORDS = 0.4
"""Share of the characters that must belong to words of two or more: syllables alone mean anything."""

LONGEST_KEY = 30
"""Letters of one word of LONGEST_SOUNDED characters."""

LONGEST_AMBIGUOUS = 4
"""Letters of the words that may be English too, such as "me", "can" or "long"."""

CLEARLY_COMMONER = 2
SHORTEST_INITIALS, LONGEST_INITIALS = 2, 4
FEWEST_MEANT = 3
"""So often the tenant must use a word that is given by its initials."""

ONLY_MEANT = 5
"""So many times as often as all others with the same initials together."""


@dataclass(frozen=True)
class _Latin:
    start: int
    end: int
    word: str


def unromanised(folded: str, vocabulary: Vocabulary) -> Iterator[Change]:
    """Runs of typed pinyin that make words which the tenant, or everybody, uses; and unambiguous initials."""
    for run in _runs(folded, vocabulary):
        letters = "".join(latin.word for latin in run).replace("'", "")
        if len(letters) > LONGEST_RUN:
            continue
        read = _read(letters, vocabulary)
        if read is not None:
            words, sure = read
            yield Change(run[0].start, run[-1].end, "".join(words), Kind.PINYIN, sure)
    for found in WRITTEN.finditer(folded):
        meant = _by_initials(found.group(), vocabulary)
        if meant is not None:
            yield Change(found.start(), found.end(), meant, Kind.PINYIN, sure=False)


def _runs(folded: str, vocabulary: Vocabulary) -> Iterator[Sequence[_Latin]]:
    """Neighbouring Latin words that could all be pinyin, when at least one of them cannot be English."""
    run: list[_Latin] = []
    for found in [*WRITTEN.finditer(folded), None]:
        latin = _Latin(found.start(), found.end(), found.group()) if found else None
        fits = latin is not None and _may_be_pinyin(latin.word, vocabulary)
        if run and not (fits and latin is not None and folded[run[-1].end : latin.start].isspace()):
            if any(not vocabulary.knows_english(each.word) for each in run):
                yield run
            run = []
        if fits and latin is not None:
            run.append(latin)


def _may_be_pinyin(word: str, vocabulary: Vocabulary) -> bool:
    if vocabulary.knows_english(word) and len(word) > LONGEST_AMBIGUOUS:
        return False
    return is_pinyin(word.replace("'", ""))


def _read(letters: str, vocabulary: Vocabulary) -> tuple[list[str], bool] | None:
    """The likeliest known words that are spoken exactly so, and whether that is sure; None for mere syllables.

    Few words are likelier than many, common ones likelier than rare ones.
    """
    best: list[tuple[float, tuple[str, ...], bool] | None] = [(0.0, (), True)] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - LONGEST_KEY), end):
            before, words = best[start], vocabulary.by_sound.get(letters[start:end])
            if before is None or not words:
                continue
            word, *others = words
            cost = before[0] + (4.5 if len(word) == 1 else 3.0) - 0.4 * math.log1p(vocabulary.spoken[word])
            sure = before[2] and (
                not others or vocabulary.spoken[word] >= CLEARLY_COMMONER * vocabulary.spoken[others[0]]
            )
            found = best[end]
            if found is None or cost < found[0]:
                best[end] = (cost, (*before[1], word), sure)
    whole = best[-1]
    if whole is None:
        return None
    together = sum(len(word) for word in whole[1] if len(word) > 1)
    if together < LEAST_IN_WORDS * sum(map(len, whole[1])):
        return None
    return list(whole[1]), whole[2]


def _by_initials(word: str, vocabulary: Vocabulary) -> str | None:
    """The one word of the tenant with these initials; None when several could be meant."""
    if not SHORTEST_INITIALS <= len(word) <= LONGEST_INITIALS or vocabulary.knows_english(word):
        return None
    meant = vocabulary.by_initials.get(word, ())
    if not meant or vocabulary.chinese[meant[0]] < FEWEST_MEANT:
        return None
    others = sum(vocabulary.chinese[other] for other in meant[1:])
    return meant[0] if vocabulary.chinese[meant[0]] >= ONLY_MEANT * others else None
