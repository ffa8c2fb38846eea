"""Asks a part whether it is ready."""

from __future__ import annotations

import asyncio
import json

TIMEOUT_S = 5.0


async def readiness(host: str, port: int) -> tuple[bool, str]:
    """(True, "") when GET /readyz answers 200, else (False, why); a part that is not there is no error."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
                answer = await reader.read(65536)
            finally:
                writer.close()
    except TimeoutError:
        return False, f"no answer within {TIMEOUT_S:.0f} s"
    except OSError:
        return False, "not listening yet"
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if len(words) > 1 and words[1] == b"200":
        return True, ""
    return False, _reason(body) or "not ready yet"


def _reason(body: bytes) -> str:
    """The shortest useful text of a 503's JSON, whatever its shape."""
    start, end = body.find(b"{"), body.rfind(b"}")
    try:
        told = json.loads(body[start : end + 1])
    except ValueError:
        return ""
    return str(told.get("reason") or told.get("error") or told)[:160]
