"""Douyin private messages of verified accounts (developer.open-douyin.com, scope im.direct_message).

The signature is a plain SHA-1 of the client secret and the body, without a time: TLS and message ids keep copies out.
Pictures and videos of the customer's own are asked for by the ids of their message; of what he only shares agents see
that there was one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode

from handoff_service.channels.caller import REFUSALS, Answered, Caller, Token, nothing_shown, undelivered
from handoff_service.channels.contacts import shown
from handoff_service.channels.doctor_words import remark
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Colleague,
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
from handoff_service.channels.renewing import REFRESH_TOKEN, Renewed
from handoff_service.channels.stamps import sent
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.window import Allowance, Deed, Rules
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, Unauthorized

API = "https://open.douyin.com"
SCENE = "im_replay_msg"  # spelt so by Douyin
TEXT, IMAGE = 1, 2
MEGABYTE = 1024 * 1024
MEDIA: Mapping[str, Literal["image", "video"]] = {
    "image": "image",
    "user_local_image": "image",
    "video": "video",
    "user_local_video": "video",
}
OWN = frozenset(("user_local_image", "user_local_video"))  # of these the file can be had
BUSY = (28001005, 28001006, 28003018, 28003070, 28029014, 2100004, 10001)
BAD_TOKEN = (28001003, 28001008, 2190002, 2190008)
# developer.open-douyin.com, "刷新 access_token" and "刷新 refresh_token": what only the merchant's new consent heals.
ACCESS_LASTS, REFRESH_LASTS = timedelta(days=15), timedelta(days=30)
REFRESH_ENDED, NO_PERMISSION, TOO_OFTEN = 10010, 10004, 10020
RENEWED_IN_S = 5.0


class Douyin:
    abilities = Abilities(
        title="Douyin (抖音)",
        form=Form(Markup.PLAIN, 500),
        rules=Rules(allowances={Deed.WROTE: Allowance(timedelta(hours=24))}),
        files=Takes(("image/jpeg", "image/png", "image/bmp", "image/webp"), 10 * MEGABYTE),
        checked="formula of the signature, documented samples",
    )
    fields = (
        Field("client_key", "Client Key", pattern=r"[0-9a-zA-Z]{8,64}"),
        Field("client_secret", "Client Secret", secret=True, pattern=r"[0-9a-zA-Z]{8,128}"),
        Field("open_id", "open_id of the merchant's account", pattern=r"[\x21-\x7e]{8,128}"),
        Field(
            "access_token",
            "act.…, good for 15 days",
            secret=True,
            pattern=r"[\x21-\x7e]{8,512}",
            ends=True,
            lasts=ACCESS_LASTS,
        ),
        Field(
            "refresh_token",
            "rft.…: renews the access token by itself; without it somebody gives a new one every 15 days",
            secret=True,
            optional=True,
            pattern=r"[\x21-\x7e]{8,512}",
        ),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        expected = [sign(secret, request.raw) for secret in account.every("client_secret")]
        if not equal(request.headers.get("x-douyin-signature", ""), *expected):
            raise Unauthorized("X-Douyin-Signature does not match the body and the Client Secret.")
        return Checked(body=request.raw, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        event = parse_object(checked.body, mend=True)
        content = event.get("content")
        if isinstance(content, str):  # both forms are documented
            content = parse_object(content.encode(), mend=True)
        if not isinstance(content, Mapping):
            raise Invalid("An event has `content`.")
        if event.get("event") == "verify_webhook":
            return Parsed(reply=Reply({"challenge": content.get("challenge")}))
        # Every delivery of one event bears the same Msg-Id; not every event has a log_id.
        told = str(event.get("log_id") or checked.request.headers.get("msg-id", ""))
        happening = _read(account, event, content, told)
        return Parsed([happening] if happening else [])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        if not message.hint.get("msg_id"):
            raise undelivered("Douyin: only what a customer has written can be answered")
        content: Mapping[str, Any] = {"msg_type": TEXT, "text": {"text": message.text}}
        if message.file is not None:
            with nothing_shown():
                content = {"msg_type": IMAGE, "image": {"media_id": await _upload(caller, account, message.file)}}
        body = {
            "msg_id": message.hint["msg_id"],
            "conversation_id": message.hint["conversation_id"],
            "to_user_id": message.contact,
            "scene": SCENE,
            "content": content,
        }
        url = f"{_server(account)}/im/send/msg/?open_id={quote(account.options['open_id'], safe='')}"
        headers = {"access-token": account.secret("access_token")}
        answer = (await caller.post(url, json_body=body, headers=headers, judges=REFUSALS)).json
        told = _told(answer)
        if told["code"] == 0:
            return str(told["msg_id"]) if told.get("msg_id") else None
        raise _refused(account, told)

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:
        """The address of the customer's own picture; who asks for it shows the same token again."""
        conversation, _, message = media.ref.partition(" ")
        open_id, token = account.options["open_id"], account.secret("access_token")
        asked = urlencode({"open_id": open_id, "conversation_id": conversation, "message_id": message})
        answer = await caller.get(
            f"{_server(account)}/api/im/message/resources/?{asked}", headers={"access-token": token}, judges=REFUSALS
        )
        told = _told(answer.json)
        if told["code"] != 0 or not told.get("url"):
            raise _refused(account, told)

        def refused(answer: Answered) -> Exception:
            return _refused(account, _told(answer.json))

        url = str(told["url"]).replace(r"\u0026", "&")  # "需要将其替换为 &"
        return Download(url=url, headers={"Access-Token": token, "OpenID": open_id}, refused=refused)

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        """The keys of the app; its access token is seen only by what is sent with it."""
        await _client_token(caller, account)
        return [remark("token_untried")]

    async def renew_access(self, caller: Caller, account: Account) -> Renewed:
        """The same token for longer, or another one; the refresh token stays as it is."""
        form = {"grant_type": "refresh_token"}
        token, told = await _renewed(caller, account, "refresh_token", "access_token", form, (REFRESH_ENDED,))
        lasts = _seconds(told.get("expires_in")) or ACCESS_LASTS
        secrets = {"access_token": token}
        return Renewed(secrets=secrets, lasts=lasts, refresh_lasts=_seconds(told.get("refresh_expires_in")))

    async def renew_refresh(self, caller: Caller, account: Account) -> Renewed:
        """Another refresh token for thirty days; the one before is good for nothing any more. Five times at most."""
        final = (REFRESH_ENDED, NO_PERMISSION, TOO_OFTEN)
        token, told = await _renewed(caller, account, "renew_refresh_token", REFRESH_TOKEN, {}, final)
        lasts = _seconds(told.get("expires_in")) or REFRESH_LASTS
        return Renewed(secrets={REFRESH_TOKEN: token}, refresh_lasts=lasts)


def _server(account: Account) -> str:
    return account.options.get("api") or API


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What Douyin says, of which there are three forms: `code`, `why` and the parts of `data`."""
    data, extra = answer.get("data"), answer.get("extra")
    told = dict(data) if isinstance(data, Mapping) else dict(answer)
    more = extra if isinstance(extra, Mapping) else {}
    code = told.get("error_code", answer.get("err_no", more.get("error_code", -1)))
    why = told.get("description") or answer.get("err_msg") or more.get("description") or answer.get("message") or ""
    return {**told, "code": code, "why": str(why)[:150]}


def _refused(account: Account, told: Mapping[str, Any]) -> Exception:
    reason, code = f"Douyin {told['code']}: {told['why']}", told["code"]
    if code in BAD_TOKEN:
        after_s = RENEWED_IN_S if account.secret(REFRESH_TOKEN) else 60.0
        return undelivered(reason, again=True, after_s=after_s, token_refused=True)
    return undelivered(reason, again=code in BUSY)


async def _upload(caller: Caller, account: Account, file: Enclosed) -> str:
    """Douyin's id of a picture; the app itself uploads it, by a token of its own. Raises NotDelivered."""
    content = (file.name, file.content, file.type)
    while True:
        token = await _client_token(caller, account)
        url, headers = f"{_server(account)}/tool/imagex/client_upload/", {"access-token": token}
        answer = (await caller.post(url, files={"image": content}, headers=headers, judges=REFUSALS)).json
        told = _told(answer)
        found = answer.get("image_id") or told.get("image_id")
        if told["code"] == 0 and found:
            return str(found)
        if told["code"] not in BAD_TOKEN or not caller.tokens.refused(_key(account), token):
            # Another token of the app's is no matter of the merchant's, who renews his.
            busy = told["code"] in BUSY or told["code"] in BAD_TOKEN
            raise undelivered(f"Douyin {told['code']}: {told['why']} (upload)", again=busy)


async def _client_token(caller: Caller, account: Account) -> str:
    """The app's own token, good for two hours; a new one ends the one before. Raises NotDelivered."""

    async def fetch() -> Token:
        keys = {"client_key": account.options["client_key"], "client_secret": account.secret("client_secret")}
        asked = {"grant_type": "client_credential", **keys}
        told = _told(
            (await caller.post(f"{_server(account)}/oauth/client_token/", json_body=asked, judges=REFUSALS)).json
        )
        if told["code"] != 0 or not told.get("access_token"):
            raise undelivered(f"Douyin {told['code']}: {told['why']} (client_token)", again=True, after_s=60.0)
        return Token(str(told["access_token"]), timedelta(seconds=float(told.get("expires_in") or 7200)))

    return await caller.tokens.get(_key(account), fetch)


def _key(account: Account) -> tuple[str, ...]:
    """Accounts of one app share its token, who have the same secret."""
    return "douyin", _server(account), account.options["client_key"], account.secret("client_secret")


async def _renewed(
    caller: Caller, account: Account, path: str, wanted: str, form: Mapping[str, str], final: Sequence[int]
) -> tuple[str, Mapping[str, Any]]:
    """The token that Douyin gives for the refresh token, with what it says of it.

    Raises NotDelivered, a final one for the codes of which it will not change its mind.
    """
    form = {"client_key": account.options["client_key"], REFRESH_TOKEN: account.secret(REFRESH_TOKEN), **form}
    told = _told((await caller.post(f"{_server(account)}/oauth/{path}/", form=form, judges=REFUSALS)).json)
    if str(told["code"]) == "0" and told.get(wanted):
        return str(told[wanted]), told
    reason = f"Douyin {told['code']}: {told['why']} ({wanted} is not renewed)"
    raise undelivered(reason, again=str(told["code"]) not in map(str, final))


def _seconds(told: object) -> timedelta | None:
    """A number of seconds, which Douyin writes as text too."""
    text = str(told)
    is_number = text.isascii() and text.isdecimal() and len(text) <= 9
    return timedelta(seconds=int(text)) if is_number and int(text) > 0 else None


def sign(secret: str, raw: bytes) -> str:
    """SHA-1 of the secret followed by the raw body, in hex: Douyin's rule, and no HMAC."""
    return hashlib.sha1(secret.encode() + raw, usedforsecurity=False).hexdigest()


def _shown(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a colleague has sent: words, or of what kind it was; pictures come without an address."""
    text, sort = str(content.get("text", "")), str(content.get("message_type", ""))
    if text or sort not in MEDIA:
        return {"text": text or f"[{sort[:64]}]"}
    return {"text": "", "media": (Media(ref="", kind=MEDIA[sort]),)}


def _read(account: Account, event: Mapping[str, Any], content: Mapping[str, Any], told: str) -> Happening | None:
    name = str(event.get("event", ""))
    who, to = str(event.get("from_user_id", "")), str(event.get("to_user_id", ""))
    event_id = str(content.get("server_message_id") or told)[:128]
    if name == "im_enter_direct_msg":
        return Notice(event_id=f"enter.{told}"[:128], contact=who, what=Notice.What.OPENED)
    if name == "im_message_read" and who != account.options["open_id"]:  # its index grows and names no message
        at = sent(content.get("create_time", ""), 1000)
        return Notice(event_id=f"read.{told}"[:128], contact=who, what=Notice.What.READ, at=at)
    if name == "im_send_msg":
        source = str(content.get("source", ""))
        if source == account.options["client_key"]:
            return None
        return Colleague(event_id=event_id, contact=to, name="Douyin", unsure=not source, **_shown(content))
    if name != "im_receive_msg":
        return None
    if not event_id or not who:
        raise Invalid("A message has `server_message_id` and `from_user_id`.")
    hint = {"msg_id": event_id, "conversation_id": str(content.get("conversation_short_id", ""))}
    names = [one.get("nick_name") for one in content.get("user_infos") or () if one.get("open_id") == who]
    said = Inbound(
        event_id=event_id,
        contact=who,
        name=shown(names[0] if names else ""),
        language="zh",
        hint=hint,
        sent_at=sent(content.get("create_time", ""), 1000),
    )
    sort = str(content.get("message_type", ""))
    if sort == "text":
        return replace(said, body={"text": str(content.get("text", ""))})
    if sort in OWN:
        return replace(said, media=[Media(ref=f"{hint['conversation_id']} {event_id}", kind=MEDIA[sort])])
    return replace(said, unsupported=sort[:64] or "message")
