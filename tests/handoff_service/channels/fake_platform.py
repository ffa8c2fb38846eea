"""A messaging platform on a loopback port, for tests: it signs and posts events, and takes deliveries as scripted.

It keeps every delivery in the order of arrival and dedupes by `Idempotency-Key` as the signed API asks of platforms
(docs/signed-api.md), so that "exactly one effect, in order" can be read off it. Only the standard library.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import random
import socket
import struct
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# What a step of the script does with the next delivery. "after" means: the effect happens, the gateway is not told.
STEPS = frozenset({"ok", "status", "reset", "reset_after", "timeout_after", "slow", "garbage"})


def sign(secret: str, timestamp: int | str, raw: bytes) -> str:
    """The value of `X-Tandem-Signature`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"v1={digest}"


@dataclass(frozen=True)
class Posted:
    """What the gateway answered to one event; status 0 when there was no answer at all."""

    status: int
    body: Any

    @property
    def accepted(self) -> bool:
        return self.status == 200


@dataclass(frozen=True)
class Step:
    """One step of the script; `seconds` is a delay or Retry-After, `status` that of a "status" step."""

    do: str
    status: int = 200
    seconds: float | None = None


@dataclass(frozen=True)
class Arrival:
    """One delivery that reached the platform. `effect` is true the first time that its key had an effect."""

    number: int
    t: float
    key: str
    body: Mapping[str, Any]
    step: str
    effect: bool


class FakePlatform:
    """One account of a platform.

    `connect(webhook, secret)` tells where the gateway takes events; `url` is where it delivers to. `watch` is called
    with {"f": "hook", …} for every posted event and {"f": "chan_rx", …, "effect"} for every delivery, much as
    tests/history/FORMAT.md has them.
    """

    def __init__(self, *, watch: Callable[[dict[str, Any]], None] | None = None, seed: int = 1) -> None:
        self.webhook = ""
        self.account = ""
        self.secrets: tuple[str, ...] = ()
        self.arrivals: list[Arrival] = []
        self.forged: list[str] = []
        self.random = random.Random(seed)
        self._watch = watch or (lambda _: None)
        self._script: deque[Step] = deque()
        self._always: Step | None = None
        self._keys: set[str] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _serve(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fake-platform")
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/deliveries"

    def connect(self, webhook: str, *secrets: str) -> None:
        """`webhook` is the gateway's address for this account; the first secret signs, all are accepted."""
        self.webhook, self.secrets = webhook, secrets
        self.account = urlsplit(webhook).path.split("/")[-2]

    # ---- events to the gateway ---------------------------------------------------------------------------------

    def event(self, contact: str, text: str | None = None, **parts: Any) -> dict[str, Any]:
        """An event of that contact with a fresh id; `parts` are added or replace."""
        said = {} if text is None else {"text": text}
        return {"event_id": f"ev_{uuid.uuid4().hex}", "contact": {"id": contact, "name": contact}, **said, **parts}

    def post(self, event: Mapping[str, Any], *, timestamp: int | None = None, timeout_s: float = 10.0) -> Posted:
        """Signs and posts an event once."""
        answer = self.post_raw(json.dumps(event, ensure_ascii=False).encode(), timestamp=timestamp, timeout_s=timeout_s)
        hook = {"f": "hook", "chan": self.account, "pid": event.get("event_id"), "sig": True, "status": answer.status}
        self._watch({"t": time.monotonic(), **hook})
        return answer

    def forge(self, event: Mapping[str, Any], *, timeout_s: float = 10.0) -> Posted:
        """Posts an event once, signed with a secret that is not this account's."""
        raw, stamp = json.dumps(event, ensure_ascii=False).encode(), int(time.time())
        signature = sign("somebody else's secret", stamp, raw)
        answer = self.post_raw(raw, timestamp=stamp, signature=signature, timeout_s=timeout_s)
        hook = {"f": "hook", "chan": self.account, "pid": event.get("event_id"), "sig": False, "status": answer.status}
        self._watch({"t": time.monotonic(), **hook})
        return answer

    def post_raw(
        self,
        raw: bytes,
        *,
        timestamp: int | None = None,
        signature: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> Posted:
        """Posts these bytes, signed unless a signature is given."""
        stamp = int(time.time()) if timestamp is None else timestamp
        signed = signature if signature is not None else sign(self.secrets[0], stamp, raw)
        sent = {"Content-Type": "application/json", "X-Tandem-Timestamp": str(stamp), "X-Tandem-Signature": signed}
        target = urlsplit(self.webhook)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=timeout_s)
        try:
            connection.request("POST", target.path, raw, {**sent, **(headers or {})})
            response = connection.getresponse()
            content = response.read()
            return Posted(response.status, json.loads(content) if content else None)
        except (OSError, http.client.HTTPException, ValueError):
            return Posted(0, None)
        finally:
            connection.close()

    def post_until_accepted(self, event: Mapping[str, Any], *, within_s: float = 60.0, every_s: float = 0.2) -> Posted:
        """Posts again and again, as platforms do, until the gateway says 200 or that the event is wrong (4xx)."""
        until = time.monotonic() + within_s
        while True:
            answer = self.post(event)
            if answer.accepted or 400 <= answer.status < 500 or time.monotonic() >= until or self._closing.is_set():
                return answer
            time.sleep(every_s * self.random.uniform(0.5, 1.5))

    def post_wildly(
        self, events: Iterable[Mapping[str, Any]], *, most_copies: int = 5, threads: int = 20, within_s: float = 60.0
    ) -> list[Posted]:
        """Posts every event 1 to `most_copies` times, shuffled and in parallel, each until it is accepted."""
        copies = [event for event in events for _ in range(self.random.randint(1, most_copies))]
        self.random.shuffle(copies)
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda event: self.post_until_accepted(event, within_s=within_s), copies))

    def post_at_once(self, events: Sequence[Mapping[str, Any]]) -> list[Posted]:
        """Posts all events at the same moment, each from a thread of its own, once."""
        barrier = threading.Barrier(len(events))

        def run(event: Mapping[str, Any]) -> Posted:
            barrier.wait()
            return self.post(event)

        with ThreadPoolExecutor(len(events)) as pool:
            return list(pool.map(run, events))

    # ---- deliveries of the gateway -----------------------------------------------------------------------------

    def script(self, *steps: str | Step) -> None:
        """What happens to the next deliveries; after the script everything is taken.

        A step is "ok", "500" or any status ("429:2" with Retry-After 2), "reset" (no effect), "reset_after" and
        "timeout_after" (the effect happened), "slow:0.5" (the answer takes half a second), "garbage" (200, no JSON).
        """
        with self._lock:
            self._script.extend(_step(one) for one in steps)

    def always(self, step: str | Step | None) -> None:
        """What happens to every delivery from now on; None takes them again."""
        with self._lock:
            self._always = None if step is None else _step(step)

    @property
    def effects(self) -> list[Arrival]:
        """Deliveries that had an effect, in the order of arrival: one for each key."""
        return [one for one in tuple(self.arrivals) if one.effect]

    def texts(self, contact: str | None = None) -> list[str]:
        """What a contact (None: anybody) has read, in order."""
        return [one.body["text"] for one in self.effects if contact in (None, one.body["contact"]["id"])]

    def conversations(self) -> dict[str, list[int]]:
        """By conversation, the seqs of its effects in the order of arrival."""
        found: dict[str, list[int]] = {}
        for one in self.effects:
            found.setdefault(one.body["conversation"], []).append(one.body["seq"])
        return found

    def wait_for(self, condition: Callable[[FakePlatform], Any], *, within_s: float = 20.0) -> Any:
        """Waits until the condition holds and returns its value. Raises AssertionError when it never does."""
        until = time.monotonic() + within_s
        while not (value := condition(self)):
            if time.monotonic() >= until:
                raise AssertionError(f"it did not happen; arrivals: {[(a.step, a.body) for a in self.arrivals[-10:]]}")
            time.sleep(0.02)
        return value

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    # ---- inside ------------------------------------------------------------------------------------------------

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Deals with one delivery as the script says."""
        raw = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        if self._closing.is_set():  # a connection that was kept open outlives the listener
            _reset(handler)
            return
        key = handler.headers.get("Idempotency-Key", "")
        if not self._is_signed(handler, raw):
            self.forged.append(key)
            _answer(handler, 401, {"error": "wrong signature"})
            return
        with self._lock:
            step = self._script.popleft() if self._script else self._always or Step("ok")
            happens = step.do not in ("status", "reset")
            effect = happens and key not in self._keys
            if happens:
                self._keys.add(key)
            arrival = Arrival(len(self.arrivals), time.monotonic(), key, json.loads(raw), step.do, effect)
            self.arrivals.append(arrival)
            seen = {"f": "chan_rx", "chan": self.account, "conv": arrival.body["conversation"], "key": key}
            self._watch({"t": arrival.t, **seen, "seq": arrival.body["seq"], "effect": effect})
        self._respond(handler, step, key)

    def _respond(self, handler: BaseHTTPRequestHandler, step: Step, key: str) -> None:
        if step.do == "status":
            wait = {} if step.seconds is None else {"Retry-After": f"{step.seconds:g}"}
            _answer(handler, step.status, {"error": f"scripted {step.status}"}, wait)
        elif step.do == "garbage":
            _answer(handler, 200, None)
        elif step.do in ("reset", "reset_after"):
            _reset(handler)
        elif step.do == "timeout_after":
            handler.close_connection = True
            self._closing.wait(60 if step.seconds is None else step.seconds)
        else:
            if step.do == "slow":
                self._closing.wait(step.seconds or 1.0)
            _answer(handler, 200, {"id": f"pm_{hashlib.sha256(key.encode()).hexdigest()[:12]}"})

    def _is_signed(self, handler: BaseHTTPRequestHandler, raw: bytes) -> bool:
        """Whether one of our secrets signed it; a platform without secrets takes everything."""
        if not self.secrets:
            return True
        stamp = handler.headers.get("X-Tandem-Timestamp", "")
        given = [one.strip() for one in handler.headers.get("X-Tandem-Signature", "").split(",")]
        return any(hmac.compare_digest(sign(secret, stamp, raw), one) for secret in self.secrets for one in given)


def _step(text: str | Step) -> Step:
    if isinstance(text, Step):
        return text
    do, _, argument = text.partition(":")
    seconds = float(argument) if argument else None
    step = Step("status", int(do), seconds) if do.isdigit() else Step(do, seconds=seconds)
    assert step.do in STEPS, f"{text!r} is not a step"
    return step


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """Cuts the connection without an answer."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _answer(handler: BaseHTTPRequestHandler, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    content = b"<html>thanks" if body is None else json.dumps(body).encode()
    try:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)
    except OSError:  # who delivered was killed meanwhile
        handler.close_connection = True


def _serve(platform: FakePlatform) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            platform.take(self)

        def finish(self) -> None:
            try:
                super().finish()
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Who delivered was killed meanwhile, or the script said so."""

    return Server(("127.0.0.1", 0), Handler)
