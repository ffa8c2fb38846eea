"""WeCom customer service (微信客服, developer.work.weixin.qq.com): a callback says that there is something to fetch.

Messages wait at WeCom for three days behind a cursor. As long as people answer here the conversation stays with WeCom's
"assistant" (state 1), in which its API may send. When agents in WeCom take a session (state 3) our bot is silent, who
waits here for a person does not any more, and their words are shown; when they end it, the next message is ours again.
That they have it is also asked when WeCom refuses a message for it. With `end_sessions` the closing words end the
session (state 4), after which nothing can be said until the customer writes.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from handoff_service.channels.caller import Answered, Caller, Token, nothing_shown, undelivered
from handoff_service.channels.flat_xml import parse_flat
from handoff_service.channels.model import (
    ELSEWHERE,
    Abilities,
    Account,
    Checked,
    Colleague,
    Download,
    Enclosed,
    Fetched,
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
from handoff_service.channels.weixin_cipher import decipher_by_any, signature
from handoff_service.channels.window import CLOSED, LEFT, USED_UP, Allowance, Deed, Rules
from handoff_service.channels.wording import Form, Markup, octets
from handoff_service.errors import NotDelivered, Unauthorized

API = "https://qyapi.weixin.qq.com"
AT_ONCE = 1000
BAD_TOKEN = (40014, 42001)
BUSY = (-1, 45009, 45033)
BARRED = {95001: USED_UP}
# Of msg_send_fail: over 48 hours, over 5 messages, he refuses. From memory, not checked against the vendor.
FAIL_TYPES = {"4": CLOSED, "6": USED_UP, "10": LEFT}
STAFFED = 95018  # the session is in no state in which we may send
WAITING, SERVED, OVER = 2, 3, 4  # its states: for agents in WeCom, with one of them, ended
YES = "yes"
CUSTOMER, SYSTEM, COLLEAGUE = 3, 4, 5
SESSION_ENDED = 3  # a `change_type` of session_status_change; the others mean that somebody has it now
MEDIA = {"image": "image", "voice": "audio", "video": "video", "file": "file"}


class WeCom:
    abilities = Abilities(
        title="WeCom customer service (微信客服)",
        form=Form(Markup.PLAIN, 2048, octets),
        buttons=8,
        button_chars=40,
        files=Takes(("image/jpeg", "image/png", "application/", "text/"), 10 * 1024 * 1024),
        dedupes=True,  # by our own msgid
        staffed=True,
        rules=Rules(allowances={Deed.WROTE: Allowance(timedelta(hours=48), 5)}),
        checked="official vectors of signature and cipher",
    )
    fields = (
        Field("corp_id", "企业ID", pattern=r"w[wx][0-9a-z]{8,32}"),
        Field("open_kfid", "the account of 微信客服, wk…", pattern=r"wk[0-9A-Za-z_-]{6,64}"),
        Field(
            "corp_secret", "Secret of the app that may call the interfaces", secret=True, pattern=r"[\x21-\x7e]{16,128}"
        ),
        Field("token", "Token of the callback", secret=True, made=True, pattern=r"[0-9a-zA-Z]{3,32}"),
        Field("aes_key", "EncodingAESKey (43 characters)", secret=True, pattern=r"[0-9a-zA-Z]{43}"),
        Field("end_sessions", "yes: closing a conversation ends WeCom's session", optional=True, pattern="yes|no"),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        query = request.query
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        signed_at = moment_of(stamp)
        sealed = query.get("echostr", "") if request.method == "GET" else parse_flat(request.raw).get("Encrypt", "")
        expected = [signature(token, stamp, nonce, sealed) for token in account.every("token")]
        if not sealed or not equal(query.get("msg_signature", ""), *expected):
            raise Unauthorized("msg_signature does not match the token of this account.")
        body = decipher_by_any(account.every("aes_key"), sealed, owner=account.options["corp_id"])
        return Checked(body=body, signed_at=signed_at, proof=query["msg_signature"], request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        if checked.request.method == "GET":
            return Parsed(reply=Reply(checked.body.decode()))
        event = parse_flat(checked.body)
        ours = event.get("Event") == "kf_msg_or_event" and event.get("OpenKfId") == account.options["open_kfid"]
        return Parsed(reply=Reply("success"), fetch=ours, ticket=event.get("Token", "")[:512])

    async def fetch(self, caller: Caller, account: Account, cursor: str, ticket: str = "") -> Fetched:
        asked = {"cursor": cursor, "limit": AT_ONCE, "voice_format": 0, "open_kfid": account.options["open_kfid"]}
        asked |= {"token": ticket} if ticket else {}
        answer = await _call(caller, account, "/cgi-bin/kf/sync_msg", json_body=asked)
        # What was said before the account was made here was not said to us.
        since = 0 if cursor else int(account.created_at.timestamp())
        told = answer.get("msg_list")
        kept = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
        found = [_read(one) for one in kept if not isinstance(one.get("send_time"), int) or one["send_time"] >= since]
        behind = str(answer.get("next_cursor") or cursor)
        more = answer.get("has_more") == 1 and behind != cursor  # also behind an empty list
        return Fetched(events=[one for one in found if one is not None], cursor=behind, more=more)

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        content: dict[str, Any] = {"msgtype": "text", "text": {"content": message.text}}
        if message.file is not None:
            kind = "image" if message.file.is_image else "file"
            content = {"msgtype": kind, kind: {"media_id": await _upload(caller, account, message.file, kind)}}
        if message.buttons:
            choices = [
                {"type": "click", "click": {"id": as_data(one), "content": one["title"]}} for one in message.buttons
            ]
            content = {"msgtype": "msgmenu", "msgmenu": {"head_content": message.text, "list": choices}}
        ends = {"touser": message.contact, "open_kfid": account.options["open_kfid"]}
        key = hashlib.sha256(message.key.encode()).hexdigest()[:32]
        body = {**ends, "msgid": key, **content}
        try:
            answer = await _call(caller, account, "/cgi-bin/kf/send_msg", json_body=body)
        except NotDelivered as error:
            if error.final and error.message.startswith(f"WeCom {STAFFED}:"):
                raise await _with_whom(caller, account, message.contact) from error
            raise
        if message.ends:
            await _end_session(caller, account, message)
        return str(answer.get("msgid") or key)

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


def _whose(account: Account, contact: str) -> Mapping[str, str]:
    """Which session."""
    return {"open_kfid": account.options["open_kfid"], "external_userid": contact}


async def _end_session(caller: Caller, account: Account, message: Outbound) -> None:
    """Where the account wants it. Who has written since has begun again: an ended session would refuse his answer."""
    if account.options.get("end_sessions") != YES or (message.since is not None and message.since > message.at):
        return
    with contextlib.suppress(NotDelivered):  # he has read it; the session ends by itself later
        told = {**_whose(account, message.contact), "service_state": OVER}
        await _call(caller, account, "/cgi-bin/kf/service_state/trans", json_body=told)


async def _with_whom(caller: Caller, account: Account, contact: str) -> NotDelivered:
    """Why we may not send now: what WeCom says of the session's state."""
    try:
        told = await _call(caller, account, "/cgi-bin/kf/service_state/get", json_body=_whose(account, contact))
    except NotDelivered as error:
        return undelivered(f"WeCom {STAFFED}: the session is not ours; its state cannot be asked ({error.message})")
    state = told.get("service_state")
    if state not in (WAITING, SERVED):
        return undelivered(
            f"WeCom {STAFFED}: the session has ended (state {state}); he must write first", barred=CLOSED
        )
    who = str(told.get("servicer_userid") or "WeCom")[:64]
    return undelivered(
        f"WeCom {STAFFED}: the session is with agents in WeCom ({who}); they answer there", hint={ELSEWHERE: who}
    )


async def _upload(caller: Caller, account: Account, file: Enclosed, kind: str) -> str:
    """The id under which WeCom keeps a file for three days. Raises NotDelivered."""
    content = {"media": (file.name, file.content, file.type)}
    with nothing_shown():
        answer = await _call(caller, account, f"/cgi-bin/media/upload?type={kind}", files=content)
    return str(answer.get("media_id", ""))


def _read(message: Mapping[str, Any]) -> Happening | None:
    origin, kind, event_id = message.get("origin"), str(message.get("msgtype", "")), str(message.get("msgid", ""))[:128]
    contact = str(message.get("external_userid", ""))
    content = message.get(kind)
    content = content if isinstance(content, Mapping) else {}
    if kind == "event":
        return _event(event_id, content)
    if not event_id or not contact:
        return None
    if origin == COLLEAGUE:
        name = str(message.get("servicer_userid", "WeCom"))
        text = str(content.get("content", "" if kind in MEDIA else f"[{kind}]"))
        shown = [Media(ref="", kind=MEDIA[kind])] if kind in MEDIA else []  # type: ignore[arg-type]
        return Colleague(event_id=event_id, contact=contact, name=name, text=text, media=tuple(shown))
    if origin != CUSTOMER:
        return None
    said = Inbound(event_id=event_id, contact=contact, language="zh", sent_at=sent(message.get("send_time", "")))
    if kind == "text":
        press, text = from_data(str(content.get("menu_id", ""))), str(content.get("content", ""))
        return replace(said, body={"press": press, "text": text} if press else {"text": text})
    if kind in MEDIA:
        return replace(said, media=[Media(ref=str(content.get("media_id", "")), kind=MEDIA[kind])])  # type: ignore[arg-type]
    if kind == "location":
        at = f"({content.get('latitude')}, {content.get('longitude')})"
        return replace(said, body={"text": f"{content.get('name', '')} {content.get('address', '')} {at}".strip()})
    if kind == "link":
        return replace(said, body={"text": f"{content.get('title', '')} {content.get('url', '')}".strip()})
    return replace(said, unsupported=kind[:64] or "message")


def _event(event_id: str, event: Mapping[str, Any]) -> Notice | None:
    name, contact = event.get("event_type"), str(event.get("external_userid", ""))
    if name == "enter_session" and contact:
        return Notice(event_id=event_id, contact=contact, what=Notice.What.OPENED, deed=Deed.CAME)
    if name == "session_status_change" and contact:
        ended = event.get("change_type") == SESSION_ENDED
        who = "" if ended else str(event.get("new_servicer_userid") or "WeCom")[:64]
        return Notice(event_id=event_id, contact=contact, what=Notice.What.MOVED, hint={ELSEWHERE: who})
    if name == "msg_send_fail" and contact:
        return Notice(
            event_id=event_id,
            contact=contact,
            what=Notice.What.FAILED,
            provider_id=str(event.get("fail_msgid", "")),
            reason=f"WeCom: msg_send_fail {event.get('fail_type')}",
            barred=FAIL_TYPES.get(str(event.get("fail_type"))),
        )
    return None


async def _token(caller: Caller, account: Account) -> str:
    """The company's token, fetched when there is none. Raises NotDelivered."""
    server = account.options.get("api") or API

    async def fetch() -> Token:
        keys = f"corpid={quote(account.options['corp_id'])}&corpsecret={quote(account.secret('corp_secret'), safe='')}"
        answer = (await caller.get(f"{server}/cgi-bin/gettoken?{keys}")).json
        if not isinstance(answer.get("access_token"), str):
            raise undelivered(f"WeCom {answer.get('errcode')}: {answer.get('errmsg', '')}", again=True, after_s=60.0)
        return Token(answer["access_token"], timedelta(seconds=float(answer.get("expires_in", 7200))))

    return await caller.tokens.get(_key(account), fetch)


def _key(account: Account) -> tuple[str, ...]:
    return "wecom", account.tenant, account.id


async def _call(caller: Caller, account: Account, path: str, **sent: Any) -> Mapping[str, Any]:
    """Posts `sent` with the company's token, once more with a fresh one when that has ended. Raises NotDelivered."""
    server, joint = account.options.get("api") or API, "&" if "?" in path else "?"
    while True:
        token = await _token(caller, account)
        answer = (await caller.post(f"{server}{path}{joint}access_token={quote(token)}", **sent)).json
        code = answer.get("errcode", 0)
        if code == 0:
            return answer
        if code not in BAD_TOKEN or not caller.tokens.refused(_key(account), token):
            raise _refused(answer)


def _refused(answer: Mapping[str, Any]) -> Exception:
    code = answer.get("errcode", 0)
    reason = f"WeCom {code}: {str(answer.get('errmsg', ''))[:150]}"
    return undelivered(reason, again=code in BUSY or code in BAD_TOKEN, barred=BARRED.get(code))
