"""LINE official accounts (developers.line.biz): webhooks, answers by push, which can be repeated safely.

A push counts against the month's quota. With `free_replies` the first thing that the bot says goes by the token of what
it answers, which costs nothing: within 50 seconds, and once, so that of an answer that was lost nobody can tell whether
it arrived; agents are told so then.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from handoff_service.channels.caller import REFUSALS, Caller, undelivered
from handoff_service.channels.contacts import shown
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
    Takes,
    WebhookRequest,
    equal,
)
from handoff_service.channels.press import as_data, from_data
from handoff_service.channels.stamps import sent
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.wording import Form, Markup, units
from handoff_service.errors import Invalid, NotDelivered, Unauthorized

API = "https://api.line.me"
DATA_API = "https://api-data.line.me"
MEDIA = {"image": "image", "video": "video", "audio": "audio", "file": "file"}
TOO_FAST_S = 5.0  # LINE does not say how long to wait
TOKEN, CAME = "reply", "reply_at"  # in the hint
TOKEN_LASTS = timedelta(seconds=50)  # "about a minute", of which we use less
YES = "yes"
TAKEN_BEFORE = 409  # the same retry key: LINE has it already
SPACE = uuid.UUID("6f1b0f5e-5f5c-4a8e-9a3e-0d0c5c8a4b11")


class Line:
    abilities = Abilities(
        title="LINE",
        form=Form(Markup.PLAIN, 5000, units),
        buttons=13,
        button_chars=20,
        files=Takes(("image/jpeg", "image/png"), 1024 * 1024, by_link=True),  # the preview's limit
        dedupes=True,  # a push with the same X-Line-Retry-Key is taken once
        spends=TOKEN,
        checked="official vector of the signature; line-bot-sdk",
    )
    fields = (
        Field("channel_secret", "the channel secret", secret=True, pattern=r"[0-9a-f]{16,64}"),
        Field("access_token", "the long-lived channel access token", secret=True, pattern=r"[\x21-\x7e]{20,512}"),
        Field(
            "free_replies", "yes: the bot answers by reply tokens, outside the quota", optional=True, pattern="yes|no"
        ),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        expected = [sign(secret, request.raw) for secret in account.every("channel_secret")]
        if not equal(request.headers.get("x-line-signature", ""), *expected):
            raise Unauthorized("X-Line-Signature does not match the body and the channel secret.")
        return Checked(body=request.raw, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        events = parse_object(checked.body, mend=True).get("events")
        if not isinstance(events, list):
            raise Invalid("A webhook has `events`.")
        # LINE may deliver late and out of order; within one webhook its own time tells.
        ordered = sorted((one for one in events if isinstance(one, Mapping)), key=lambda one: _time(one))
        free = account.options.get("free_replies") == YES
        return Parsed([happening for one in ordered if (happening := _read(one, free=free)) is not None])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:
        said: dict[str, Any] = {"type": "text", "text": message.text}
        if message.file is not None:
            said = {
                "type": "image",
                "originalContentUrl": message.file.link,
                "previewImageUrl": message.file.link,
            }
        if message.buttons:
            items = [
                {
                    "type": "action",
                    "action": {
                        "type": "postback",
                        "label": one["title"],
                        "data": as_data(one),
                        "displayText": one["title"],
                    },
                }
                for one in message.buttons
            ]
            said["quickReply"] = {"items": items}
        server = account.options.get("api") or API
        headers = {"Authorization": f"Bearer {account.secret('access_token')}"}
        token = _free(account, message, now)
        if token:
            path, body = "reply", {"replyToken": token, "messages": [said]}
        else:
            path, body = "push", {"to": message.contact, "messages": [said]}
            headers["X-Line-Retry-Key"] = str(uuid.uuid5(SPACE, message.key))
        try:
            url = f"{server}/v2/bot/message/{path}"
            answer = await caller.post(url, json_body=body, headers=headers, judges=REFUSALS | {429})
        except NotDelivered as error:
            if not token or not error.uncertain:
                raise
            raise NotDelivered(error.message, uncertain=True, final=True, hint={TOKEN: ""}) from error
        if token and answer.status == 400:  # it has ended after all: by push, which is nobody's doubt
            return await self.send(caller, account, replace(message, hint={**message.hint, TOKEN: ""}), now)
        if 200 <= answer.status < 300 or answer.status == TAKEN_BEFORE:
            made = answer.json.get("sentMessages")
            return str(made[0].get("id")) if isinstance(made, list) and made else None
        reason = f"LINE {answer.status}: {str(answer.json.get('message', ''))[:150]}"
        if answer.status == 401:
            raise undelivered(f"{reason} (the access token is not valid)", again=True, after_s=60.0)
        # 429 is "too fast" or "the month's quota is used up"; waiting heals only the first.
        raise undelivered(reason, again=answer.status == 429 and "monthly" not in reason, after_s=TOO_FAST_S)

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        server = account.options.get("api") or API
        headers = {"Authorization": f"Bearer {account.secret('access_token')}"}
        answer = await caller.get(f"{server}/v2/bot/info", headers=headers, judges=REFUSALS)
        if answer.status != 200:
            raise undelivered(f"LINE {answer.status}: {str(answer.json.get('message', ''))[:150]}")
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        if media.ref.startswith("https://"):
            return Download(url=media.ref)
        server = account.options.get("api") or DATA_API
        headers = {"Authorization": f"Bearer {account.secret('access_token')}"}
        return Download(url=f"{server}/v2/bot/message/{quote(media.ref, safe='')}/content", headers=headers)


def sign(secret: str, raw: bytes) -> str:
    """HMAC-SHA256 over the raw bytes, in base64."""
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def _free(account: Account, message: Outbound, now: datetime) -> str:
    """The token by which this message costs nothing; empty when it goes by push.

    Raises NotDelivered when an earlier attempt may have used one.
    """
    token, came = message.hint.get(TOKEN, ""), message.hint.get(CAME, "")
    if account.options.get("free_replies") != YES or message.author_kind != "bot" or message.part or not token:
        return ""
    until = datetime.fromisoformat(came) + TOKEN_LASTS
    if message.repeated and message.at < until:
        raise NotDelivered(
            "an earlier attempt may have used the reply token", uncertain=True, final=True, hint={TOKEN: ""}
        )
    return token if now < until and not message.repeated else ""


def _time(event: Mapping[str, Any]) -> int:
    at = event.get("timestamp")
    return at if isinstance(at, int) else 0


def _read(event: Mapping[str, Any], *, free: bool) -> Happening | None:
    event_id, source = event.get("webhookEventId"), event.get("source") or {}
    contact = str(source.get("userId", ""))
    if not isinstance(event_id, str) or not contact or source.get("type") != "user":
        return None  # groups are nobody's conversation with us
    kind = event.get("type")
    if kind in ("follow", "unfollow"):
        what = Notice.What.OPENED if kind == "follow" else Notice.What.LEFT
        return Notice(event_id=event_id, contact=contact, what=what)
    # In "standby" another module answers in this chat.
    came = sent(event.get("timestamp"), 1000) if free else None
    hint = {TOKEN: str(event.get("replyToken") or ""), CAME: came.isoformat()} if came else {}
    said = Inbound(event_id=event_id, contact=contact, hint=hint, quiet=event.get("mode") == "standby")
    if kind == "postback":
        data = str((event.get("postback") or {}).get("data", ""))
        press = from_data(data)
        return replace(said, body={"press": press} if press else {"text": data})
    if kind != "message":
        return None
    message = event.get("message") or {}
    sort = str(message.get("type", ""))
    if sort == "text":
        return replace(said, body={"text": str(message.get("text", ""))})
    if sort in MEDIA:
        provider = message.get("contentProvider") or {}
        elsewhere = provider.get("originalContentUrl") if provider.get("type") == "external" else None
        ref, name = str(elsewhere or message.get("id", "")), shown(message.get("fileName"))
        media = Media(ref=ref, kind=MEDIA[sort], name=name)  # type: ignore[arg-type]
        return replace(said, media=[media])
    if sort == "location":
        place = f"{message.get('title') or ''} {message.get('address') or ''}".strip()
        return replace(said, body={"text": f"{place} ({message.get('latitude')}, {message.get('longitude')})".strip()})
    return replace(said, unsupported=sort[:64] or "message")
