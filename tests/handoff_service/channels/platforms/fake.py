"""What every fake platform has: a loopback server with a script of faults, its customers, and what they received."""

from __future__ import annotations

import email
import http.client
import json
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

from handoff_service.channels.model import Account


@dataclass(frozen=True)
class Call:
    """A request of the gateway to the platform's API."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def parts(self) -> dict[str, bytes]:
        """The fields of a multipart form."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        whole = email.message_from_bytes(head + self.raw)
        found = {}
        for part in whole.get_payload():
            name = part.get_param("name", header="content-disposition")
            found[name] = part.get_payload(decode=True)
        return found

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw.decode(), keep_blank_values=True))


@dataclass
class Response:
    """What the platform answers; `before_s` is how long it thinks."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before_s: float = 0.0
    drop: bool = False  # the effect happens, the connection breaks


@dataclass(frozen=True)
class Received:
    """A message that a customer on the platform sees."""

    contact: str
    text: str
    buttons: Sequence[Mapping[str, Any]] = ()
    files: Sequence[str] = ()  # addresses, or names in `uploads`


@dataclass(frozen=True)
class Hook:
    """A webhook request as the platform makes it."""

    raw: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    query: str = ""


@dataclass(frozen=True)
class Answered:
    status: int
    body: bytes
    headers: Mapping[str, str]


class Platform(ABC):
    """A platform with one account of ours.

    A subclass says how it signs (`hook`, by the account's secret `signing`), what an event looks like (`text`,
    `press`, …), and what its API does
    (`answer`); `accepted` says whether the webhook's answer counts for it. `fields` are what our account is told.
    """

    channel = ""
    holds_nul = True  # its format can carry the character
    signs_time = False  # its signature covers a time
    bundles = False  # one webhook may carry several events
    keeps_media = True  # files of customers stay with it until they are fetched, or are lost there
    signing = ""  # the account's secret that proves a webhook; empty where its own key does
    signs_inside = False  # the signature is a part of the body
    fresh_secret = "anewsecret0123456789"  # another value of `signing`
    accepted: Callable[[Answered], bool] = staticmethod(lambda answer: 200 <= answer.status < 300)

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.calls: list[Call] = []
        self.faults: deque[Response] = deque()  # answered instead of the effect, one each
        self.media: dict[str, bytes] = {}  # what customers have sent, by the platform's name
        self.uploads: dict[str, bytes] = {}  # what we have uploaded
        self._server = _serve(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.webhook = ""
        self.account: Account | None = None
        self.skew_s = 0.0  # how far its clock is ahead of ours
        self._numbers = 0
        self._closed = False
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    # ---- what a subclass says ------------------------------------------------------------------------------------

    @abstractmethod
    def fields(self) -> dict[str, str]:
        """The account's fields; the platform's own address stands in one of them."""

    @abstractmethod
    def text(self, contact: str, text: str) -> dict[str, Any]:
        """A fresh event: the customer writes."""

    @abstractmethod
    def strange(self, contact: str) -> dict[str, Any]:
        """A fresh event of a type that no release knows."""

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        """A fresh event: the customer presses a button of a message."""
        raise AssertionError(f"{self.channel} has no buttons: {contact}, {message}, {index}")

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes] | None:  # noqa: ARG002
        """The request by which it checks the address, and the answer that it wants; None where it does not check."""
        return None

    def own_echo(self, contact: str) -> dict[str, Any] | None:  # noqa: ARG002
        """A fresh event by which it tells us what we said ourselves; None where it does not."""
        return None

    def fates(self, contact: str, provider_id: str) -> Sequence[dict[str, Any]]:  # noqa: ARG002
        """What it tells later about a message of ours that failed in the end, in the order of time."""
        return ()

    def expire(self) -> bool:
        """Ends the token that it gave us; False where there is none to be fetched."""
        return False

    def shut(self, contact: str) -> bool:  # noqa: ARG002
        """From now on it takes nothing for him, until he does something; False where no error tells us so."""
        return False

    def photo(self, contact: str, content: bytes) -> dict[str, Any] | None:  # noqa: ARG002
        """A fresh event: the customer sends a picture; None where the platform keeps pictures to itself."""
        return None

    @abstractmethod
    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        """These events, signed; `secret` replaces the account's newest."""

    @abstractmethod
    def answer(self, call: Call) -> Response:
        """What the API does with a call of the gateway."""

    def tampered(self, hook: Hook) -> Hook:
        """The hook with another signature."""
        name = next((one for one in hook.headers if "sign" in one.lower() or "token" in one.lower()), None)
        if name is None:
            return replace(hook, query=hook.query.replace("signature=", "signature=0"))
        value = hook.headers[name]
        other = "A" if value[-2] != "A" else "B"
        return replace(hook, headers={**hook.headers, name: value[:-2] + other + value[-1]})

    def carries(self, call: Call) -> bool:  # noqa: ARG002
        """Whether the call carries a message: only then a fault of the script happens."""
        return True

    def keep(self, content: bytes) -> str:
        """The platform's name for a customer's file."""
        name = f"medium{self.number()}"
        self.media[name] = content
        return name

    def kept(self, name: str, gone: Response | None = None) -> Response:
        """The answer with a customer's file, or the one for a file that has expired."""
        if name not in self.media:
            return gone or Response(404, {"error": "not found"})
        return Response(body=self.media[name], headers={"Content-Type": "image/png"})

    def uploaded(self, content: bytes) -> str:
        """The platform's name for what we have uploaded."""
        name = f"upload{self.number()}"
        self.uploads[name] = content
        return name

    def content(self, file: str) -> bytes:
        """What a customer sees who opens a file that he has received."""
        if not file.startswith("http"):
            return self.uploads[file]
        with urlopen(file) as answer:
            return bytes(answer.read())

    # ---- what all have -------------------------------------------------------------------------------------------

    def connect(self, account: Account, webhook: str) -> None:
        self.account, self.webhook = account, webhook

    def now(self) -> float:
        """Its own clock, in seconds since 1970."""
        return time.time() + self.skew_s

    def number(self) -> int:
        """A number that was never given before."""
        self._numbers += 1
        return self._numbers

    def post(self, *events: Mapping[str, Any], secret: str | None = None) -> Answered:
        return self.send(self.hook(*events, secret=secret))

    def send(self, hook: Hook, timeout_s: float = 10.0) -> Answered:
        """Sends a webhook request once; status 0 when there was no answer."""
        parts = urlsplit(self.webhook)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
        path = f"{parts.path}?{hook.query}" if hook.query else parts.path
        try:
            connection.request(hook.method, path, body=hook.raw, headers=dict(hook.headers))
            response = connection.getresponse()
            return Answered(response.status, response.read(), dict(response.headers))
        except (OSError, http.client.HTTPException):  # the gateway may die in the middle of its answer
            return Answered(0, b"", {})
        finally:
            connection.close()

    def insist(self, *events: Mapping[str, Any], for_s: float = 30.0) -> Answered:
        """Repeats the webhook until it is accepted, as platforms do."""
        until = time.monotonic() + for_s
        hook = self.hook(*events)
        while not self.accepted(answer := self.send(hook)):
            assert not self._closed, "the test is over"
            assert time.monotonic() < until, f"never accepted: {answer}"
            time.sleep(0.1)
        return answer

    def close(self) -> None:
        self._closed = True
        self._server.shutdown()
        self._server.server_close()


def _serve(platform: Platform) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length", 0))
            raw = self.rfile.read(length)
            if len(raw) < length:  # who called was killed in the middle of it
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, parts.path, dict(parse_qsl(parts.query)), headers, raw)
            platform.calls.append(call)
            faulty = bool(platform.faults) and platform.carries(call)
            if faulty and not platform.faults[0].drop:
                response = platform.faults.popleft()
            else:
                response = platform.answer(call)
                if faulty:
                    platform.faults.popleft()
                    self.close_connection = True
                    self.connection.close()
                    return
            time.sleep(response.before_s)
            body = response.body if isinstance(response.body, bytes) else json.dumps(response.body or {}).encode()
            self.send_response(response.status)
            for name, value in {"Content-Type": "application/json", **response.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever called was killed meanwhile; what is wrong in a fake itself must be seen."""
            if not isinstance(sys.exception(), OSError):
                super().handle_error(request, client_address)

    return Server(("127.0.0.1", 0), Handler)
