"""Vectors of an index that was edited: those it had, searched as before, and the few that came, compared each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kb_index.index.embedding import Matrix, Vector
from kb_index.index.vectors import REMEMBERED_CHOICES, Chosen, Rows, Scores, Vectors


class GrownVectors:
    """Rows of `base`, then those of `added`; which of the old ones still count, the filter of each search says."""

    def __init__(self, base: Vectors, added: Matrix) -> None:
        self.base = base
        self.added = added
        self._filters: OrderedDict[int, tuple[Chosen, Chosen]] = OrderedDict()

    @property
    def kind(self) -> str:
        return self.base.kind

    @property
    def parameters(self) -> Mapping[str, int]:
        return self.base.parameters

    @property
    def dimension(self) -> int:
        return self.base.dimension

    def __len__(self) -> int:
        return len(self.base) + len(self.added)

    def nearest(self, vector: Vector, count: int, *, chosen: Chosen) -> tuple[Rows, Scores]:
        """As the contract of Vectors says."""
        if chosen.shape != (len(self),):
            raise ValueError(f"the filter has {chosen.shape} flags for {len(self)} vectors")
        rows, cosines = self.base.nearest(vector, count, chosen=self._of_base(chosen))
        new = np.flatnonzero(chosen[len(self.base) :])
        both = np.concatenate([rows, len(self.base) + new])
        scores = np.concatenate([cosines, self.added[new] @ vector]).astype(np.float32)
        best = np.argsort(-scores, kind="stable")[:count]
        return both[best], scores[best]

    def _of_base(self, chosen: Chosen) -> Chosen:
        """The filter's part for the old rows: the same array for the same filter, by which it is recognised."""
        known = self._filters.get(id(chosen))
        if known is not None and known[0] is chosen:
            return known[1]
        part = chosen[: len(self.base)]
        if not chosen.flags.writeable:
            self._filters[id(chosen)] = (chosen, part)  # it holds the array, so the identity stays taken
            if len(self._filters) > REMEMBERED_CHOICES:
                self._filters.popitem(last=False)
        return part

    def at(self, rows: Rows) -> Matrix:
        old = rows < len(self.base)
        found = np.zeros((len(rows), self.dimension), dtype=np.float32)
        found[old] = self.base.at(rows[old])
        found[~old] = self.added[rows[~old] - len(self.base)]
        return found

    def write(self, path: Path) -> None:
        """Only the old ones: the others are written with the edit."""
        self.base.write(path)
