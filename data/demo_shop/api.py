"""The business API that the bot asks, opened by one key; it shows and does things only for who can name the owner."""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse

from data.demo_shop import wanted as body
from data.demo_shop.account.store import Accounts
from data.demo_shop.deeds.store import Deeds
from data.demo_shop.model import Owner, Refused
from data.demo_shop.rules import order_json
from data.demo_shop.store import Store
from data.demo_shop.wallet.store import Wallet

Clock = Callable[[], datetime]
MOST_ORDERS = 50


class ApiError(Exception):
    """An answer of the API that is not a success; `message` is a sentence for a person."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


async def answer_error(_: Request, error: Exception) -> JSONResponse:
    """Turns an ApiError into {"error": {"code", "message"}}."""
    assert isinstance(error, ApiError)
    return error_answer(error.status, error.code, error.message)


async def answer_refused(_: Request, error: Exception) -> JSONResponse:
    """What the shop will not do is a 409 with its code."""
    assert isinstance(error, Refused)
    return error_answer(409, error.code, str(error))


def error_answer(status: int, code: str, message: str) -> JSONResponse:
    """The one shape of every error."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def found(answer: dict[str, Any] | None, what: str) -> dict[str, Any]:
    """The answer; what is foreign or unknown is 404, and one looks like the other."""
    if answer is None:
        raise ApiError(404, "not_found", f"There is no {what[:48]!r} of this customer.")
    return answer


def named_owner(
    x_customer: Annotated[str | None, Header(max_length=128)] = None,
    phone_tail: Annotated[str | None, Query(max_length=16)] = None,
) -> Owner:
    """Whose data are meant: header X-Customer (the gateway's word for it), or the end of the phone number."""
    if not x_customer and not phone_tail:
        raise ApiError(400, "customer_required", "Name the owner: header X-Customer, or ?phone_tail=1234.")
    return Owner(customer=x_customer or None, phone_tail=phone_tail or None)


def anybody(x_customer: Annotated[str | None, Header(max_length=128)] = None) -> Owner:
    """For what needs no owner, such as a coupon that anybody may use."""
    return Owner(customer=x_customer or None)


def signed_in(x_customer: Annotated[str | None, Header(max_length=128)] = None) -> str:
    """For what only a signed-in customer may see or do."""
    if not x_customer:
        raise ApiError(400, "customer_required", "Name the customer: header X-Customer.")
    return x_customer


Anyone = Annotated[Owner, Depends(anybody)]
Named = Annotated[Owner, Depends(named_owner)]
Customer = Annotated[str, Depends(signed_in)]


def api_routes(store: Store, *, api_key: str, clock: Clock) -> list[APIRouter]:
    """All routes of the API."""

    def check_key(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {api_key}".encode()):
            raise ApiError(401, "unauthorized", "The API needs Authorization: Bearer <TANDEM_SHOP_API_KEY>.")

    def router() -> APIRouter:
        return APIRouter(prefix="/api/v1", dependencies=[Depends(check_key)])

    return [
        order_routes(router(), store, Deeds(store), clock),
        wallet_routes(router(), Wallet(store), clock),
        account_routes(router(), Accounts(store), clock),
    ]


def order_routes(routes: APIRouter, store: Store, deeds: Deeds, clock: Clock) -> APIRouter:
    """Orders, what is done with them, and how it is taken back."""

    @routes.get("/orders")
    def orders(customer: Customer, limit: Annotated[int, Query(ge=1, le=MOST_ORDERS)] = 20) -> dict[str, Any]:
        return {"orders": [order_json(order, now=clock()) for order in store.orders_of(customer)[:limit]]}

    @routes.get("/orders/{number}")
    def order(number: str, owner: Named) -> dict[str, Any]:
        one = store.order(number, owner=owner, now=clock())
        return found(order_json(one, now=clock()) if one is not None else None, f"order {number}")

    def do(kind: str, number: str, wanted: body.Wanted, owner: Owner) -> dict[str, Any]:
        asked = wanted.model_dump(exclude={"idempotency_key"})
        answer = deeds.do(kind, number, asked, key=wanted.idempotency_key, owner=owner, now=clock())
        return found(answer, f"order {number}")

    @routes.post("/orders/{number}/cancellation", status_code=201)
    def cancel(number: str, wanted: body.Cancellation, owner: Named) -> dict[str, Any]:
        return do("cancel", number, wanted, owner)

    @routes.post("/orders/{number}/address", status_code=201)
    def change_address(number: str, wanted: body.Address, owner: Named) -> dict[str, Any]:
        return do("change_address", number, wanted, owner)

    @routes.post("/orders/{number}/refunds", status_code=201)
    def refund(number: str, wanted: body.Refund, owner: Named) -> dict[str, Any]:
        return do("refund", number, wanted, owner)

    @routes.post("/orders/{number}/returns", status_code=201)
    def send_back(number: str, wanted: body.SendBack, owner: Named) -> dict[str, Any]:
        return do(wanted.kind, number, wanted, owner)

    @routes.post("/orders/{number}/invoice", status_code=201)
    def invoice(number: str, wanted: body.Invoice, owner: Named) -> dict[str, Any]:
        return do("invoice", number, wanted, owner)

    @routes.post("/actions/{action}/undo", status_code=201)
    def undo(action: str, wanted: body.Undo, owner: Named) -> dict[str, Any]:
        answer = deeds.undo(action, key=wanted.idempotency_key, owner=owner, now=clock())
        return found(answer, f"action {action}")

    return routes


def wallet_routes(routes: APIRouter, wallet: Wallet, clock: Clock) -> APIRouter:
    """Coupons and payments."""

    @routes.get("/coupons")
    def coupons(customer: Customer) -> dict[str, Any]:
        return {"coupons": wallet.coupons(Owner(customer=customer), now=clock())}

    @routes.get("/coupons/{code}")
    def coupon(code: str, owner: Anyone) -> dict[str, Any]:
        return found(wallet.coupon(code, owner=owner, now=clock()), f"coupon {code}")

    @routes.get("/payments")
    def payments(customer: Customer) -> dict[str, Any]:
        return {"payments": wallet.payments(Owner(customer=customer), now=clock())}

    @routes.get("/payments/{reference}")
    def payment(reference: str, owner: Named) -> dict[str, Any]:
        return found(wallet.payment(reference, owner=owner, now=clock()), f"payment {reference}")

    @routes.post("/payments/{reference}/investigation", status_code=201)
    def investigate(reference: str, wanted: body.Investigation, owner: Named) -> dict[str, Any]:
        answer = wallet.investigate(
            reference, evidence=wanted.evidence, key=wanted.idempotency_key, owner=owner, now=clock()
        )
        return found(answer, f"payment {reference}")

    return routes


def account_routes(routes: APIRouter, accounts: Accounts, clock: Clock) -> APIRouter:
    """Identity verification and closing, for signed-in customers only."""

    @routes.get("/identity")
    def identity(customer: Customer) -> dict[str, Any]:
        return found(accounts.identity(customer, now=clock()), "account")

    @routes.post("/identity/applications", status_code=201)
    def apply(wanted: body.Application, customer: Customer) -> dict[str, Any]:
        answer = accounts.start_verification(
            customer, document=wanted.document, key=wanted.idempotency_key, now=clock()
        )
        return found(answer, "account")

    @routes.get("/account/closing")
    def closing(customer: Customer) -> dict[str, Any]:
        return found(accounts.closing(customer, now=clock()), "account")

    @routes.post("/account/closing", status_code=201)
    def close(wanted: body.Closing, customer: Customer) -> dict[str, Any]:
        answer = accounts.close(customer, code=wanted.code, key=wanted.idempotency_key, now=clock())
        return found(answer, "account")

    return routes
