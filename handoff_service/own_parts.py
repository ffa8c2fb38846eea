"""Requests to Tandem's own parts: bot, knowledge index, shop. One goes with every message, so their price counts."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx2
import yarl

IDLE_S = 4.0
"""A line rests no longer: uvicorn, and Sanic under Rasa, hang up after five seconds."""

LARGE = 1 << 20
"""Bytes of a body from which on aiohttp wants it as a file, so that it is not copied in one go."""


def client_for_parts() -> httpx2.AsyncClient:
    """The client, to be closed by who asked for it; it goes nowhere else, and reads no proxy from the environment."""
    return httpx2.AsyncClient(transport=Lines(), follow_redirects=False, trust_env=False)


class Lines(httpx2.AsyncBaseTransport):
    """aiohttp's connections under httpx2: a request costs a third of what it costs over httpx2's own."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None  # belongs to the event loop of the first request

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises what httpx2's own transport raises."""
        self._session = self._session or aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        limits = request.extensions["timeout"]
        body = await request.aread()
        with _said_as_httpx2(request):
            # aiohttp watches over connecting and reading; a peer that takes nothing would be written to for ever.
            async with asyncio.timeout(None if None in limits.values() else sum(limits.values())):
                response = await self._session.request(
                    request.method,
                    yarl.URL(str(request.url), encoded=True).with_user(None),  # httpx2 has made a header of it
                    headers=[one for one in request.headers.multi_items() if one[0] != "transfer-encoding"],
                    skip_auto_headers=("Content-Type",),
                    data=io.BytesIO(body) if len(body) > LARGE else body or None,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(
                        total=None, connect=limits["pool"], sock_connect=limits["connect"], sock_read=limits["read"]
                    ),
                )
        return httpx2.Response(response.status, headers=response.raw_headers, stream=_Body(response, request))

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._response, self._request = response, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _said_as_httpx2(self._request):
            async for piece in self._response.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        """A line whose answer was not read to its end is hung up."""
        self._response.close()


@contextmanager
def _said_as_httpx2(request: httpx2.Request) -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx2.ConnectTimeout(str(error), request=request) from error
    except TimeoutError as error:
        raise httpx2.ReadTimeout(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(str(error), request=request) from error
    except aiohttp.ClientOSError as error:
        raise httpx2.ReadError(str(error), request=request) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise httpx2.RemoteProtocolError(str(error), request=request) from error
