"""What a customer changes afterwards, ids that are not always the same, and one bad event among good ones."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.channels.model import Checked, Notice, WebhookRequest
from handoff_service.channels.registry import CHANNELS
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.meta import NUMBER, SECRET, FakeWhatsApp
from tests.handoff_service.channels.platforms.test_findings import only
from tests.handoff_service.channels.platforms.test_kinds import an_account, read
from tests.handoff_service.stage import ScriptedBot, answer

ANN = "1111111"


def changed_on_slack(far: Any, old: str, new: str) -> Any:
    """As Slack tells it; it also says so, with the same words, when it adds the preview of a link."""
    where = far._where(ANN)
    inner = {"type": "message", "user": where["user"], "ts": where["ts"]}
    after, before = {**inner, "text": new, "edited": {"ts": "1.1"}}, {**inner, "text": old}
    told = {"type": "message", "subtype": "message_changed", "message": after, "previous_message": before}
    return far._event({**told, "channel": where["channel"], "channel_type": "im"})


def changed_on_telegram(far: Any, old: str, new: str) -> Any:  # noqa: ARG001 (Telegram does not tell the old words)
    update = far.text(ANN, new)
    return {"update_id": update["update_id"], "edited_message": {**update["message"], "edit_date": 1441645600}}


@pytest.mark.parametrize(
    ("far", "change"), [("slack", changed_on_slack), ("telegram", changed_on_telegram)], indirect=["far"]
)
async def test_changed_words_are_shown_and_are_no_new_question(open_bridge: Any, far: Any, change: Any) -> None:
    """Telegram's were a second question, Slack's were lost."""
    bot = ScriptedBot(usually=answer("Three days."))
    bridge = await open_bridge(bot=bot)
    await bridge.sends(far.text(ANN, "order 124"))
    await bridge.receives(ANN, "Three days.")
    await bridge.sends(change(far, "order 124", "order 125"))
    if far.channel == "slack":
        await bridge.sends(change(far, "see https://shop.example", "see https://shop.example"))
    await bridge.sends(far.text(ANN, "and now?"))
    await bridge.until(lambda: len(far.received) == 2)
    said = [(row["body"]["text"], row["body"].get("kind")) for row in await bridge.messages(3)]
    assert said == [("order 124", None), ("✎ order 125", "unanswered"), ("and now?", None)]
    assert [one.text for one in bot.requests] == ["order 124", "and now?"]


def test_what_a_program_of_slack_changes_is_nobodys() -> None:
    inner = {"type": "message", "bot_id": "B1", "text": "new"}
    event = {"type": "message", "subtype": "message_changed", "channel": "D1", "channel_type": "im"}
    event |= {"message": inner, "previous_message": {**inner, "text": "old"}}
    raw = json.dumps({"type": "event_callback", "team_id": "T1", "event_id": "e1", "event": event}).encode()
    account = an_account("slack")
    assert CHANNELS["slack"].parse(account, Checked(body=raw, request=WebhookRequest(raw, {}))).events == []


def test_a_page_of_the_mini_program_is_read_as_its_title_and_path() -> None:
    """It was shown as something that nobody can read."""
    body = {"FromUserName": "o1", "MsgType": "miniprogrampage", "MsgId": 1234567890123456, "CreateTime": 1482048670}
    said = read(an_account("wechat_mini"), {**body, "Title": "蓝色水壶", "PagePath": "pages/item?id=7"})
    assert (said.body, said.unsupported) == ({"text": "蓝色水壶 (pages/item?id=7)"}, None)


@pytest.mark.parametrize("event", ["im_enter_direct_msg", "im_message_read"])
def test_events_of_douyin_without_a_log_id_are_told_apart_by_the_header(event: str) -> None:
    """All of a customer's were one and the same, and only the first one counted."""
    account = an_account("douyin")
    raw = json.dumps({"event": event, "from_user_id": "_0007", "to_user_id": "x", "content": "{}"}).encode()

    def heard(number: str) -> Any:
        checked = Checked(body=raw, request=WebhookRequest(raw, {"msg-id": number}))
        (found,) = CHANNELS["douyin"].parse(account, checked).events
        return found

    assert isinstance(heard("1"), Notice)
    assert heard("1").event_id == heard("1").event_id != heard("2").event_id


def whatsapp_hook(far: FakeWhatsApp, people: list[Any], *messages: Any) -> Any:
    value = {"metadata": {"phone_number_id": NUMBER}, "contacts": people, "messages": list(messages)}
    raw = json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode()
    signed = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    hook = far.hook()
    return replace(hook, raw=raw, headers={**hook.headers, "X-Hub-Signature-256": f"sha256={signed}"})


@only("whatsapp")
async def test_one_message_without_a_sender_loses_no_other(bridge: Bridge, far: FakeWhatsApp) -> None:
    lost = {"id": "wamid.a", "type": "text", "text": {"body": "whose?"}}
    people = [{"wa_id": ANN}, {"wa_id": "2222222"}]
    hook = whatsapp_hook(far, people, lost, {**lost, "id": "wamid.b", "from": ANN, "text": {"body": "mine"}})
    assert far.accepted(await asyncio.to_thread(far.send, hook))
    assert [row["body"]["text"] for row in await bridge.messages(1)] == ["mine"]
    hook = whatsapp_hook(far, [{"user_id": "MY.7"}], {**lost, "id": "wamid.c", "text": {"body": "of the only one"}})
    assert far.accepted(await asyncio.to_thread(far.send, hook))
    assert "of the only one" in [row["body"]["text"] for row in await bridge.messages(2)]


@only("whatsapp")
async def test_a_number_that_somebody_else_has_now_opens_no_conversation_of_the_one_before(
    bridge: Bridge, far: FakeWhatsApp
) -> None:
    """The number was the customer's name; who got it after him would have read on where he had stopped."""
    said = {"type": "text", "from": ANN}
    for number, (user, text) in enumerate((("MY.1", "I am Ann"), ("MY.2", "I am Ben"), ("MY.1", "Ann again"))):
        people = [{"wa_id": ANN, "user_id": user}] if number < 2 else [{"user_id": user}]
        message = {**said, "id": f"wamid.{number}", "text": {"body": text}}
        message |= {} if number < 2 else {"from": "", "from_user_id": user}
        hook = whatsapp_hook(far, people, message)
        assert far.accepted(await asyncio.to_thread(far.send, hook))
        await bridge.until(lambda n=number: len(far.received) == n + 1)
    assert [one.contact for one in far.received] == [ANN, ANN, "MY.1"], "the number is Ben's now"
    rows = {row["body"]["text"]: row["conversation"] for row in await bridge.messages(3)}
    assert rows["I am Ann"] == rows["Ann again"] != rows["I am Ben"]
    assert len(await bridge.rows(tables.contacts)) == 2


def test_a_repeat_is_made_only_as_long_as_the_platform_would_drop_it() -> None:
    feishu, line = CHANNELS["feishu"].abilities, CHANNELS["line"].abilities
    assert feishu.drops_repeats(timedelta(minutes=54))
    assert not feishu.drops_repeats(timedelta(minutes=56))
    assert line.drops_repeats(timedelta(hours=3))
    assert not CHANNELS["slack"].abilities.drops_repeats(timedelta(0))
