"""What holds for every HTTP answer: errors as JSON, size limits, security headers, health, and the built pages."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handoff_service import health, policy_reports
from handoff_service.complaints.case_file import CASE_POLICY
from handoff_service.errors import Invalid, NotFound, TandemError, TooLarge, Unavailable
from handoff_service.ids import new_id
from handoff_service.service import Service

log = structlog.get_logger()

MAX_BODY = 256 * 1024
MAX_WEBHOOK = 32 * 1024 * 1024  # mails with their attachments
WEBHOOK = re.compile(r"/v1/channels/[^/]+/[^/]+/webhook(/mime)?")
UPLOAD = re.compile(r"/v1/conversations/[^/]+/files")
FOR_OTHER_SITES = ("/v1/widget/", "/v1/ws-ticket", "/v1/conversations/", "/v1/files/")
# What anybody may know of a tenant before he has said a word.
PUBLIC_ANSWERS = ("/v1/widget/config", "/v1/widget/articles", "/v1/widget/qr.svg")
SENT_IN = ("/v1/files/", "/v1/shared/", "/v1/pictures/")
HELP = re.compile(r"/help/([^/]+)")
TENANT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
ORIGIN = re.compile(r"https?://[A-Za-z0-9.:-]+")
HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.js$")
PAGES = Path(__file__).parent / "web" / "dist"


def install(app: FastAPI, service: Service) -> None:
    """Adds error handlers, limits, headers, health and pages to the application."""
    app.add_exception_handler(TandemError, _tandem_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _last_resort)
    app.include_router(health.router(service))
    app.include_router(policy_reports.router(service))
    _add_pages(app)
    app.add_middleware(Guard, service=service)


def _error(error: TandemError) -> JSONResponse:
    after = error.extra.get("retry_after_s")
    headers = None if after is None else {"Retry-After": str(after)}
    return JSONResponse({"error": error.as_json()}, status_code=error.status, headers=headers)


async def _tandem_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TandemError)
    return _error(error)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [f"{'.'.join(str(part) for part in one['loc'][1:]) or 'body'}: {one['msg']}" for one in error.errors()]
    return _error(Invalid("; ".join(problems[:5])))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _error(NotFound(f"There is nothing at {request.url.path[:200]}."))
    wrong = {"code": "http", "message": str(error.detail), "retryable": False}
    return JSONResponse({"error": wrong}, status_code=error.status_code, headers=error.headers)


async def _last_resort(request: Request, error: Exception) -> JSONResponse:
    """Whatever nobody foresaw: the log has the details, the caller a name to ask about."""
    name = new_id("e")
    log.error("unforeseen error", error_id=name, path=request.url.path, exc_info=error)
    wrong = {"code": "internal", "message": f"Something went wrong here; it is on record as {name}.", "retryable": True}
    return JSONResponse({"error": wrong}, status_code=500)


def _add_pages(app: FastAPI) -> None:
    if PAGES.is_dir():
        for name in ("widget", "console", "chat"):
            if (PAGES / name).is_dir():
                app.mount(f"/{name}", StaticFiles(directory=PAGES / name, html=True), name=name)


class Guard:
    """Counts request bodies, answers CORS for the widget, and sets the headers that browsers need to protect users."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_upload = UPLOAD.fullmatch(scope["path"]) is not None  # the route counts its bytes as well
        most = self._service.settings.file_max_bytes if is_upload else MAX_BODY
        if WEBHOOK.fullmatch(scope["path"]):  # its channel says how much that is
            most = MAX_WEBHOOK
        request, body = Request(scope), Body(receive, most)
        try:
            origin, frames = await self._allowed_origin(request), await self._frames(request)
            logo = await self._logo(request)
        except Unavailable as error:  # nobody further out would turn it into an answer
            await _error(error)(scope, receive, send)
            return
        if request.method == "OPTIONS" and origin:
            await JSONResponse({}, headers=_cors(origin, preflight=True))(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_security(request.url.path, self._service, frames, logo))
                if body.is_unread(request):
                    headers["Connection"] = "close"  # or the server would read a body without end, and throw it away
                if origin:
                    headers.update(_cors(origin))
            await send(message)

        async def send_unless_too_large(message: Message) -> None:
            if not body.too_large:  # the framework would answer that it could not parse the body
                await send_with_headers(message)

        if "\x00" in scope["path"]:  # neither a database nor a file system could be asked for it
            await _error(NotFound("There is nothing here."))(scope, receive, send_with_headers)
            return
        with contextlib.suppress(TooLarge):
            await self._app(scope, body.receive, send_unless_too_large)
        if body.too_large:
            await _error(_too_large(most))(scope, receive, send_with_headers)

    async def _frames(self, request: Request) -> str:
        """Who may show the answer in a frame: a tenant's own sites the full-page chat, nobody anything else."""
        tenant = request.query_params.get("tenant")
        if not tenant or request.url.path != "/chat/":
            return "'none'"
        listed = [one for one in await self._service.origins.of(tenant) if ORIGIN.fullmatch(one)]
        own = ["'self'"] if "preview" in request.query_params else []  # the console shows a look that is tried out
        return " ".join([*own, *listed]) or "'none'"

    async def _logo(self, request: Request) -> str:
        """The tenant's own picture, which may lie on another site, on the pages that show it."""
        path = str(request.scope["path"])
        of_help = HELP.match(path)
        tenant = request.query_params.get("tenant", "") if path == "/chat/" else of_help[1] if of_help else ""
        return await self._service.origins.logo_of(tenant) if TENANT.fullmatch(tenant) else ""

    async def _allowed_origin(self, request: Request) -> str | None:
        """The page's origin, if a tenant has listed it; only the customer's routes ever answer to other sites."""
        origin = request.headers.get("origin")
        if origin is None or not request.url.path.startswith(FOR_OTHER_SITES):
            return None
        return origin if await self._service.origins.allow(origin) else None


class Body:
    """Counts the bytes of a request as they come."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._seen = 0
        self._ended = False

    @property
    def too_large(self) -> bool:
        return self._seen > self._most

    def is_unread(self, request: Request) -> bool:
        """Whether more is still to come than anybody should wait for."""
        told = request.headers.get("content-length", "0")
        endless = "transfer-encoding" in request.headers or not told.isdigit() or int(told) > 4 * self._most
        return endless and not self._ended

    async def receive(self) -> Message:
        """The next part. Raises TooLarge, and nothing more is read then."""
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self.too_large:
            raise _too_large(self._most)
        return message


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The request is larger than {most} bytes.")


def _cors(origin: str, *, preflight: bool = False) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    if preflight:
        headers |= {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "600",
        }
    return headers


def _framed(path: str) -> str:
    """What the page may show in a frame: the console the chat page, in a look that is being tried out."""
    return "frame-src 'self'; " if path.startswith("/console/") else ""


def _security(path: str, service: Service, frames: str, logo: str) -> dict[str, str]:
    socket = service.settings.gateway_url.replace("http", "ws", 1)
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob:{logo and ' '}{logo}; font-src 'self'; "
        f"connect-src 'self' {socket}; {_framed(path)}form-action 'self'; base-uri 'none'; object-src 'none'; "
        f"frame-ancestors {frames}; require-trusted-types-for 'script'; trusted-types 'none'; "
        f"report-uri {policy_reports.PATH}"
    )
    if path.startswith(SENT_IN):  # what somebody has sent may do nothing, wherever it is opened
        policy = "default-src 'none'; sandbox; frame-ancestors 'none'"
    if path.endswith("/case.html"):
        policy = CASE_POLICY
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Content-Security-Policy": policy,
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }
    if path.startswith("/v1/"):
        headers["Cache-Control"] = "no-store"
    elif path.startswith("/help/"):
        headers["Cache-Control"] = "public, max-age=60"
    elif path.endswith("/") or path.endswith("widget.js"):
        headers["Cache-Control"] = "no-cache"
    if path.startswith(PUBLIC_ANSWERS):
        headers |= {"Cache-Control": "public, max-age=60", "Vary": "Origin"}
    if path.startswith("/v1/pictures/"):  # faces, for whoever has the address; each stays what it is
        headers |= {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=31536000, immutable"}
    if path.startswith("/widget/"):
        # The widget's parts are modules, which browsers load from another site only with this word.
        headers |= {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
        if HASHED.search(path):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if path.startswith(("/chat/", "/console/")):  # voice notes and calls
        headers["Permissions-Policy"] = "camera=(self), microphone=(self), geolocation=()"
    if service.settings.gateway_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers
