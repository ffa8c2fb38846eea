"""The far side of the wire to Rasa: an HTTP server that answers turns as tests/contracts/turn.json says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FarBot:
    """Answers `answer to: <text>`; can be told to hold its answer or to fail."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()
        self._asked = threading.Event()
        self._failing = False
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                far._asked.set()
                far._go.wait(20)
                status, answer = (503, {}) if far._failing else far.respond(request)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Who asked was killed meanwhile."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="far-bot")
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def respond(self, request: dict[str, Any]) -> tuple[int, Any]:
        """Status and body."""
        return 200, self.answer(request)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        message = {"text": f"answer to: {request['text']}", "kind": "answer", "buttons": [], "sources": []}
        return {
            "turn": request["turn"], "duplicate": False, "messages": [message], "handoff": None,
            "nlu": {}, "understanding": None, "slots": {}, "active_loop": None, "took_ms": 1.0,
        }  # fmt: skip

    def hold(self) -> None:
        self._go.clear()

    def release(self) -> None:
        self._go.set()

    def fail(self) -> None:
        self._failing = True

    def wait_until_asked(self) -> None:
        assert self._asked.wait(10), "the bot was not asked"

    def close(self) -> None:
        self._go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
