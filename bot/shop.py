"""Client of the shop's business API (data/demo_shop/openapi.yml is its contract; any shop that keeps it will do)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

ROOT = "/api/v1"


class ShopUnavailable(Exception):
    """The shop did not give a usable answer; the text says what happened."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Shows that data are the customer's own: a verified customer id, or the last digits of the phone."""

    customer: str | None = None
    phone_tail: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The shop will not do it: `code` says why (openapi.yml lists them), `facts` what goes with it."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Shop:
    """HTTP client of the business API; one kept-alive session, one time limit (seconds) for each call."""

    def __init__(self, url: str, *, api_key: str, timeout: float) -> None:
        self._root = url.rstrip("/") + ROOT
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session; must run in the event loop that serves."""
        self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def read(self, path: str, *, proof: Proof, needs: tuple[str, ...] = ()) -> Mapping[str, Any] | None:
        """What is at this path, None when there is no such thing or it is not the customer's.

        Raises ShopUnavailable, also when a field of `needs` is missing or null.
        """
        status, body = await self._call("GET", path, proof=proof)
        if status == 404:
            return None
        if status != 200 or any(body.get(name) is None for name in needs):
            raise ShopUnavailable(f"the shop answered {status} to GET {path}" + (" in another shape" * (status == 200)))
        return body

    async def do(
        self, path: str, *, proof: Proof, key: str, needs: tuple[str, ...] = (), **wanted: Any
    ) -> Mapping[str, Any] | Refused:
        """Have something done, once per key however often it is asked for; raises ShopUnavailable.

        After that error nobody knows whether it was done; the same key asks again without doing it twice.
        """
        body = {**wanted, "idempotency_key": key}
        status, answer = await self._call("POST", path, proof=proof, json=body)
        if status in (200, 201) and all(answer.get(name) is not None for name in needs):
            return answer
        if status == 404:
            return Refused(code="not_found")
        error = answer.get("error")
        if status == 409 and isinstance(error, dict):
            return Refused(code=str(error.get("code")), facts=error)
        raise ShopUnavailable(f"the shop answered {status} to POST {path}")

    async def _call(self, method: str, path: str, *, proof: Proof, **options: Any) -> tuple[int, dict[str, Any]]:
        if self._session is None:
            raise ShopUnavailable("the client is not open")
        if proof.customer is not None:
            options["headers"] = {"X-Customer": proof.customer}
        elif proof.phone_tail is not None:
            options["params"] = {"phone_tail": proof.phone_tail}
        try:
            async with self._session.request(method, self._root + path, **options) as response:
                body = await response.json()
                return response.status, body if isinstance(body, dict) else {}
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise ShopUnavailable(f"{method} {path} failed: {error!r}") from error
