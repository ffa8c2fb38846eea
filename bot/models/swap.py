"""The model that serves: loaded at the start, replaced while turns run when the pointer moves.

A turn keeps the model that it began with. Conversations lie in the tracker store and locks in the lock store, which
all models share: a running form goes on under the next one.
"""

import asyncio
import copy
import logging
import time
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.brokers.broker import EventBroker
from rasa.core.lock_store import LockStore
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.exceptions import RasaException
from sanic import Sanic

from bot.models.versions import ModelError, Versions

log = logging.getLogger("bot")

LOOK_S = 0.3
UNUSABLE = (ModelError, RasaException, ImportError, LookupError, TypeError, ValueError, AttributeError, OSError)
"""What loading raises for an archive that is damaged or was made by other code."""


class ServedModel:
    """Keeps `app.ctx.agent` at the live version; `only` serves one archive for ever, as a rehearsal does."""

    def __init__(self, versions: Versions, endpoints: AvailableEndpoints, *, only: Path | None = None) -> None:
        self._versions = versions
        self._endpoints = endpoints
        self._only = only
        self._seen: tuple[int, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self.version: str | None = None
        self.refused: dict[str, str] | None = None

    async def start(self, app: Sanic, loop: AbstractEventLoop) -> None:
        """Loads the live version, or the one before it if that cannot be loaded. Raises ModelError when none can."""
        broker = await EventBroker.create(self._endpoints.event_broker, loop=loop)
        agent = Agent(
            generator=self._endpoints.nlg,
            tracker_store=TrackerStore.create(self._endpoints.tracker_store, event_broker=broker),
            lock_store=LockStore.create(self._endpoints.lock_store),
        )
        self._seen = self._versions.stamp()
        for version, archive in self._candidates():
            try:
                self._serve(app, _with_model(agent, archive()), version)
            except UNUSABLE as error:
                self._complain(version, error)
            else:
                return
        raise ModelError("no version can be loaded; train again with `python -m bot train --again`")

    def _candidates(self) -> Iterator[tuple[str, Any]]:
        if self._only is not None:
            only = self._only
            yield only.parent.name, lambda: only
            return
        live = self._versions.live()
        for version in (live.version, live.before) if live else ():
            if version is not None:
                yield version, lambda version=version: self._versions.archive(version)

    async def follow(self, app: Sanic, loop: AbstractEventLoop) -> None:
        """Starts to look after the pointer."""
        if self._only is None:
            self._task = loop.create_task(self._watch(app))

    async def stop(self, _app: Sanic, _loop: AbstractEventLoop) -> None:
        """Looks after it no more."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self, app: Sanic) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            stamp = self._versions.stamp()
            if stamp != self._seen:
                self._seen = stamp
                await self.take_live(app)

    async def take_live(self, app: Sanic) -> None:
        """Loads the live version beside the turns that run, then lets new turns use it; a bad one changes nothing."""
        version = ""
        try:
            live = self._versions.live()
            if live is None or live.version == self.version:
                return
            version, began = live.version, time.perf_counter()
            archive = await asyncio.to_thread(self._versions.archive, version)
            fresh = await asyncio.to_thread(_with_model, app.ctx.agent, archive)
        except UNUSABLE as error:
            self._complain(version, error)
            return
        before = self.version
        self._serve(app, fresh, version)
        log.info(
            "swapped", extra={"model": version, "before": before, "seconds": round(time.perf_counter() - began, 2)}
        )

    def _serve(self, app: Sanic, agent: Agent, version: str) -> None:
        """From here on, in one step of the loop: turns that are under way have their agent already."""
        agent.tracker_store.domain = agent.domain
        if isinstance(agent.nlg, TemplatedNaturalLanguageGenerator):
            agent.nlg.responses = agent.domain.responses if agent.domain else {}
        app.ctx.agent = agent
        self.version, self.refused = version, None

    def _complain(self, version: str, error: BaseException) -> None:
        self.refused = {"version": version, "reason": str(error)[:500]}
        log.error("model cannot be loaded, %s goes on: %r", self.version or "nothing", error, extra={"model": version})


def _with_model(like: Agent, archive: Path) -> Agent:
    """An agent with another model and the same stores; `like` is not touched, so this may run in a thread."""
    agent = copy.copy(like)
    agent.processor = MessageProcessor(
        model_path=archive,
        tracker_store=like.tracker_store,
        lock_store=like.lock_store,
        action_endpoint=like.action_endpoint,
        generator=like.nlg,
        http_interpreter=like.http_interpreter,
    )
    agent.domain = agent.processor.domain
    return agent
