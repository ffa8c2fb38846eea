"""Weibo fan service (open.weibo.com/wiki): pushed messages, answers by the customer-service API.

The signature covers no body and messages have no id: what we go by is who wrote what at which second. Posts that name
the account ("被@消息") are public mentions; of their `data` only what the wiki's other events have in common is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from handoff_service.channels.caller import REFUSALS, Caller, undelivered
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Download,
    Field,
    Happening,
    Inbound,
    Media,
    Notice,
    Outbound,
    Parsed,
    Reply,
    WebhookRequest,
    equal,
)
from handoff_service.channels.stamps import moment_of
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.weixin_cipher import signature
from handoff_service.channels.window import Allowance, Deed, Rules
from handoff_service.channels.wording import Form, Markup
from handoff_service.clock import iso
from handoff_service.errors import Invalid, Unauthorized
from handoff_service.public_mentions.model import mention_of

API = "https://m.api.weibo.com"
FILES_API = "https://upload.api.weibo.com"
TOKEN_API = "https://api.weibo.com"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TWO_DAYS = Allowance(timedelta(hours=48))
# open.weibo.com/wiki/Error_code: the token has ended, was revoked or is no token; a new one heals what waits.
BAD_TOKEN = (21314, 21315, 21316, 21317, 21319, 21327, 21332)
BUSY = (10001, 10002, 10003, 10022, 10023, 10024)


async def _token_lasts(caller: Caller, account: Account) -> timedelta:
    """How long the access token is still good (open.weibo.com/wiki/Oauth2/get_token_info). Raises NotDelivered."""
    server = account.options.get("api") or TOKEN_API
    form = {"access_token": account.secret("access_token")}
    answer = (await caller.post(f"{server}/oauth2/get_token_info", form=form, judges=REFUSALS)).json
    if not isinstance(answer.get("expire_in"), int | float):
        raise _refused(answer)
    return timedelta(seconds=float(answer["expire_in"]))


class Weibo:
    abilities = Abilities(
        title="Weibo (微博)",
        form=Form(Markup.PLAIN, 299),
        rules=Rules(allowances={Deed.WROTE: TWO_DAYS, Deed.CAME: TWO_DAYS, Deed.PRESSED: TWO_DAYS}),
        token_lasts=_token_lasts,
        checked="official vector of the signature, documented samples",
    )
    fields = (
        Field("app_secret", "App Secret", secret=True, pattern=r"[0-9a-zA-Z]{8,64}"),
        Field("access_token", "the account's access token", secret=True, pattern=r"[\x21-\x7e]{8,256}", ends=True),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        query = request.query
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        expected = [signature(secret, stamp, nonce) for secret in account.every("app_secret")]
        if not equal(query.get("signature", ""), *expected):
            raise Unauthorized("The signature does not match the App Secret of this account.")
        signed_at = moment_of(stamp, 1000)
        return Checked(body=request.raw, signed_at=signed_at, proof=query["signature"], request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:  # noqa: ARG002 (the channels' shape)
        if checked.request.method == "GET":
            return Parsed(reply=Reply(checked.request.query.get("echostr", "")[:256]))
        happening = _read(parse_object(checked.body, mend=True))
        return Parsed([happening] if happening else [], Reply(""))

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        server = account.options.get("api") or API
        form = {
            "access_token": account.secret("access_token"),
            "type": "text",
            "data": json.dumps({"text": message.text}, ensure_ascii=False),
            "receiver_id": message.contact,
            "save_sender_box": "1",
        }
        answer = (await caller.post(f"{server}/2/messages/reply.json", form=form, judges=REFUSALS)).json
        if answer.get("result") is True:
            return None
        raise _refused(answer)

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await _token_lasts(caller, account)
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        server = account.options.get("api") or FILES_API
        asked = urlencode({"access_token": account.secret("access_token"), "fid": media.ref})
        return Download(url=f"{server}/2/mss/msget?{asked}", refused=lambda answer: _refused(answer.json))


def _refused(answer: Mapping[str, Any]) -> Exception:
    code = answer.get("error_code")
    reason = f"Weibo {code}: {str(answer.get('error', ''))[:150]}"
    if code in BAD_TOKEN:
        return undelivered(f"{reason} (the access token is not valid)", again=True, after_s=60.0)
    return undelivered(reason, again=code in BUSY)


def _read(event: Mapping[str, Any]) -> Happening | None:
    contact, at, sort = str(event.get("sender_id", "")), str(event.get("created_at", "")), str(event.get("type", ""))
    if not contact or not at or not sort:
        raise Invalid("A message has `sender_id`, `created_at` and `type`.")
    text, data = str(event.get("text", "")), event.get("data")
    data = data if isinstance(data, Mapping) else {}
    digest = hashlib.sha256(f"{sort}.{text}.{json.dumps(data, sort_keys=True)}".encode()).hexdigest()[:32]
    event_id = f"{contact}.{moment(at):%Y%m%dT%H%M%S}.{digest}"
    if sort == "event":
        subtype = str(data.get("subtype", ""))
        if subtype == "follow":
            return Notice(event_id=event_id, contact=contact, what=Notice.What.OPENED, deed=Deed.CAME)
        if subtype in ("click", "menu_click"):
            return Inbound(
                event_id=event_id, contact=contact, body={"text": str(data.get("key", text))}, deed=Deed.PRESSED
            )
        return Notice(event_id=event_id, contact=contact, what=Notice.What.LEFT) if subtype == "unfollow" else None
    said = Inbound(event_id=event_id, contact=contact, language="zh", sent_at=moment(at))
    if sort == "mention":
        post = str(data.get("key") or "")
        address = f"https://m.weibo.cn/status/{post}" if data.get("subtype") == "status" and post else ""
        told = {"platform": "weibo", "id": post or event_id, "author": contact, "text": text or "@"}
        return replace(
            said,
            public=mention_of({**told, "url": address or f"https://weibo.com/u/{contact}", "time": iso(moment(at))}),
        )
    if sort == "text":
        return replace(said, body={"text": text})
    if sort == "image":
        return replace(said, media=[Media(ref=str(data.get("tovfid") or data.get("vfid") or ""), kind="image")])
    if sort == "position":
        return replace(said, body={"text": f"{text} ({data.get('longitude')}, {data.get('latitude')})"})
    return replace(said, unsupported=sort[:64])


def moment(given: str) -> datetime:
    """A time like "Mon Jul 16 18:09:20 +0800 2012", whatever the locale of this machine. Raises Invalid."""
    try:
        _, month, day, clock, zone, year = given.split()
        hour, minute, second = map(int, clock.split(":"))
        offset = timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:]))
        return datetime(
            int(year), MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=timezone(offset)
        ).astimezone(UTC)
    except ValueError as error:
        raise Invalid("`created_at` is not like Mon Jul 16 18:09:20 +0800 2012.") from error
