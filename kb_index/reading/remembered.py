"""What is worked out once per index and kept as long as the index is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from kb_index.index.lexical import Lexical
from kb_index.search.retriever import TenantIndex

T = TypeVar("T")


class PerIndex(Generic[T]):
    """Remembers what `build` makes of an index; the same index without some versions counts as the same."""

    def __init__(self, build: Callable[[TenantIndex], T]) -> None:
        self._build = build
        self._known: WeakKeyDictionary[Lexical, T] = WeakKeyDictionary()
        self._building = threading.RLock()  # what is worked out may need that of the index before an edit

    def __call__(self, index: TenantIndex) -> T:
        found = self._known.get(index.lexical)
        if found is None:
            with self._building:
                found = self._known.get(index.lexical)
                if found is None:
                    found = self._known[index.lexical] = self._build(index)
        return found
