"""A chat endpoint on this machine that says what a test wants, rightly or wrongly, and keeps what it was sent."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSAGES = {
    "zh": "仓库收到退货并验收后，1–2 个工作日内按原支付方式退款。银行卡到账一般需要 3–5 个工作日。",
    "en": "We refund within 2 working days after the warehouse has checked your return. Cards usually take 3 days.",
}
FAITHFUL = {
    "zh": "仓库收到退货并验收后，会在 1 到 2 个工作日内按原支付方式退款。银行卡一般需要 3–5 个工作日到账。",
    "en": "After the warehouse has checked your return, we refund within two working days. Usually cards take 3 days.",
}

Answer = Callable[["FarWriter", BaseHTTPRequestHandler], None]


class FarWriter:
    """What the far side does with a request, and the requests so far: path, headers, body."""

    def __init__(self) -> None:
        self.url = ""
        self.answer: Answer = completion("")
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.closing = threading.Event()

    @property
    def canary(self) -> str:
        """The secret of the last request, as a model would read it."""
        found = re.search(r"Reference (\w+) is internal", self.requests[-1][2]["messages"][0]["content"])
        assert found is not None
        return found[1]

    @property
    def data(self) -> dict[str, str]:
        """What the last request quoted."""
        return dict(json.loads(self.requests[-1][2]["messages"][1]["content"]))


@contextmanager
def far_writer() -> Iterator[FarWriter]:
    """A real HTTP server on a free port."""
    far = FarWriter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            far.requests.append((self.path, {key.lower(): value for key, value in self.headers.items()}, body))
            far.answer(far, self)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hung up in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    far.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield far
    finally:
        far.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def completion(text: str, **more: Any) -> Answer:
    """A completion whose content is the text; {canary} and the like are filled in as an obeying model would."""

    def answer(far: FarWriter, handler: BaseHTTPRequestHandler) -> None:
        said = text
        if "{" in text:
            secret = far.canary
            known = {
                "canary": secret,
                "reversed": secret[::-1],
                "spaced": " ".join(secret),
                "long": "退款 refund " * 300,
            }
            for name, value in {**known, "plain": far.data["passage"]}.items():
                said = said.replace(f"{{{name}}}", value)
            said = said.replace("{{", "{").replace("}}", "}")
        message = {"role": "assistant", "content": said, **more}
        send(handler, 200, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode())

    return answer


def raw(body: bytes, status: int = 200, **headers: str) -> Answer:
    return lambda _, handler: send(handler, status, body, **headers)


def never(far: FarWriter, _: BaseHTTPRequestHandler) -> None:
    """Reads the request and says nothing."""
    far.closing.wait(20)


def drip(far: FarWriter, handler: BaseHTTPRequestHandler) -> None:
    """Sends a byte now and then, so that no single read takes long."""
    handler.send_response(200)
    handler.end_headers()
    while not far.closing.is_set():
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def flood(far: FarWriter, handler: BaseHTTPRequestHandler) -> None:
    """Sends without end."""
    handler.send_response(200)
    handler.end_headers()
    while not far.closing.is_set():
        handler.wfile.write(b"x" * 65536)
