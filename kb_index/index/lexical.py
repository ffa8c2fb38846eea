"""BM25 over one tenant's texts, as plain arrays that an edit can be worked into.

Kept are the counts of words in documents; the scores follow from them by a few operations on whole arrays (Lucene's
variant of BM25), so that an index in which one document is another one has exactly the scores of one built anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

K1, B = 1.2, 0.4

Places = npt.NDArray[np.int64]


class Lexical:
    """Immutable BM25 index; document numbers are positions in the list it was built from.

    `numbers` gives each word its place, `starts` where its entries begin; an entry is a document and how often the
    word is in it, in order of documents. Of `places` documents `there` exist, the others were taken out.
    """

    def __init__(
        self, numbers: Mapping[str, int], starts: Places, documents: npt.NDArray[np.int32],
        counts: npt.NDArray[np.float32], *, places: int, there: int,
    ) -> None:  # fmt: skip
        self._numbers = numbers
        self._starts = starts
        self._documents = documents
        self._counts = counts
        self._places = places
        self._there = there
        found = np.diff(starts).astype(np.float64)
        self._telling = np.log1p(there / np.maximum(found, 1))
        self._rarest = float(self._telling[found > 0].max(initial=0.0)) or 1.0
        lengths = np.bincount(documents, weights=counts, minlength=places)
        usual = lengths.sum() / max(1, there) or 1.0
        idf = np.repeat(np.log1p((there - found + 0.5) / (found + 0.5)), np.diff(starts))
        self._scores = (idf * counts / (counts + K1 * (1 - B + B * lengths[documents] / usual))).astype(np.float32)

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]]) -> Lexical:
        """Index tokenised documents; an empty document never matches."""
        nothing = cls({}, np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), places=0, there=0)
        return nothing.edited(dict(enumerate(documents)), gone=(), places=len(documents))

    def edited(self, changed: Mapping[int, Sequence[str]], *, gone: Collection[int], places: int) -> Lexical:
        """The index of the same documents, but for those that are changed or new, or gone; their places stay free."""
        numbers = dict(self._numbers)
        words: list[int] = []
        documents: list[int] = []
        counts: list[int] = []
        for place, tokens in changed.items():
            for token, count in Counter(tokens).items():
                words.append(numbers.setdefault(token, len(numbers)))
                documents.append(place)
                counts.append(count)
        kept = ~np.isin(self._documents, np.array([*changed, *gone], dtype=np.int32))
        known = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))[kept]
        word = np.concatenate([known, np.array(words, dtype=np.int64)])
        document = np.concatenate([self._documents[kept], np.array(documents, dtype=np.int32)])
        order = np.lexsort((document, word))
        starts = np.concatenate([[0], np.cumsum(np.bincount(word, minlength=len(numbers)))]).astype(np.int64)
        counted = np.concatenate([self._counts[kept], np.array(counts, dtype=np.float32)])[order]
        return Lexical(numbers, starts, document[order], counted, places=places, there=places - len(gone))

    def scores(self, tokens: Sequence[str]) -> npt.NDArray[np.float32]:
        """BM25 of every document for the query tokens; unknown tokens count nothing."""
        found = np.zeros(self._places, dtype=np.float32)
        numbers = [number for token in tokens if (number := self._numbers.get(token)) is not None]
        entries = [slice(self._starts[number], self._starts[number + 1]) for number in numbers]
        if entries:
            documents = np.concatenate([self._documents[each] for each in entries])
            np.add.at(found, documents, np.concatenate([self._scores[each] for each in entries]))
        return found

    def weight(self, token: str) -> float:
        """How telling a token is; one never seen tells as much as the rarest."""
        return float(self._telling[self._numbers[token]]) if self.knows(token) else self._rarest

    def knows(self, token: str) -> bool:
        number = self._numbers.get(token)
        return number is not None and bool(self._starts[number + 1] > self._starts[number])

    def has(self, token: str, document: int) -> bool:
        """Whether a token is in a document."""
        number = self._numbers.get(token)
        if number is None:
            return False
        entries = self._documents[self._starts[number] : self._starts[number + 1]]
        place = entries.searchsorted(np.int32(document))
        return bool(place < len(entries) and entries[place] == document)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything needed to restore the index, without pickles."""
        return {
            "starts": self._starts,
            "documents": self._documents,
            "counts": self._counts,
            "sizes": np.array([self._places, self._there]),
            "tokens": np.array(list(self._numbers), dtype=np.str_),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Lexical:
        numbers = {str(token): number for number, token in enumerate(arrays["tokens"])}
        places, there = (int(size) for size in arrays["sizes"])
        return cls(numbers, arrays["starts"], arrays["documents"], arrays["counts"], places=places, there=there)
