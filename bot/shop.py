"""Client of the shop's order API."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp


class ShopUnavailable(Exception):
    """The shop did not give a usable answer; the text says what happened."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Shows that an order is the customer's own: a verified customer id, or the last digits of the phone."""

    customer: str | None = None
    phone_tail: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refund:
    """The shop's answer to a refund request: `refused` holds its code when there will be none."""

    refund: str | None = None
    amount: str | None = None
    refused: str | None = None


class Shop:
    """HTTP client of the order API; one kept-alive session, one time limit (seconds) for each call."""

    def __init__(self, url: str, *, api_key: str, timeout: float) -> None:
        self._orders = url.rstrip("/") + "/api/v1/orders/"
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

    async def order(self, number: str, *, proof: Proof) -> Mapping[str, Any] | None:
        """The order, None when it does not exist or is not the customer's; raises ShopUnavailable."""
        status, body = await self._call("GET", number, proof=proof)
        if status == 404:
            return None
        if status != 200 or not isinstance(body.get("status"), str):
            raise ShopUnavailable(f"the order API answered {status} for an order")
        return body

    async def request_refund(self, number: str, *, proof: Proof, reason: str, idempotency_key: str) -> Refund:
        """Ask for a refund, once per key however often it is called; raises ShopUnavailable."""
        body = {"reason": reason, "idempotency_key": idempotency_key}
        status, answer = await self._call("POST", f"{number}/refunds", proof=proof, json=body)
        if status in (200, 201):
            return Refund(refund=str(answer.get("refund", "")), amount=str(answer.get("amount", "")))
        if status == 404:
            return Refund(refused="not_found")
        error = answer.get("error")
        if status == 409 and isinstance(error, dict):
            return Refund(refused=str(error.get("code")))
        raise ShopUnavailable(f"the order API answered {status} to a refund request")

    async def _call(self, method: str, path: str, *, proof: Proof, **options: Any) -> tuple[int, dict[str, Any]]:
        if self._session is None:
            raise ShopUnavailable("the client is not open")
        if proof.customer is not None:
            options["headers"] = {"X-Customer": proof.customer}
        else:
            options["params"] = {"phone_tail": proof.phone_tail or ""}
        try:
            async with self._session.request(method, self._orders + path, **options) as response:
                body = await response.json()
                return response.status, body if isinstance(body, dict) else {}
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise ShopUnavailable(f"{method} on the order API failed: {error!r}") from error
