"""Fetching what customers sent from where a platform keeps it: bounded in size, and never from our own network.

The client refuses addresses that are not public (public_only.py), at every redirect anew. Keys go to
the first host only.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from handoff_service.channels.caller import Answered
from handoff_service.channels.http_delivery import BEFORE_SENDING, MAX_ANSWER
from handoff_service.channels.model import Download
from handoff_service.errors import NotDelivered, TooLarge

FETCH_S = 18.0  # with the scanner's time less than outbox.LEASE
MOST_REDIRECTS = 3
MOVED = frozenset({301, 302, 303, 307, 308})
# The medium is not there any more, or never was ours to see.
GONE = frozenset({400, 401, 403, 404, 410})


async def pieces(client: httpx2.AsyncClient, download: Download, *, most: int) -> AsyncIterator[bytes]:
    """The medium in pieces. Raises NotDelivered, a final one when it is gone, and TooLarge."""
    try:
        async for piece in _follow(client, download, most):
            yield piece
    except httpx2.HTTPError as error:
        begun = "" if isinstance(error, BEFORE_SENDING) else " while it was fetched"
        raise NotDelivered(f"{error.__class__.__name__}{begun}") from error
    except httpx2.InvalidURL as error:
        raise NotDelivered("the address of the file is not one", final=True) from error


async def _follow(client: httpx2.AsyncClient, download: Download, most: int) -> AsyncIterator[bytes]:
    url, headers = httpx2.URL(download.url), dict(download.headers)
    for _ in range(MOST_REDIRECTS + 1):
        if url.scheme not in ("https", "http") or url.userinfo:
            raise NotDelivered("the address of the file is not one", final=True)
        async with client.stream("GET", url, headers=headers, timeout=FETCH_S, follow_redirects=False) as response:
            if response.status_code in MOVED and response.headers.get("location"):
                to = url.join(response.headers["location"])
                headers = headers if _origin(to) == _origin(url) else {}
                url = to
                continue
            await _check(response, download)
            told = response.headers.get("content-length", "")
            if told.isdigit() and int(told) > most:
                raise TooLarge(f"The file is larger than {most} bytes.")
            async for piece in response.aiter_bytes():
                yield piece
            return
    raise NotDelivered("the address of the file leads from one to the next", final=True)


async def _check(response: httpx2.Response, download: Download) -> None:
    """Raises NotDelivered unless the answer is the medium itself."""
    status = response.status_code
    is_json = response.headers.get("content-type", "").partition(";")[0].strip() in ("application/json", "text/json")
    if download.refused is not None and (is_json or status not in range(200, 300)):
        content = b""
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > MAX_ANSWER:
                break
        if _is_object(content):
            raise download.refused(Answered(status, content))
    if not 200 <= status < 300:
        raise NotDelivered(f"{response.url.host} answered {status}", final=status in GONE)


def _is_object(content: bytes) -> bool:
    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
