"""HTTP of the channels: the start of a visit on the web widget, and the webhooks of the platforms."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from typing import Any, Literal

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import client_address
from handoff_service.channels import store
from handoff_service.channels.arrive import take
from handoff_service.channels.fetch import FETCH_TOPIC
from handoff_service.channels.freshness import Freshness
from handoff_service.channels.model import Account, Checked, Parsed, Reply, WebhookRequest
from handoff_service.channels.reading import check, parse
from handoff_service.channels.registry import LEARNING
from handoff_service.channels.sealing import Seal
from handoff_service.channels.web_widget import is_known, start_session, verify_identity
from handoff_service.errors import Forbidden, NotFound, TooLarge, Unauthorized
from handoff_service.failpoints import failpoint
from handoff_service.inputs import Plain
from handoff_service.service import Service
from handoff_service.tenants import store as tenants

MAX_EVENT = 64 * 1024  # unless a channel says otherwise
TELL_EVERY_S = 60.0  # an account whose webhooks are refused
UNTIL_APART = 64 * 1024  # a larger body is read in a thread


log = structlog.get_logger()


class Visit(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    tenant: Plain = Field(max_length=64)
    token: Plain | None = Field(None, max_length=128)
    identity: Plain | None = Field(None, max_length=4096)
    language: Literal["zh", "en"] = "zh"


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    seal = Seal(service.settings.encryption_key.get_secret_value())
    freshness, turned_away = Freshness(), TurnedAway()

    @routes.post("/v1/widget/sessions", status_code=201)
    async def start(visit: Visit, request: Request) -> dict[str, Any]:
        now = service.clock()
        token = visit.token or ""
        async with contextlib.AsyncExitStack() as passing:
            if not token or not await service.database.read(lambda c: is_known(c, visit.tenant, token, now)):
                await passing.enter_async_context(service.load.newcomer())
                await service.limits.visitor(client_address(request))
            tenant, of_shop = await service.database.read(
                lambda c: (tenants.find(c, visit.tenant), service.orders.are_of(c, visit.tenant))
            )
            identity = None
            if visit.identity:
                identity = verify_identity(visit.identity, tenant.id, service.settings, of_shop=of_shop, now=now)
            sender, token = await service.database.write(
                lambda tx: start_session(
                    tx,
                    tenant.id,
                    token=visit.token,
                    identity=identity,
                    language=visit.language,
                    settings=service.settings,
                    now=now,
                )
            )
        settings = tenant.settings
        return {
            "token": token,
            "contact": {"id": sender.contact, "name": sender.name},
            "tenant": {
                "id": tenant.id,
                "name": settings.name.get(visit.language, tenant.name),
                "languages": settings.languages,
                "greeting": settings.greeting,
                "suggestions": settings.suggestions,
            },
        }

    # Mailgun sends mails as they came to addresses that end with "mime".
    @routes.post("/v1/channels/{tenant}/{account}/webhook/mime", response_model=None)
    @routes.api_route("/v1/channels/{tenant}/{account}/webhook", methods=["GET", "POST"], response_model=None)
    async def webhook(tenant: str, account: str, request: Request) -> Response | dict[str, Any]:
        """Takes events of a platform; answers after they are durable, and before anybody works on them."""
        try:
            known = await service.database.read(lambda connection: store.find(connection, tenant, account, seal))
        except NotFound:  # strangers do not learn which accounts exist
            await _body(request, MAX_EVENT)
            return turned_away(None, "no such account")
        channel = service.channels[known.channel]
        raw = await _body(request, channel.abilities.most_bytes)
        asked = _as_platform_saw(request, raw, service.settings.gateway_url)
        context = service.context()
        if known.channel in LEARNING and not known.disabled:
            await LEARNING[known.channel](service.platforms, known, asked)

        def read() -> tuple[Checked, Parsed]:
            checked = check(channel, known, asked)
            if known.disabled:
                raise Forbidden("This account is disabled.")
            return checked, parse(channel, known, checked)

        try:
            checked, parsed = await asyncio.to_thread(read) if len(raw) > UNTIL_APART else read()
            if checked.signed_at is not None and (parsed.events or parsed.fetch):
                proof = checked.proof or sha256(raw).hexdigest()
                freshness.check((tenant, account), proof, checked.signed_at, context.now)
        except (Unauthorized, Forbidden) as error:
            if channel.abilities.strict:  # whoever posts can mend it, if he is told
                raise
            return turned_away(known, error.message)
        once = (checked.once, sha256(checked.body).hexdigest()) if checked.once else None
        arrived = await take(service.database, known, channel.abilities, parsed.events, seal, context, once=once)
        failpoint("hook_after_commit")
        if parsed.fetch:
            service.bell.ring(FETCH_TOPIC, [tenant, account, parsed.ticket])
        if parsed.reply is not None:
            return _reply(parsed.reply)
        results = [asdict(one) for one in arrived]
        return results[0] if len(results) == 1 else {"results": results}

    return routes


class TurnedAway:
    """Answers what no platform has sent, all alike and without a word, and says in the log why, now and then."""

    def __init__(self, watch: Callable[[], float] = time.monotonic) -> None:
        self._watch = watch
        self._told: dict[str, float] = {}

    def __call__(self, account: Account | None, reason: str) -> Response:
        # Names that strangers make up are one: they must not fill the log, nor this memory.
        name, now = account.id if account else "", self._watch()
        if now - self._told.get(name, -TELL_EVERY_S) >= TELL_EVERY_S:
            self._told[name] = now
            log.warning(
                "webhook refused", channel=account and account.channel, account=name or "unknown", reason=reason
            )
        return Response(status_code=401)


def _as_platform_saw(request: Request, raw: bytes, public_url: str) -> WebhookRequest:
    """The request under our public address: what Host says is for anybody to claim."""
    query = f"?{request.url.query}" if request.url.query else ""
    return WebhookRequest(
        raw,
        {name.lower(): value for name, value in request.headers.items()},
        request.method,
        dict(request.query_params),
        f"{public_url.rstrip('/')}{request.url.path}{query}",
    )


def _reply(reply: Reply) -> Response:
    """The answer that the platform wants, to the letter."""
    content = reply.body if isinstance(reply.body, str) else json.dumps(reply.body, ensure_ascii=False)
    kind = reply.type if isinstance(reply.body, str) else "application/json"
    return Response(content, reply.status, media_type=kind)


async def _body(request: Request, most: int) -> bytes:
    """The bytes as they were signed. Raises TooLarge before more than the limit is held."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > most:
        raise TooLarge(f"The body is larger than {most} bytes.")
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > most:
            raise TooLarge(f"The body is larger than {most} bytes.")
    return bytes(raw)
