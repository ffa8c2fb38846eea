"""The order API that the bot asks, opened by one key; it shows an order only to who can name its owner."""

import hmac
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from data.demo_shop.model import RefundRefused
from data.demo_shop.store import Store


class ApiError(Exception):
    """An answer of the API that is not a success; `message` is a sentence for a person."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class RefundRequest(BaseModel):
    """Body of a refund request; the same key again returns the recorded refund."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")
    idempotency_key: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")


async def answer_error(_: Request, error: Exception) -> JSONResponse:
    """Turns an ApiError into {"error": {"code", "message"}}."""
    assert isinstance(error, ApiError)
    return error_answer(error.status, error.code, error.message)


def error_answer(status: int, code: str, message: str) -> JSONResponse:
    """The one shape of every error."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def order_routes(store: Store, *, api_key: str) -> APIRouter:
    """GET and refund of one order; foreign and unknown orders look the same."""

    def check_key(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {api_key}".encode()):
            raise ApiError(401, "unauthorized", "The order API needs Authorization: Bearer <TANDEM_SHOP_API_KEY>.")

    def owner(
        x_customer: Annotated[str | None, Header()] = None,
        phone_tail: Annotated[str | None, Query(max_length=16)] = None,
    ) -> dict[str, str | None]:
        if not x_customer and not phone_tail:
            raise ApiError(400, "customer_required", "Name the owner: header X-Customer, or ?phone_tail=1234.")
        return {"customer": x_customer or None, "phone_tail": phone_tail}

    Owner = Annotated[dict[str, str | None], Depends(owner)]
    routes = APIRouter(prefix="/api/v1/orders", dependencies=[Depends(check_key)])

    @routes.get("/{number}")
    def get_order(number: str, owner: Owner) -> dict[str, Any]:
        order = store.order(number, **owner)
        if order is None:
            raise _not_found(number)
        return order.as_json()

    @routes.post("/{number}/refunds", status_code=201)
    def request_refund(number: str, wanted: RefundRequest, owner: Owner) -> dict[str, Any]:
        try:
            refund = store.request_refund(
                number, reason=wanted.reason, key=wanted.idempotency_key, now=datetime.now(UTC), **owner
            )
        except RefundRefused as refused:
            raise ApiError(409, refused.code, str(refused)) from refused
        if refund is None:
            raise _not_found(number)
        return refund.as_json()

    return routes


def _not_found(number: str) -> ApiError:
    return ApiError(404, "not_found", f"There is no order {number[:32]!r} of this customer.")
