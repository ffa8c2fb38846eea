"""Puts the shop together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pysqlite3 as sqlite3
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from data.demo_shop.account.store import Accounts
from data.demo_shop.api import ApiError, answer_error, answer_refused, api_routes, error_answer
from data.demo_shop.contract import load
from data.demo_shop.model import Refused
from data.demo_shop.pages import HERE, page_routes
from data.demo_shop.seed import ACCOUNTS, ADDRESSES, CUSTOMERS, first_coupons, first_orders, first_payments
from data.demo_shop.settings import Settings
from data.demo_shop.store import Store
from data.demo_shop.wallet.store import Wallet


def create_app(settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The shop on its file in the state folder, filled at the first start."""
    store = Store(settings.var / "shop.sqlite")
    fill(store, now())
    app = FastAPI(title="Lanyu Mall", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(ApiError, answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Refused, answer_refused)
    for routes in api_routes(store, api_key=settings.api_key, clock=now):
        app.include_router(routes)
    app.include_router(page_routes(store, settings))
    app.mount("/static", StaticFiles(directory=HERE / "static"))

    @app.get("/openapi.json")
    def openapi() -> dict[str, Any]:
        return load()

    @app.get("/healthz")
    def healthz() -> dict[str, bool]:
        return {"alive": True}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        try:
            store.check_writable()
        except sqlite3.Error as error:
            return JSONResponse({"ready": False, "reason": f"shop.sqlite: {error}"}, status_code=503)
        return JSONResponse({"ready": True})

    return app


def fill(store: Store, now: datetime) -> None:
    """Everything that is there at the first start; what is there already is left alone."""
    store.fill(CUSTOMERS, first_orders(now))
    store.fill_addresses(ADDRESSES)
    Wallet(store).fill(first_coupons(now), first_payments(now))
    Accounts(store).fill(list(ACCOUNTS), now=now)


async def _answer_invalid(_: Request, error: Exception) -> JSONResponse:
    """Names the first wrong field; the value itself is not repeated, it may be anything."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    return error_answer(422, "invalid", f"{where}: {first['msg']}")


async def _answer_http(_: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself: unknown address, wrong method, a body that is not even text."""
    assert isinstance(error, HTTPException)
    return error_answer(error.status_code, "not_found" if error.status_code == 404 else "invalid", error.detail)
