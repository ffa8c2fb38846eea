"""Slips of the ear: characters that sound like a word of the tenant, from dictation or a phonetic keyboard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import rjieba

from kb_index.reading.change import Change, Kind
from kb_index.reading.sounds import near, spellings
from kb_index.reading.vocabulary import Vocabulary
from kb_index.search.passage_words import HAN_WORD
from kb_index.text.words import read_words

LONGEST_HEARD = 40
"""Characters of one text that are listened to."""

FEWEST_MEANT = 3
"""So often the tenant's questions must hold a word that is in no title."""

CLEARLY_COMMONER = 2
_SIZES = (4, 3, 2)
_GRAMMAR = frozenset(
    "的了吗呢吧啊呀嘛么我你您他她它们是不没有在要想能会可以这那就都也还又再和跟与给把被让对从到去来上下里外前后个件次只点"
    "几多少很太什怎为因所谁哪时候一二两三四五六七八九十百千万如果但已经自己"
)
_LISTED = (
    read_words("courtesy") | read_words("asking") | read_words("seeking") | read_words("insults") | read_words("anger")
)


def reheard(folded: str, vocabulary: Vocabulary) -> Iterator[Change]:
    """Places whose characters the tenant never puts together, but whose sound is one of its words."""
    for run in HAN_WORD.finditer(folded):
        if run.end() - run.start() > 1:
            yield from _reheard(
                folded[run.start() : min(run.end(), run.start() + LONGEST_HEARD)], run.start(), vocabulary
            )


def _reheard(run: str, offset: int, vocabulary: Vocabulary) -> Iterator[Change]:
    words = rjieba.cut(run, hmm=False)
    edges, place = {0}, 0
    strange: set[int] = set()
    for word in words:
        if not (vocabulary.knows_chinese(word) or word in _LISTED):
            strange.update(range(place, place + len(word)))
        place += len(word)
        edges.add(place)
    settled = _settled(words, vocabulary)
    for size in _SIZES:
        for start in range(len(run) - size + 1):
            end, window = start + size, run[start : start + size]
            here = set(range(start, end))
            if settled & here or _GRAMMAR & set(window) or vocabulary.knows_chinese(window) or window in _LISTED:
                continue
            odd, whole, listed = bool(strange & here), {start, end} <= edges, rjieba.has_word(window)
            if not odd and not (whole and _unseen_pair(window, vocabulary)):
                continue
            meant, exact = _heard(window, vocabulary, loosely=odd and whole and not listed)
            if meant and (_share_a_character(meant[0], window) or (exact and odd and whole and not listed)):
                alone = (
                    len(meant) == 1 or vocabulary.chinese[meant[0]] >= CLEARLY_COMMONER * vocabulary.chinese[meant[1]]
                )
                sure = alone and exact and odd and whole and not listed and _share_a_character(meant[0], window)
                yield Change(offset + start, offset + end, meant[0], Kind.SOUND, sure)


def _share_a_character(word: str, window: str) -> bool:
    """Whether one character stayed what it should be; most slips of the ear leave one."""
    return any(one == other for one, other in zip(word, window, strict=True))


def _settled(words: Sequence[str], vocabulary: Vocabulary) -> set[int]:
    """Positions inside of words of two or more characters that the tenant or everybody uses."""
    settled: set[int] = set()
    place = 0
    for word in words:
        if len(word) > 1 and (vocabulary.knows_chinese(word) or word in _LISTED):
            settled.update(range(place, place + len(word)))
        place += len(word)
    return settled


def _unseen_pair(window: str, vocabulary: Vocabulary) -> bool:
    """Whether two characters stand together as they never do in the articles."""
    return any(first + second not in vocabulary.pairs for first, second in pairwise(window))


def _heard(window: str, vocabulary: Vocabulary, *, loosely: bool) -> tuple[Sequence[str], bool]:
    """The tenant's words of as many characters that sound the same, or nearly so; and whether exactly."""
    spoken = list(islice(spellings(window), 4))
    for exact in (True, False) if loosely else (True,):
        found = vocabulary.by_sound if exact else vocabulary.by_near_sound
        keys = ["".join(syllables if exact else map(near, syllables)) for syllables in spoken]
        meant = [
            word
            for key in keys
            for word in found.get(key, ())
            if len(word) == len(window) and _may_be_meant(word, vocabulary)
        ]
        if meant:
            return sorted(set(meant), key=lambda word: (-vocabulary.chinese[word], word)), exact
    return (), False


def _may_be_meant(word: str, vocabulary: Vocabulary) -> bool:
    """Only what the articles are about is heard into a text: their titles' words and those that are asked often."""
    return (word in vocabulary.titled or vocabulary.chinese[word] >= FEWEST_MEANT) and not _GRAMMAR & set(word)
