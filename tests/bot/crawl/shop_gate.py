"""The way to the real demo shop, which can be closed: then every request is answered 500."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

CLOSED = b'{"error": {"code": "down", "message": "down"}}'
PASSED_ON = ("authorization", "x-customer", "content-type", "accept-language")


class ShopGate:
    """A loopback port in front of the shop at `url`; `open` says whether requests get through."""

    def __init__(self, url: str) -> None:
        self.open = True
        gate, shop = self, urlsplit(url)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, content = gate.ask(shop.netloc, self.command, self.path, body, dict(self.headers.items()))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def ask(self, netloc: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """The shop's answer, or that of a closed gate."""
        if not self.open:
            return 500, CLOSED
        connection = http.client.HTTPConnection(netloc, timeout=10)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() in PASSED_ON}
            connection.request(method, path, body=body or None, headers=kept)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()
