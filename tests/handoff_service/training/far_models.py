"""The far sides of training on one port: the models of the bot and the mask of the knowledge base, by contract."""

from __future__ import annotations

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema

from kb_index.text.masking import mask

CONTRACTS = Path(__file__).parents[2] / "contracts"
MODELS = json.loads((CONTRACTS / "models.json").read_text("utf-8"))
MASK = json.loads((CONTRACTS / "mask.json").read_text("utf-8"))


class FarModels:
    """Two versions of which the second is live; refuses what the contract refuses, keeps what it was asked."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = copy.deepcopy(MODELS["example"])
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.masks = True
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(200, far.state)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._send(*far.respond(self.path, body))

            def _send(self, status: int, answer: Any) -> None:
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="far-models", daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def respond(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and body."""
        if path == "/mask":
            jsonschema.validate(body, MASK["request"])
            if not self.masks:
                return 503, {}
            return 200, {"texts": [mask(each["text"], language=each["language"])[0] for each in body["texts"]]}
        verb = path.removeprefix("/models/")
        jsonschema.validate(body, MODELS[verb])
        self.asked.append((verb, body))
        return getattr(self, f"_{verb}")(body)

    def _train(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.state["training"]["running"]:
            return 409, {"error": {"code": "already_training", "message": "a training is under way"}}
        self.state["training"] = {
            **self.state["training"], "stage": "training", "step": 2, "running": True, "by": body["by"],
        }  # fmt: skip
        return 202, {"training": self.state["training"]}

    def _live(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["version"] not in [one["version"] for one in self.state["versions"]]:
            return 404, {"error": {"code": "refused", "message": "there is no such version"}}
        self.state["live"] = body["version"]
        return 200, {"live": self.state["live"]}

    def _rollback(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["from"] != self.state["live"] or self.state["before"] is None:
            return 409, {"error": {"code": "refused", "message": "another version is live"}}
        self.state |= {"live": self.state["before"], "before": None}
        return 200, {"live": self.state["live"]}
