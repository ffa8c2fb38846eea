"""A knowledge base for rehearsals: it answers with the article that a story names and knows nothing else."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HAN = range(0x3400, 0xA000)


class StandIn:
    """Serves on a free loopback port until `close`; `step` is the step of a story that is being played."""

    def __init__(self) -> None:
        self.step: Mapping[str, Any] = {}
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                language = parse_qs(parts.query).get("language", ["zh"])[0]
                self._send(article(parts.path.rsplit("/", 1)[-1], language))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._send(understanding(body, stand_in.step))

            def _send(self, answer: Mapping[str, Any]) -> None:
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()


def article(name: str, language: str) -> dict[str, Any]:
    """An article of this name, made up."""
    return {
        "article": name,
        "language": language,
        "title": name,
        "category": "rehearsal",
        "answer": f"({name})",
        "questions": [],
    }


def understanding(asked: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of the contract understand: the step's article for sure, else nothing; unhappy where the step says."""
    language = asked.get("language") or ("zh" if any(ord(sign) in HAN for sign in asked["text"]) else "en")
    found, unhappy = step.get("article"), float(step.get("unhappy", 0.03))
    hits = [
        {**article(found, language), "passage": found, "score": 0.97, "probability": 0.97} for found in [found] if found
    ]
    return {
        "language": language,
        "generation": "g-rehearsal",
        "hits": hits,
        "decision": {
            "action": "answer" if hits else "abstain",
            "probability": 0.97 if hits else 0.02,
            "threshold": 0.6,
            "margin": 0.1,
            "rule": "probability>=threshold" if hits else "probability<threshold",
        },
        "mood": {
            "unhappy": unhappy,
            "label": "unhappy" if unhappy >= 0.5 else "calm",
            "evidence": [f"anger:{asked['text'][:20]}"] if unhappy >= 0.5 else [],
        },
        "took_ms": 1.0,
    }
