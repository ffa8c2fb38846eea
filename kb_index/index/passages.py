"""A tenant's passages in a few arrays: an object for each would take ten times the memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from kb_index.articles.chunking import Passage, PassageKind

KINDS = tuple(PassageKind)
"""A passage's kind is kept as its place here: append new ones, change none."""

BLOCK = 1 << 20

_ANSWER = KINDS.index(PassageKind.ANSWER)


class Passages(Sequence[Passage]):
    """Immutable; `added` come after those in the arrays. A passage is made when it is asked for."""

    def __init__(
        self, versions: npt.NDArray[np.int32], kinds: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64],
        text: npt.NDArray[np.uint8], added: Sequence[Passage] = (),
    ) -> None:  # fmt: skip
        self._ends = ends
        self._text = text
        self._added = tuple(added)
        self.versions = np.concatenate([versions, np.array([each.version for each in added], np.int32)])
        self.kinds = np.concatenate([kinds, np.array([KINDS.index(each.kind) for each in added], np.uint8)])
        self.asks = self.kinds != _ANSWER

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> Passages:
        if isinstance(passages, Passages):
            return passages
        found = list(passages)
        texts = [each.text.encode() for each in found]
        return cls(
            np.array([each.version for each in found], np.int32),
            np.array([KINDS.index(each.kind) for each in found], np.uint8),
            np.cumsum([len(text) for text in texts], dtype=np.int64),
            np.frombuffer(b"".join(texts), np.uint8),
        )

    def __len__(self) -> int:
        return len(self.versions)

    @overload
    def __getitem__(self, row: int) -> Passage: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Passage]: ...
    def __getitem__(self, row: int | slice) -> Passage | Sequence[Passage]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        place = range(len(self))[row]
        if place >= len(self._ends):
            return self._added[place - len(self._ends)]
        start = int(self._ends[place - 1]) if place else 0
        text = self._text[start : int(self._ends[place])].tobytes().decode()
        return Passage(int(self.versions[place]), KINDS[self.kinds[place]], text)

    def grown(self, added: Iterable[Passage]) -> Passages:
        """The same ones with more after them."""
        known = len(self._ends)
        return Passages(self.versions[:known], self.kinds[:known], self._ends, self._text, (*self._added, *added))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of them, the added ones too."""
        if self._added:
            return Passages.of(list(self)).arrays()
        return {"versions": self.versions, "kinds": self.kinds, "ends": self._ends, "text": self._text}

    @classmethod
    def restore(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Passages:
        """Raises ValueError for arrays that are not those of any passages."""
        versions, kinds, ends, text = (arrays[name] for name in ("versions", "kinds", "ends", "text"))
        if not len(versions) == len(kinds) == len(ends):
            raise ValueError(f"{len(versions)} versions, {len(kinds)} kinds and {len(ends)} ends of passages")
        if versions.min(initial=0) < 0 or kinds.max(initial=0) >= len(KINDS):
            raise ValueError("a passage's version or kind is none")
        if (np.diff(ends, prepend=0) < 0).any() or (ends[-1] if len(ends) else 0) != len(text):
            raise ValueError("the passages' ends do not divide their text")
        _check_characters(text, ends)
        return cls(versions, kinds, ends, text)


def _check_characters(text: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> None:
    """Raises ValueError when not every passage is UTF-8; a block at a time, as the text may be long."""
    starts = ends[ends < len(text)]
    if ((text[starts] & 0xC0) == 0x80).any():
        raise ValueError("a passage begins inside a character")
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(text), BLOCK):
        decoder.decode(text[start : start + BLOCK].tobytes())
    decoder.decode(b"", final=True)
