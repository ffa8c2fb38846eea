"""One WebSocket of a customer or an agent: protocol version 1 (docs/protocol.md).

Nothing is queued for a session. A bell only marks what changed; the sender reads the entries after its cursor from
the database and writes them one by one. So a slow reader costs no memory, order and completeness come from `seq`,
and resuming after a break is the same code as following.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.bell import Bell, contact_topic, conversation_topic, desk_topic, typing_topic
from handoff_service.clock import Clock
from handoff_service.conversations import store
from handoff_service.conversations.access import projected, visible
from handoff_service.conversations.change import Context
from handoff_service.conversations.projection import owner_for_customer
from handoff_service.database import Database
from handoff_service.errors import TandemError, Unauthorized
from handoff_service.handoffs.view import customer_status, desk
from handoff_service.ids import new_id
from handoff_service.inputs import is_name
from handoff_service.live.frames import Frame, Handlers
from handoff_service.live.principal import Principal
from handoff_service.settings import Settings

log = structlog.get_logger()

PAGE = 200
SEND_TIMEOUT_S = 20.0
CLOSE_TIMEOUT_S = 1.0
MAX_REPLIES = 256
MAX_FOLLOWED = 100
DESK_PAUSE_S = 0.1
CHECK_AGENT_S = 4.0  # how long somebody who was dismissed may go on looking


@dataclass
class Following:
    """A conversation that the session follows, and the last entry that was sent to it."""

    seq: int
    status: dict[str, Any] = field(default_factory=dict)


class Session:
    """`run` serves the socket until it closes."""

    def __init__(
        self,
        socket: WebSocket,
        principal: Principal,
        *,
        database: Database,
        bell: Bell,
        settings: Settings,
        clock: Clock,
        handlers: Handlers,
        device: str,
    ) -> None:
        self.principal = principal
        self.id = new_id("s")
        self.device = device
        self.spoke = False  # said something since it was last asked
        self._socket = socket
        self._database = database
        self._bell = bell
        self._settings = settings
        self._poll_s = min(settings.socket_poll_s, CHECK_AGENT_S) if principal.agent else settings.socket_poll_s
        self._clock = clock
        self._handlers = handlers
        self._following: dict[str, Following] = {}
        self._changed: set[str] = set()
        self._desk_changed = principal.agent is not None
        self._contact_changed = False
        self._replies: deque[Frame] = deque()
        self._wake = asyncio.Event()

    # -- what the frame handlers use

    def follow(self, conversation: str, after: int) -> None:
        """Streams a conversation from the entry behind `after`; asking again moves the cursor."""
        # Listening before the first read: what is written in between is seen by one or the other.
        for topic in self._topics(conversation):
            self._bell.listen(topic, self._heard)
        self._following[conversation] = Following(after)
        self._changed.add(conversation)
        self._wake.set()

    def unfollow(self, conversation: str) -> None:
        if self._following.pop(conversation, None) is not None:
            for topic in self._topics(conversation):
                self._bell.ignore(topic, self._heard)

    def is_following(self, conversation: str) -> bool:
        return conversation in self._following

    def is_full(self, conversation: str) -> bool:
        """Whether this would be one conversation more than a socket may follow."""
        return len(self._following) >= MAX_FOLLOWED and conversation not in self._following

    def say(self, frame: Mapping[str, Any]) -> None:
        """Sends a frame that answers one of the client's."""
        if len(self._replies) >= MAX_REPLIES:
            raise WebSocketDisconnect(4408)
        self._replies.append(dict(frame))
        self._wake.set()

    # -- the socket

    async def run(self) -> None:
        """Reads and writes until one side ends the connection."""
        own = self._own_topic()
        self._bell.listen(own, self._heard)
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        try:
            done, _ = await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
            code = next((_close_code(task.exception()) for task in done), 1000)
        finally:
            self._bell.ignore(own, self._heard)
            self._bell.ignore(desk_topic(self.principal.tenant), self._heard)
            for conversation in tuple(self._following):
                self.unfollow(conversation)
            for task in (reading, writing):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
        if self._socket.client_state is WebSocketState.CONNECTED:
            # A peer that takes nothing more does not take the close either.
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._socket.close(code)

    def _own_topic(self) -> str:
        customer = self.principal.customer
        return contact_topic(customer.tenant, customer.contact) if customer else desk_topic(self.principal.tenant)

    def _topics(self, conversation: str) -> tuple[str, str]:
        tenant = self.principal.tenant
        return conversation_topic(tenant, conversation), typing_topic(tenant, conversation)

    def _heard(self, topic: str, detail: Any) -> None:
        kind, _, rest = topic.partition("/")
        conversation = rest.partition("/")[2]
        if kind == "conversation":
            self._changed.add(conversation)
        elif kind == "typing":
            if detail["session"] != self.id and len(self._replies) < MAX_REPLIES // 2:
                self._replies.append({"t": "typing", "conv": conversation, "author": detail["author"]})
        elif kind == "contact":
            self._contact_changed = True
        elif self.principal.agent is not None:
            self._desk_changed = True
        else:
            self._changed.update(self._following)  # the place of a waiting customer moves when others do
        self._wake.set()

    async def _read(self) -> None:
        while True:
            try:
                frame = await receive_json(self._socket)
            except ValueError:
                raise WebSocketDisconnect(4400) from None
            self.spoke = self.spoke or frame != {"t": "ping"}
            try:
                await self._handlers.handle(self, frame)
            except Unauthorized:
                raise  # not the frame is wrong but the one who says it
            except TandemError as error:
                self.say({"t": "err", **error.as_json(), **_answering(frame)})

    async def _write(self) -> None:
        if self.principal.customer is not None:
            await self._follow_current()
        last_desk = 0.0
        loop = asyncio.get_running_loop()
        while True:
            while self._replies:
                await self._send(self._replies.popleft())
            if self._contact_changed:
                self._contact_changed = False
                await self._follow_current()
            while self._changed:
                await self._catch_up(self._changed.pop())
            if self._desk_changed and loop.time() - last_desk >= DESK_PAUSE_S:
                self._desk_changed = False
                last_desk = loop.time()
                await self._send_desk()
            pause = DESK_PAUSE_S if self._desk_changed else self._poll_s
            try:
                async with asyncio.timeout(pause):  # wait_for of Python 3.11 can swallow the end of the session
                    await self._wake.wait()
            except TimeoutError:
                if pause == self._poll_s:  # heals a bell that was lost
                    self._changed.update(self._following)
                    self._desk_changed = self.principal.agent is not None
                    self._contact_changed = self.principal.customer is not None
            self._wake.clear()

    async def _follow_current(self) -> None:
        """Customers follow their present conversation, and any new one, without asking."""
        sender = self.principal.as_customer()
        current = await self._database.read(
            lambda connection: store.current(connection, sender.tenant, sender.channel, sender.contact)
        )
        if current is not None and current.id not in self._following:
            self.follow(current.id, 0)

    async def _catch_up(self, conversation: str) -> None:
        following = self._following.get(conversation)
        if following is None:
            return
        more = True
        while more and self._following.get(conversation) is following:
            load = partial(self._load, conversation=conversation, after=following.seq)
            entries, status = await self._database.read(load)
            for entry in entries:
                await self._send({"t": "entry", "conv": conversation, "entry": entry})
                following.seq = entry["seq"]
            more = len(entries) == PAGE
        if status != following.status:
            following.status = status
            self._listen_to_queue()
            await self._send({"t": "status", **status})

    def _listen_to_queue(self) -> None:
        """Only customers who wait are told when the queue moves, so that a change costs as much as they are."""
        if self.principal.customer is not None:
            waiting = any(one.status.get("place") is not None for one in self._following.values())
            change = self._bell.listen if waiting else self._bell.ignore
            change(desk_topic(self.principal.tenant), self._heard)

    def _load(
        self, connection: sa.Connection, *, conversation: str, after: int
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        found = visible(connection, self.principal, conversation)
        fresh = (
            store.entries_after(connection, found.tenant, found.id, after, limit=PAGE) if found.last_seq > after else []
        )
        status = customer_status(connection, found, Context(self._settings, self._clock()))
        if self.principal.customer is not None:
            status["owner"] = owner_for_customer(status["owner"])
        return projected(connection, self.principal, fresh), status

    async def _send_desk(self) -> None:
        who = self.principal.as_agent()
        context = Context(self._settings, self._clock())

        def look(connection: sa.Connection) -> tuple[Agent, dict[str, Any]]:
            agent = agents.enabled(connection, who.tenant, who.id)
            return agent, desk(connection, agent, context)

        agent, picture = await self._database.read(look)
        self.principal = Principal(agent=agent)  # a changed role holds from now on
        await self._send({"t": "desk", **picture})

    async def _send(self, frame: Frame) -> None:
        text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_text(text)
        except TimeoutError:
            raise WebSocketDisconnect(4408) from None


async def receive_json(socket: WebSocket) -> Any:
    """The value of the next frame. Raises ValueError for what is no JSON text, WebSocketDisconnect at the end."""
    try:
        return json.loads(await socket.receive_text())
    except (KeyError, RecursionError) as error:  # a binary frame; nested deeper than anything we know
        raise ValueError("not JSON text") from error


def _answering(frame: Any) -> Frame:
    """Tells the client which of its messages is meant, if it has named one."""
    client_id = frame.get("client_id") if isinstance(frame, dict) else None
    return {"client_id": client_id} if is_name(client_id) else {}


def _close_code(error: BaseException | None) -> int:
    """1012 tells a client to come back at once, as after a restart."""
    if error is None:
        return 1000
    if isinstance(error, Unauthorized):
        return 4401
    if isinstance(error, WebSocketDisconnect):
        return error.code if 4000 <= error.code < 5000 else 1000
    log.error("socket failed", error=repr(error))
    return 1012
