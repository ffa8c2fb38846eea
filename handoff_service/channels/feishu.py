"""Feishu and Lark bots (open.feishu.cn): enciphered events of schema 2.0, answers by the message API."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from handoff_service.channels.caller import REFUSALS, Caller, Token, undelivered
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
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
from handoff_service.channels.press import as_data, from_data
from handoff_service.channels.stamps import moment_of
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.window import Deed
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, Unauthorized

API = "https://open.feishu.cn"
BLOCK = 16
BAD_TOKEN = (99991661, 99991663, 99991664, 99991668)
BUSY = (99991400, 11232, 230020, 232009)
MEDIA = {"image": "image", "audio": "audio", "media": "video", "file": "file"}


class Feishu:
    abilities = Abilities(
        title="Feishu / Lark (飞书)",
        form=Form(Markup.PLAIN, 4000),
        buttons=8,
        button_chars=40,
        checked="official vector of the cipher, formula of the signature",
    )
    fields = (
        Field("app_id", "App ID", pattern=r"cli_[0-9a-zA-Z]{8,32}"),
        Field("app_secret", "App Secret", secret=True, pattern=r"[0-9a-zA-Z]{16,64}"),
        Field("encrypt_key", "Encrypt Key of the events", secret=True, made=True),
        Field("verification_token", "Verification Token", secret=True, pattern=r"[0-9a-zA-Z]{8,64}"),
        Field("api", "https://open.larksuite.com for Lark", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        stamp = request.headers.get("x-lark-request-timestamp", "")
        nonce = request.headers.get("x-lark-request-nonce", "")
        given = request.headers.get("x-lark-signature", "")
        keys = account.every("encrypt_key")
        fitting = [key for key in keys if equal(given, sign(stamp, nonce, key, request.raw))]
        if not fitting and given:
            raise Unauthorized("X-Lark-Signature does not match the body, the timestamp and the Encrypt Key.")
        body = _opened(fitting or keys, request.raw)
        event = parse_object(body, mend=True)
        token = event.get("token") or (event.get("header") or {}).get("token")
        if not equal(str(token or ""), *account.every("verification_token")):
            raise Unauthorized("The event's token is not the Verification Token of this account.")
        if fitting:
            return Checked(body=body, signed_at=moment_of(stamp), proof=given, request=request)
        if event.get("type") != "url_verification":  # the only request that is not signed
            raise Unauthorized("X-Lark-Signature is missing.")
        return Checked(body=body, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        event = parse_object(checked.body, mend=True)
        if event.get("type") == "url_verification":
            return Parsed(reply=Reply({"challenge": str(event.get("challenge", ""))[:256]}))
        header, content = event.get("header"), event.get("event")
        if not isinstance(header, Mapping) or not isinstance(content, Mapping):
            raise Invalid("An event has `header` and `event` (schema 2.0).")
        if header.get("app_id") != account.options["app_id"]:
            return Parsed()
        happening = _read(str(header.get("event_id", "")), str(header.get("event_type", "")), content)
        return Parsed([happening] if happening else [])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        content: Mapping[str, Any] = {"text": message.text}
        kind = "text"
        if message.buttons:
            actions = [
                {
                    "tag": "button",
                    "text": {"tag": "plain_text", "content": one["title"]},
                    "value": {"press": as_data(one), "title": one["title"]},
                }
                for one in message.buttons
            ]
            text = {"tag": "div", "text": {"tag": "plain_text", "content": message.text}}
            kind, content = "interactive", {"elements": [text, {"tag": "action", "actions": actions}]}
        body = {
            "receive_id": message.contact,
            "msg_type": kind,
            "content": json.dumps(content, ensure_ascii=False),
            "uuid": hashlib.sha256(message.key.encode()).hexdigest()[:48],
        }
        answer = await _call(caller, account, "/open-apis/im/v1/messages?receive_id_type=chat_id", body)
        made = (answer.get("data") or {}).get("message_id")
        return str(made) if made else None


def sign(stamp: str, nonce: str, key: str, raw: bytes) -> str:
    """SHA-256 over timestamp, nonce, Encrypt Key and the raw body, in hex (open.feishu.cn, "Encrypt Key")."""
    return hashlib.sha256(f"{stamp}{nonce}{key}".encode() + raw).hexdigest()


def decipher(key: str, text: str) -> bytes:
    """AES-256-CBC by the SHA-256 of the key; the first 16 bytes are the IV. Raises Unauthorized."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unauthorized("The event is not base64.") from error
    if len(raw) < 2 * BLOCK or len(raw) % BLOCK:
        raise Unauthorized("The event is not a whole number of blocks.")
    whole = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(raw[:BLOCK])).decryptor()
    plain = whole.update(raw[BLOCK:]) + whole.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise Unauthorized("The event was not enciphered with the Encrypt Key of this account.")
    return plain[:-pad]


def _opened(keys: Sequence[str], raw: bytes) -> bytes:
    """By the key that fits. Raises one and the same Unauthorized whatever is wrong: it must tell nothing about keys."""
    sealed = parse_object(raw, mend=True).get("encrypt")
    for key in keys:
        try:
            opened = decipher(key, str(sealed or ""))
            parse_object(opened, mend=True)
        except (Unauthorized, Invalid):
            continue
        return opened
    raise Unauthorized("The event was not enciphered with the Encrypt Key of this account.")


def _read(event_id: str, kind: str, event: Mapping[str, Any]) -> Happening | None:
    if not event_id:
        raise Invalid("An event has `header.event_id`.")
    if kind == "card.action.trigger":
        value = (event.get("action") or {}).get("value") or {}
        chat = str((event.get("context") or {}).get("open_chat_id", ""))
        press = from_data(str(value.get("press", "")))
        title = str(value.get("title", ""))
        return Inbound(event_id=event_id, contact=chat, body={"press": press, "text": title}) if press else None
    if kind == "im.chat.access_event.bot_p2p_chat_entered_v1":
        chat = str(event.get("chat_id", ""))
        return Notice(event_id=event_id, contact=chat, what=Notice.What.OPENED, deed=Deed.CAME)
    message, sender = event.get("message"), event.get("sender") or {}
    if kind != "im.message.receive_v1" or not isinstance(message, Mapping) or sender.get("sender_type") != "user":
        return None
    if message.get("chat_type") != "p2p":
        return None  # groups are nobody's conversation with us
    return _message(event_id, message)


def _message(event_id: str, message: Mapping[str, Any]) -> Inbound:
    content = parse_object(str(message.get("content", "{}")).encode(), mend=True)
    sort, said = (
        str(message.get("message_type", "")),
        Inbound(event_id=event_id, contact=str(message.get("chat_id", ""))),
    )
    if sort == "text":
        text = str(content.get("text", ""))
        for mention in message.get("mentions") or ():
            text = text.replace(str(mention.get("key", "")), f"@{mention.get('name', '')}")
        return replace(said, body={"text": text})
    if sort in MEDIA:
        key = str(content.get("image_key") or content.get("file_key") or "")
        ref = f"{message.get('message_id', '')}/{key}"
        return replace(said, media=[Media(ref=ref, kind=MEDIA[sort], name=str(content.get("file_name", "")))])  # type: ignore[arg-type]
    return replace(said, unsupported=sort[:64] or "message")


async def _call(caller: Caller, account: Account, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Calls the API with the tenant's token, once more with a fresh one when that has ended. Raises NotDelivered."""
    server, key = account.options.get("api") or API, ("feishu", account.tenant, account.id)

    async def fetch() -> Token:
        keys = {"app_id": account.options["app_id"], "app_secret": account.secret("app_secret")}
        answer = (await caller.post(f"{server}/open-apis/auth/v3/tenant_access_token/internal", json_body=keys)).json
        if not isinstance(answer.get("tenant_access_token"), str):
            raise undelivered(f"Feishu {answer.get('code')}: {answer.get('msg', '')}", again=True, after_s=60.0)
        return Token(answer["tenant_access_token"], timedelta(seconds=float(answer.get("expire", 7200))))

    while True:
        token = await caller.tokens.get(key, fetch)
        headers = {"Authorization": f"Bearer {token}"}
        answer = (await caller.post(f"{server}{path}", json_body=body, headers=headers, judges=REFUSALS)).json
        code = answer.get("code")
        if code == 0:
            return answer
        if code not in BAD_TOKEN or not caller.tokens.refused(key, token):
            raise undelivered(
                f"Feishu {code}: {str(answer.get('msg', ''))[:150]}", again=code in BUSY or code in BAD_TOKEN
            )
