"""A customer and an agent as programs: they speak to the gateway exactly as the two pages do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import httpx2
import websockets

Frame = dict[str, Any]
Entry = dict[str, Any]
LISTS = ("waiting", "offers", "mine", "others", "mailbox")  # of a desk


class NotAsTold(AssertionError):
    """Something did not happen as the story tells it."""


def op_id() -> str:
    return secrets.token_urlsafe(12)


class Live:
    """A socket that follows conversations; keeps the entries it saw, checked for gaps, and the latest of all else."""

    def __init__(self, gateway: str, ticket: Callable[[], Awaitable[str]], *, origin: str) -> None:
        self._url = gateway.replace("http", "ws", 1) + "/v1/ws"
        self._origin = origin
        self._ticket = ticket
        self._device = "d_" + op_id()
        self._log_id: str | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._socket: Any = None
        self.entries: dict[str, list[Entry]] = {}
        self.seen_at: dict[str, float] = {}
        self.status: dict[str, Frame] = {}
        self.sent: dict[str, Frame] = {}
        self.errors: list[Frame] = []
        self.desk: Frame = {}
        self.welcome: Frame = {}
        self.closed_with: int | None = None

    async def connect(self) -> Self:
        self._socket = await websockets.connect(
            self._url, subprotocols=[websockets.Subprotocol("tandem.v1")], origin=websockets.Origin(self._origin)
        )
        subs = [{"conv": name, "after": len(entries)} for name, entries in self.entries.items()]
        hello = {"t": "hello", "proto": 1, "ticket": await self._ticket(), "device": self._device, "subs": subs}
        await self.say(hello)
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda: self.welcome, "welcome")
        if self._log_id not in (None, self.welcome["log_id"]):  # a restore: every cursor is worthless
            self._log_id = None
            self.entries = {name: [] for name in self.entries}
            await self.reconnect()
        self._log_id = self.welcome["log_id"]
        return self

    async def reconnect(self) -> None:
        """Opens a new socket that goes on behind the last entry seen."""
        await self.close()
        self.welcome = {}
        await self.connect()

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        if self._socket is not None:
            await self._socket.close()

    async def say(self, frame: Frame) -> None:
        await self._socket.send(json.dumps(frame, ensure_ascii=False))

    async def follow(self, conversation: str) -> None:
        known = self.entries.setdefault(conversation, [])  # from now on a reconnect asks for it too
        await self.say({"t": "sub", "conv": conversation, "after": len(known)})

    async def send(self, conversation: str | None, body: Frame, **more: Any) -> Frame:
        """Sends a message and returns its `sent` frame."""
        client_id = op_id()
        await self.say({"t": "send", "conv": conversation, "client_id": client_id, "body": body, **more})
        await self.until(lambda: self.sent.get(client_id) or self._refusal(client_id), f"sent for {body}")
        if client_id not in self.sent:
            raise NotAsTold(f"{body} was refused: {self._refusal(client_id)}")
        return self.sent[client_id]

    def _refusal(self, client_id: str) -> Frame | None:
        return next((error for error in self.errors if error.get("client_id") == client_id), None)

    async def until(self, found: Callable[[], Any], what: str, *, within_s: float = 30.0) -> Any:
        """Waits until `found` returns something true and returns it. Raises NotAsTold after `within_s` seconds."""
        try:
            async with asyncio.timeout(within_s), self._changed:
                while not (result := found()):
                    await self._changed.wait()
                return result
        except TimeoutError:
            raise NotAsTold(
                f"within {within_s:g} s nothing like this happened: {what}; last seen: {self.last_seen()}"
            ) from None

    def last_seen(self) -> str:
        """What this socket heard last: conversations, who owns them, the desk and its people, refusals, its end."""
        tails = {name: [_short(entry) for entry in entries[-4:]] for name, entries in self.entries.items()}
        owners = {
            name: f"{one['owner']['kind']} of epoch {one['epoch']}, place {one['place']}"
            for name, one in self.status.items()
        }
        lists = {name: [_card(one) for one in self.desk.get(name, [])[:20]] for name in LISTS if self.desk.get(name)}
        people = {one["name"]: f"{one['status']}, {one['open']} open" for one in self.desk.get("agents", [])}
        seen = {"entries": tails, "owners": owners, "desk": lists, "agents": people, "refused": self.errors[-3:]}
        end = f"; closed with {self.closed_with}" if self.closed_with is not None else ""
        return f"{ {name: what for name, what in seen.items() if what} }{end}"

    async def entry(
        self, conversation: str, matches: Callable[[Entry], Any], what: str, *, after: int = 0, within_s: float = 30.0
    ) -> Entry:
        """The first entry behind `after` that matches."""
        found: Entry = await self.until(
            lambda: next(
                (one for one in self.entries.get(conversation, []) if one["seq"] > after and matches(one)), None
            ),
            what,
            within_s=within_s,
        )
        return found

    async def _read(self) -> None:
        try:
            async for raw in self._socket:
                frame = json.loads(raw)
                self._take(frame)
                if frame["t"] == "desk" and (calls := calls_on(frame)):
                    await self.say({"t": "shown", "calls": calls})
                async with self._changed:
                    self._changed.notify_all()
        except websockets.ConnectionClosed as closed:
            self.closed_with = closed.rcvd.code if closed.rcvd else 1006

    def _take(self, frame: Frame) -> None:
        kind = frame["t"]
        if kind == "entry" and self._log_id not in (None, self.welcome.get("log_id")):
            return  # read again from the beginning, see connect
        if kind == "entry":
            entries = self.entries.setdefault(frame["conv"], [])
            if frame["entry"]["seq"] != len(entries) + 1:
                raise NotAsTold(f"entry {frame['entry']['seq']} came after {len(entries)} in {frame['conv']}")
            entries.append({"body": {}, "author": {}, **frame["entry"]})  # a hidden entry has neither
            self.seen_at[f"{frame['conv']}/{len(entries)}"] = time.perf_counter()
        elif kind == "status":
            self.status[frame["conv"]] = frame
        elif kind == "sent":
            self.sent[frame["client_id"]] = frame
        elif kind == "err":
            self.errors.append(frame)
        elif kind in ("desk", "welcome"):
            setattr(self, kind, frame)


def calls_on(desk: Frame) -> list[dict[str, Any]]:
    """The calls that this picture of a desk shows to its agent, as the frame `shown` confirms them."""
    cards = [card for name in ("waiting", "offers", "others") for card in desk.get(name, [])]
    calls = [(card["handoff"]["id"], card["handoff"].get("call")) for card in cards if card["handoff"]]
    return [{"handoff": handoff, "n": call["n"]} for handoff, call in calls if call and not call["shown"]]


def _short(entry: Entry) -> str:
    body = entry.get("body", {})
    return f"{entry['seq']} {entry.get('author', {}).get('kind')} {body.get('event') or body.get('text', '')!r}"[:120]


def _card(card: Frame) -> str:
    handoff = card["handoff"] or {}
    return f"{card['conversation']} {card['owner']['kind']} {handoff.get('reason')} {handoff.get('priority')}"


class Customer:
    """A visitor of the shop's page."""

    def __init__(self, gateway: str, shop: str, *, language: str) -> None:
        self.language = language
        self._gateway, self._shop = gateway, shop
        self._http = httpx2.AsyncClient(base_url=gateway, headers={"Origin": shop}, timeout=20, trust_env=False)
        self._token = ""
        self.live = Live(gateway, self.ticket, origin=shop)

    async def arrive(self, *, token: str | None = None, identity: str | None = None) -> Self:
        """Opens the widget: a new visitor, or the one behind a token."""
        body = {"tenant": "demo", "token": token, "identity": identity, "language": self.language}
        answer = await self._http.post("/v1/widget/sessions", json=body)
        _check(answer)
        self._token = answer.json()["token"]
        await self.live.connect()
        return self

    async def other_tab(self) -> Customer:
        """The same visitor in a second tab or after a reload."""
        twin = Customer(self._gateway, self._shop, language=self.language)
        return await twin.arrive(token=self._token)

    async def leave(self) -> None:
        await self.live.close()
        await self._http.aclose()

    async def write(self, text: str) -> tuple[str, int, float]:
        """Sends a text; (conversation, seq, moment of sending)."""
        begun = time.perf_counter()
        sent = await self.live.send(None, {"text": text})
        return sent["conv"], sent["seq"], begun

    async def press(self, conversation: str, seq: int, index: int) -> tuple[str, int, float]:
        begun = time.perf_counter()
        sent = await self.live.send(conversation, {"press": {"seq": seq, "index": index}})
        return sent["conv"], sent["seq"], begun

    async def command(self, conversation: str, name: str, **more: Any) -> Frame:
        answer = await self._http.post(f"/v1/conversations/{conversation}/{name}", json={"op_id": op_id(), **more})
        _check(answer)
        return answer.json()

    async def owned_by(self, conversation: str, kind: str, *, within_s: float = 30.0) -> Frame:
        """The status once the owner is of this kind."""

        def found() -> Frame | None:
            status = self.live.status.get(conversation)
            return status if status and status["owner"]["kind"] == kind else None

        status: Frame = await self.live.until(found, f"owner {kind}", within_s=within_s)
        return status

    async def ticket(self) -> str:
        """Opens one more socket for whoever says it first."""
        answer = await self._http.post("/v1/ws-ticket", headers={"Authorization": f"Bearer {self._token}"}, json={})
        _check(answer)
        self._http.headers["Authorization"] = f"Bearer {self._token}"
        return str(answer.json()["ticket"])


class Agent:
    """Somebody at a desk."""

    def __init__(self, gateway: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=gateway, headers={"X-Requested-By": "console"}, timeout=20, trust_env=False
        )
        self.gateway = gateway
        self.live = Live(gateway, self.ticket, origin=gateway)
        self.me: Frame = {}

    async def sign_in(self, email: str, password: str) -> Self:
        body = {"tenant": "demo", "email": email, "password": password}
        answer = await self._http.post("/v1/agents/sign-in", json=body)
        _check(answer)
        self.me = answer.json()
        await self.post("/v1/agents/me/presence", status="online")
        await self.live.connect()
        return self

    @property
    def name(self) -> str:
        return str(self.me["agent"]["name"])

    async def leave(self) -> None:
        await self.live.close()
        await self._http.aclose()

    async def post(self, path: str, **body: Any) -> Frame:
        answer = await self._http.post(path, json=body, headers={"Idempotency-Key": secrets.token_hex(8)})
        _check(answer)
        return answer.json()

    async def get(self, path: str, **params: str) -> Frame:
        answer = await self._http.get(path, params=params)
        _check(answer)
        return answer.json()

    async def waiting(self, conversation: str, *, box: str = "waiting", within_s: float = 30.0) -> Frame:
        """The desk's card of a conversation in one of its lists."""
        card: Frame = await self.live.until(
            lambda: next((one for one in self.live.desk.get(box, []) if one["conversation"] == conversation), None),
            f"{conversation} in the desk's list {box!r}",
            within_s=within_s,
        )
        return card

    async def accept(self, handoff: str) -> httpx2.Response:
        """The raw answer, because two may accept at once."""
        return await self._http.post(f"/v1/handoffs/{handoff}/accept", json={"op_id": op_id()})

    async def command(self, conversation: str, name: str, **more: Any) -> Frame:
        return await self.post(f"/v1/conversations/{conversation}/{name}", op_id=op_id(), **more)

    async def ticket(self) -> str:
        """Opens one more socket for whoever says it first."""
        return str((await self.post("/v1/ws-ticket"))["ticket"])


def _check(answer: httpx2.Response) -> None:
    if answer.status_code >= 400:
        raise NotAsTold(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
