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
from urllib.parse import quote

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from handoff_service.channels.caller import REFUSALS, Answered, Caller, Token, nothing_shown, undelivered
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
        files=Takes(("image/", "application/", "text/"), 10 * 1024 * 1024),
        dedupes=True,  # by our uuid
        dedupes_for=timedelta(minutes=55),  # Feishu says an hour
        checked="official vector of the cipher, formula of the signature; lark-oapi reads the same",
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
        return Parsed([happening] if happening else [], Reply({}))  # cards show whatever else it says

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        content: Mapping[str, Any] = {"text": message.text}
        kind = "text"
        if message.file is not None:
            with nothing_shown():
                kind, content = await _upload(caller, account, message.file)
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
        answer = await _call(caller, account, "/open-apis/im/v1/messages?receive_id_type=chat_id", json_body=body)
        made = (answer.get("data") or {}).get("message_id")
        return str(made) if made else None

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await _token(caller, account)
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:
        server, token = account.options.get("api") or API, await _token(caller, account)
        message, _, key = media.ref.partition("/")
        sort = "image" if media.kind == "image" else "file"
        place = f"/open-apis/im/v1/messages/{quote(message, safe='')}/resources/{quote(key, safe='')}?type={sort}"

        def refused(answer: Answered) -> Exception:
            if answer.json.get("code") in BAD_TOKEN:
                caller.tokens.refused(_key(account), token)
            return _refused(answer.json)

        return Download(url=f"{server}{place}", headers={"Authorization": f"Bearer {token}"}, refused=refused)


async def _upload(caller: Caller, account: Account, file: Enclosed) -> tuple[str, Mapping[str, Any]]:
    """The type and the content of the message that shows the file. Raises NotDelivered."""
    content = (file.name, file.content, file.type)
    if file.is_image:
        form = {"image_type": "message"}
        answer = await _call(caller, account, "/open-apis/im/v1/images", form=form, files={"image": content})
        return "image", {"image_key": (answer.get("data") or {}).get("image_key")}
    form = {"file_type": "pdf" if file.type == "application/pdf" else "stream", "file_name": file.name}
    answer = await _call(caller, account, "/open-apis/im/v1/files", form=form, files={"file": content})
    return "file", {"file_key": (answer.get("data") or {}).get("file_key")}


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
    if sort == "post":
        words, pictures = _post(content)
        media = [Media(ref=f"{message.get('message_id', '')}/{key}", kind="image") for key in pictures]
        known = bool(words or media)
        return replace(said, body={"text": words} if words else {}, media=media, unsupported=None if known else sort)
    if sort in MEDIA:
        key = str(content.get("image_key") or content.get("file_key") or "")
        ref = f"{message.get('message_id', '')}/{key}"
        return replace(said, media=[Media(ref=ref, kind=MEDIA[sort], name=str(content.get("file_name", "")))])  # type: ignore[arg-type]
    return replace(said, unsupported=sort[:64] or "message")


def _post(content: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The words of a rich text, line by line, and the keys of its pictures."""
    lines = [[one for one in line if isinstance(one, Mapping)] for line in content.get("content") or ()]
    words = ["".join(str(one.get("text") or one.get("user_name") or "") for one in line) for line in lines]
    pictures = [str(one["image_key"]) for line in lines for one in line if one.get("image_key")]
    return "\n".join([str(content.get("title") or ""), *words]).strip(), pictures


async def _token(caller: Caller, account: Account) -> str:
    """The tenant's token, fetched when there is none. Raises NotDelivered."""
    server = account.options.get("api") or API

    async def fetch() -> Token:
        keys = {"app_id": account.options["app_id"], "app_secret": account.secret("app_secret")}
        answer = (await caller.post(f"{server}/open-apis/auth/v3/tenant_access_token/internal", json_body=keys)).json
        if not isinstance(answer.get("tenant_access_token"), str):
            raise undelivered(f"Feishu {answer.get('code')}: {answer.get('msg', '')}", again=True, after_s=60.0)
        return Token(answer["tenant_access_token"], timedelta(seconds=float(answer.get("expire", 7200))))

    return await caller.tokens.get(_key(account), fetch)


def _key(account: Account) -> tuple[str, ...]:
    return "feishu", account.tenant, account.id


async def _call(caller: Caller, account: Account, path: str, **sent: Any) -> Mapping[str, Any]:
    """Posts `sent` with the tenant's token, once more with a fresh one when that has ended. Raises NotDelivered."""
    server = account.options.get("api") or API
    while True:
        token = await _token(caller, account)
        headers = {"Authorization": f"Bearer {token}"}
        answer = (await caller.post(f"{server}{path}", headers=headers, judges=REFUSALS, **sent)).json
        code = answer.get("code")
        if code == 0:
            return answer
        if code not in BAD_TOKEN or not caller.tokens.refused(_key(account), token):
            raise _refused(answer)


def _refused(answer: Mapping[str, Any]) -> Exception:
    code = answer.get("code")
    return undelivered(f"Feishu {code}: {str(answer.get('msg', ''))[:150]}", again=code in BUSY or code in BAD_TOKEN)
