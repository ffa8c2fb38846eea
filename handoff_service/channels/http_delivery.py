"""One delivery over HTTP: what the answer, or its absence, means for the outbox."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from handoff_service.errors import NotDelivered
from handoff_service.outbox import LONGEST_ASKED_S

# Both end well before outbox.LEASE, so that a slow answer is ours to record.
TOTAL_S = 10.0
UPLOAD_S = 20.0
TIMEOUT = httpx2.Timeout(TOTAL_S, connect=5.0)
MAX_ANSWER = 64 * 1024
# The receiver has not begun: too busy, in maintenance, at the same key already, or has not learnt the new secret yet.
NOT_TAKEN = frozenset({401, 408, 409, 425, 429, 503})
LOST = "'getpeername'"  # anyio asks for the other end of a connection that has none any more
BEFORE_SENDING = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


async def exchange(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    sent: Mapping[str, Any],
    *,
    judges: Collection[int] = (),
    total_s: float = TOTAL_S,
    last_look: Callable[[], Awaitable[None]] | None = None,
) -> tuple[int, bytes]:
    """Asks once and returns the status and the beginning of the answer, a 2xx or one that the caller `judges`.

    Raises NotDelivered, which says whether it may have arrived and whether another attempt makes sense. Nothing that
    it says holds the address: some platforms want the key in it. `last_look` is called when the connection stands
    and nothing has left yet; what it raises ends the attempt.
    """
    status = 0
    extensions = None if last_look is None else {"trace": _before_leaving(last_look)}
    try:
        async with (
            asyncio.timeout(total_s),
            client.stream(
                method, url, headers=dict(headers), timeout=TIMEOUT, extensions=extensions, **sent
            ) as response,
        ):
            status = response.status_code
            if not 200 <= status < 300 and status not in judges:
                raise _refused(response)
            return status, await _beginning(response)
    except (httpx2.HTTPError, TimeoutError) as error:
        if 200 <= status < 300:
            return status, b""  # it was taken; only the rest of the answer is missing
        raise NotDelivered(
            f"{error.__class__.__name__} at {httpx2.URL(url).host}",
            uncertain=not isinstance(error, BEFORE_SENDING),
        ) from error
    except AttributeError as error:
        if status or LOST not in str(error):
            raise
        # A kept connection broke while it was looked at, before the request: nothing has left.
        raise NotDelivered(f"the connection was lost at {httpx2.URL(url).host}") from error
    except httpx2.InvalidURL as error:
        raise NotDelivered("the account's address is not one", final=True) from error


def _before_leaving(last_look: Callable[[], Awaitable[None]]) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """A trace of the HTTP library that calls `last_look` right before a request's first byte is written."""

    async def on_step(step: str, _: Mapping[str, Any]) -> None:
        if step.endswith("send_request_headers.started"):
            await last_look()

    return on_step


def _refused(response: httpx2.Response) -> NotDelivered:
    status = response.status_code
    reason = f"{response.url.host} answered {status}"
    if status in NOT_TAKEN:
        return NotDelivered(reason, retry_after_s=_retry_after(response))
    if status >= 500:  # it may have failed, or its proxy may have given up on it, after the effect
        return NotDelivered(reason, uncertain=True, retry_after_s=_retry_after(response))
    return NotDelivered(reason, final=True)


def _retry_after(response: httpx2.Response) -> float:
    """Seconds that the receiver asks us to wait (RFC 9110: a number, or a date); 0 when it does not say."""
    given = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            at = parsedate_to_datetime(given)
        except ValueError:
            return 0.0
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), LONGEST_ASKED_S) if math.isfinite(seconds) else 0.0


async def _beginning(response: httpx2.Response) -> bytes:
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) >= MAX_ANSWER:
            break
    return content[:MAX_ANSWER]
