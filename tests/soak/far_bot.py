"""The far side of the wire to Rasa, with moods: it answers, is slow or late, talks garbage, or is not there at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
from typing import Any, Literal

from tests.soak.proxy import ended

Mood = Literal["well", "slow", "late", "garbage", "failing", "big"]
ASKS = re.compile(r"human|人工")


class FarBot:
    """Answers turns as tests/contracts/turn.json says; a turn that it knows gets the same answer as before."""

    def __init__(self, rng: random.Random) -> None:
        self.mood: Mood = "well"
        self._rng = rng
        self._port = 0
        self._server: asyncio.Server | None = None
        self._answers: dict[str, dict[str, Any]] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self.turns = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listens, on the same port as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def down(self) -> None:
        """Closes the port and every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while self._server is not None:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = re.search(rb"(?i)content-length: *(\d+)", head)
                    raw = await reader.readexactly(int(length[1])) if length else b""
                    if b"/webhooks/tandem/turn" not in head.split(b"\r\n", 1)[0]:
                        status, body = 200, b'{"status":"ok"}'
                    else:
                        status, body = await self._reply(json.loads(raw))
                    top = (
                        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                    )
                    writer.write(top.encode() + body)
                    await writer.drain()
        finally:
            self._writers.discard(writer)
            await ended(writer)

    async def _reply(self, request: dict[str, Any]) -> tuple[int, bytes]:
        self.turns += 1
        mood = self.mood if self._rng.random() < 0.8 else "well"
        if mood == "slow":
            await asyncio.sleep(self._rng.uniform(0.5, 2.5))
        elif mood == "late":  # about when the gateway gives up
            await asyncio.sleep(self._rng.uniform(2.5, 4.5))
        elif mood == "failing":
            return self._rng.choice([500, 503, 404]), b"{}"
        elif mood == "big":
            return 200, b'{"turn": "' + b"x" * 3_000_000 + b'"}'
        elif mood == "garbage":
            return 200, self._rng.choice([b"<html>", b"[]", b'{"turn": 1}', b"\xff\xfe", b"null", b'{"messages": {}}'])
        await asyncio.sleep(self._rng.uniform(0.0, 0.05))
        return 200, json.dumps(self._answer(request), ensure_ascii=False).encode()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        known = self._answers.get(request["turn"])
        if known is not None:
            return {**known, "duplicate": True}
        wants = ASKS.search(request["text"]) and request["metadata"]["owner"] == "bot"
        handoff = {"reason": "asked", "priority": None, "evidence": {"rule": "soak"}} if wants else None
        message = {"text": f"bot on {request['text'][-200:]}", "kind": "answer", "sources": []}
        message["buttons"] = [{"title": "Yes", "payload": "/yes"}] if self.turns % 5 == 0 else []
        answer = {
            "turn": request["turn"], "duplicate": False, "messages": [message], "handoff": handoff,
            "nlu": {}, "understanding": None, "slots": {}, "active_loop": None, "took_ms": 1.0,
        }  # fmt: skip
        self._answers[request["turn"]] = answer
        return answer
