"""WhatsApp Cloud API (developers.facebook.com/docs/whatsapp): messages and their later fate by webhook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from handoff_service.channels import meta
from handoff_service.channels.caller import Caller, nothing_shown
from handoff_service.channels.contacts import shown
from handoff_service.channels.doctor_words import remark
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
    Takes,
    WebhookRequest,
)
from handoff_service.channels.press import as_data, from_data
from handoff_service.channels.stamps import sent
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.window import CLOSED as OUTSIDE
from handoff_service.channels.window import Allowance, Deed, Rules
from handoff_service.channels.wording import Form, Markup

REPLY_BUTTONS = 3
MEDIA = {"image": "image", "video": "video", "audio": "audio", "document": "file"}


class WhatsApp:
    abilities = Abilities(
        title="WhatsApp",
        form=Form(Markup.STARS, 4096),
        buttons=10,
        button_chars=20,
        button_text=1024,
        files=Takes(("image/jpeg", "image/png", "application/pdf", "text/plain"), 16 * 1024 * 1024),
        rules=Rules(allowances={Deed.WROTE: Allowance(timedelta(hours=24))}),
        checked="documented samples and formula of the signature",
    )
    fields = (
        Field("phone_number_id", "id of the sending number", pattern=r"\d{5,30}"),
        *meta.FIELDS,
        Field(
            "template",
            "name of an approved template without variables, which agents may send when the window is closed",
            optional=True,
            pattern="[a-z0-9_]{1,512}",
        ),
        Field(
            "template_language",
            "its language, as zh_CN; otherwise en_US",
            optional=True,
            pattern="[a-z]{2,3}(_[A-Z]{2})?",
        ),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        return meta.check(account, request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        if checked.request.method == "GET":
            return meta.handshake(checked)
        return Parsed(list(_events(parse_object(checked.body, mend=True), account.options["phone_number_id"])))

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            # A user who has taken a username has no number: his id then starts with a country's letters.
            **({"to": message.contact} if message.contact.isdecimal() else {"recipient": message.contact}),
            "type": "text",
            "text": {"body": message.text, "preview_url": False},
        }
        if message.file is not None:
            kind = "image" if message.file.is_image else "document"
            number = await _upload(caller, account, message.file)
            shown = {"id": number} if kind == "image" else {"id": number, "filename": message.file.name}
            body = {**body, "type": kind, kind: shown}
            del body["text"]
        if message.template:
            language = account.options.get("template_language") or "en_US"
            body = {**body, "type": "template", "template": {"name": message.template, "language": {"code": language}}}
            del body["text"]
        if message.buttons:
            body = {**body, "type": "interactive", "interactive": _interactive(message)}
            del body["text"]
        answer = await meta.call(caller, account, f"{account.options['phone_number_id']}/messages", json_body=body)
        made = answer.get("messages")
        return str(made[0].get("id")) if isinstance(made, list) and made else None

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        told = await meta.get(caller, account, f"{account.options['phone_number_id']}?fields=quality_rating")
        low = told.get("quality_rating") in ("YELLOW", "RED")
        return [remark("low_rating", rating=told["quality_rating"])] if low else []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:
        found = await meta.get(caller, account, quote(media.ref, safe=""))
        return meta.download(account, str(found.get("url", "")))


async def _upload(caller: Caller, account: Account, file: Enclosed) -> str:
    """The id under which WhatsApp keeps the file. Raises NotDelivered, never an uncertain one: nothing is shown yet."""
    form = {"messaging_product": "whatsapp", "type": file.type}
    path = f"{account.options['phone_number_id']}/media"
    content = {"file": (file.name, file.content, file.type)}
    with nothing_shown():
        answer = await meta.call(caller, account, path, form=form, files=content)
    return str(answer.get("id", ""))


def _interactive(message: Outbound) -> dict[str, Any]:
    choices = [{"id": as_data(one), "title": one["title"]} for one in message.buttons]
    if len(choices) <= REPLY_BUTTONS:
        action: dict[str, Any] = {"buttons": [{"type": "reply", "reply": one} for one in choices]}
        return {"type": "button", "body": {"text": message.text}, "action": action}
    action = {"button": "▾", "sections": [{"title": "-", "rows": choices}]}
    return {"type": "list", "body": {"text": message.text}, "action": action}


def _events(body: Mapping[str, Any], number: str) -> Iterator[Happening]:
    """Messages and fates in one webhook that are for this number; a webhook may carry several of each."""
    for entry in _list(body.get("entry")):
        for change in _list(entry.get("changes")):
            value = change.get("value")
            if not isinstance(value, Mapping) or (value.get("metadata") or {}).get("phone_number_id") != number:
                continue
            people = _people(value)
            for message in _list(value.get("messages")):
                yield _message(message, people)
            for status in _list(value.get("statuses")):
                yield from _fate(status)


def _people(value: Mapping[str, Any]) -> Mapping[str, tuple[str, str]]:
    """Who writes, by every id that he is known under: (the id we keep, the name).

    Numbers are given to other people after a while, and who has a username need not have one: his own id counts first.
    """
    found: dict[str, tuple[str, str]] = {}
    for one in _list(value.get("contacts")):
        kept = str(one.get("user_id") or one.get("wa_id") or "")
        name = shown((one.get("profile") or {}).get("name"))
        found |= {str(one[key]): (kept, name) for key in ("wa_id", "user_id") if one.get(key)}
    return found


def _message(message: Mapping[str, Any], people: Mapping[str, tuple[str, str]]) -> Inbound:
    event_id, who = str(message.get("id", "")), str(message.get("from") or message.get("from_user_id") or "")
    alone = set(people.values()) if not who else set()  # whose it is when nobody else has written
    contact, name = people.get(who, (who, "")) if len(alone) != 1 else alone.pop()
    others = [one for one, (kept, _) in people.items() if kept == contact != one]
    said = Inbound(
        event_id=event_id, contact=contact, name=name, aliases=others, sent_at=sent(message.get("timestamp", ""))
    )
    kind = str(message.get("type", ""))
    content = message.get(kind)
    content = content if isinstance(content, Mapping) else {}
    if kind == "text":
        return replace(said, body={"text": str(content.get("body", ""))})
    if kind == "interactive":
        chosen = content.get(str(content.get("type", ""))) or {}
        press = from_data(str(chosen.get("id", "")))
        title = str(chosen.get("title", ""))
        return replace(said, body={"press": press, "text": title} if press else {"text": title})
    if kind == "button":
        return replace(said, body={"text": str(content.get("text", ""))})
    if kind in MEDIA:
        words = str(content.get("caption", ""))
        media = Media(ref=str(content.get("id", "")), kind=MEDIA[kind], name=shown(content.get("filename")))  # type: ignore[arg-type]
        return replace(said, body={"text": words} if words else {}, media=[media])
    if kind == "location":
        place = f"{content.get('name', '')} ({content.get('latitude')}, {content.get('longitude')})"
        return replace(said, body={"text": place.strip()})
    return replace(said, unsupported=kind[:64] or "message")


def _fate(status: Mapping[str, Any]) -> Iterator[Notice]:
    what = {"failed": Notice.What.FAILED, "read": Notice.What.READ}.get(str(status.get("status")))
    provider_id = str(status.get("id", ""))
    if what is None or not provider_id:
        return
    errors = _list(status.get("errors"))
    error = errors[0] if errors else {}
    reason = " ".join(str(error[one]) for one in ("code", "title") if error.get(one)) or str(error.get("message", ""))
    contact = str(status.get("recipient_id") or status.get("recipient_user_id") or "")
    event_id = f"{provider_id[-110:]}.{what}"
    yield Notice(
        event_id=event_id,
        contact=contact,
        what=what,
        provider_id=provider_id,
        reason=f"WhatsApp: {reason}",
        barred=OUTSIDE if error.get("code") in meta.CLOSED else None,
    )


def _list(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
