"""Telegram bots (core.telegram.org/bots/api): updates by webhook, messages by the Bot API.

An update carries no signature, only the secret that we gave with setWebhook; `update_id` never means another update.
The bot's token is part of every address, so no address may reach a log or an error.
"""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from handoff_service.channels.caller import REFUSALS, Answered, Caller, undelivered
from handoff_service.channels.contacts import shown
from handoff_service.channels.doctor_words import remark
from handoff_service.channels.edits import edit_of
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
    equal,
)
from handoff_service.channels.press import as_data, from_data
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.window import LEFT
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, NotDelivered, Unauthorized

API = "https://api.telegram.org"
MEGABYTE = 1024 * 1024
MOST_PHOTO = 10 * MEGABYTE
TAG = re.compile(r"<[^>]*>")
# What a message can be besides text, and how an agent reads it.
KINDS = {
    "photo": "image",
    "document": "file",
    "video": "video",
    "video_note": "video",
    "animation": "video",
    "audio": "audio",
    "voice": "audio",
}
UNREADABLE = ("sticker", "location", "venue", "contact", "poll", "dice", "game", "story")


class Telegram:
    abilities = Abilities(
        title="Telegram",
        form=Form(Markup.HTML, 4096),
        buttons=8,
        button_chars=40,
        files=Takes(("image/", "application/", "text/", "audio/", "video/"), 50 * MEGABYTE),
        checked="documented samples; no signature to check, the secret header is compared",
    )
    fields = (
        Field("token", "the bot's token from @BotFather", secret=True, pattern=r"\d{3,20}:[A-Za-z0-9_-]{20,80}"),
        Field("webhook_secret", "given to Telegram with setWebhook", secret=True, made=True),
        Field("api", "another Bot API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not equal(given, *account.every("webhook_secret")):
            raise Unauthorized("X-Telegram-Bot-Api-Secret-Token is not the secret of this account.")
        return Checked(body=request.raw, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:  # noqa: ARG002 (the channels' shape)
        update = parse_object(checked.body, mend=True)
        number = update.get("update_id")
        if not isinstance(number, int):
            raise Invalid("An update has an `update_id`.")
        happening = _read(str(number), update)
        return Parsed([happening] if happening else [])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        if message.file is not None:
            return await _send_file(caller, account, message.contact, message.file)
        if message.hint.get("pressed"):  # the button turns until it is answered
            with contextlib.suppress(NotDelivered):
                await _call(caller, account, "answerCallbackQuery", {"callback_query_id": message.hint["pressed"]})
        body: dict[str, Any] = {
            "chat_id": message.contact,
            "text": message.text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }
        if message.buttons:
            rows = [[{"text": one["title"], "callback_data": as_data(one)}] for one in message.buttons]
            body["reply_markup"] = {"inline_keyboard": rows}
        try:
            return await _call(caller, account, "sendMessage", body)
        except NotDelivered as error:
            if "parse entities" not in error.message:
                raise
        # Markup of ours that Telegram does not take: the words count.
        del body["parse_mode"]
        return await _call(caller, account, "sendMessage", {**body, "text": html.unescape(TAG.sub("", message.text))})

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        server, token = account.options.get("api") or API, account.secret("token")
        answer = await caller.post(f"{server}/bot{token}/getWebhookInfo", json_body={}, judges=REFUSALS | {429})
        told = answer.json.get("result")
        if answer.json.get("ok") is not True or not isinstance(told, Mapping):
            raise _refused(answer)
        remarks = list[str]()
        if account.id not in str(told.get("url", "")):
            remarks.append(remark("not_set"))
        if told.get("last_error_message"):
            remarks.append(f"Telegram could not deliver: {str(told['last_error_message'])[:150]}")
        return remarks

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:
        server = account.options.get("api") or API
        token = account.secret("token")
        answer = await caller.post(
            f"{server}/bot{token}/getFile", json_body={"file_id": media.ref}, judges=REFUSALS | {429}
        )
        found = answer.json.get("result")
        if answer.json.get("ok") is not True or not isinstance(found, Mapping) or not found.get("file_path"):
            raise _refused(answer)
        return Download(url=f"{server}/file/bot{token}/{quote(str(found['file_path']))}")


async def _send_file(caller: Caller, account: Account, contact: str, file: Enclosed) -> str | None:
    shown = file.is_image and file.type != "image/gif" and file.size <= MOST_PHOTO
    method, field = ("sendPhoto", "photo") if shown else ("sendDocument", "document")
    return await _call(caller, account, method, {"chat_id": contact}, {field: (file.name, file.content, file.type)})


def _read(event_id: str, update: Mapping[str, Any]) -> Happening | None:
    """The event of an update; None for what is no customer's, or nothing that anybody has to know."""
    pressed = update.get("callback_query")
    if isinstance(pressed, Mapping):
        who = pressed.get("from") or {}
        chat = ((pressed.get("message") or {}).get("chat") or {}).get("id", who.get("id"))
        press = from_data(str(pressed.get("data", "")))
        body = {"press": press} if press else {"text": str(pressed.get("data", ""))}
        hint = {"pressed": str(pressed.get("id", ""))}
        return Inbound(
            event_id=event_id, contact=str(chat), name=_name(who), language=_language(who), body=body, hint=hint
        )
    member = update.get("my_chat_member")
    if isinstance(member, Mapping):
        status = (member.get("new_chat_member") or {}).get("status")
        what = Notice.What.LEFT if status in ("kicked", "left") else Notice.What.OPENED
        return Notice(event_id=event_id, contact=str((member.get("chat") or {}).get("id")), what=what)
    edited = update.get("edited_message")
    message = update.get("message") or edited
    if not isinstance(message, Mapping) or (message.get("from") or {}).get("is_bot"):
        return None
    chat = (message.get("chat") or {}).get("id")
    if not isinstance(chat, int):
        raise Invalid("A message has a `chat` with an `id`.")
    if message["chat"].get("type", "private") != "private":
        return None  # groups are nobody's conversation with us
    said = _message(event_id, str(chat), message)
    return edit_of(said) if message is edited else said


def _message(event_id: str, chat: str, message: Mapping[str, Any]) -> Inbound:
    who = message.get("from") or message.get("chat") or {}
    text = message.get("text") or message.get("caption") or ""
    media = [_media(kind, message[field]) for field, kind in KINDS.items() if message.get(field)]
    if "animation" in message:
        media = media[:1]  # it is also there as a document, for old programs
    known = bool(text or media)
    other = next((kind for kind in UNREADABLE if kind in message), "message")
    return Inbound(
        event_id=event_id,
        contact=chat,
        name=_name(who),
        language=_language(who),
        body={"text": str(text)} if text else {},
        hint={"pressed": ""},
        unsupported=None if known else other,
        media=[one for one in media if one],
    )


def _media(kind: str, found: Any) -> Media:
    largest = found[-1] if isinstance(found, list) else found  # pictures come in several sizes, the largest last
    if not isinstance(largest, Mapping) or not isinstance(largest.get("file_id"), str):
        raise Invalid("A file has a `file_id`.")
    return Media(ref=largest["file_id"], kind=kind, name=shown(largest.get("file_name")))  # type: ignore[arg-type]


def _name(who: Mapping[str, Any]) -> str:
    return shown(" ".join(str(who[part]) for part in ("first_name", "last_name") if who.get(part)))


def _language(who: Mapping[str, Any]) -> str | None:
    spoken = str(who.get("language_code", "")).partition("-")[0]
    return spoken if spoken in ("zh", "en") else None


async def _call(
    caller: Caller,
    account: Account,
    method: str,
    body: Mapping[str, Any],
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
) -> str | None:
    """Calls the Bot API; returns the id of the message that it made. Raises NotDelivered."""
    server = account.options.get("api") or API
    url, judges = f"{server}/bot{account.secret('token')}/{method}", REFUSALS | {429}
    if files is None:
        answer = await caller.post(url, json_body=body, judges=judges)
    else:
        answer = await caller.post(url, form=body, files=files, judges=judges)
    if answer.json.get("ok") is True:
        result = answer.json.get("result")
        made = result.get("message_id") if isinstance(result, Mapping) else None
        return str(made) if made is not None else None
    raise _refused(answer)


def _refused(answer: Answered) -> Exception:
    """What Telegram's error means (core.telegram.org/bots/api#making-requests)."""
    said = answer.json
    reason = f"Telegram: {said.get('description', answer.status)}"
    if answer.status == 429:
        return undelivered(reason, again=True, after_s=float((said.get("parameters") or {}).get("retry_after", 5)))
    if answer.status in (401, 404):
        return undelivered(f"{reason}; the bot's token is wrong or was revoked", again=True, after_s=60.0)
    return undelivered(reason, barred=LEFT if answer.status == 403 else None)
