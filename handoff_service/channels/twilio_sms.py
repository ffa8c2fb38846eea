"""SMS by Twilio (twilio.com/docs/messaging): inbound as a signed form, outbound by the Messages API."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from handoff_service.channels.caller import REFUSALS, Caller, undelivered
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Download,
    Field,
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
from handoff_service.channels.window import CLOSED, LEFT
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, Malformed, Unauthorized

API = "https://api.twilio.com/2010-04-01"
NOTHING = Reply('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")
BARRED = {21610: LEFT, 63016: CLOSED}  # he has sent STOP; outside the window of WhatsApp
# What carriers and people know; 退订 and its short forms in China.
STOP = frozenset({"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "退订", "退訂", "TD", "T"})
START = frozenset({"START", "UNSTOP", "恢复订阅", "恢復訂閱", "重新订阅"})  # and YES, of who has left
PORTS = {"https": 443, "http": 80}
KINDS = ("image", "audio", "video")
MOST_FIELDS = 200
SHARED_KEY = re.compile(r"key=[\w-]{1,128},\s*algorithm=HMAC_SHA256")
SHARED = Field("shared_key", "SharedKey, if webhooks are signed with it", True, optional=True, pattern=r"[!-~]{5,256}")


class TwilioSms:
    abilities = Abilities(
        title="SMS (Twilio)",
        form=Form(Markup.PLAIN, 1600),
        files=Takes(("image/jpeg", "image/png", "image/gif"), 5 * 1024 * 1024, by_link=True),
        opts_in=frozenset({"YES"}),
        checked="official vectors of the signature; twilio",
    )
    fields = (
        Field("account_sid", "Account SID", pattern=r"AC[0-9a-fA-F]{32}"),
        Field("auth_token", "Auth Token", secret=True, pattern=r"[0-9a-zA-Z]{5,64}"),
        SHARED,
        Field("number", "our number, as +14155550100", pattern=r"\+\d{5,15}"),
        Field("status_callback", "where failures are told, if not at the account's webhook", optional=True),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        return check_signature(account, request)

    def parse(self, account: Account, checked: Checked) -> Parsed:  # noqa: ARG002 (the channels' shape)
        fields = dict(form_of(checked.body))
        sid, status = fields.get("MessageSid", ""), fields.get("MessageStatus", "")
        if status:
            if status not in ("failed", "undelivered"):
                return Parsed(reply=NOTHING)
            code = fields.get("ErrorCode", "")
            failed = Notice(
                event_id=f"{sid}.{status}",
                contact=fields.get("To", ""),
                what=Notice.What.FAILED,
                provider_id=sid,
                reason=f"Twilio {code or status}",
                barred=BARRED.get(int(code)) if code.isdecimal() else None,
            )
            return Parsed([failed], NOTHING)
        contact = fields.get("From", "")
        if not sid or not contact:
            raise Invalid("A message has MessageSid and From.")
        text, media = fields.get("Body", ""), _media(fields)
        if (what := wish(text, fields.get("OptOutType", ""))) is not None:
            return Parsed([Notice(event_id=sid, contact=contact, what=what)], NOTHING)
        said = Inbound(
            event_id=sid,
            contact=contact,
            body={"text": text} if text.strip() else {},
            media=media,
            unsupported=None if text.strip() or media else "message",
            hint={"webhook": checked.request.url},
        )
        return Parsed([said], NOTHING)

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        sid = account.options["account_sid"]
        said = {"MediaUrl": message.file.link} if message.file is not None else {"Body": message.text}
        form = {"To": message.contact, "From": account.options["number"], **said}
        if told_at := account.options.get("status_callback") or message.hint.get("webhook"):
            form["StatusCallback"] = told_at
        server = account.options.get("api") or API
        url = f"{server}/Accounts/{sid}/Messages.json"
        answer = await caller.post(url, form=form, headers=key_of(account), judges=REFUSALS)
        if 200 <= answer.status < 300:
            return str(answer.json.get("sid", "")) or None
        code = answer.json.get("code", 0)
        reason = f"Twilio {code or answer.status}: {str(answer.json.get('message', ''))[:150]}"
        after_s = 60.0 if answer.status == 401 else 0.0
        raise undelivered(reason, again=answer.status in (401, 429), after_s=after_s, barred=BARRED.get(code))

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        server = account.options.get("api") or API
        url = f"{server}/Accounts/{account.options['account_sid']}.json"
        answer = await caller.get(url, headers=key_of(account), judges=REFUSALS)
        if answer.status != 200:
            raise undelivered(
                f"Twilio {answer.json.get('code', answer.status)}: {answer.json.get('message', '')}"[:200]
            )
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        parts = urlsplit(media.ref)
        if not account.serves(media.ref) and (parts.scheme != "https" or parts.hostname != "api.twilio.com"):
            raise undelivered("Twilio: the file lies elsewhere")  # the keys go with the request
        return Download(url=media.ref, headers=key_of(account))


def wish(text: str, told: str) -> Notice.What | None:
    """Whether a whole message asks us to write no more, or to write again: by Twilio's word for it, or by its own."""
    word = unicodedata.normalize("NFKC", text).strip(" \t\r\n.!。,，\"'“”").upper()
    if told == "STOP" or word in STOP:
        return Notice.What.LEFT
    return Notice.What.OPENED if told == "START" or word in START else None


def check_signature(account: Account, request: WebhookRequest) -> Checked:
    """A request that Twilio made, for messages and for calls. Raises Unauthorized."""
    given = request.headers.get("x-twilio-signature", "")
    how, body_hash = request.headers.get("x-twilio-webhooks-signature-settings", ""), request.query.get("bodySHA256")
    # Of JSON it signs the address alone, in which the body's hash stands.
    fields = form_of(request.raw) if body_hash is None else []
    if body_hash is not None and not equal(body_hash, hashlib.sha256(request.raw).hexdigest()):
        raise Unauthorized("bodySHA256 in the address is not that of the body.")
    by, algorithm = ("shared_key", "sha256") if how else ("auth_token", "sha1")
    if how and SHARED_KEY.fullmatch(how) is None:
        raise Unauthorized("This account signs by a rule that nobody here knows.")
    urls = with_and_without_port(request.url)
    expected = [sign(secret, url, fields, algorithm) for secret in account.every(by) for url in urls]
    if not equal(given, *expected):
        raise Unauthorized(f"X-Twilio-Signature does not match the address, the form and the account's {by}.")
    return Checked(body=request.raw, request=request)


def key_of(account: Account) -> Mapping[str, str]:
    """The header that opens the account's API."""
    pair = f"{account.options['account_sid']}:{account.secret('auth_token')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def sign(secret: str, url: str, fields: list[tuple[str, str]], algorithm: str = "sha1") -> str:
    """HMAC over the address and the sorted fields, name and value without separators, in base64.

    A name with several values counts each different one once, sorted (twilio.com/docs/usage/security).
    """
    named: dict[str, set[str]] = {}
    for name, value in fields:
        named.setdefault(name, set()).add(value)
    words = url + "".join(name + value for name in sorted(named) for value in sorted(named[name]))
    return base64.b64encode(hmac.new(secret.encode(), words.encode(), algorithm).digest()).decode()


def with_and_without_port(url: str) -> list[str]:
    """The address as given, and with or without the port that goes without saying: Twilio signs either."""
    parts = urlsplit(url)
    host, usual = parts.hostname or "", PORTS.get(parts.scheme)
    if parts.port is None and usual:
        return [url, urlunsplit(parts._replace(netloc=f"{host}:{usual}"))]
    return [url, urlunsplit(parts._replace(netloc=host))] if parts.port == usual else [url]


def form_of(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a form as it was signed. Raises Malformed."""
    try:
        return parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Malformed("The body is not a form.") from error


def _media(fields: Mapping[str, str]) -> list[Media]:
    count = fields.get("NumMedia", "0")
    found = []
    for number in range(min(int(count), 10) if count.isdecimal() else 0):
        kind = fields.get(f"MediaContentType{number}", "").partition("/")[0]
        url = fields.get(f"MediaUrl{number}", "")
        if url:
            found.append(Media(ref=url, kind=kind if kind in KINDS else "file"))  # type: ignore[arg-type]
    return found
