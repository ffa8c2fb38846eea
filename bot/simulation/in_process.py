"""The real bot without a port: its own app and its own channel, called in this process.

A turn goes through everything that a posted turn goes through but Sanic's socket. Conversations can be forked, which
is what a crawler of states lives on.
"""

import asyncio
import json
from types import SimpleNamespace, TracebackType
from typing import Any

from rasa.core.tracker_store import AwaitableTrackerStore, FailSafeTrackerStore
from sanic import Sanic

from bot.server import create_app
from bot.settings import Settings

DOOR = "webhooks/tandem/turn"


class TurnRefused(Exception):
    """The bot's door would have answered with an error; the text holds what it was."""


class BotInProcess:
    """`async with BotInProcess(settings) as bot: answer = await bot.turn(request)`; one at a time in a process."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)

    async def __aenter__(self) -> "BotInProcess":
        loop = asyncio.get_running_loop()
        self.app.signalize()
        self.app.finalize()  # as Sanic's own start, but for TouchUp: it rewrites Sanic's code once in a process only
        await self.app._server_event("init", "before", loop=loop)
        self._door = next(route.handler for route in self.app.router.routes if route.path.strip("/") == DOOR)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        await self.app._server_event("shutdown", "before", loop=loop)
        await self.app._server_event("shutdown", "after", loop=loop)
        Sanic._app_registry.pop(self.app.name, None)  # so that the next one may have this name

    async def turn(self, request: dict[str, Any]) -> dict[str, Any]:
        """The response of the turn contract; raises TurnRefused with what the door would have said."""
        body = json.dumps(request, ensure_ascii=False).encode()
        try:
            answer = await self._door(SimpleNamespace(app=self.app, body=body, headers={}))
        except Exception as error:
            raise TurnRefused(f"{type(error).__name__}: {error}") from error
        read: dict[str, Any] = json.loads(answer.body)
        return read

    async def state(self, sender: str) -> dict[str, Any]:
        """All slots of a conversation and, as `active_loop`, its running form; {} before its first turn."""
        tracker = await self.app.ctx.agent.tracker_store.retrieve(sender)
        return {} if tracker is None else {**tracker.current_slot_values(), "active_loop": tracker.active_loop_name}

    def fork(self, sender: str, other: str) -> None:
        """Let the conversation `other` begin where `sender` is now; both are "<conversation>.<phase>"."""
        store = self.trackers
        if sender in store:
            store[other] = store[sender]
        else:
            store.pop(other, None)

    def forget(self, sender: str) -> None:
        """Drop a conversation."""
        self.trackers.pop(sender, None)

    @property
    def trackers(self) -> Any:
        """Sender id to serialised tracker, as the bot's own store holds it."""
        store = self.app.ctx.agent.tracker_store
        while isinstance(store, (AwaitableTrackerStore, FailSafeTrackerStore)):
            store = store._tracker_store
        return store.store
