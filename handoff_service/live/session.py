"""One WebSocket of a customer or an agent: protocol version 1 (docs/protocol.md).

What others say is not queued for a session. A bell only marks what changed; the writer reads the entries after its
cursor from the database and writes them one by one. So a slow reader costs no memory but for the answers to his own
frames, order and completeness come from `seq`, and resuming after a break is the same code as following.

Thousands of sessions say nothing most of the time. A silent one is the task that waits for the client's next frame;
the writer is a task only while there is something to write, and no timer runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.bell import Rings, contact_topic, conversation_topic, desk_topic, note, typing_topic
from handoff_service.channels.web_widget import sender_by_contact
from handoff_service.conversations import store
from handoff_service.conversations.model import Entry
from handoff_service.conversations.projection import for_customer
from handoff_service.errors import TandemError, Unauthorized
from handoff_service.handoffs.view import desk
from handoff_service.ids import new_id
from handoff_service.live.frames import Frame, answering, receive_json
from handoff_service.live.page import PAGE, Following, Page, desk_pause_s, read_page
from handoff_service.live.principal import Principal
from handoff_service.live.sockets import close_code
from handoff_service.live.unstored import Unstored
from handoff_service.video.signal import passing_frame

if TYPE_CHECKING:
    from handoff_service.service import Service

AT_ONCE = 8  # conversations that are read together
SEND_TIMEOUT_S = 20.0
CLOSE_TIMEOUT_S = 1.0
MAX_REPLIES = 256
MAX_FOLLOWED = 100
LOOK_EVERY_S = 600.0  # the last resort, see heal.py
PING, PONG = {"t": "ping"}, {"t": "pong"}


class Session:
    """`run` serves the socket until it closes."""

    __slots__ = (
        *("principal", "id", "device", "spoke", "unstored", "look_at"),
        *("_socket", "_service", "_following", "_changed", "_replies"),
        *("_contact_changed", "_desk_changed", "_desk_at", "_desk_timer", "_paced_until", "_context"),
        *("_reading", "_writing", "_code"),
    )

    def __init__(self, socket: WebSocket, principal: Principal, *, service: Service, device: str) -> None:
        self.principal = principal
        self.id = new_id("s")
        self.device = device
        self.spoke = False  # said something since it was last asked
        self.unstored: Unstored | None = None
        self.look_at = 0.0
        self._socket = socket
        self._service = service
        self._following: dict[str, Following] = {}
        self._changed: Rings = {}  # what to read, by conversation
        self._replies: list[Frame] = []
        self._contact_changed = principal.customer is not None
        self._desk_changed = principal.agent is not None
        self._desk_at = 0.0
        self._desk_timer: asyncio.TimerHandle | None = None
        self._paced_until = 0.0
        self._context: contextvars.Context | None = None
        self._reading: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._code: int | None = None

    # -- what the frame handlers use

    def follow(self, conversation: str, after: int) -> None:
        """Streams a conversation from the entry behind `after`; asking again moves the cursor."""
        # Listening before the first read: what is written in between is seen by one or the other.
        for topic in self._topics(conversation):
            self._service.bell.listen(topic, self._heard)
        self._following[conversation] = Following(after)
        self._changed[conversation] = None
        self._wake()

    def unfollow(self, conversation: str) -> None:
        if self._following.pop(conversation, None) is not None:
            for topic in self._topics(conversation):
                self._service.bell.ignore(topic, self._heard)

    def is_following(self, conversation: str) -> bool:
        return conversation in self._following

    def is_full(self, conversation: str) -> bool:
        """Whether this would be one conversation more than a socket may follow."""
        return len(self._following) >= MAX_FOLLOWED and conversation not in self._following

    def settle(self, client_id: str | None) -> None:
        """A message of the client was stored or given up; those that were refused behind it may come now."""
        if self.unstored is not None and client_id is not None:
            self.unstored.forget(client_id)
            self.unstored = self.unstored or None

    def echo(self, entry: Entry) -> None:
        """Shows the customer his own words as they were stored, if they are the next: then nobody has to read them."""
        following, customer = self._following.get(entry.conversation), self.principal.customer
        if following is None or customer is None or len(self._replies) >= MAX_REPLIES // 2:
            return
        if following.seq == entry.seq - 1:
            following.seq = entry.seq
            self.say({"t": "entry", "conv": entry.conversation, "entry": for_customer(entry, {}, customer.contact)})

    def say(self, frame: Mapping[str, Any]) -> None:
        """Sends a frame that answers one of the client's."""
        if len(self._replies) >= MAX_REPLIES:
            raise WebSocketDisconnect(4408)
        self._replies.append(dict(frame))
        self._wake()

    # -- the socket

    async def run(self) -> None:
        """Reads and writes until one side ends the connection."""
        self._reading = asyncio.current_task()
        self._context = contextvars.copy_context()
        self._service.bell.listen(self._own_topic(), self._heard)
        self._service.sockets.add(self)
        self._look_later()
        self._wake()
        try:
            await self._read()
        except asyncio.CancelledError:
            if self._code is None or self._reading is None:
                raise  # the server ends
            self._reading.uncancel()
        except Exception as error:  # one socket ends, told why as far as it can be
            self._code = close_code(error) if self._code is None else self._code
        finally:
            self._reading = None
            await self._fall_silent()
        if self._socket.client_state is WebSocketState.CONNECTED:
            # A peer that takes nothing more does not take the close either.
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._socket.close(self._code or 1000)

    def end(self, code: int) -> None:
        """Closes the socket from outside, or when it cannot be written to any more."""
        if self._reading is not None and self._code is None:
            self._code = code
            self._reading.cancel()

    def look(self) -> None:
        """Reads everything anew, as if all bells had been rung."""
        self._look_later()
        self._changed.update(dict.fromkeys(self._following))
        self._contact_changed = self.principal.customer is not None
        self._desk_changed = self.principal.agent is not None
        self._wake()

    def _look_later(self) -> None:
        self.look_at = asyncio.get_running_loop().time() + LOOK_EVERY_S * (0.5 + random.random())

    async def _fall_silent(self) -> None:
        bell = self._service.bell
        self._service.sockets.remove(self)
        bell.ignore(self._own_topic(), self._heard)
        bell.ignore(desk_topic(self.principal.tenant), self._heard)
        for conversation in tuple(self._following):
            self.unfollow(conversation)
        if self._desk_timer is not None:
            self._desk_timer.cancel()
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})

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
            following = self._following.get(conversation)
            if following is None or (detail is not None and following.seq >= detail):
                return
            note(self._changed, conversation, detail)
        elif kind == "typing":
            if detail["session"] == self.id or len(self._replies) >= MAX_REPLIES // 2:
                return
            self._replies.append(passing_frame(conversation, detail))
        elif kind == "contact":
            if detail is not None and detail in self._following:
                return  # the healer rings with the conversation
            self._contact_changed = True
        elif self.principal.agent is not None:
            self._desk_changed = True
        else:
            self._changed.update(dict.fromkeys(self._following))  # a waiting customer's place moves when others do
        self._wake()

    async def _read(self) -> None:
        pace, loop = self._service.limits.frames, asyncio.get_running_loop()
        while True:
            try:
                frame = await receive_json(self._socket)
            except ValueError:
                raise WebSocketDisconnect(4400) from None
            try:
                if frame == PING:
                    await self._pong()
                else:
                    self.spoke = True
                    await self._service.frames.handle(self, frame)
            except Unauthorized:
                raise  # not the frame is wrong but the one who says it
            except TandemError as error:
                self.say({"t": "err", **error.as_json(), **answering(frame)})
            # Who talks too fast is listened to more slowly; nothing is lost, and his own network holds the rest.
            self._paced_until, pause_s = pace.pause_s(self._paced_until, loop.time())
            if pause_s:
                await asyncio.sleep(pause_s)

    async def _pong(self) -> None:
        """Pings are most of what thousands of silent sockets say: no task is made where nothing else waits."""
        if self._writing is None:
            await self._send(PONG)
        else:
            self.say(PONG)

    # -- the writer

    def _wake(self) -> None:
        if self._writing is None and self._context is not None:
            loop = asyncio.get_running_loop()
            self._writing = loop.create_task(self._write(), context=self._context)
            self._writing.add_done_callback(self._has_written)

    def _has_written(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.end(close_code(error))

    async def _write(self) -> None:
        while self._replies or self._contact_changed or self._changed or self._shows_desk():
            await self._answer()
            if self._contact_changed:
                self._contact_changed = False
                await self._follow_current()
            if self._changed:  # once, and then the replies again: a busy conversation changes all the time
                await self._catch_up([self._changed.popitem() for _ in range(min(AT_ONCE, len(self._changed)))])
            if self._shows_desk():
                self._desk_changed = False
                await self._send_desk()
        self._writing = None  # in the same breath as the look at what is left, so that no bell falls in between

    async def _answer(self) -> None:
        while self._replies:
            await self._send(self._replies.pop(0))

    def _shows_desk(self) -> bool:
        """Whether the desk is to be drawn now; if it is not due yet, a timer comes back to it."""
        if not self._desk_changed or self._desk_timer is not None:
            return False
        loop = asyncio.get_running_loop()
        wait_s = self._desk_at - loop.time()
        if wait_s > 0:
            self._desk_timer = loop.call_later(wait_s, self._desk_is_due)
        return wait_s <= 0

    def _desk_is_due(self) -> None:
        self._desk_timer = None
        self._wake()

    async def _follow_current(self) -> None:
        """Customers follow their present conversation, and any new one, without asking. Raises for an erased one."""
        sender = self.principal.as_customer()
        cursors = {conversation: following.seq for conversation, following in self._following.items()}

        context = self._service.context()

        def look(connection: sa.Connection) -> tuple[str, Page | None] | None:
            sender_by_contact(connection, sender.tenant, sender.contact)
            current = store.current(connection, sender.tenant, sender.channel, sender.contact)
            if current is None:
                return None
            # Only what is followed already has been listened to before this read.
            after = cursors.get(current.id)
            if after is None:
                return current.id, None
            return current.id, read_page(connection, self.principal, context, current.id, after)

        # What is rung from here on comes after this read.
        changed, self._changed = self._changed, {}
        async with self._service.sockets.reading:
            found = await self._service.database.read(look)
        if found is not None:
            conversation, page = found
            following = self._following.get(conversation)
            if following is None:
                self.follow(conversation, 0)
            elif page is not None and following.seq == cursors.get(conversation):
                changed.pop(conversation, None)
                if await self._show(conversation, following, page):
                    changed[conversation] = None
        for name, detail in changed.items():
            note(self._changed, name, detail)

    async def _catch_up(self, rung: Sequence[tuple[str, int | None]]) -> None:
        """Reads these together, because asking the database costs as much as reading one, and sends what is new."""
        found = [(name, self._following.get(name), upto) for name, upto in rung]
        behind = [
            (name, one, one.seq, one.heard_only_words(upto)) for name, one, upto in found if one and one.lacks(upto)
        ]
        if not behind:
            return
        context = self._service.context()

        def load(connection: sa.Connection) -> list[Page]:
            return [
                read_page(connection, self.principal, context, name, after, only_words=only_words)
                for name, _, after, only_words in behind
            ]

        async with self._service.sockets.reading:
            pages = await self._service.database.read(load)
        for (name, following, _, _), page in zip(behind, pages, strict=True):
            if await self._show(name, following, page):
                self._changed[name] = None

    async def _show(self, conversation: str, following: Following, page: Page) -> bool:
        """Sends a page that was read behind the cursor; True when there may be more."""
        entries, status = page
        for entry in entries:
            await self._answer()  # among the answers may be the echo of an entry before this one
            if self._following.get(conversation) is not following:
                return True  # the client has moved the cursor meanwhile
            if entry["seq"] <= following.seq:
                continue  # was echoed meanwhile
            following.seq = entry["seq"]
            await self._send({"t": "entry", "conv": conversation, "entry": entry})
            self.settle(entry.get("client_id"))  # stored although it was refused: nobody will send it again
        if len(entries) == PAGE:
            return True
        if status is None:
            return False
        text = json.dumps(status, ensure_ascii=False, separators=(",", ":"))
        if text != following.status:
            following.status, following.waits = text, status["place"] is not None
            self._listen_to_queue()
            await self._send({"t": "status", **status})
        return False

    def _listen_to_queue(self) -> None:
        """Only customers who wait are told when the queue moves, so that a change costs as much as they are."""
        if self.principal.customer is not None:
            bell = self._service.bell
            change = bell.listen if any(one.waits for one in self._following.values()) else bell.ignore
            change(desk_topic(self.principal.tenant), self._heard)

    async def _send_desk(self) -> None:
        who = self.principal.as_agent()
        context = self._service.context()

        def look(connection: sa.Connection) -> tuple[Agent, dict[str, Any]]:
            agent = agents.enabled(connection, who.tenant, who.id)
            return agent, desk(connection, agent, context)

        loop = asyncio.get_running_loop()
        async with self._service.sockets.reading:
            began = loop.time()
            agent, picture = await self._service.database.read(look)
        self._desk_at = began + desk_pause_s(loop.time() - began)
        self.principal = Principal(agent=agent, sign_in=self.principal.sign_in)  # a changed role holds from now on
        await self._send({"t": "desk", **picture})

    async def _send(self, frame: Frame) -> None:
        text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_text(text)
        except TimeoutError:
            raise WebSocketDisconnect(4408) from None
