"""Slack apps (api.slack.com): direct messages by the Events API and presses by interactivity, one address for both."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from handoff_service.channels.caller import Caller, nothing_shown, undelivered
from handoff_service.channels.contacts import shown
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
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid, Unauthorized

API = "https://slack.com/api"
VERSION = "v0"
CHANGED = "message_changed"
# What programs and Slack itself say; `message_deleted` and the like are about messages that we have.
OWN = ("bot_", "message_", "channel_", "group_", "pinned_item", "unpinned_item", "reminder_add", "tombstone")
BUSY = ("ratelimited", "rate_limited", "service_unavailable", "internal_error", "fatal_error", "request_timeout")
KEYS = ("invalid_auth", "not_authed", "token_revoked", "token_expired", "missing_scope")


class Slack:
    abilities = Abilities(
        title="Slack",
        form=Form(Markup.MRKDWN, 3000),
        buttons=5,
        button_chars=75,
        files=Takes(("image/", "application/", "text/", "audio/", "video/"), 100 * 1024 * 1024),
        checked="official vector of the signature; slack-sdk",
    )
    fields = (
        Field("signing_secret", "the app's signing secret", secret=True, pattern=r"[0-9a-f]{16,64}"),
        Field("bot_token", "xoxb-…", secret=True, pattern=r"xoxb-[0-9A-Za-z-]{10,250}"),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        stamp = request.headers.get("x-slack-request-timestamp", "")
        signed_at = moment_of(stamp)
        expected = [sign(secret, stamp, request.raw) for secret in account.every("signing_secret")]
        if not equal(given := request.headers.get("x-slack-signature", ""), *expected):
            raise Unauthorized("X-Slack-Signature does not match the body and the timestamp.")
        return Checked(body=request.raw, signed_at=signed_at, proof=given, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:  # noqa: ARG002 (the channels' shape)
        if checked.request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _pressed(checked.body)
        body = parse_object(checked.body, mend=True)
        if body.get("type") == "url_verification":
            return Parsed(reply=Reply({"challenge": str(body.get("challenge", ""))[:256]}))
        if body.get("type") != "event_callback":
            return Parsed()
        event, event_id = body.get("event"), body.get("event_id")
        if not isinstance(event, Mapping) or not isinstance(event_id, str):
            raise Invalid("An event_callback has `event` and `event_id`.")
        happening = _read(event_id, str(body.get("team_id", "")), event)
        return Parsed([happening] if happening else [])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        channel = message.contact.partition(":")[2]
        if message.file is not None:
            return await _upload(caller, account, channel, message.file, message.hint.get("thread", ""))
        body: dict[str, Any] = {"channel": channel, "text": message.text, "unfurl_links": False}
        if message.buttons:
            elements = [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": one["title"]},
                    "action_id": as_data(one),
                    "value": as_data(one),
                }
                for one in message.buttons
            ]
            section = {"type": "section", "text": {"type": "mrkdwn", "text": message.text}}
            body["blocks"] = [section, {"type": "actions", "elements": elements}]
        if message.hint.get("thread"):
            body["thread_ts"] = message.hint["thread"]
        answer = await _call(caller, account, "chat.postMessage", json_body=body)
        return str(answer.get("ts")) or None

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await _call(caller, account, "auth.test", json_body={})
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        # The bot's token goes with it, so only Slack's own hosts are asked.
        if not _is_slack(media.ref, account):
            raise undelivered("Slack: the file lies elsewhere")
        return Download(url=media.ref, headers={"Authorization": f"Bearer {account.secret('bot_token')}"})


async def _call(caller: Caller, account: Account, method: str, **sent: Any) -> Mapping[str, Any]:
    """Calls the Web API. Raises NotDelivered."""
    server = account.options.get("api") or API
    headers = {"Authorization": f"Bearer {account.secret('bot_token')}"}
    answer = (await caller.post(f"{server}/{method}", headers=headers, **sent)).json
    if answer.get("ok") is True:
        return answer
    error = str(answer.get("error", "no answer"))[:100]
    if error in KEYS:
        raise undelivered(f"Slack: {error} (the bot token is not valid)", again=True, after_s=60.0)
    raise undelivered(f"Slack: {error}", again=error in BUSY)


async def _upload(caller: Caller, account: Account, channel: str, file: Enclosed, thread: str) -> str | None:
    """In three steps (api.slack.com, "Working with files"); the last one shows it."""
    asked = {"filename": file.name, "length": str(file.size)}
    with nothing_shown():
        place = await _call(caller, account, "files.getUploadURLExternal", form=asked)
        url, number = str(place.get("upload_url", "")), str(place.get("file_id", ""))
        if not _is_slack(url, account):
            raise undelivered("Slack: the upload's address is not one of Slack")
        await caller.post(url, raw=file.content, headers={"Content-Type": file.type})
    done: dict[str, Any] = {"files": [{"id": number, "title": file.name}], "channel_id": channel}
    done |= {"thread_ts": thread} if thread else {}
    await _call(caller, account, "files.completeUploadExternal", json_body=done)
    return number or None


def _is_slack(url: str, account: Account) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return account.serves(url) or (parts.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com")))


def sign(secret: str, stamp: str, raw: bytes) -> str:
    """api.slack.com, "Verifying requests": v0 and HMAC-SHA256 over "v0:timestamp:body"."""
    digest = hmac.new(secret.encode(), f"{VERSION}:{stamp}:".encode() + raw, hashlib.sha256)
    return f"{VERSION}={digest.hexdigest()}"


def _read(event_id: str, team: str, event: Mapping[str, Any]) -> Happening | None:
    """What a person wrote to the app in a direct message, or made of it later; None for anything else."""
    if event.get("subtype") == CHANGED:
        return _changed(event_id, team, event)
    if event.get("type") != "message" or event.get("bot_id") or str(event.get("subtype", "")).startswith(OWN):
        return None
    if event.get("channel_type", "im") != "im":
        return None
    channel, text = str(event.get("channel", "")), str(event.get("text", ""))
    if not channel:
        raise Invalid("A message has a `channel`.")
    media = [_media(one) for one in event.get("files") or () if isinstance(one, Mapping)]
    # Who writes in a thread reads the answer there.
    hint = {"thread": str(event.get("thread_ts") or "")}
    said = Inbound(event_id=event_id, contact=f"{team}:{channel}", media=media, hint=hint)
    if not text and not media:
        return replace(said, unsupported=str(event.get("subtype") or "message")[:64])
    # Slack escapes three characters, and nothing else, in what people write.
    plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return replace(said, body={"text": plain} if text else {})


def _changed(event_id: str, team: str, event: Mapping[str, Any]) -> Happening | None:
    """The words that a person has put in the place of others; Slack also says so when it adds the preview of a link."""
    after, before = event.get("message"), event.get("previous_message")
    if not isinstance(after, Mapping) or not isinstance(before, Mapping) or after.get("text") == before.get("text"):
        return None
    where = {name: event[name] for name in ("channel", "channel_type") if name in event}
    said = _read(event_id, team, {**after, "type": "message", **where})
    return edit_of(said) if isinstance(said, Inbound) else None


def _media(file: Mapping[str, Any]) -> Media:
    kind = str(file.get("mimetype", "")).partition("/")[0]
    known = kind if kind in ("image", "audio", "video") else "file"
    return Media(ref=str(file.get("url_private_download", "")), kind=known, name=shown(file.get("name")))  # type: ignore[arg-type]


def _pressed(raw: bytes) -> Parsed:
    """A press of one of our buttons: a form whose field `payload` is JSON."""
    payload = parse_qs(raw.decode("utf-8", "replace")).get("payload", [""])[0]
    body = parse_object(payload.encode(), mend=True)
    actions = body.get("actions") or [{}]
    press = from_data(str(actions[0].get("value", "")))
    if body.get("type") != "block_actions" or press is None:
        return Parsed(reply=Reply())
    team, channel = (body.get("team") or {}).get("id", ""), (body.get("channel") or {}).get("id", "")
    # A press has no id of its own: its time and its trigger never mean another one.
    event_id = f"{actions[0].get('action_ts', '')}.{body.get('trigger_id', '')}"[:128]
    title = str(((actions[0].get("text") or {}).get("text")) or "")
    said = Inbound(event_id=event_id, contact=f"{team}:{channel}", body={"press": press, "text": title})
    return Parsed([said], Reply())
