"""Kuaishou webhooks (open.kuaishou.com), experimental: its private-message interface is open to chosen merchants only.

The envelope and its signature are those that can be read publicly; which fields hold the message is told in the
account's options, and answers go to an address that the merchant's own service provides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handoff_service.channels.caller import Caller
from handoff_service.channels.contacts import shown
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Field,
    Inbound,
    Outbound,
    Parsed,
    Reply,
    WebhookRequest,
    equal,
)
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, Unauthorized

TAKEN = Reply({"result": 1})
PLACE = r"[A-Za-z0-9_.]{1,100}"


class Kuaishou:
    abilities = Abilities(
        title="Kuaishou (快手)",
        form=Form(Markup.PLAIN, 500),
        checked="formula of the signature; the message fields are not documented publicly",
        experimental=True,
    )
    fields = (
        Field("app_secret", "app_secret", secret=True, pattern=r"[\x21-\x7e]{8,128}"),
        Field("url", "where answers are posted to, as JSON"),
        Field("event", "name of the event that carries messages"),
        Field("contact_field", "where the sender's id stands in `data`, such as from.id", pattern=PLACE),
        Field("text_field", "where the text stands in `data`", pattern=PLACE),
        Field("name_field", "where the sender's name stands in `data`", optional=True, pattern=PLACE),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        expected = [sign(secret, request.raw) for secret in account.every("app_secret")]
        if not equal(request.headers.get("kwaisign", ""), *expected):
            raise Unauthorized("The header `kwaisign` does not match the body and the app_secret.")
        return Checked(body=request.raw, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        envelope = parse_object(checked.body, mend=True)
        data = envelope.get("data")
        if envelope.get("event") != account.options["event"]:
            return Parsed(reply=TAKEN)
        if not isinstance(data, Mapping):
            raise Invalid("The event has no `data`.")
        # The id in the data is the idempotent one where there is one; the envelope's may change between copies.
        event_id = str(data.get("unique_message_id") or envelope.get("message_id") or "")[:128]
        contact, text = _at(data, account.options["contact_field"]), _at(data, account.options["text_field"])
        if not event_id or not contact:
            raise Invalid("The event has no message_id, or no sender where `contact_field` says.")
        name = shown(_at(data, account.options.get("name_field", "")))
        body = {"text": text} if text else {}
        unsupported = None if text else "message"
        said = Inbound(event_id=event_id, contact=contact, name=name, language="zh", body=body, unsupported=unsupported)
        return Parsed([said], TAKEN)

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        body = {"id": message.key, "to": message.contact, "text": message.text}
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        # Signed as Kuaishou signs, so that the merchant's service knows who posts.
        signed = {"kwaisign": sign(account.secret("app_secret"), raw), "Idempotency-Key": message.key}
        headers = {"Content-Type": "application/json", **signed}
        await caller.post(account.options["url"], raw=raw, headers=headers)
        return None


def sign(secret: str, raw: bytes) -> str:
    """MD5 of the raw body followed by the app_secret, in hex: Kuaishou's rule."""
    return hashlib.md5(raw + secret.encode(), usedforsecurity=False).hexdigest()


def _at(data: Mapping[str, Any], place: str) -> str:
    """The text at a.b.c; empty when there is none."""
    found: Any = data
    for name in filter(None, place.split(".")):
        found = found.get(name) if isinstance(found, Mapping) else None
    return str(found) if isinstance(found, (str, int)) and place else ""
