"""Facebook Messenger and Instagram messaging: the same webhook and Send API with other limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handoff_service.channels import meta
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Colleague,
    Download,
    Field,
    Happening,
    Inbound,
    Media,
    Outbound,
    Parsed,
    Takes,
    WebhookRequest,
)
from handoff_service.channels.press import as_data, from_data
from handoff_service.channels.stamps import sent
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.window import Allowance, Deed, Rules
from handoff_service.channels.wording import Form
from handoff_service.errors import Invalid

MEDIA = {"image": "image", "video": "video", "audio": "audio", "file": "file"}
# After a day the bot is silent; a person may answer for a week with this tag (needs Meta's permission).
BOT_LASTS, PEOPLE_LAST = timedelta(hours=24), timedelta(days=7)


class Messenger:
    """`object` is what Meta calls the kind of account in its webhooks."""

    fields = (
        Field("page_id", "id of the page or the Instagram account", pattern=r"\d{5,30}"),
        Field(
            "app_id", "the app's id: answers of other apps are those of colleagues", optional=True, pattern=r"\d{5,30}"
        ),
        *meta.FIELDS,
    )

    def __init__(self, title: str, kind: str, form: Form, types: tuple[str, ...]) -> None:
        self._kind = kind
        rules = Rules(allowances={Deed.WROTE: Allowance(BOT_LASTS)}, people_lasts=PEOPLE_LAST)
        self.abilities = Abilities(
            title=title,
            form=form,
            buttons=13,
            button_chars=20,
            rules=rules,
            files=Takes(types, 8 * 1024 * 1024, by_link=True),
            checked="documented samples and formula of the signature",
        )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        return meta.check(account, request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        if checked.request.method == "GET":
            return meta.handshake(checked)
        body = parse_object(checked.body, mend=True)
        return Parsed(list(self._events(account, body)) if body.get("object") == self._kind else [])

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:
        content: dict[str, Any] = {"text": message.text}
        if message.file is not None:  # Meta fetches it
            kind = "image" if message.file.is_image else "file"
            content = {"attachment": {"type": kind, "payload": {"url": message.file.link, "is_reusable": False}}}
        if message.buttons:
            content["quick_replies"] = [
                {"content_type": "text", "title": one["title"], "payload": as_data(one)} for one in message.buttons
            ]
        body: dict[str, Any] = {"recipient": {"id": message.contact}, "message": content}
        # Within a day anybody may answer. The deliverer lets only people write later.
        late = message.since is not None and now - message.since >= BOT_LASTS
        tagged = late and message.author_kind == "agent"
        body |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if tagged else {"messaging_type": "RESPONSE"}
        answer = await meta.call(caller, account, f"{account.options['page_id']}/messages", json_body=body)
        return str(answer["message_id"]) if answer.get("message_id") else None

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await meta.get(caller, account, f"{account.options['page_id']}?fields=id")
        return []

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        return Download(url=media.ref)  # signed by Meta, for a while

    def _events(self, account: Account, body: Mapping[str, Any]) -> Iterator[Happening]:
        for entry in body.get("entry") or ():
            if str(entry.get("id")) != account.options["page_id"]:
                continue
            for one in entry.get("messaging") or ():
                happening = _read(account, one)
                if happening is not None:
                    yield happening
            for one in entry.get("standby") or ():  # another app owns the thread
                happening = _read(account, one)
                if happening is not None:
                    yield replace(happening, quiet=True) if isinstance(happening, Inbound) else happening


def _read(account: Account, one: Mapping[str, Any]) -> Happening | None:
    contact = str((one.get("sender") or {}).get("id", ""))
    message, postback = one.get("message"), one.get("postback")
    if isinstance(postback, Mapping):
        press = from_data(str(postback.get("payload", "")))
        title = str(postback.get("title", ""))
        body = {"press": press, "text": title} if press else {"text": title}
        event_id = str(postback.get("mid") or f"{contact}.{one.get('timestamp')}")
        return Inbound(event_id=event_id[:128], contact=contact, body=body, sent_at=sent(one.get("timestamp"), 1000))
    if not isinstance(message, Mapping):
        return None
    mid = message.get("mid")
    if not isinstance(mid, str) or not contact:
        raise Invalid("A message has `sender.id` and `message.mid`.")
    if message.get("is_echo"):
        ours = str(message.get("app_id", "")) == account.options.get("app_id", "")
        text = str(message.get("text", ""))
        to = str((one.get("recipient") or {}).get("id", ""))
        foreign = not ours and text and account.options.get("app_id")
        return Colleague(event_id=mid[:128], contact=to, name="Meta", text=text) if foreign else None
    text, media = str(message.get("text", "")), _media(message)
    press = from_data(str((message.get("quick_reply") or {}).get("payload", "")))
    return Inbound(
        event_id=mid[:128],
        contact=contact,
        sent_at=sent(one.get("timestamp"), 1000),
        body={"press": press, "text": text} if press else {"text": text} if text else {},
        media=media,
        unsupported=None if text or media else "attachment",
    )


def _media(message: Mapping[str, Any]) -> list[Media]:
    found = []
    for one in message.get("attachments") or ():
        url = str((one.get("payload") or {}).get("url", ""))
        if one.get("type") in MEDIA and url:
            found.append(Media(ref=url, kind=MEDIA[one["type"]]))  # type: ignore[arg-type]
    return found
