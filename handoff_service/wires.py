"""The two wires between the bells of gateways: Valkey pub/sub, and NOTIFY for what is said outside of transactions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
import valkey.asyncio
from valkey.asyncio.client import PubSub
from valkey.exceptions import ValkeyError

from handoff_service.bell import Bell, payload
from handoff_service.errors import Unavailable
from handoff_service.ids import new_id

log = structlog.get_logger()

CHANNEL = "tandem"
# What waits to be carried; more than that means that the other side has been away, and then one "everything" does.
MOST_WAITING = 2000
MOST_IN_ONE = 200
CONNECT_S = 2.0
PING_S = 3.0
SILENCE_S = 8.0
LONGEST_PAUSE_S = 2.0
BROKEN = (ValkeyError, OSError, TimeoutError)
# NOTIFY takes less than 8000 bytes.
MOST_BYTES = 4000

Ring = tuple[str, Any]


class ValkeyWire:
    """Rings through Valkey: one task publishes, one subscribes; each reconnects by itself and knows what it missed.

    The subscriber rings everything once after each (re)connect. A publisher that had to drop rings tells the others
    to ring everything, once it is back.
    """

    def __init__(self, url: str, bell: Bell) -> None:
        self._bell = bell
        self._url = url
        self._me = new_id("w")
        self._waiting: deque[Ring] = deque()
        self._dropped = False
        self._news = asyncio.Event()
        self.hears = False

    def publish(self, topic: str, detail: Any) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._drop()
        self._waiting.append((topic, detail))
        self._news.set()

    def _drop(self) -> None:
        self._waiting.clear()
        self._dropped = True

    async def run(self) -> None:
        await asyncio.gather(self._again_and_again(self._subscribe), self._again_and_again(self._publish_all))

    async def _again_and_again(self, work: Callable[[valkey.asyncio.Valkey], Awaitable[None]]) -> None:
        failures = 0
        while True:
            client = valkey.asyncio.Valkey.from_url(
                self._url, socket_connect_timeout=CONNECT_S, socket_timeout=SILENCE_S
            )
            began = time.monotonic()
            try:
                await work(client)
            except Exception as error:  # whatever the library makes of a broken server: the wire is made anew
                failures = 0 if time.monotonic() - began > LONGEST_PAUSE_S else failures + 1
                log.warning("bell wire broken, connecting again", error=error.__class__.__name__)
            finally:
                with contextlib.suppress(*BROKEN):
                    await client.aclose()
            await asyncio.sleep(min(LONGEST_PAUSE_S, 0.1 * 2**failures))

    async def _publish_all(self, client: valkey.asyncio.Valkey) -> None:
        while True:
            self._news.clear()
            if not self._waiting and not self._dropped:
                await self._news.wait()
            everything, self._dropped = self._dropped, False
            rings = [self._waiting.popleft() for _ in range(min(MOST_IN_ONE, len(self._waiting)))]
            message = {"from": self._me, "rings": rings, "everything": everything}
            try:
                await client.publish(CHANNEL, json.dumps(message))
            except BROKEN:
                self._drop()
                raise

    async def _subscribe(self, client: valkey.asyncio.Valkey) -> None:
        async with client.pubsub() as pubsub:
            try:
                await pubsub.subscribe(CHANNEL)
                await self._hear(pubsub)
            finally:
                self.hears = False

    async def _hear(self, pubsub: PubSub) -> None:
        """Raises ValkeyError or OSError when the connection broke, TimeoutError when it has fallen silent."""
        heard_at = pinged_at = time.monotonic()
        while True:
            message = await pubsub.get_message(timeout=1.0)
            now = time.monotonic()
            if message is not None:
                heard_at = now
                if message["type"] == "subscribe":
                    self.hears = True
                    self._bell.ring_all()  # what was rung while nobody here listened
                elif message["type"] == "message":
                    self._ring(message["data"])
            if now - heard_at > SILENCE_S:
                raise TimeoutError("no answer to a ping")
            if now - pinged_at > PING_S:
                pinged_at = now
                await pubsub.ping()

    def _ring(self, data: bytes) -> None:
        try:
            message = json.loads(data)
            sender, everything = message["from"], message["everything"]
            rings = [(str(topic), detail) for topic, detail in message["rings"]]
        except (ValueError, TypeError, KeyError):
            log.warning("bell wire: not understood", size=len(data))
            return
        if sender == self._me:
            return
        if everything:
            self._bell.ring_all()
        for topic, detail in rings:
            self._bell.ring(topic, detail)


class NotifyWire:
    """Hints through PostgreSQL's NOTIFY. What a transaction rings is notified after it (Notices in postgres.py)."""

    hears = True  # as far as the database does, which listens

    def __init__(self, notify: Callable[[str], Awaitable[None]], bell: Bell) -> None:
        self._notify = notify
        self._bell = bell
        self._me = new_id("w")
        self._waiting: deque[Ring] = deque(maxlen=MOST_IN_ONE)  # the oldest hints are worth least
        self._news = asyncio.Event()

    def publish(self, topic: str, detail: Any) -> None:
        self._waiting.append((topic, detail))
        self._news.set()

    async def run(self) -> None:
        while True:
            self._news.clear()
            if not self._waiting:
                await self._news.wait()
            topic, detail = self._waiting.popleft()
            hint = payload(topic, detail, self._me)
            if len(hint.encode()) > MOST_BYTES:
                continue
            try:
                await self._notify(hint)
            except Unavailable:
                await asyncio.sleep(1)

    def hear(self, heard: str) -> None:
        """Rings for what arrived by NOTIFY, except this gateway's own hints."""
        topic, _, rest = heard.partition("\n")
        if not rest:
            self._bell.ring(topic)
            return
        try:
            hint = json.loads(rest)
            sender, detail = hint["from"], hint["detail"]
        except (ValueError, TypeError, KeyError):
            log.warning("bell wire: not understood", size=len(heard))
            return
        if sender != self._me:
            self._bell.ring(topic, detail)
