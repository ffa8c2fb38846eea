"""Douyin's customer-service platform for mini games and mini programs (抖音客服平台), experimental.

Its page says how the signature is made and gives no vector with a body, so both readings of it are taken until one was
seen live; an account may be told which (`reading`). Answers are named by ids of ours ("消息ID,用作幂等处理").
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from handoff_service.channels.caller import REFUSALS, Answered, Caller, Token, undelivered
from handoff_service.channels.doctor_words import remark
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
    Reply,
    Takes,
    WebhookRequest,
    equal,
)
from handoff_service.channels.stamps import moment_of, sent
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.window import Allowance, Deed, Rules
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, Malformed, Unauthorized

API = "https://minigame.zijieapi.com"
REPLY = "/mgplatform/api/apps/reply/reply_user_"
MESSAGE = "douyin_microgame_im"
SIGNED = ("x-appid", "x-msg-type", "x-nonce-str", "x-timestamp")
PAIRS, VALUES = "pairs", "values"  # the readings: "x-appid=tt1&x-msg-type=…", or "tt1&…"
TAKEN = Reply({"success": True})
IN_MS = 13  # digits of a time in milliseconds; the page says seconds, and its samples are these
MEDIA: Mapping[str, tuple[str, Literal["image", "video"]]] = {
    "image": ("pic_url", "image"),
    "video": ("video_url", "video"),
}
BUSY = (100002, 28001005, 28001006, 28003018, 28003070)
BAD_TOKEN = (28001003, 28001008, 40002)


class DouyinKf:
    abilities = Abilities(
        title="Douyin customer service (抖音客服平台)",
        form=Form(Markup.PLAIN, 500),
        rules=Rules(allowances={Deed.WROTE: Allowance(timedelta(hours=48), 5)}),
        files=Takes(("image/jpeg", "image/png"), 5 * 1024 * 1024),  # its page names no limit
        checked="formula of the signature in two readings, documented samples of messages and answers",
        experimental=True,
    )
    fields = (
        Field("app_id", "AppID of the mini game or mini program, tt…", pattern=r"tt[0-9a-zA-Z]{3,32}"),
        Field("app_secret", "AppSecret", secret=True, pattern=r"[0-9a-zA-Z]{16,64}"),
        Field("token", "Token of the message push", secret=True, made=True, pattern=r"[\x21-\x7e]{3,32}"),
        Field("sender_name", "the name under which answers are shown"),
        Field("reading", "pairs or values: what the signature is made of", optional=True, pattern=f"{PAIRS}|{VALUES}"),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        headers = {name: request.headers.get(name, "") for name in SIGNED}
        signed_at = moment_of(headers["x-timestamp"], 1000)
        readings = [account.options["reading"]] if account.options.get("reading") else [PAIRS, VALUES]
        tokens = account.every("token")
        expected = [sign(token, headers, request.raw, reading) for token in tokens for reading in readings]
        given = request.headers.get("x-signature", "")
        if not equal(given, *expected):
            raise Unauthorized("x-signature does not match the headers, the body and the Token.")
        return Checked(body=request.raw, signed_at=signed_at, proof=given, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        if checked.request.headers.get("x-msg-type") != MESSAGE:  # the address is checked, or a gift is delivered
            return Parsed(reply=TAKEN)
        message = parse_object(checked.body, mend=True)
        if message.get("app_id") != account.options["app_id"]:
            return Parsed(reply=TAKEN)
        return Parsed([_read(message)], TAKEN)

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        if not message.hint.get("conversation_id"):
            raise undelivered("Douyin: only what a customer has written can be answered")
        while True:
            token = await _token(caller, account)
            answer = (await _say(caller, account, message, token)).json
            code = answer.get("err_no", answer.get("err_code", -1))
            if code == 0:
                return None
            if code not in BAD_TOKEN or not caller.tokens.refused(_key(account), token):
                raise _refused(answer, code)

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await _token(caller, account)
        return [remark("never_live")]

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        return Download(url=media.ref)  # signed by Douyin, for a while


def sign(token: str, headers: Mapping[str, str], raw: bytes, reading: str = PAIRS) -> str:
    """MD5 over the four headers in the order of their names, the body and the Token, in base64."""
    joined = "&".join(f"{name}={headers[name]}" if reading == PAIRS else headers[name] for name in SIGNED)
    whole = joined.encode("utf-8", "surrogateescape") + raw + token.encode()
    return base64.b64encode(hashlib.md5(whole, usedforsecurity=False).digest()).decode()


async def _say(caller: Caller, account: Account, message: Outbound, token: str) -> Answered:
    """Posts words as JSON, a picture as a form; each answer bears an id and a time of its own."""
    sort = "text" if message.file is None else "image"
    told = {
        "micro_game_id": account.options["app_id"],
        "conversation_id": message.hint["conversation_id"],
        "msg_id": own_id(message.key),
        "create_time": int(message.at.timestamp()),
        "msg_type": sort,
        "sender_name": account.options["sender_name"],
    }
    url, headers = f"{account.options.get('api') or API}{REPLY}{sort}", {"access-token": token}
    if message.file is None:
        return await caller.post(url, json_body={**told, "content": message.text}, headers=headers, judges=REFUSALS)
    files = {"FileContent": (message.file.name, message.file.content, message.file.type)}
    return await caller.post(f"{url}?{urlencode(told)}", files=files, headers=headers, judges=REFUSALS)


def own_id(key: str) -> str:
    """An id for an answer, in digits as Douyin's are; the same in every attempt."""
    return str(10**17 + int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % (9 * 10**17))


def _read(message: Mapping[str, Any]) -> Inbound:
    contact, event_id = str(message.get("open_id") or ""), str(message.get("msg_id") or "")
    if not contact or not event_id:
        raise Invalid("A message has `open_id` and `msg_id`.")
    at, sort = str(message.get("create_time", "")), str(message.get("msg_type", ""))
    hint = {"msg_id": event_id, "conversation_id": str(message.get("conversation_id", "")), "create_time": at}
    said = Inbound(
        event_id=event_id[:128],
        contact=contact,
        language="zh",
        hint=hint,
        sent_at=sent(at, 1000 if len(at) >= IN_MS else 1),
    )
    if sort == "text":
        return replace(said, body={"text": _words(str(message.get("content") or ""))})
    place, kind = MEDIA.get(sort, ("", "image"))
    if message.get(place):
        return replace(said, media=[Media(ref=str(message[place]), kind=kind)])
    return replace(said, unsupported=sort[:64] or "message")


def _words(content: str) -> str:
    """The text of {"text": …} as it is pushed; the page's older sample has the words alone."""
    try:
        return str(parse_object(content.encode(), mend=True)["text"])
    except (Malformed, KeyError):
        return content


async def _token(caller: Caller, account: Account) -> str:
    """The app's token, fetched when there is none. Raises NotDelivered."""
    server = account.options.get("api") or API

    async def fetch() -> Token:
        keys = {"appid": account.options["app_id"], "secret": account.secret("app_secret")}
        asked = {**keys, "grant_type": "client_credential"}
        answer = (await caller.post(f"{server}/mgplatform/api/apps/v2/token", json_body=asked, judges=REFUSALS)).json
        data = answer.get("data")
        if not isinstance(data, Mapping) or not isinstance(data.get("access_token"), str):
            raise undelivered(f"Douyin {answer.get('err_no')}: {answer.get('err_tips', '')}", again=True, after_s=60.0)
        return Token(data["access_token"], timedelta(seconds=float(data.get("expires_in", 7200))))

    return await caller.tokens.get(_key(account), fetch)


def _key(account: Account) -> tuple[str, ...]:
    return "douyin_kf", account.tenant, account.id


def _refused(answer: Mapping[str, Any], code: object) -> Exception:
    told = answer.get("err_tips") or answer.get("err_msg") or answer.get("reason") or ""
    return undelivered(f"Douyin {code}: {str(told)[:150]}", again=code in BUSY or code in BAD_TOKEN)
