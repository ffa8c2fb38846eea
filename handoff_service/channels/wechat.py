"""WeChat: service accounts (公众号) and mini programs (小程序), enciphered mode only (developers.weixin.qq.com).

The plain mode's signature does not cover the body, so it is not offered. Events are acknowledged with "success";
everything to the customer goes by the customer-service API, for which WeChat counts messages (window.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from handoff_service.channels.caller import Answered, Caller, Token, nothing_shown, undelivered
from handoff_service.channels.flat_xml import parse_flat
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Download,
    Enclosed,
    Field,
    Happening,
    Inbound,
    Media,
    Notice,
    Outbound,
    Parsed,
    Reply,
    Takes,
    WebhookRequest,
    equal,
)
from handoff_service.channels.press import as_data, from_data
from handoff_service.channels.stamps import moment_of, sent
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.weixin_cipher import decipher_by_any, signature
from handoff_service.channels.window import CLOSED, LEFT, USED_UP, Allowance, Deed, Rules
from handoff_service.channels.wording import Form, Markup, octets
from handoff_service.errors import Malformed, Unauthorized

API = "https://api.weixin.qq.com"
SUCCESS = Reply("success")
CUSTOMER_MESSAGE = Allowance(timedelta(hours=48), 5)
BAD_TOKEN = (40001, 40014, 42001)
BUSY = (-1, 45009, 45011)
BARRED = {45015: CLOSED, 45047: USED_UP, 43004: LEFT}
FORBIDDEN = {
    48001: "customer messages need a verified service account (已认证的服务号)",
    40164: "our address is not on the account's IP list",
}
MEDIA = {"image": "image", "voice": "audio", "video": "video", "shortvideo": "video"}
CAME = ("subscribe", "SCAN", "user_enter_tempsession")


class WeChat:
    """One adapter for both kinds; `came` is what entering or following allows."""

    fields = (
        Field("app_id", "AppID", pattern=r"wx[0-9a-f]{16}"),
        Field("app_secret", "AppSecret", secret=True, pattern=r"[0-9a-zA-Z]{16,64}"),
        Field("token", "Token of the message push", secret=True, made=True, pattern=r"[0-9a-zA-Z]{3,32}"),
        Field("aes_key", "EncodingAESKey (43 characters)", secret=True, pattern=r"[0-9a-zA-Z]{43}"),
        Field("api", "another API server", optional=True),
    )

    def __init__(self, title: str, *, came: Allowance) -> None:
        allowances = {Deed.WROTE: CUSTOMER_MESSAGE, Deed.CAME: came, Deed.PRESSED: came}
        self.abilities = Abilities(
            title=title,
            form=Form(Markup.PLAIN, 2048, octets),
            buttons=8,
            button_chars=40,
            files=Takes(("image/jpeg", "image/png", "image/gif"), 10 * 1024 * 1024),
            rules=Rules(allowances=allowances),
            checked="official vectors of signature and cipher",
        )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        query = request.query
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        signed_at = moment_of(stamp)
        if request.method == "GET":  # the address is checked when it is saved: nothing is enciphered then
            expected = [signature(token, stamp, nonce) for token in account.every("token")]
            if not equal(query.get("signature", ""), *expected):
                raise Unauthorized("The signature does not match the token of this account.")
            return Checked(body=b"", signed_at=signed_at, proof=query.get("signature", ""), request=request)
        sealed = _sealed(request.raw)
        expected = [signature(token, stamp, nonce, sealed) for token in account.every("token")]
        if not equal(query.get("msg_signature", ""), *expected):
            raise Unauthorized("msg_signature does not match; the account must use the safe mode (安全模式).")
        body = decipher_by_any(account.every("aes_key"), sealed, owner=account.options["app_id"])
        return Checked(body=body, signed_at=signed_at, proof=query.get("msg_signature", ""), request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:  # noqa: ARG002 (the channels' shape)
        if checked.request.method == "GET":
            return Parsed(reply=Reply(checked.request.query.get("echostr", "")))
        event = _content(checked.body)
        happening = _read(event)
        return Parsed([happening] if happening else [], SUCCESS)

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        body: dict[str, Any] = {"touser": message.contact, "msgtype": "text", "text": {"content": message.text}}
        if message.file is not None:
            uploaded = await _upload(caller, account, message.file)
            body = {"touser": message.contact, "msgtype": "image", "image": {"media_id": uploaded}}
        if message.buttons:
            choices = [{"id": as_data(one), "content": one["title"]} for one in message.buttons]
            body = {
                "touser": message.contact,
                "msgtype": "msgmenu",
                "msgmenu": {"head_content": message.text, "list": choices, "tail_content": ""},
            }
        await _call(caller, account, "/cgi-bin/message/custom/send", json_body=body)
        return None

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await _token(caller, account)
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:
        server = account.options.get("api") or API
        token = await _token(caller, account)
        asked = urlencode({"access_token": token, "media_id": media.ref})

        def refused(answer: Answered) -> Exception:
            if answer.json.get("errcode") in BAD_TOKEN:
                caller.tokens.refused(_key(account), token)
            return _refused(answer.json)

        return Download(url=f"{server}/cgi-bin/media/get?{asked}", refused=refused)


async def _upload(caller: Caller, account: Account, file: Enclosed) -> str:
    """The id under which WeChat keeps a picture for three days. Raises NotDelivered."""
    content = {"media": (file.name, file.content, file.type)}
    with nothing_shown():
        answer = await _call(caller, account, "/cgi-bin/media/upload?type=image", files=content)
    return str(answer.get("media_id", ""))


def _sealed(raw: bytes) -> str:
    """The cipher text of a body in XML or JSON."""
    found = parse_object(raw, mend=True) if raw.lstrip()[:1] == b"{" else parse_flat(raw)
    sealed = found.get("Encrypt")
    if not isinstance(sealed, str) or not sealed:
        raise Unauthorized("The message is not enciphered; the account must use the safe mode (安全模式).")
    return sealed


def _content(body: bytes) -> Mapping[str, Any]:
    return parse_object(body, mend=True) if body.lstrip()[:1] == b"{" else parse_flat(body)


def _read(event: Mapping[str, Any]) -> Happening | None:
    contact, kind = str(event.get("FromUserName", "")), str(event.get("MsgType", ""))
    if not contact or not kind:
        raise Malformed("A message has FromUserName and MsgType.")
    if kind == "event":
        return _event(contact, event)
    told = str(event.get("MsgId", "")) or _made_id(event)
    said = Inbound(event_id=told, contact=contact, sent_at=sent(event.get("CreateTime", "")))
    if kind == "text":
        press = from_data(str(event.get("bizmsgmenuid", "")))
        text = str(event.get("Content", ""))
        if press:
            return replace(said, body={"press": press, "text": text}, deed=Deed.PRESSED)
        return replace(said, body={"text": text})
    if kind in MEDIA:
        media = Media(ref=str(event.get("MediaId", "")), kind=MEDIA[kind])  # type: ignore[arg-type]
        heard = str(event.get("Recognition", ""))
        return replace(said, body={"text": heard} if heard else {}, media=[media])
    if kind == "location":
        return replace(
            said, body={"text": f"{event.get('Label', '')} ({event.get('Location_X')}, {event.get('Location_Y')})"}
        )
    if kind == "miniprogrampage":  # the page of the shop that he is asking about
        return replace(said, body={"text": f"{event.get('Title', '')} ({event.get('PagePath', '')})".strip()})
    if kind == "link":
        return replace(said, body={"text": f"{event.get('Title', '')} {event.get('Url', '')}".strip()})
    return replace(said, unsupported=kind[:64])


def _event(contact: str, event: Mapping[str, Any]) -> Happening | None:
    name = str(event.get("Event", ""))
    if name in CAME:
        return Notice(event_id=_made_id(event), contact=contact, what=Notice.What.OPENED, deed=Deed.CAME)
    if name == "unsubscribe":
        return Notice(event_id=_made_id(event), contact=contact, what=Notice.What.LEFT)
    if name == "CLICK":
        text = str(event.get("EventKey", "")) or name
        return Inbound(event_id=_made_id(event), contact=contact, body={"text": text}, deed=Deed.PRESSED)
    return None


def _made_id(event: Mapping[str, Any]) -> str:
    """WeChat numbers no events: who, when and what is what it asks us to go by."""
    return ".".join(str(event.get(name, "")) for name in ("FromUserName", "CreateTime", "Event", "EventKey"))[:128]


async def _token(caller: Caller, account: Account) -> str:
    """The account's token, fetched when there is none. Raises NotDelivered."""
    server = account.options.get("api") or API

    async def fetch() -> Token:
        keys = {"appid": account.options["app_id"], "secret": account.secret("app_secret")}
        asked = {"grant_type": "client_credential", **keys}
        answer = (await caller.post(f"{server}/cgi-bin/stable_token", json_body=asked)).json
        if not isinstance(answer.get("access_token"), str):
            raise _refused(answer)
        return Token(answer["access_token"], timedelta(seconds=float(answer.get("expires_in", 7200))))

    return await caller.tokens.get(_key(account), fetch)


def _key(account: Account) -> tuple[str, ...]:
    return "wechat", account.tenant, account.id


async def _call(caller: Caller, account: Account, path: str, **sent: Any) -> Mapping[str, Any]:
    """Posts `sent` with the account's token, once more with a fresh one when that has ended. Raises NotDelivered."""
    server, joint = account.options.get("api") or API, "&" if "?" in path else "?"
    while True:
        token = await _token(caller, account)
        answer = (await caller.post(f"{server}{path}{joint}access_token={token}", **sent)).json
        code = answer.get("errcode", 0)
        if code == 0:
            return answer
        if code not in BAD_TOKEN or not caller.tokens.refused(_key(account), token):
            raise _refused(answer)


def _refused(answer: Mapping[str, Any]) -> Exception:
    """What an error code means (developers.weixin.qq.com, global return codes)."""
    code = answer.get("errcode", 0)
    reason = f"WeChat {code}: {FORBIDDEN.get(code) or str(answer.get('errmsg', ''))[:120]}"
    return undelivered(reason, again=code in BUSY or code in BAD_TOKEN, barred=BARRED.get(code))
