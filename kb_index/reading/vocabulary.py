"""The words that a tenant's articles are written in: what a customer's slips are read against."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from kb_index.errors import KnowledgeError
from kb_index.reading.remembered import PerIndex
from kb_index.reading.sounds import near, spellings
from kb_index.search.passage_words import PassageWords
from kb_index.search.retriever import TenantIndex
from kb_index.text.words import read_words

COMMONEST_ENGLISH = 50_000
"""Of the 82,765 words of the list; the rest is so rare that a slip is likelier."""

LONGEST_SOUNDED = 5
"""Characters of the words that are looked for by sound; longer ones are found by their parts."""

SHORTEST_CORRECTED = 4
"""Letters of the English words that are corrected; shorter ones are like too many others."""

TWO_SLIPS_FROM = 8
"""Letters of the English words that may have two slips; shorter ones may have one."""

RARE_COUNT = 3
"""How often a character that is only a part of the tenant's words counts at most, for what has no word there."""

SPOKEN_COUNT = 20
"""How often a word of the list spoken.txt counts as found in articles."""


_EVERYBODYS = read_words("spoken") | read_words("courtesy") | read_words("asking") | read_words("seeking")


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """Common English words, which are taken for what the customer meant; the list is sorted by frequency."""
    found = find_spec("symspellpy")
    if found is None or not found.submodule_search_locations:
        raise KnowledgeError("The package symspellpy with its list of English words is missing: run make setup.")
    listed = Path(found.submodule_search_locations[0]) / "frequency_dictionary_en_82_765.txt"
    with listed.open(encoding="utf-8-sig") as lines:
        common = [line.partition(" ")[0] for _, line in zip(range(COMMONEST_ENGLISH), lines, strict=False)]
    return frozenset(common) | read_words("written_english")


def shortened(word: str, slips: int) -> Iterator[str]:
    """The word with up to so many letters left out: two words that share one differ by few slips (SymSpell's idea)."""
    found = {word}
    for _ in range(slips):
        found |= {each[:place] + each[place + 1 :] for each in found for place in range(len(each))}
    return iter(found)


def allowed_slips(word: str) -> int:
    return 0 if len(word) < SHORTEST_CORRECTED else 1 if len(word) < TWO_SLIPS_FROM else 2


class Vocabulary:
    """Immutable; counts are of titles and questions, what only answers hold is known but never offered.

    by_sound and by_near_sound find Chinese words by their syllables written as one, by_initials by their first
    letters, by_letters English words by themselves with letters left out. pairs are the neighbouring characters.
    """

    def __init__(self, words: PassageWords) -> None:
        self.chinese, self.english, self.titled = words.chinese, words.english, words.titled.keys()
        self.pairs, self._borrowed = words.pairs.keys(), words.borrowed.keys()
        self._answered = words.answered
        self.spoken = self._count_spoken()
        self.by_sound, self.by_near_sound, self.by_initials = self._index_sounds()
        self.by_letters = self._index_letters()

    @classmethod
    def of(cls, index: TenantIndex) -> Vocabulary:
        """All that a tenant's passages are written in."""
        return cls(index.words)

    def knows_chinese(self, word: str) -> bool:
        return word in self.chinese or word in self._answered or word in _EVERYBODYS

    def knows_english(self, word: str) -> bool:
        """Whether the tenant uses it, or everybody."""
        return self.is_own_english(word) or word in english_words()

    def is_own_english(self, word: str) -> bool:
        return word in self.english or word in self._answered

    def is_borrowed(self, word: str) -> bool:
        """Whether the Chinese articles themselves use an English word."""
        return word in self._borrowed

    def _count_spoken(self) -> Mapping[str, int]:
        """Everything that typed pinyin may stand for, with how likely."""
        listed = dict.fromkeys(read_words("spoken"), SPOKEN_COUNT)
        short = {word: count for word, count in self.chinese.items() if len(word) <= LONGEST_SOUNDED}
        single = Counter(character for word in self.chinese for character in word)
        rare = {character: min(count, RARE_COUNT) for character, count in single.items()}
        return {
            word: max(listed.get(word, 0) + short.get(word, 0), rare.get(word, 0))
            for word in {**rare, **listed, **short}
        }

    def _index_sounds(
        self,
    ) -> tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]:
        exact: defaultdict[str, set[str]] = defaultdict(set)
        alike: defaultdict[str, set[str]] = defaultdict(set)
        initials: defaultdict[str, set[str]] = defaultdict(set)
        for word in self.spoken:
            for syllables in spellings(word):
                exact["".join(syllables)].add(word)
                if len(word) > 1:
                    alike["".join(map(near, syllables))].add(word)
            if len(word) > 1 and self.chinese[word]:
                first = next(spellings(word), ())
                initials["".join(syllable[0] for syllable in first)].add(word)
        return self._best_first(exact), self._best_first(alike), self._best_first(initials)

    def _best_first(self, found: Mapping[str, set[str]]) -> Mapping[str, Sequence[str]]:
        return {key: sorted(words, key=lambda word: (-self.spoken[word], word)) for key, words in found.items()}

    def _index_letters(self) -> Mapping[str, Sequence[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for word in self.english:
            if allowed_slips(word):
                for short in shortened(word, allowed_slips(word)):
                    found[short].append(word)
        return found


vocabulary_of = PerIndex(Vocabulary.of)
"""The index's vocabulary, built when it is first asked for."""
