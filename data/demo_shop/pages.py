"""The shop pages: no script of their own, only the widget's; who is signed in is a cookie."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from data.demo_shop.identity import sign_identity
from data.demo_shop.model import SHOP_TIME, Customer, yuan
from data.demo_shop.seed import ALEX, LIN_XIAO
from data.demo_shop.settings import Settings
from data.demo_shop.store import Store
from data.demo_shop.texts import PRODUCTS, TEXTS

HERE = Path(__file__).parent
COOKIE = "shop_customer"
# The demo's doors: one click, no password. Everybody else's account cannot be entered.
DOORS = {customer.id: customer for customer in (LIN_XIAO, ALEX)}
PAGES = {"zh": {"home": "/", "orders": "/orders"}, "en": {"home": "/en", "orders": "/en/orders"}}
FORM_BYTES = 1024


def security_headers(gateway_url: str) -> dict[str, str]:
    """Only our own files and the gateway's widget may load, and only the gateway may be talked to."""
    socket_url = urlsplit(gateway_url)._replace(scheme="wss" if gateway_url.startswith("https:") else "ws").geturl()
    policy = (
        "default-src 'none'",
        f"script-src {gateway_url}",
        "style-src 'self'",
        f"img-src 'self' {gateway_url}",
        f"connect-src {gateway_url} {socket_url}",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",  # calls and voice notes in the chat
        # The page holds an identity that is good for one use.
        "Cache-Control": "no-store",
    }


def page_routes(store: Store, settings: Settings) -> APIRouter:
    """The front page and the order list in both languages, and the switch between the demo customers."""
    routes = APIRouter(include_in_schema=False)
    templates = Jinja2Templates(HERE / "templates")
    templates.env.filters["yuan"] = yuan
    templates.env.filters["shop_time"] = lambda at: at.astimezone(SHOP_TIME).strftime("%Y-%m-%d %H:%M")
    headers = security_headers(settings.gateway_url)

    def page(request: Request, name: str, language: str) -> Response:
        customer = _signed_in(request, store)
        identity = sign_identity(customer, secret=settings.identity_secret) if customer else None
        context = {
            "t": TEXTS[language],
            "language": language,
            "links": PAGES[language],
            "other": PAGES["en" if language == "zh" else "zh"][name],
            "here": PAGES[language][name],
            "customer": customer,
            "doors": list(DOORS.values()),
            "identity": identity,
            "gateway": settings.gateway_url,
            "products": PRODUCTS,
            "orders": store.orders_of(customer.id) if customer and name == "orders" else [],
        }
        return templates.TemplateResponse(request, f"{name}.html", context, headers=headers)

    for language, paths in PAGES.items():
        for name, path in paths.items():

            def show(request: Request, name: str = name, language: str = language) -> Response:
                return page(request, name, language)

            routes.add_route(path, show, methods=["GET"])

    @routes.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        form = await _form(request)
        answer = RedirectResponse(_own_page(form.get("back", "")), status_code=303)
        if form.get("customer", "") in DOORS and _from_own_page(request):
            secure = settings.shop_url.startswith("https:")
            answer.set_cookie(COOKIE, form["customer"], httponly=True, samesite="lax", secure=secure)
        return answer

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        answer = RedirectResponse(_own_page((await _form(request)).get("back", "")), status_code=303)
        answer.delete_cookie(COOKIE)
        return answer

    return routes


def _signed_in(request: Request, store: Store) -> Customer | None:
    customer = request.cookies.get(COOKIE, "")
    return store.customer(customer) if customer in DOORS else None


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small urlencoded form; {} when it is larger than any of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _own_page(back: str) -> str:
    """Where to go after the switch: only one of our own pages, never an address that a form was given."""
    return back if any(back in paths.values() for paths in PAGES.values()) else "/"


def _from_own_page(request: Request) -> bool:
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
