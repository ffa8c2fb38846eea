"""DingTalk robots in HTTP mode (open.dingtalk.com): messages by webhook, answers by the session's own address."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from handoff_service.channels.caller import REFUSALS, Caller, Token, undelivered
from handoff_service.channels.contacts import shown
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Download,
    Field,
    Inbound,
    Media,
    Outbound,
    Parsed,
    Takes,
    WebhookRequest,
    equal,
)
from handoff_service.channels.stamps import moment_of
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, Unauthorized

API = "https://api.dingtalk.com"
# The address for the answer comes with the message, so only DingTalk's own hosts are called.
HOSTS = ("oapi.dingtalk.com", "api.dingtalk.com")
SOON = timedelta(minutes=2)
# open.dingtalk.com, global error codes: what passes by itself, and what only this session's address cannot do.
BUSY = (-1, 130101, 130102, 660026)
QUIET_S = 10.0
SAY = "dtmd://dingtalkclient/sendMessage?content="
MARKS = re.compile(r"[\\`*_#\[\]<>|~]")  # what would be read as Markdown
SESSION_ENDED = (300001, 300005, 310000, 400013)
MEDIA = {"picture": "image", "audio": "audio", "video": "video", "file": "file"}


class DingTalk:
    abilities = Abilities(
        title="DingTalk (钉钉)",
        form=Form(Markup.PLAIN, 2000),
        buttons=5,
        files=Takes(("image/jpeg", "image/png", "image/gif"), 10 * 1024 * 1024, by_link=True),
        checked="formula of the signature; its cipher by the official vector; buttons by what others do",
    )
    fields = (
        Field("app_key", "AppKey, which is also the robot's code", pattern=r"[0-9a-zA-Z]{8,64}"),
        Field("app_secret", "AppSecret", secret=True, pattern=r"[\x21-\x7e]{8,128}"),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        stamp = request.headers.get("timestamp", "")
        signed_at = moment_of(stamp, 1000)
        expected = [sign(secret, stamp) for secret in account.every("app_secret")]
        if not equal(request.headers.get("sign", ""), *expected):
            raise Unauthorized("The header `sign` does not match the timestamp and the AppSecret.")
        # Copies are kept out by the id: DingTalk's signature says nothing about the body. It lets an hour pass between
        # its time and ours; as with all others we let five minutes, because whoever has seen one header could fill it.
        return Checked(body=request.raw, signed_at=signed_at, proof=request.headers["sign"], request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        message = parse_object(checked.body, mend=True)
        event_id, who = message.get("msgId"), str(message.get("senderStaffId") or message.get("senderId") or "")
        if not isinstance(event_id, str) or not who:
            raise Invalid("A message has `msgId` and a sender.")
        if message.get("conversationType") != "1":
            return Parsed()  # groups are nobody's conversation with us
        said = Inbound(
            event_id=event_id[:128],
            contact=who,
            name=shown(message.get("senderNick")),
            language="zh",
            hint=_hint(message, account),
        )
        return Parsed([_content(said, message)])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:
        until = message.hint.get("until", "")
        fresh = message.hint.get("url") and until and now + SOON < datetime.fromisoformat(until)
        if fresh and message.file is None:  # a session takes words only
            answer = (await caller.post(message.hint["url"], json_body=_said(message), judges=REFUSALS)).json
            code = answer.get("errcode")
            if code == 0:
                return None
            if code not in SESSION_ENDED:
                reason = f"DingTalk {code}: {str(answer.get('errmsg', ''))[:150]}"
                raise undelivered(reason, again=code in BUSY, after_s=QUIET_S if code in BUSY else 0.0)
        return await _push(caller, account, message)

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await _token(caller, account)
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:
        asked = {"robotCode": account.options["app_key"], "downloadCode": media.ref}
        answer = await _call(caller, account, "/v1.0/robot/messageFiles/download", asked)
        return Download(url=str(answer.get("downloadUrl", "")))


def sign(secret: str, stamp: str) -> str:
    """HMAC-SHA256 over "timestamp newline secret", in base64 (open.dingtalk.com, "receive messages")."""
    return base64.b64encode(hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()).decode()


def _hint(message: Mapping[str, Any], account: Account) -> Mapping[str, str]:
    """Where the answer goes for a while; nowhere but to DingTalk."""
    url, until = str(message.get("sessionWebhook", "")), message.get("sessionWebhookExpiredTime")
    parts = urlsplit(url)
    trusted = parts.scheme == "https" and parts.hostname in HOSTS
    ours = account.serves(url)
    if not isinstance(until, int) or not (trusted or ours):
        return {}
    return {"url": url, "until": datetime.fromtimestamp(until / 1000, UTC).isoformat()}


def _content(said: Inbound, message: Mapping[str, Any]) -> Inbound:
    sort = str(message.get("msgtype", ""))
    content = message.get("content")
    content = content if isinstance(content, Mapping) else {}
    if sort == "text":
        return replace(said, body={"text": str((message.get("text") or {}).get("content", "")).strip()})
    if sort == "richText":
        pieces = [one for one in content.get("richText") or () if isinstance(one, Mapping)]
        words = "".join(str(one["text"]) for one in pieces if one.get("text"))
        pictures = [Media(ref=str(one["downloadCode"]), kind="image") for one in pieces if one.get("downloadCode")]
        known = bool(words.strip() or pictures)
        body = {"text": words} if words.strip() else {}
        return replace(said, body=body, media=pictures, unsupported=None if known else sort)
    if sort in MEDIA:
        heard = str(content.get("recognition", ""))
        media = Media(ref=str(content.get("downloadCode", "")), kind=MEDIA[sort], name=shown(content.get("fileName")))  # type: ignore[arg-type]
        return replace(said, body={"text": heard} if heard else {}, media=[media])
    return replace(said, unsupported=sort[:64] or "message")


def _said(message: Outbound) -> Mapping[str, Any]:
    """Words for the session's address; with buttons they are a card."""
    if not message.buttons:
        return {"msgtype": "text", "text": {"content": message.text}}
    buttons = [{"title": one["title"], "actionURL": _pressed(one)} for one in message.buttons]
    card = {"title": _title(message), "text": _lines(message), "btnOrientation": "0", "btns": buttons}
    return {"msgtype": "actionCard", "actionCard": card}


def _pressed(button: Mapping[str, Any]) -> str:
    """Who presses it says its words (open.dingtalk.com, "dtmd://")."""
    return SAY + quote(str(button["title"]), safe="")


def _title(message: Outbound) -> str:
    """What the list of conversations shows of a card."""
    return message.text.partition("\n")[0][:40]


def _lines(message: Outbound) -> str:
    """Cards are Markdown, in which a line ends with two spaces."""
    return MARKS.sub(r"\\\g<0>", message.text).replace("\n", "  \n")


async def _push(caller: Caller, account: Account, message: Outbound) -> str | None:
    """By the robot's API, when the session's address has ended. Raises NotDelivered."""
    sort, said = "sampleText", {"content": message.text}
    if message.file is not None:
        sort, said = "sampleImageMsg", {"photoURL": message.file.link}
    elif message.buttons:
        sort, said = _card(message)
    body = {
        "robotCode": account.options["app_key"],
        "userIds": [message.contact],
        "msgKey": sort,
        "msgParam": json.dumps(said, ensure_ascii=False),
    }
    made = (await _call(caller, account, "/v1.0/robot/oToMessages/batchSend", body)).get("processQueryKey")
    return str(made) if made else None


def _card(message: Outbound) -> tuple[str, dict[str, str]]:
    """The template for so many buttons, one below the other, and what it is filled with."""
    said = {"title": _title(message), "text": _lines(message)}
    if len(message.buttons) == 1:
        (only,) = message.buttons
        return "sampleActionCard", {**said, "singleTitle": str(only["title"]), "singleURL": _pressed(only)}
    for number, one in enumerate(message.buttons, start=1):
        said |= {f"actionTitle{number}": str(one["title"]), f"actionURL{number}": _pressed(one)}
    return f"sampleActionCard{len(message.buttons)}", said


def _key(account: Account) -> tuple[str, ...]:
    return "dingtalk", account.tenant, account.id


async def _token(caller: Caller, account: Account) -> str:
    """The robot's token, fetched when there is none. Raises NotDelivered."""
    server = account.options.get("api") or API

    async def fetch() -> Token:
        keys = {"appKey": account.options["app_key"], "appSecret": account.secret("app_secret")}
        answer = (await caller.post(f"{server}/v1.0/oauth2/accessToken", json_body=keys)).json
        if not isinstance(answer.get("accessToken"), str):
            raise undelivered(f"DingTalk: {answer.get('message', 'no access token')}", again=True, after_s=60.0)
        return Token(answer["accessToken"], timedelta(seconds=float(answer.get("expireIn", 7200))))

    return await caller.tokens.get(_key(account), fetch)


async def _call(caller: Caller, account: Account, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Calls the API with the robot's token, once more with a fresh one when that has ended. Raises NotDelivered."""
    server = account.options.get("api") or API
    while True:
        token = await _token(caller, account)
        headers = {"x-acs-dingtalk-access-token": token}
        answer = await caller.post(f"{server}{path}", json_body=body, headers=headers, judges=REFUSALS)
        if 200 <= answer.status < 300:
            return answer.json
        if answer.status != 401 or not caller.tokens.refused(_key(account), token):
            raise undelivered(
                f"DingTalk: {str(answer.json.get('message', answer.status))[:150]}", again=answer.status == 429
            )
