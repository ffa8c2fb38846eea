"""Words of the other language in the middle of a sentence: "我的order还没到", "how do I get a 发票"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import rjieba

from kb_index.reading.change import Change, Kind
from kb_index.reading.spelling import WRITTEN
from kb_index.reading.vocabulary import Vocabulary
from kb_index.search.passage_words import HAN_WORD
from kb_index.text.words import read_words


@lru_cache(maxsize=1)
def _glossary() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """English to Chinese, and back by the shortest English word."""
    entries = [entry.partition("=") for entry in read_words("glossary")]
    pairs = sorted(((english, chinese) for english, _, chinese in entries), key=lambda pair: (-len(pair[0]), pair))
    return dict(pairs), {chinese: english for english, chinese in pairs}


def translated(folded: str, vocabulary: Vocabulary, *, language: str) -> Iterator[Change]:
    """Words of the glossary that are not in the text's own language, when the tenant uses the word they stand for."""
    to_chinese, to_english = _glossary()
    if not HAN_WORD.search(folded) or folded.isascii():
        return
    if language == "zh":
        for found in WRITTEN.finditer(folded):
            meant = to_chinese.get(found.group())
            if meant and vocabulary.chinese[meant] and not vocabulary.is_borrowed(found.group()):
                yield Change(found.start(), found.end(), meant, Kind.MIXED)
        return
    for run in HAN_WORD.finditer(folded):
        place = run.start()
        for word in rjieba.cut(run.group(), hmm=False):
            meant = to_english.get(word)
            if meant and vocabulary.is_own_english(meant):
                yield Change(place, place + len(word), f" {meant} ", Kind.MIXED)
            place += len(word)
