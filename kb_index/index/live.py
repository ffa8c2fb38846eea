"""The live knowledge base: loads the current generation, watches for the next, swaps between requests."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import structlog

from kb_index.articles.duplicates import Embed
from kb_index.errors import GenerationBroken, ModelUnavailable, NoGeneration
from kb_index.index.contents import Tenant
from kb_index.index.embedding import PROBE, Encoder, load_encoder
from kb_index.index.generation import Generation, GenerationStore
from kb_index.index.inputs import own_code
from kb_index.index.withdrawn import Signature, Withdrawal, Withdrawals, hidden
from kb_index.search.understand import Knowledge
from kb_index.settings import Settings

_log = structlog.get_logger()

SAME_MODEL = 0.99
"""Least cosine between a text's embedding now and at the build; another model gives about 0."""


@dataclass(frozen=True)
class _State:
    """What is served, from which withdrawals hide something, and what is wrong with what should be served."""

    complete: Knowledge | None
    knowledge: Knowledge | None
    obeyed: Signature
    warning: str | None


class LiveKnowledge:
    """Holds exactly one Knowledge at a time; readers take it once per request and keep it."""

    def __init__(self, store: GenerationStore, withdrawals: Withdrawals | None = None) -> None:
        self._store = store
        self._withdrawals = withdrawals or Withdrawals(store.folder)
        self._state = _State(None, None, None, "not loaded yet")
        self._seen: tuple[int, int, int] | None = None
        self._changing = threading.RLock()
        own_code()  # of the files as they are now, when the process starts

    def current(self) -> Knowledge:
        """The knowledge to answer one request with, without what was withdrawn; raises NoGeneration."""
        state = self._state
        if state.complete is not None and self._withdrawals.signature() != state.obeyed:
            state = self._obey()
        if state.knowledge is None:
            raise NoGeneration(state.warning or "nothing is loaded")
        return state.knowledge

    def embed(self) -> Embed | None:
        """What embeds folded texts with the model of what is served; None while nothing is."""
        try:
            encoder = self.current().encoder
        except NoGeneration:
            return None
        return lambda texts: encoder.encode(list(texts))

    def withdraw(self, tenant: str, article: str, language: str | None = None) -> None:
        """Hide an article, or one version, from this moment on, and on other machines as soon as they look.

        Raises DatabaseUnavailable when the others could not be told.
        """
        self._withdrawals.share(tenant, article, language)

    def obey_others(self) -> None:
        """Hide what other machines have withdrawn since the last look; for a thread, it asks the database."""
        self._withdrawals.pull()

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

    def reload(self, day: date | None = None) -> str:
        """Load the best intact generation and swap to it; keeps the old one if none is, and says so.

        With `day` the articles are checked for it first, so that no question waits for that. Raises NoGeneration or
        ModelUnavailable when nothing at all can be served.
        """
        with self._changing:
            self._seen = self._signature()
            before = self._state.complete
            try:
                generation, broken = self._store.load_best(
                    earlier=before.generation if before is not None else None,
                    accept=_made_with_its_model if before is None else _made_by_this_program,
                )
                encoder = load_encoder(generation.model)
            except (NoGeneration, ModelUnavailable) as error:
                self._state = replace(self._state, warning=str(error))
                _log.error("kb_index.not_loaded", code=error.code, why=str(error))
                if before is None:
                    raise
                return before.generation.name
            warning = None
            if broken:
                warning = f"serving {generation.name} instead: " + "; ".join(map(str, broken))
                _log.error("kb_index.generation_broken", serving=generation.name, why=warning)
            complete = Knowledge(generation, encoder)
            if day is not None:
                complete.prepare(day)
            self._state = self._without_withdrawn(complete, warning)
            _log.info("kb_index.loaded", generation=generation.name, tenants=sorted(generation.tenants))
            return generation.name

    def _obey(self) -> _State:
        with self._changing:
            state = self._state
            if state.complete is not None:
                self._state = state = self._without_withdrawn(state.complete, state.warning)
            return state

    def _without_withdrawn(self, complete: Knowledge, warning: str | None) -> _State:
        signature = self._withdrawals.signature()  # taken first: a later change is then noticed
        generation = complete.generation
        known = self._withdrawals.all()
        tenants = {
            name: _without(tenant, [each for each in known if each.number > generation.obeyed(name)])
            for name, tenant in generation.tenants.items()
        }
        knowledge = replace(complete, generation=replace(generation, tenants=tenants))
        return _State(complete, knowledge, signature, warning)


def withdraw(settings: Settings, tenant: str, article: str, language: str | None = None) -> None:
    """Hide an article, or one version of it, in every process that serves the settings' store, from now on.

    Call it after the article's store has let go of the article: what is read from the store later counts again.
    """
    Withdrawals.of(settings).share(tenant, article, language)


def _without(tenant: Tenant, withdrawals: Sequence[Withdrawal]) -> Tenant:
    gone = hidden(tenant.index.articles, withdrawals)
    return replace(tenant, index=tenant.index.without(gone)) if gone else tenant


def _made_by_this_program(generation: Generation) -> None:
    """Raises GenerationBroken for what newer code has built: it may mean other things by the same arrays."""
    if generation.manifest.get("code") != own_code():
        raise GenerationBroken(generation.name, "another version of this program has built it; restart this one")
    _made_with_its_model(generation)


def _made_with_its_model(generation: Generation) -> None:
    """Raises GenerationBroken when the model that now has this name is not the one that made the vectors."""
    probe = np.array(generation.manifest.get("probe", []), dtype=np.float32)
    if not len(probe):
        return
    encoder: Encoder = load_encoder(generation.model)
    now = encoder.encode([PROBE])[0]
    if len(now) != len(probe) or float(now @ probe) < SAME_MODEL:
        why = f"its vectors were not made with the model that is now {generation.model!r}"
        raise GenerationBroken(generation.name, why)
