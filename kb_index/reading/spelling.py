"""Slips of the keys in English: unknown words that a word of the tenant's articles explains."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kb_index.reading.change import Change, Kind
from kb_index.reading.vocabulary import Vocabulary, allowed_slips, shortened

MOST_CORRECTED = 6
"""Words of one text; who makes more slips is not helped by guessing."""

CLEARLY_COMMONER = 3
"""So many times as often as the next candidate makes one sure."""

LONGEST_WORD = 24
SHORT = 5
"""Letters up to which a replaced letter makes another word rather than a slip: uber is no user."""

WRITTEN = re.compile(r"(?<![a-z0-9@./:#_'-])[a-z]+(?:'[a-z]+)?(?![a-z0-9@/:#_-]|\.[a-z0-9])")
"""An English word in a folded text; never a part of a code, an address or a link."""

_REPEATED = re.compile(r"([a-z])\1{2,}")


def respelled(folded: str, vocabulary: Vocabulary) -> Iterator[Change]:
    """Unknown English words that are one or two slips away from a word of the tenant."""
    unknown = [found for found in WRITTEN.finditer(folded) if _is_unknown(found.group(), vocabulary)]
    for found in unknown[:MOST_CORRECTED]:
        likely = corrections(found.group(), vocabulary)
        if likely:
            best, *others = likely
            sure = not others or vocabulary.english[best] >= CLEARLY_COMMONER * vocabulary.english[others[0]]
            yield Change(found.start(), found.end(), best, Kind.SPELLING, sure)


def _is_unknown(word: str, vocabulary: Vocabulary) -> bool:
    return "'" not in word and not vocabulary.knows_english(word)


def corrections(word: str, vocabulary: Vocabulary) -> Sequence[str]:
    """The tenant's words that an unknown one may be, fewest slips first, then the commonest; of one stem only one."""
    for calmer in (_REPEATED.sub(r"\1\1", word), _REPEATED.sub(r"\1", word)):
        if calmer != word and vocabulary.knows_english(calmer):
            return [calmer]
    slips = allowed_slips(word)
    if not slips or len(word) > LONGEST_WORD:
        return ()
    near = {each for short in shortened(word, slips) for each in vocabulary.by_letters.get(short, ())}
    rated = sorted(
        (distance, -vocabulary.english[each], each)
        for each in near
        if (distance := slips_between(word, each)) <= slips
        and distance <= allowed_slips(each)
        and (each[0] == word[0] or each[:2] == word[1::-1])
        and (len(word) > SHORT or len(each) != len(word) or sorted(each) == sorted(word))
    )
    fewest = [each for distance, _, each in rated if distance == rated[0][0]]
    return [each for place, each in enumerate(fewest) if not any(_same_stem(each, other) for other in fewest[:place])]


def _same_stem(word: str, other: str) -> bool:
    return word.rstrip("s") == other.rstrip("s")


def slips_between(word: str, other: str) -> int:
    """Letters inserted, left out, replaced, or swapped with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(word, 1):
        before, last, row = row, before, [place]
        for column, theirs in enumerate(other, 1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != theirs))
            if place > 1 and column > 1 and letter == other[column - 2] and word[place - 2] == theirs:
                cost = min(cost, last[column - 2] + 1)
            row.append(cost)
    return row[-1]
