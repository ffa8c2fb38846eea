"""Customers and agents as real clients of a gateway: HTTP with httpx2, WebSocket with websockets."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any, Self

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.handoff_service.stage import SHOP_URL

Frame = dict[str, Any]
PASSWORD = "correct horse battery staple"
WITHIN_S = 20.0


def fresh(prefix: str = "op") -> str:
    """A new op_id or client_id."""
    return f"{prefix}-{secrets.token_hex(8)}"


def refused(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The `error` object of an answer, once its status, code and shape are as the protocol says."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert error["code"] == code, error
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["retryable"], bool)
    return error


def accepted(response: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """The body of a successful answer."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    body: dict[str, Any] = response.json()
    return body


class Gone(Exception):
    """The gateway closed the socket on which something was still expected."""


class Socket:
    """One open WebSocket; a task collects what arrives, as text in `raw` and parsed in `frames`."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.raw: list[str] = []
        self.frames: list[Frame] = []
        self.code: int | None = None
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for message in self.connection:
                text = message if isinstance(message, str) else message.decode()
                self.raw.append(text)
                self.frames.append(json.loads(text))
                self._news.set()
        except ConnectionClosed:
            pass
        self.code = self.connection.close_code
        self._news.set()

    async def say(self, **frame: Any) -> None:
        text = json.dumps(frame, ensure_ascii=False)
        if not text.isascii() and "\\ud" in ascii(text):  # half characters can only travel escaped
            text = json.dumps(frame)
        await self.connection.send(text)

    async def until(self, wanted: Callable[[Frame], bool], *, within: float = WITHIN_S, since: int = 0) -> Frame:
        """The first frame from number `since`, already here or still to come, that `wanted` accepts."""
        seen = since
        async with asyncio.timeout(within):
            while True:
                for frame in self.frames[seen:]:
                    if wanted(frame):
                        return frame
                seen = len(self.frames)
                self._still_open()
                self._news.clear()
                if seen == len(self.frames) and self.code is None:
                    await self._news.wait()

    def _still_open(self) -> None:
        if self.code is not None:
            raise Gone(f"closed with {self.code}; the last frames were {self.frames[-3:]}")

    async def sent(self, client_id: str, *, within: float = WITHIN_S) -> Frame:
        return await self.until(lambda f: f["t"] in ("sent", "err") and f.get("client_id") == client_id, within=within)

    async def error(self, client_id: str | None = None) -> Frame:
        return await self.until(lambda f: f["t"] == "err" and f.get("client_id") == client_id)

    async def entry(self, wanted: Callable[[Frame], bool], *, within: float = WITHIN_S) -> Frame:
        """The first entry that `wanted` accepts."""
        found = await self.until(lambda f: f["t"] == "entry" and wanted(f["entry"]), within=within)
        return dict(found["entry"])

    async def reach(self, conversation: str, seq: int, *, within: float = WITHIN_S) -> list[Frame]:
        """All entries of the conversation once `seq` has arrived; asserts that they came one by one, in order."""
        await self.until(
            lambda f: f["t"] == "entry" and f["conv"] == conversation and f["entry"]["seq"] == seq, within=within
        )
        return self.entries(conversation)

    def entries(self, conversation: str) -> list[Frame]:
        entries = [frame["entry"] for frame in self.frames if frame["t"] == "entry" and frame["conv"] == conversation]
        seqs = [entry["seq"] for entry in entries]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True, seqs
        return entries

    async def pong(self) -> None:
        """A round trip: whatever was said before has been dealt with."""
        before = sum(frame["t"] == "pong" for frame in self.frames)
        await self.say(t="ping")
        async with asyncio.timeout(WITHIN_S):
            while sum(frame["t"] == "pong" for frame in self.frames) == before:
                self._still_open()
                self._news.clear()
                await self._news.wait()

    async def closed(self, *, within: float = WITHIN_S) -> int | None:
        """The code with which the gateway closed."""
        async with asyncio.timeout(within):
            await asyncio.shield(self._reading)
        return self.code

    async def leave(self) -> None:
        await self.connection.close()
        await self._reading


class Client:
    """A browser: its HTTP client and its sockets. `heard` is every byte that it was ever sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.AsyncClient(base_url=url, timeout=15.0, trust_env=False, verify=False)
        self.sockets: list[Socket] = []
        self._answers: list[str] = []

    @property
    def heard(self) -> str:
        return "\n".join(self._answers + [text for one in self.sockets for text in one.raw])

    async def get(self, path: str, **parameters: Any) -> httpx2.Response:
        return self._note(await self.http.get(path, params=parameters or None))

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        content = json.dumps({} if body is None else body)  # escapes what is no valid text, as a hostile client would
        return self._note(await self.http.post(path, content=content, headers={"Content-Type": "application/json"}))

    def _note(self, response: httpx2.Response) -> httpx2.Response:
        self._answers.append(f"{dict(response.headers)}{response.text}")
        return response

    async def ticket(self) -> str:
        return str(accepted(await self.post("/v1/ws-ticket"))["ticket"])

    async def dial(self, *, origin: str | None = SHOP_URL, **options: Any) -> Socket:
        """An open socket that has not said hello."""
        address = self.url.replace("http", "ws", 1) + "/v1/ws"
        options = {"subprotocols": ["tandem.v1"], "max_size": None, "compression": None, **options}
        socket = Socket(await connect(address, origin=origin, proxy=None, **options))  # type: ignore[arg-type]
        self.sockets.append(socket)
        return socket

    async def socket(
        self, *subs: tuple[str, int], device: str = "d_phone", wait: bool = True, **options: Any
    ) -> Socket:
        """A socket after hello and welcome."""
        ticket = await self.ticket()
        socket = await self.dial(**options)
        listed = [{"conv": conversation, "after": after} for conversation, after in subs]
        await socket.say(t="hello", proto=1, ticket=ticket, device=device, language="en", subs=listed)
        if wait:
            await socket.until(lambda frame: frame["t"] == "welcome")
        return socket

    async def leave(self) -> None:
        for socket in self.sockets:
            await socket.leave()
        await self.http.aclose()


class Customer(Client):
    """A visitor of a tenant's site with the widget."""

    def __init__(self, url: str, tenant: str) -> None:
        super().__init__(url)
        self.tenant = tenant
        self.token = ""
        self.contact = ""
        self.conversation = ""

    async def arrive(self, *, identity: str | None = None, token: str | None = None, language: str = "en") -> Self:
        visit = {"tenant": self.tenant, "token": token, "identity": identity, "language": language}
        started = accepted(await self.post("/v1/widget/sessions", visit), 201)
        self.token, self.contact = started["token"], started["contact"]["id"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        return self

    def path(self, verb: str) -> str:
        return f"/v1/conversations/{self.conversation}/{verb}"

    async def write(self, text: str, *, client_id: str | None = None) -> dict[str, Any]:
        """Sends a message over HTTP."""
        body = {"client_id": client_id or fresh("msg"), "body": {"text": text}}
        sent = accepted(await self.post("/v1/conversations/current/messages", body))
        self.conversation = sent["conversation"]
        return sent

    async def ask_human(self) -> dict[str, Any]:
        return accepted(await self.post(self.path("ask-human"), {"op_id": fresh()}))

    async def timeline(self, after: int = 0) -> list[Frame]:
        return list(accepted(await self.get(self.path("entries"), after=after))["entries"])

    async def answered(self, *, by: str = "bot", within: float = WITHIN_S) -> Frame:
        """The first entry after the customer's last message that `by` wrote."""
        async with asyncio.timeout(within):
            while True:
                entries = await self.timeline()
                own = [entry["seq"] for entry in entries if entry.get("author", {}).get("kind") == "customer"]
                for entry in entries:
                    if entry["seq"] > own[-1] and entry.get("author", {}).get("kind") == by:
                        return entry
                await asyncio.sleep(0.02)


class Desk(Client):
    """An agent's browser with the console."""

    def __init__(self, url: str, tenant: str, agent: str, email: str) -> None:
        super().__init__(url)
        self.tenant, self.id, self.email = tenant, agent, email
        self.http.headers["X-Requested-By"] = "console"

    async def sign_in(self, password: str = PASSWORD) -> httpx2.Response:
        return await self.post("/v1/agents/sign-in", {"tenant": self.tenant, "email": self.email, "password": password})

    async def socket(self, *subs: tuple[str, int], **options: Any) -> Socket:
        return await super().socket(*subs, **{"origin": self.url, **options})

    async def accept(self, handoff: str) -> httpx2.Response:
        return await self.post(f"/v1/handoffs/{handoff}/accept", {"op_id": fresh()})

    async def do(self, conversation: str, verb: str, **body: Any) -> httpx2.Response:
        return await self.post(f"/v1/conversations/{conversation}/{verb}", {"op_id": fresh(), **body})

    async def reply(
        self, conversation: str, text: str, epoch: int, *, audience: str = "public", client_id: str | None = None
    ) -> httpx2.Response:
        body = {"client_id": client_id or fresh("msg"), "body": {"text": text}, "epoch": epoch, "audience": audience}
        return await self.post(f"/v1/conversations/{conversation}/messages", body)

    async def look(self, conversation: str) -> dict[str, Any]:
        return accepted(await self.get(f"/v1/conversations/{conversation}"))

    async def timeline(self, conversation: str) -> list[Frame]:
        return list(accepted(await self.get(f"/v1/conversations/{conversation}/entries"))["entries"])
