"""Facebook Messenger and Instagram messaging: the same webhook and Send API with other limits.

Where several apps share an account (conversation routing), one of them has a customer's thread at a time. What comes in
`standby` or with a change of hands says that it is not ours: our bot is silent then. An agent of ours who answers takes
the thread first; a message of the customer that comes the usual way is ours again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handoff_service.channels import meta
from handoff_service.channels.caller import Caller, nothing_shown
from handoff_service.channels.doctor_words import remark
from handoff_service.channels.model import (
    ELSEWHERE,
    Abilities,
    Account,
    Checked,
    Colleague,
    Download,
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
from handoff_service.channels.reading import MOST_ID_CHARS
from handoff_service.channels.stamps import sent
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.window import Allowance, Deed, Rules
from handoff_service.channels.wording import Form
from handoff_service.errors import NotDelivered

MEDIA = {"image": "image", "video": "video", "audio": "audio", "file": "file"}
# After a day the bot is silent; a person may answer for a week with this tag (needs Meta's permission).
BOT_LASTS, PEOPLE_LAST = timedelta(hours=24), timedelta(days=7)
# Meta's own apps in which colleagues answer.
INBOXES = {"263902037430900": "Page inbox", "1217981644879628": "Instagram inbox"}
HANDOVERS = ("pass_thread_control", "take_thread_control")
INSTAGRAM = "instagram"  # the kind of account, and the kind of login
APP = Field(
    "app_id", "the app's id: by it answers of colleagues are told from ours", optional=True, pattern=r"\d{5,30}"
)
PAGE = Field("page_id", "id of the page", pattern=r"\d{5,30}")
LOGIN = Field(
    "login",
    "instagram if the token is of an Instagram Login (app_secret is then the Instagram app secret), else facebook",
    optional=True,
    pattern="facebook|instagram",
)
IGID = Field("page_id", "id of the Instagram account, which is `entry.id` of its webhooks", pattern=r"\d{5,30}")


class Messenger:
    """`object` is what Meta calls the kind of account in its webhooks."""

    def __init__(self, title: str, kind: str, form: Form, types: tuple[str, ...]) -> None:
        self._kind = kind
        self.fields = (*((IGID, LOGIN) if kind == INSTAGRAM else (PAGE,)), APP, *meta.FIELDS)
        rules = Rules(allowances={Deed.WROTE: Allowance(BOT_LASTS)}, people_lasts=PEOPLE_LAST)
        self.abilities = Abilities(
            title=title,
            form=form,
            buttons=13,
            button_chars=20,
            rules=rules,
            staffed=True,
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
        if message.hint.get(ELSEWHERE) and message.author_kind == "agent":
            await _take_thread(caller, account, message.contact)
        answer = await meta.call(caller, account, "me/messages", json_body=body)
        return str(answer["message_id"])[:MOST_ID_CHARS] if answer.get("message_id") else None  # as its echo has it

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        """The token's own account must be the one whose webhooks are read."""
        place = "id" if self._kind != INSTAGRAM else "instagram_business_account"
        if account.options.get("login") == INSTAGRAM:
            place = "user_id"
        told = (await meta.get(caller, account, f"me?fields={place}")).get(place)
        found = str((told.get("id") if isinstance(told, Mapping) else told) or "")
        remarks = []
        if found and found != account.options["page_id"]:
            remarks.append(remark("other_account", found=found, given=account.options["page_id"]))
        if not account.options.get("app_id"):
            remarks.append(remark("no_app_id"))
        return remarks

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        return Download(url=media.ref)  # signed by Meta, for a while

    def _events(self, account: Account, body: Mapping[str, Any]) -> Iterator[Happening]:
        for entry in body.get("entry") or ():
            if str(entry.get("id")) != account.options["page_id"]:
                continue
            for one in entry.get("messaging") or ():
                happening = _read(account, one)
                if happening is not None:
                    yield replace(happening, hint={ELSEWHERE: ""}) if isinstance(happening, Inbound) else happening
            for one in entry.get("standby") or ():  # another app owns the thread
                happening = _read(account, one)
                if isinstance(happening, Inbound):
                    happening = replace(happening, quiet=True, hint={ELSEWHERE: "Meta"})
                if happening is not None:
                    yield happening


async def _take_thread(caller: Caller, account: Account, contact: str) -> None:
    """Takes the customer's thread from another app. Raises NotDelivered, never a final one."""
    try:
        with nothing_shown():
            await meta.call(caller, account, "me/take_thread_control", json_body={"recipient": {"id": contact}})
    except NotDelivered as error:
        if not error.final:
            raise  # else it is not for us to take; whether it is ours after all the answer tells


def _read(account: Account, one: Mapping[str, Any]) -> Happening | None:
    contact, at = str((one.get("sender") or {}).get("id", "")), one.get("timestamp")
    message, postback = one.get("message"), one.get("postback")
    if isinstance(postback, Mapping):
        press = from_data(str(postback.get("payload", "")))
        title = str(postback.get("title", ""))
        body = {"press": press, "text": title} if press else {"text": title}
        event_id = str(postback.get("mid") or f"{contact}.{at}")
        return Inbound(event_id=event_id[:MOST_ID_CHARS], contact=contact, body=body, sent_at=sent(at, 1000))
    if not isinstance(message, Mapping):
        return _noticed(account, one, contact)
    mid = str(message.get("mid") or "")
    if message.get("is_echo"):
        return _echo(account, message, str((one.get("recipient") or {}).get("id", "")))
    text, media = str(message.get("text", "")), _media(message)
    press = from_data(str((message.get("quick_reply") or {}).get("payload", "")))
    return Inbound(
        event_id=mid[:MOST_ID_CHARS],
        contact=contact,
        sent_at=sent(at, 1000),
        body={"press": press, "text": text} if press else {"text": text} if text else {},
        media=media,
        unsupported=None if text or media else "attachment",
    )


def _noticed(account: Account, one: Mapping[str, Any], contact: str) -> Notice | None:
    """What was read, or who has the customer's thread now."""
    seen, at = one.get("read"), one.get("timestamp")
    if isinstance(seen, Mapping):  # Messenger tells until when, Instagram which message
        mark, mid = seen.get("watermark"), str(seen.get("mid") or "")[:MOST_ID_CHARS]
        moment = sent(mark, 1000)
        if not mid and moment is None:
            return None
        event_id = f"{contact}.read.{mid or mark}"[:MOST_ID_CHARS]
        return Notice(event_id=event_id, contact=contact, what=Notice.What.READ, provider_id=mid or None, at=moment)
    for name in HANDOVERS:
        if isinstance(told := one.get(name), Mapping):
            owner, ours = str(told.get("new_owner_app_id") or ""), account.options.get("app_id")
            # A thread is passed to the app that hears of it, and taken from it, where no name says otherwise.
            is_ours = owner == ours if owner and (ours or owner in INBOXES) else name == HANDOVERS[0]
            who = "" if is_ours else INBOXES.get(owner) or "Meta"
            event_id = f"{contact}.{at}.{name}"[:MOST_ID_CHARS]
            return Notice(event_id=event_id, contact=contact, what=Notice.What.MOVED, hint={ELSEWHERE: who})
    return None


def _echo(account: Account, message: Mapping[str, Any], contact: str) -> Colleague | None:
    """An answer that was not ours: what our app sends bears its id."""
    app, ours = str(message.get("app_id") or ""), account.options.get("app_id")
    if app and app not in INBOXES and app == (ours or app):
        return None
    text, media = str(message.get("text", "")), _media(message)
    other = "" if text or media else "[attachment]"
    return Colleague(
        event_id=str(message.get("mid") or "")[:MOST_ID_CHARS],
        contact=contact,
        name=INBOXES.get(app, "Meta"),
        text=text or other,
        media=tuple(media),
        unsure=not app,
    )


def _media(message: Mapping[str, Any]) -> list[Media]:
    found = []
    for one in message.get("attachments") or ():
        url = str((one.get("payload") or {}).get("url", ""))
        if one.get("type") in MEDIA and url:
            found.append(Media(ref=url, kind=MEDIA[one["type"]]))  # type: ignore[arg-type]
    return found
