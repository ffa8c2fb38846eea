"""What every client of the soak shares: HTTP with three outcomes, and a socket that always comes back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
import websockets

from tests.end_to_end.clients import calls_on
from tests.soak.scribe import Scribe

Frame = dict[str, Any]
Outcome = Literal["ok", "fail", "info"]

ANSWER_S = 6.0
PING_S = 2.0
DEAD_S = 6.0
MOST_FOLLOWED = 90  # the gateway refuses more than a hundred
TLS = ssl.create_default_context()  # made once: it takes longer than a request, and hundreds of visitors come


class Signals:
    """What the whole soak is doing: `writing` new things, `finishing` what was begun, `over`."""

    def __init__(self) -> None:
        self.writing = True
        self.over = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        """Sleeps, less when the soak is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()


@dataclass(frozen=True)
class Answered:
    """`ok` and `fail` are certain, `info` is not; `body` is {} without an answer."""

    outcome: Outcome
    status: int
    body: Frame
    retry: bool


@dataclass
class Traffic:
    """Status and moment of every HTTP answer, and how long ordinary sends took, in seconds."""

    answers: list[tuple[float, int, str]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)


class Http:
    """Requests of one client; unknown outcomes are values here, not errors."""

    def __init__(self, url: str, traffic: Traffic, headers: Mapping[str, str]) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url, headers=dict(headers), timeout=ANSWER_S, trust_env=False, verify=TLS
        )
        self._traffic = traffic

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self._client.cookies)

    async def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answered:
        return await self._ask("POST", path, json=dict(body), headers=dict(headers or {}))

    async def get(self, path: str, headers: Mapping[str, str] | None = None, **params: Any) -> Answered:
        return await self._ask("GET", path, params=params, headers=dict(headers or {}))

    async def _ask(self, method: str, path: str, **options: Any) -> Answered:
        try:
            answer = await self._client.request(method, path, **options)
            body = answer.json()
        except (httpx2.HTTPError, httpx2.StreamError, ValueError, RuntimeError, KeyError):
            return Answered("info", 0, {}, retry=True)  # the proxy may have cut it anywhere
        self._traffic.answers.append((time.monotonic(), answer.status_code, path))
        if answer.status_code < 400:
            return Answered("ok", answer.status_code, body, retry=False)
        if answer.status_code >= 500:
            return Answered("info", answer.status_code, body, retry=True)
        return Answered("fail", answer.status_code, body, retry=answer.status_code == 429)

    async def close(self) -> None:
        await self._client.aclose()


class Draft:
    """A message that is not confirmed yet; `beside` are more parts of its body."""

    def __init__(
        self, client_id: str, conversation: str | None, text: str, beside: Frame | None = None, **more: Any
    ) -> None:
        self.client_id, self.conversation, self.text, self.more = client_id, conversation, text, more
        self.beside = beside or {}
        self.op: int | None = None  # of the attempt under way
        self.sent_at = 0.0
        self.attempts = 0


class Line:
    """One device: follows conversations from its cursors and sends its drafts in order, over any number of sockets."""

    IN_FLIGHT = 3

    def __init__(
        self, url: str, origin: str, device: str, author: str, *, scribe: Scribe, signals: Signals, rng: random.Random
    ) -> None:
        self._url = url.replace("http", "ws", 1) + "/v1/ws"
        self.origin, self.device, self.author = origin, device, author
        self.scribe, self.signals, self.rng = scribe, signals, rng
        self.cursors: dict[str, int] = {}
        self.status: dict[str, Frame] = {}
        self.desk: Frame = {}
        self.outbox: list[Draft] = []
        self.session: str | None = None
        self.principal: Frame = {}
        self.counter = 0
        self.cookie = ""
        self._socket: Any = None
        self._heard_at = 0.0
        self._held_until = 0.0
        self._asked: set[str] = set()
        self._unacked: set[str] = set()
        self._left: set[str] = set()  # what is not followed any more; entries may still be on their way

    # -- what subclasses say

    async def ticket(self) -> str | None:
        """A ticket for the next socket, or None when none can be had now."""
        raise AssertionError("every kind of device gets its tickets its own way")

    def seen(self, conversation: str, entry: Frame) -> None:
        """An entry arrived."""

    # -- sending

    def write(self, conversation: str | None, text: str, beside: Frame | None = None, **more: Any) -> Draft:
        """Puts a message into the outbox."""
        draft = Draft(f"{self.device}-{self.counter:06d}", conversation, text, beside, **more)
        self.counter += 1
        self.outbox.append(draft)
        return draft

    async def flush(self) -> None:
        """Sends what may be sent; the order of the outbox is the order on the wire."""
        now = time.monotonic()
        if self.session is None or now < self._held_until:
            return
        flying = [draft for draft in self.outbox if draft.op is not None]
        for draft in self.outbox:
            if draft.op is None and len(flying) < self.IN_FLIGHT:
                flying.append(draft)
                await self._send(draft)

    async def _send(self, draft: Draft) -> None:
        draft.op = self.scribe.send(self, draft)
        draft.sent_at = time.monotonic()
        draft.attempts += 1
        frame = {
            "t": "send", "conv": draft.conversation, "client_id": draft.client_id,
            "body": {"text": draft.text, **draft.beside}, **draft.more,
        }  # fmt: skip
        await self._say(frame)

    async def _say(self, frame: Frame) -> None:
        if self._socket is not None:
            await self._socket.send(json.dumps(frame, ensure_ascii=False))

    def _confirmed(self, client_id: str, conversation: str, seq: int, mid: str) -> None:
        draft = next((one for one in self.outbox if one.client_id == client_id), None)
        if draft is None:
            return
        self.outbox.remove(draft)
        if draft.op is not None:
            self.scribe.sent(draft.op, conversation, seq, mid)
            if draft.attempts == 1:
                self.scribe.traffic.waits.append((draft.sent_at, time.monotonic() - draft.sent_at))
        for other in self.outbox:
            if other.conversation is None:
                other.conversation = conversation

    def _refused(self, frame: Frame) -> None:
        draft = next((one for one in self.outbox if one.client_id == frame.get("client_id")), None)
        if draft is None or draft.op is None:
            return
        certain = frame["code"] != "unavailable" and frame["code"] != "internal"
        self.scribe.not_sent(draft.op, "fail" if certain else "info", frame["code"])
        draft.op = None
        if frame.get("retryable"):
            self._held_until = time.monotonic() + 0.5
        else:
            self.outbox.remove(draft)

    def _lost(self) -> None:
        """The socket is gone; what was under way may have arrived or not."""
        self.session, self._socket = None, None
        for draft in self.outbox:
            if draft.op is not None:
                self.scribe.not_sent(draft.op, "info", "lost")
                draft.op = None

    # -- the socket

    async def run(self) -> None:
        """Stays connected until the soak is over."""
        failures = 0
        while not self.signals.over.is_set():
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError, EOFError):
                ticket = await self.ticket()
                if ticket is not None:
                    await self._once(ticket)
                    failures = 0
            failures = min(failures + 1, 4)
            await self.signals.pause(self.rng.uniform(0.05, 0.2 * 2**failures))

    async def _once(self, ticket: str) -> None:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        connecting = websockets.connect(
            self._url, subprotocols=[websockets.Subprotocol("tandem.v1")], origin=websockets.Origin(self.origin),
            additional_headers=headers, open_timeout=ANSWER_S, close_timeout=0.5, ping_interval=None, compression=None,
        )  # fmt: skip
        async with connecting as socket:
            subs = [{"conv": name, "after": seq} for name, seq in self.cursors.items()]
            hello = {"t": "hello", "proto": 1, "ticket": ticket, "device": self.device, "subs": subs}
            await socket.send(json.dumps(hello))
            self._heard_at = time.monotonic()
            self._asked = set(self.cursors)
            beating = asyncio.create_task(self._beat(socket))
            self._socket = socket
            try:
                async for raw in socket:
                    self._heard_at = time.monotonic()
                    self._take(json.loads(raw))
                    await self.flush()
            finally:
                beating.cancel()
                self._lost()
                await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, socket: Any) -> None:
        """Pings, acknowledges, flushes; ends the socket when nothing was heard for DEAD_S."""
        beats = 0
        while not self.signals.over.is_set():
            await asyncio.sleep(PING_S / 4)
            beats += 1
            silent = time.monotonic() - self._heard_at
            stale = any(draft.op and time.monotonic() - draft.sent_at > 2 * ANSWER_S for draft in self.outbox)
            if silent > DEAD_S or stale:
                break
            with contextlib.suppress(websockets.WebSocketException):
                if beats % 4 == 0:
                    await self._say({"t": "ping"})
                if self.session is not None:
                    await self._acknowledge()
                    await self.flush()
        socket.transport.abort()

    async def _acknowledge(self) -> None:
        for conversation in sorted(self._unacked):
            seq = self.cursors.get(conversation, 0)
            self.scribe.acknowledged(str(self.session), conversation, seq)
            await self._say({"t": "ack", "conv": conversation, "seq": seq})
        self._unacked.clear()
        if calls := calls_on(self.desk):
            await self._say({"t": "shown", "calls": calls})

    def hang_up(self) -> None:
        """Ends the socket without a word, as a closed tab or a lost network does."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def flush_quietly(self) -> None:
        """`flush`, from outside the socket's own loop, which notices by itself when the socket is gone."""
        with contextlib.suppress(websockets.WebSocketException, OSError):
            await self.flush()

    async def follow_quietly(self, conversation: str) -> None:
        """Follows one more conversation, from the start."""
        if conversation in self.cursors or conversation in self._left or self.session is None:
            return
        if len(self.cursors) >= MOST_FOLLOWED:
            await self._leave()
        if self.session is not None and len(self.cursors) < MOST_FOLLOWED:
            self.cursors[conversation] = 0
            self._asked.add(conversation)
            self.scribe.resumed(self.session, self, conversation, 0)
            with contextlib.suppress(websockets.WebSocketException, OSError):
                await self._say({"t": "sub", "conv": conversation, "after": 0})

    async def _leave(self) -> None:
        """Stops to follow the conversation that was followed first, for good, unless it is on the desk."""
        kept = {card["conversation"] for card in self.desk.get("mine", [])}
        oldest = next((name for name in self.cursors if name not in kept), None)
        if oldest is not None:
            self._left.add(oldest)
            self._unacked.discard(oldest)
            del self.cursors[oldest]
            with contextlib.suppress(websockets.WebSocketException, OSError):
                await self._say({"t": "unsub", "conv": oldest})

    def _take(self, frame: Frame) -> None:
        kind = frame["t"]
        if kind == "welcome":
            self.session, self.principal = frame["session"], frame["principal"]
            self._unacked.clear()
            for conversation, seq in self.cursors.items():
                self.scribe.resumed(frame["session"], self, conversation, seq)
        elif kind == "entry":
            self._entry(frame["conv"], frame["entry"])
        elif kind == "status":
            self.status[frame["conv"]] = frame
        elif kind == "desk":
            self.desk = frame
            for box in ("offers", "mine", "waiting", "mailbox", "others"):
                for card in frame.get(box, []):
                    self.scribe.saw(self.author, "desk", card["conversation"])
        elif kind == "sent":
            self._confirmed(frame["client_id"], frame["conv"], frame["seq"], frame["mid"])
        elif kind == "err":
            self._refused(frame)

    def _entry(self, conversation: str, entry: Frame) -> None:
        if conversation in self._left:
            return
        if conversation not in self._asked:  # the server may start a customer's conversation without being asked
            self._asked.add(conversation)
            self.scribe.resumed(str(self.session), self, conversation, 0)
        self.scribe.received(str(self.session), conversation, entry)
        self.scribe.saw(self.author, "socket", conversation)
        self.cursors[conversation] = entry["seq"]
        self._unacked.add(conversation)
        self.seen(conversation, entry)
        if entry.get("client_id"):
            self._confirmed(entry["client_id"], conversation, entry["seq"], entry["mid"])
