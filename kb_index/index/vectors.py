"""Where the passages' vectors are searched; every way to keep them has this one shape."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
import numpy.typing as npt

from kb_index.index.embedding import Matrix, Vector

Scores = npt.NDArray[np.float32]
Chosen = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

REMEMBERED_CHOICES = 32
"""A tenant has few different filters at a time: audiences times days."""

faiss.omp_set_num_threads(1)


class Vectors(Protocol):
    """Unit vectors of one tenant's passages; row i is passage i. Immutable, so any thread may search."""

    @property
    def kind(self) -> str:
        """The name under which `open_vectors` and the policy know it."""

    @property
    def parameters(self) -> Mapping[str, int]:
        """What `open_vectors` needs besides the file, for the manifest."""

    @property
    def dimension(self) -> int: ...

    def __len__(self) -> int: ...

    def nearest(self, vector: Vector, count: int, *, chosen: Chosen) -> tuple[Rows, Scores]:
        """The nearest of the chosen passages (one flag per passage), best first, with their cosines.

        Always count of them, or all that are chosen when those are fewer. A read-only `chosen` is
        recognised the next time by its identity, so filters should be frozen with setflags(write=False).
        """

    def at(self, rows: Rows) -> Matrix:
        """The vectors of some passages, as exactly as they are kept."""

    def write(self, path: Path) -> None:
        """Write the file that `open_vectors` reads; the caller makes it durable."""


@dataclass(frozen=True)
class Choice:
    """A filter in the form that FAISS tests fastest: one bit per row; selector is None when all are chosen."""

    flags: Chosen
    bits: npt.NDArray[np.uint8]
    count: int
    selector: Any

    @classmethod
    def of(cls, flags: Chosen) -> Choice:
        count = int(np.count_nonzero(flags))
        bits = np.packbits(flags, bitorder="little")
        # The selector points into `bits`, which lives as long as this object does.
        selector = None if count == len(flags) else faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]
        return cls(flags, bits, count, selector)


class Choices:
    """The filters seen last; 1e6 flags take .1 ms to pack, and each query brings the same few again."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, Choice] = OrderedDict()
        self._changing = threading.Lock()

    def of(self, flags: Chosen, *, rows: int) -> Choice:
        """The choice for the flags; only those of a read-only array are remembered. Raises ValueError."""
        known = self._known.get(id(flags))
        if known is not None and known.flags is flags:
            return known
        if flags.shape != (rows,):
            raise ValueError(f"the filter has {flags.shape} flags for {rows} vectors")
        choice = Choice.of(flags)
        if not flags.flags.writeable:
            with self._changing:
                self._known[id(flags)] = choice  # it holds the array, so the identity stays taken
                if len(self._known) > REMEMBERED_CHOICES:
                    self._known.popitem(last=False)
        return choice


class FlatVectors:
    """Every vector is compared: exact, and fast enough up to some twenty thousand."""

    kind = "flat"
    parameters: Mapping[str, int] = {}

    def __init__(self, index: Any) -> None:
        self._index = index
        self._choices = Choices()
        self._rows = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)

    @classmethod
    def of(cls, matrix: Matrix) -> FlatVectors:
        index = faiss.IndexFlatIP(matrix.shape[1])
        index.add(matrix)
        return cls(index)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, vector: Vector, count: int, *, chosen: Chosen) -> tuple[Rows, Scores]:
        choice = self._choices.of(chosen, rows=len(self))
        wanted = min(count, choice.count)
        if wanted == 0:
            return nothing_found()
        # FAISS would keep a heap, which costs as much again for the thousand that are asked for.
        cosines = self._rows @ vector
        if choice.selector is not None:
            cosines[~chosen] = -np.inf
        rows = np.argpartition(cosines, len(cosines) - wanted)[len(cosines) - wanted :]
        rows = rows[np.argsort(-cosines[rows], kind="stable")]
        return rows, cosines[rows]

    def matrix(self) -> Matrix:
        """All vectors, row by row; a view that must not be changed."""
        return self._rows

    def at(self, rows: Rows) -> Matrix:
        return np.asarray(self._rows[rows])

    def write(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))


def found_rows(cosines: npt.NDArray[Any], rows: npt.NDArray[Any]) -> tuple[Rows, Scores]:
    """FAISS's answer to one query without the places that it could not fill."""
    found = rows[0] >= 0
    return rows[0][found], cosines[0][found]


def nothing_found() -> tuple[Rows, Scores]:
    return np.zeros(0, np.int64), np.zeros(0, np.float32)


def read_mapped(path: Path) -> Any:
    """The FAISS index of a file whose checksum was found right, mapped into memory instead of read."""
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


Opener = Callable[[Path, Mapping[str, int]], Vectors]
