"""An OpenAI-compatible chat endpoint: one call, bounded in time and size, whose every failure is a word for the log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2

LARGEST_REPLY = 64 * 1024
"""Bytes of a response that are read."""

MOST_TOKENS = 600


@dataclass(frozen=True)
class Reply:
    """What the model wrote, or the problem with the endpoint as a word for the log."""

    text: str = ""
    problem: str | None = None


class ChatEndpoint:
    """Posts to {url}/chat/completions; follows no redirect, uses no proxy of the environment, never logs the key."""

    def __init__(self, url: str, *, model: str, api_key: str | None, timeout_s: float) -> None:
        self._address = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._headers = {"accept": "application/json", "accept-encoding": "identity"}
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._timeout_s = timeout_s
        self._client: httpx2.AsyncClient | None = None

    async def complete(self, messages: Sequence[dict[str, str]]) -> Reply:
        """The model's answer to the messages, or what went wrong; takes at most the time limit."""
        body = {
            "model": self._model,
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
            "stream": False,
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(body)
        except TimeoutError:
            return Reply(problem="timeout")
        except httpx2.TimeoutException:
            return Reply(problem="timeout")
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
            return Reply(problem=type(error).__name__)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, body: dict[str, object]) -> Reply:
        if self._client is None:  # belongs to the event loop that serves
            self._client = httpx2.AsyncClient(follow_redirects=False, trust_env=False, timeout=self._timeout_s)
        async with self._client.stream("POST", self._address, json=body, headers=self._headers) as response:
            if response.status_code != 200:
                return Reply(problem=f"status {response.status_code}")
            raw = bytearray()
            async for piece in response.aiter_raw():
                raw += piece
                if len(raw) > LARGEST_REPLY:
                    return Reply(problem="too large")
        return read_reply(bytes(raw))


def read_reply(raw: bytes) -> Reply:
    """The text of a chat completion; another shape, a cut one or one with a tool call is a problem."""
    try:
        choice = json.loads(raw.decode("utf-8"))["choices"][0]
        message, ended = choice["message"], choice.get("finish_reason")
        text = message["content"]
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        return Reply(problem="another shape")
    if not isinstance(text, str) or message.get("tool_calls") or message.get("function_call"):
        return Reply(problem="another shape")
    if ended not in (None, "stop", "eos"):
        return Reply(problem="cut short")
    return Reply(text.strip())
