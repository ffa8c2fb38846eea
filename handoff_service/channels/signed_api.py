"""The signed API: any shop or platform connects by itself, without code of ours (docs/signed-api.md).

Both directions carry `X-Tandem-Timestamp` and `X-Tandem-Signature: v1=<hex HMAC-SHA256 over "timestamp.body">`; while
a secret is rotated there is one signature for each, separated by commas.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from handoff_service.channels.caller import Caller
from handoff_service.channels.contacts import shown
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Download,
    Enclosed,
    Field,
    Inbound,
    Media,
    Outbound,
    Parsed,
    Takes,
    WebhookRequest,
    equal,
)
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.wording import Form, Markup
from handoff_service.clock import iso
from handoff_service.conversations.receive import refuse_unknown
from handoff_service.errors import Invalid, Unauthorized
from handoff_service.public_mentions.model import PublicMention, mention_of

EVENT_ID = re.compile(r"[\x21-\x7e]{1,128}")
TYPE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
STAMP = re.compile(r"[1-9][0-9]{0,9}")
MAX_CONTACT_CHARS = 128
MOST_FILES = 10
KINDS = ("file", "image", "audio", "video")


class SignedApi:
    """Events and deliveries as JSON over HTTP, signed with a secret that both sides know."""

    abilities = Abilities(
        title="Signed API",
        form=Form(Markup.MARKDOWN, 8000),
        buttons=20,
        button_chars=200,
        dedupes=True,  # receivers must drop a second delivery with the same Idempotency-Key
        checked="our own protocol, docs/signed-api.md",
        strict=True,
        files=Takes(("",), 1 << 30, by_link=True),
        speaks_in_public=True,
    )
    fields = (
        Field("url", "where messages to customers are posted to"),
        Field("secret", "signs both directions", secret=True, made=True, pattern=r"[\x21-\x7e]{20,128}"),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        stamp = request.headers.get("x-tandem-timestamp", "")
        given = request.headers.get("x-tandem-signature", "").split(",")[:4]
        if not STAMP.fullmatch(stamp):
            raise Unauthorized("X-Tandem-Timestamp is missing; it is the time in whole seconds since 1970.")
        expected = [_signature(secret, stamp, request.raw) for secret in account.every("secret")]
        # Every pair is compared, so that the time tells nothing about which one matched.
        if not sum(equal(one.strip(), *expected) for one in given):
            raise Unauthorized("X-Tandem-Signature does not match the body and the timestamp.")
        return Checked(body=request.raw, signed_at=datetime.fromtimestamp(int(stamp), UTC), request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:  # noqa: ARG002 (the channels' shape)
        event = parse_object(checked.body)
        event_id, contact = event.get("event_id"), event.get("contact")
        if not isinstance(event_id, str) or not EVENT_ID.fullmatch(event_id):
            raise Invalid("`event_id` is 1 to 128 visible ASCII signs, another one for each event.")
        if not isinstance(contact, dict):
            raise Invalid("`contact` is an object with `id`, and perhaps `name` and `language`.")
        who = contact.get("id")
        if not isinstance(who, str) or not 0 < len(who) <= MAX_CONTACT_CHARS or not who.isprintable():
            raise Invalid(f"`contact.id` is 1 to {MAX_CONTACT_CHARS} printable characters.")
        kind = event.get("type", "press" if "press" in event else "text")
        if not isinstance(kind, str) or not TYPE.fullmatch(kind):
            raise Invalid("`type` is 1 to 64 letters, digits, or one of _ . : -")
        body: dict[str, Any] = {}
        media = _media(event.get("files"))
        if kind in ("text", "press"):
            more = ["files", "public"] if kind == "text" else []
            refuse_unknown(event, {"event_id", "contact", "type", kind, *more})
            body = {} if media and "text" not in event else {kind: event.get(kind)}
        said = Inbound(
            event_id=event_id,
            contact=who,
            name=shown(contact.get("name")),
            language=_language(contact.get("language")),
            body=body,
            unsupported=None if body or media else kind,
            media=media,
            user=_user(contact.get("user")),
            public=_public(event, contact),
        )
        return Parsed([said])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:
        raw = json.dumps(_as_json(message), ensure_ascii=False, separators=(",", ":")).encode()
        stamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            "X-Tandem-Timestamp": stamp,
            "X-Tandem-Signature": ",".join(_signature(secret, stamp, raw) for secret in account.every("secret")),
        }
        answer = await caller.post(account.options["url"], raw=raw, headers=headers)
        return _provider_id(answer.body)

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        return Download(url=media.ref)


def _user(given: Any) -> str:
    """Who the customer is to the tenant. Raises Invalid."""
    if given is None:
        return ""
    if not isinstance(given, str) or not 0 < len(given) <= MAX_CONTACT_CHARS or not given.isprintable():
        raise Invalid(f"`contact.user` is 1 to {MAX_CONTACT_CHARS} printable characters: the `sub` of identity tokens.")
    return given


def _public(event: Mapping[str, Any], contact: Mapping[str, Any]) -> PublicMention | None:
    """A post that names the tenant: {"platform", "id", "url", "time", "rating"?}. Raises Invalid."""
    given = event.get("public")
    if given is None:
        return None
    if not isinstance(given, dict) or event.get("files") or contact.get("user"):
        raise Invalid("`public` is an object with platform, id, url and time, for a text without files and `user`.")
    author = {"author": contact.get("id"), "author_name": contact.get("name"), "text": event.get("text")}
    return mention_of({**author, **given})


def _media(given: Any) -> list[Media]:
    """Files as addresses that we may fetch. Raises Invalid."""
    if given is None:
        return []
    if not isinstance(given, list) or not 0 < len(given) <= MOST_FILES:
        raise Invalid(f"`files` is a list of 1 to {MOST_FILES} objects with `url`, and perhaps `name` and `kind`.")
    found = []
    for one in given:
        url, kind = (one.get("url"), one.get("kind", "file")) if isinstance(one, dict) else (None, None)
        if not isinstance(url, str) or not re.fullmatch(r"https?://[\x21-\x7e]{3,2000}", url) or kind not in KINDS:
            raise Invalid(f"A file has a `url` (http or https) and a `kind`: {', '.join(KINDS)}.")
        found.append(Media(ref=url, kind=kind, name=shown(one.get("name"))))
    return found


def _signature(secret: str, stamp: str, raw: bytes) -> str:
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"v1={digest}"


def _language(given: Any) -> str | None:
    """zh or en from a tag such as zh-CN; None for what we do not speak."""
    spoken = str(given or "").lower().replace("_", "-").split("-")[0]
    return spoken if spoken in ("zh", "en") else None


def _as_json(message: Outbound) -> Mapping[str, Any]:
    buttons = [{"index": index, "title": button["title"]} for index, button in enumerate(message.buttons)]
    return {
        "id": message.key,
        "conversation": message.conversation,
        "contact": {"id": message.contact},
        "seq": message.seq,
        "author": {"kind": message.author_kind, "name": message.author_name},
        "text": message.text,
        **({"buttons": buttons} if buttons else {}),
        **({"file": _file(message.file)} if message.file is not None else {}),
        **({"public": json.loads(message.hint["public"])} if "public" in message.hint else {}),
        "at": iso(message.at),
    }


def _file(file: Enclosed) -> Mapping[str, Any]:
    """`url` shows it for a week to whoever has it."""
    return {"name": file.name, "type": file.type, "size": file.size, "url": file.link}


def _provider_id(answer: bytes) -> str | None:
    """The receiver's own id of the message, if it tells one; it took the message in any case."""
    try:
        given = json.loads(answer)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return given[:200] if isinstance(given, str) and "\x00" not in given and given.isprintable() else None
