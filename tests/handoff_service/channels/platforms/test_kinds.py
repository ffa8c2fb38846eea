"""Kinds of messages that have parts of several kinds, or a place of their own: nothing of them is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Answered, Caller
from handoff_service.channels.model import (
    Account,
    Checked,
    Colleague,
    Enclosed,
    Inbound,
    Media,
    Outbound,
    WebhookRequest,
)
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.slack import Slack
from handoff_service.errors import NotDelivered
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.stage import trial_settings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def an_account(channel: str) -> Account:
    far = PLATFORMS[channel]()
    far.close()
    return new_account("shop", channel, "x", far.fields(), trial_settings())


def read(account: Account, body: dict[str, Any]) -> Any:
    """The one event of a body that was checked."""
    raw = json.dumps(body).encode()
    (event,) = CHANNELS[account.channel].parse(account, Checked(body=raw, request=WebhookRequest(raw, {}))).events
    return event


@pytest.mark.parametrize(
    ("pieces", "text", "pictures", "unsupported"),
    [
        ([{"text": "broken: "}, {"downloadCode": "d1"}, {"text": "see?"}], "broken: see?", ["d1"], None),
        ([{"type": "picture", "downloadCode": "d1"}, {"text": "\n"}, {"downloadCode": "d2"}], None, ["d1", "d2"], None),
        ([{"type": "other"}], None, [], "richText"),
    ],
)  # fmt: skip
def test_words_and_pictures_of_one_message_of_dingtalk(
    pieces: list[Any], text: str | None, pictures: list[str], unsupported: str | None
) -> None:
    body = {"msgId": "m1", "senderStaffId": "u1", "conversationType": "1", "msgtype": "richText"}
    said = read(an_account("dingtalk"), {**body, "content": {"richText": pieces}})
    assert said.body.get("text") == text
    assert list(said.media) == [Media(ref=one, kind="image") for one in pictures]
    assert said.unsupported == unsupported


@pytest.mark.parametrize("titles", [["Yes"], ["退款", "A very long button, longer than it"], [*"abcde"]])
@pytest.mark.parametrize("by_session", [True, False])
async def test_buttons_of_dingtalk_say_their_words_in_a_session_and_after_it(
    titles: list[str], *, by_session: bool
) -> None:
    far = PLATFORMS["dingtalk"]()
    account = new_account("shop", "dingtalk", "x", far.fields(), trial_settings())
    until = (NOW + timedelta(hours=1)).isoformat()
    hint = {"url": f"{far.url}/robot/sendBySession/u1", "until": until} if by_session else {}
    buttons = [{"title": title, "mid": "m_1", "index": index} for index, title in enumerate(titles)]
    parts: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": "u1", "seq": 1, "at": NOW}
    text = "Which *one*?\n#2 [x] or 1 < 2"
    message = Outbound(**parts, text=text, buttons=buttons, hint=hint, author_kind="bot", author_name="")
    try:
        async with httpx2.AsyncClient() as client:
            await CHANNELS["dingtalk"].send(Caller(client, lambda: NOW), account, message, NOW)
    finally:
        far.close()
    (read_by_him,) = far.received
    assert (read_by_him.contact, read_by_him.text) == ("u1", text)
    assert [(one["title"], one["says"]) for one in read_by_him.buttons] == [(title, title) for title in titles]


def test_words_and_pictures_of_one_message_of_feishu() -> None:
    account = an_account("feishu")
    lines = [[{"tag": "text", "text": "It is "}, {"tag": "a", "text": "broken", "href": "https://x"}], []]
    pictures = [[{"tag": "img", "image_key": "img_1"}, {"tag": "at", "user_name": "Lin"}]]

    def post(content: Any) -> Any:
        message = {"message_id": "om_1", "chat_id": "oc_1", "chat_type": "p2p", "message_type": "post"}
        event = {"sender": {"sender_type": "user"}, "message": {**message, "content": json.dumps(content)}}
        header = {"event_id": "e1", "event_type": "im.message.receive_v1", "app_id": account.options["app_id"]}
        return read(account, {"header": header, "event": event})

    said = post({"title": "Help", "content": [*lines, *pictures]})
    assert said.body == {"text": "Help\nIt is broken\n\nLin"}
    assert list(said.media) == [Media(ref="om_1/img_1", kind="image")]
    assert post({"title": "", "content": []}).unsupported == "post"


def test_what_a_colleague_says_while_another_app_has_the_thread_is_shown() -> None:
    account = an_account("messenger")
    account = Account(**{**vars(account), "options": {**account.options, "app_id": "1"}})
    page = account.options["page_id"]

    def standby(**message: Any) -> Any:
        ends = {"sender": {"id": "7"}, "recipient": {"id": "8"}, "timestamp": 1}
        return read(account, {"object": "page", "entry": [{"id": page, "standby": [{**ends, "message": message}]}]})

    assert standby(mid="m1", text="I am on it", is_echo=True, app_id=2) == Colleague(
        event_id="m1", contact="8", name="Meta", text="I am on it"
    )
    asked = standby(mid="m2", text="and now?")
    assert isinstance(asked, Inbound)
    assert asked.quiet


class Silent(httpx2.AsyncBaseTransport):
    """Gives tokens, and never answers the first thing that it is asked besides."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith(("stable_token", "gettoken", "internal")):
            given = {"access_token": "t", "tenant_access_token": "t", "errcode": 0, "code": 0}
            return httpx2.Response(200, json=given)
        raise httpx2.ReadTimeout("no answer", request=request)


@pytest.mark.parametrize("channel", ["wechat", "wecom", "feishu", "slack", "whatsapp", "telegram"])
async def test_an_upload_of_which_nobody_sees_anything_may_be_done_again(channel: str) -> None:
    """Once agents were told that a picture had perhaps arrived of which the platform had not heard yet."""
    parts: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": "1:1", "seq": 1, "text": "", "at": NOW}
    file = Enclosed(id="f_1", name="a.png", type="image/png", size=3, link="https://shop.example/a", content=b"png")
    message = Outbound(**parts, author_kind="agent", author_name="Lin", file=file)
    async with httpx2.AsyncClient(transport=Silent()) as client:
        with pytest.raises(NotDelivered) as refused:
            await CHANNELS[channel].send(Caller(client, lambda: NOW), an_account(channel), message, NOW)
    assert not refused.value.final
    assert refused.value.uncertain is (channel == "telegram"), "which shows it in the same request"


async def test_a_kept_connection_that_has_broken_leaves_no_doubt() -> None:
    """It is looked at before anything is sent. Once agents were told that messages had perhaps arrived."""

    class Broken(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise AttributeError(f"'NoneType' object has no attribute '{request.url.path[1:]}'")

    async with httpx2.AsyncClient(transport=Broken()) as client:
        caller = Caller(client, lambda: NOW)
        with pytest.raises(NotDelivered) as refused:
            await caller.post("https://platform.example/getpeername", raw=b"x")
        assert (refused.value.uncertain, refused.value.final) == (False, False)
        with pytest.raises(AttributeError, match="mistake"):
            await caller.post("https://platform.example/mistake", raw=b"x")


class Noting:
    """Slack that says yes; what it was told is in `told`."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def post(self, _: str, **sent: Any) -> Answered:
        self.told.append(sent["json_body"])
        return Answered(200, b'{"ok": true, "ts": "1"}')


async def test_who_writes_in_a_thread_of_slack_reads_the_answer_there() -> None:
    account = an_account("slack")

    def wrote(**where: str) -> Any:
        event = {"type": "message", "channel": "D1", "channel_type": "im", "text": "hello", **where}
        return read(account, {"type": "event_callback", "team_id": "T1", "event_id": "e1", "event": event})

    caller = Noting()
    parts: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": "T1:D1", "seq": 1, "text": "hi", "at": NOW}
    for said in (wrote(thread_ts="5.1"), wrote()):
        message = Outbound(**parts, author_kind="bot", author_name="", hint=said.hint)
        await Slack().send(caller, account, message, NOW)  # type: ignore[arg-type]
    assert [one.get("thread_ts") for one in caller.told] == ["5.1", None]
