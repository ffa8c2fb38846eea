"""The wording of a message as sparse features: its character n-grams, and its words alone and in pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kb_index.text.folding import tokens
from kb_index.text.grams import Grams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_CHARACTERS, MOST_WORDS = 60_000, 40_000
"""Features of each kind. Fewer would push out the Chinese ones, of which more different ones are needed."""
WORDS_COUNT = 1.5
"""Length of the row of words beside that of the characters, which is one."""


def word_grams(folded: str) -> Mapping[str, int]:
    """Counts of the words and of two in a row: English has few words that fit into a character n-gram."""
    words = tokens(folded)
    return Counter([*words, *map(" ".join, pairwise(words))])


class Wording:
    """Columns of characters first, then of words."""

    def __init__(self, characters: Grams, words: Grams) -> None:
        self._characters = characters
        self._words = words

    def __len__(self) -> int:
        return len(self._characters) + len(self._words)

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Wording:
        return cls(
            Grams.learn(texts, most=MOST_CHARACTERS, read=len(texts)),
            Grams.learn(texts, most=MOST_WORDS, read=len(texts), cut=word_grams),
        )

    def entries(self, text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Columns and values of one folded text."""
        columns, values = self._characters.entries(text)
        words, word_values = self._words.entries(text)
        values = np.concatenate([values, np.float32(WORDS_COUNT) * word_values])
        return np.concatenate([columns, words + len(self._characters)]), values

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """All folded texts' rows, for training."""
        from scipy.sparse import hstack

        return hstack([self._characters.matrix(texts), np.float32(WORDS_COUNT) * self._words.matrix(texts)]).tocsr()

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        words = self._words.arrays()
        return {**self._characters.arrays(), "words": words["grams"], "word_idf": words["gram_idf"]}

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Wording:
        words = {"grams": arrays["words"], "gram_idf": arrays["word_idf"]}
        return cls(Grams.restore(arrays), Grams.restore(words, cut=word_grams))
