"""What words mean by themselves, so that a wish in words that no training line has is still near to its kind.

`meanings.npz` holds small vectors of common words of both languages, made from `data/words/meanings.txt` by the encoder
of the knowledge base (`python -m kb_index words`); the bot carries no encoder. A text is the sum of its words.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("meanings.npz")
RUN = re.compile(r"[a-z0-9_']+|[\u4e00-\u9fff]+")  # "ask_human" is one word, and none
LONGEST = 4
"""Characters of a Chinese word."""


class Meanings:
    """Words and their vectors: int8 rows of shape (words, dimensions), each times its scale."""

    def __init__(self, words: list[str], rows: np.ndarray, scale: np.ndarray) -> None:
        self.words = words
        self.rows = rows
        self.scale = scale
        self._place = {word: place for place, word in enumerate(words)}

    @classmethod
    def read(cls, path: Path) -> "Meanings":
        """Out of a file that `python -m kb_index words` or a model's `save` has written."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(str(kept["words"]).split("\n"), kept["rows"], kept["scale"])

    def save(self, path: Path) -> None:
        """Write what `read` reads."""
        np.savez(path, words=np.array("\n".join(self.words)), rows=self.rows, scale=self.scale)

    def weighed(self, texts: Sequence[str]) -> "Meanings":
        """The same, where a word counts the less the more of the texts it stands in."""
        seen = Counter(place for text in texts for place in set(self._places(text)))
        rarity = [np.log(len(texts) / (1 + seen[place])) + 0.5 for place in range(len(self.words))]
        return Meanings(self.words, self.rows, (self.scale * np.array(rarity)).astype(np.float32))

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return int(self.rows.shape[1])

    def of(self, text: str) -> np.ndarray:
        """The unit vector of a folded text, float32; all zero when no word is known."""
        places = self._places(text)
        if not places:
            return np.zeros(self.dimensions, dtype=np.float32)
        found = self.scale[places] @ self.rows[places].astype(np.float32)
        return found / (np.linalg.norm(found) or 1)

    def _places(self, text: str) -> list[int]:
        return [self._place[word] for word in self._words(text.lower())]

    def _words(self, text: str) -> Iterator[str]:
        """The known words: English ones as they stand, Chinese ones the longest first from the left."""
        for run in RUN.findall(text):
            if run.isascii():
                found = run if run in self._place else run.rstrip("s")
                if found in self._place:
                    yield found
                continue
            at = 0
            while at < len(run):
                size = next((n for n in range(LONGEST, 1, -1) if run[at : at + n] in self._place), 1)
                if run[at : at + size] in self._place:
                    yield run[at : at + size]
                at += min(size, len(run) - at)


NO_MEANINGS = Meanings([], np.zeros((0, 0), dtype=np.int8), np.zeros(0, dtype=np.float32))


@lru_cache(maxsize=1)
def shipped() -> Meanings:
    """Those that a new model is trained with; it keeps its own copy, weighed by its texts."""
    return Meanings.read(FILE)
