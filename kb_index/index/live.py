"""The live knowledge base: loads the current generation, watches for the next, swaps between requests."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import structlog

from kb_index.errors import ModelUnavailable, NoGeneration
from kb_index.index.embedding import load_encoder
from kb_index.index.generation import GenerationStore
from kb_index.search.understand import Knowledge

_log = structlog.get_logger()


@dataclass(frozen=True)
class _State:
    """What is served, and what is wrong with what should be served."""

    knowledge: Knowledge | None
    warning: str | None


class LiveKnowledge:
    """Holds exactly one Knowledge at a time; readers take it once per request and keep it."""

    def __init__(self, store: GenerationStore) -> None:
        self._store = store
        self._state = _State(None, "not loaded yet")
        self._seen: tuple[int, int, int] | None = None
        self._loading = threading.Lock()

    def current(self) -> Knowledge:
        """The knowledge to answer one request with; raises NoGeneration."""
        state = self._state
        if state.knowledge is None:
            raise NoGeneration(state.warning or "nothing is loaded")
        return state.knowledge

    @property
    def warning(self) -> str | None:
        """Why an older generation, or none, is served; None when all is well."""
        return self._state.warning

    def changed(self) -> bool:
        """Whether the pointer is another than at the last load; one stat call."""
        return self._signature() != self._seen

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            status = self._store.pointer.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def reload(self) -> str:
        """Load the best intact generation and swap to it; keeps the old one if none is, and says so.

        Raises NoGeneration or ModelUnavailable when nothing at all can be served.
        """
        with self._loading:
            self._seen = self._signature()
            try:
                generation, broken = self._store.load_best()
                encoder = load_encoder(generation.model)
            except (NoGeneration, ModelUnavailable) as error:
                self._state = _State(self._state.knowledge, str(error))
                _log.error("kb_index.not_loaded", code=error.code, why=str(error))
                if self._state.knowledge is None:
                    raise
                return self._state.knowledge.generation.name
            warning = None
            if broken:
                warning = f"serving {generation.name} instead: " + "; ".join(map(str, broken))
                _log.error("kb_index.generation_broken", serving=generation.name, why=warning)
            self._state = _State(Knowledge(generation, encoder), warning)
            _log.info("kb_index.loaded", generation=generation.name, tenants=sorted(generation.tenants))
            return generation.name
