"""What a platform says later: why a message failed and what opens the window again, who has left and who is back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.channels.twilio_sms import wish
from handoff_service.texts import say
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.channels.platforms.meta import FakeWhatsApp
from tests.handoff_service.channels.platforms.twilio import FakeTwilio
from tests.handoff_service.channels.platforms.wechat import FakeWeCom
from tests.handoff_service.stage import ScriptedBot, answer

ANN = "1111111"
# The platform, what it says, and what agents are told besides.
LATER = [
    ("whatsapp", 131047, "window_closed"),
    ("whatsapp", 131026, None),
    ("sms", 63016, "window_closed"),
    ("sms", 21610, "contact_left"),
    ("sms", 30003, None),
    ("wecom", 4, "window_closed"),
    ("wecom", 6, "window_used_up"),
    ("wecom", 10, "contact_left"),
    ("wecom", 0, None),
]


def fate(far: Platform, provider_id: str, code: int) -> dict[str, Any]:
    """The platform's notice that a message of ours failed with this code."""
    if isinstance(far, FakeWhatsApp):
        return far.fate(provider_id, ANN, "failed", errors=[{"code": code, "title": "Re-engagement message"}])
    if isinstance(far, FakeTwilio):
        return {**far.fates(ANN, provider_id)[-1], "ErrorCode": str(code)}
    assert isinstance(far, FakeWeCom)
    event = far.fates(ANN, provider_id)[0]
    return {**event, "event": {**event["event"], "fail_type": code}}


async def told(bridge: Bridge, far: Platform, code: int, *, early: bool) -> str:
    """The note to the agents."""
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    ids = [row["provider_id"] for row in await bridge.rows(tables.outbox) if row["provider_id"]]
    await bridge.sends(fate(far, "wamid.out2" if early else ids[-1], code))
    if early:
        await bridge.sends(far.text(ANN, "and now?"))
    (note,) = await bridge.until_notes()
    return note


@pytest.mark.parametrize(("far", "code", "key"), LATER, indirect=["far"])
async def test_a_window_that_is_refused_later_is_told_as_one_that_is_refused_at_once(
    bridge: Bridge, far: Platform, code: int, key: str | None
) -> None:
    note = await told(bridge, far, code, early=False)
    keys = ("window_closed", "window_used_up", "contact_left")
    assert [one for one in keys if say(one, "zh") in note or say(one, "en") in note] == ([key] if key else []), note
    assert str(code) in note, "and the platform's own word"


@pytest.mark.parametrize("far", ["whatsapp"], indirect=True)
async def test_it_is_told_so_too_when_the_platform_is_faster_than_its_own_answer(
    bridge: Bridge, far: FakeWhatsApp
) -> None:
    note = await told(bridge, far, 131047, early=True)
    assert say("window_closed", "en") in note or say("window_closed", "zh") in note, note
    assert "131047" in note


@pytest.mark.parametrize("far", ["wecom"], indirect=True)
async def test_all_bubbles_of_a_message_that_failed_later_are_named(open_bridge: Any, far: FakeWeCom) -> None:
    said = [answer(f"bubble {number}").messages[0] for number in range(1, 6)]
    bridge = await open_bridge(bot=ScriptedBot([replace(answer(), messages=said)]))
    await bridge.sends(far.text(ANN, "tell me everything"))
    await bridge.receives(ANN, "bubble 4\n\nbubble 5")
    await bridge.settled()
    rows = [row for row in await bridge.rows(tables.outbox) if row["provider_id"]]
    sent = max(rows, key=lambda row: row["seq"])
    await bridge.sends(fate(far, sent["provider_id"], 4))
    await bridge.until_notes()
    (note,) = [row["body"] for row in await bridge.rows(tables.entries) if row["body"].get("kind") == "undelivered"]
    assert (note["of"], note["upto"]) == (sent["seq"], sent["seq"] + 1)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *((word, "left") for word in ("STOP", "stop", " Stop. ", "STOPALL", "unsubscribe", "Cancel", "END", "quit")),
        *((word, "left") for word in ("退订", "退订。", "TD", "td", "T", "ＴＤ", "退訂")),
        *((word, "opened") for word in ("START", "start", "unstop!")),
        *((word, None) for word in ("", "please stop calling", "Can you cancel my order?", "我要退订会员", "the end")),
        *((word, None) for word in ("t恤", "A", "started")),
    ],
)
def test_the_words_by_which_people_leave_and_come_back(said: str, meant: str | None) -> None:
    assert wish(said, "") == meant
    assert (wish(said, "STOP"), wish("hello", "START") if not meant else "opened") == ("left", "opened")


@pytest.mark.parametrize("far", ["sms"], indirect=True)
@pytest.mark.parametrize(("word", "again"), [("STOP", "START"), ("退订", "恢复订阅")])
async def test_who_writes_stop_gets_nothing_until_he_writes_start(
    bridge: Bridge, far: FakeTwilio, word: str, again: str
) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Three days.")
    before = len(far.received)
    for text in (word, "but where is my parcel?"):
        assert far.accepted(await bridge.sends(far.text(ANN, text)))
    (note,) = await bridge.until_notes()
    assert say("contact_left", "zh") in note or say("contact_left", "en") in note
    assert len(far.received) == before, "nothing to who has left"
    left = [row["body"] for row in await bridge.rows(tables.entries) if row["body"].get("kind") == "left"]
    assert len(left) == 1, "and agents know at once"
    assert far.accepted(await bridge.sends(far.text(ANN, again)))
    assert far.accepted(await bridge.sends(far.text(ANN, "and now?")))
    await bridge.until(lambda: len(far.received) > before)
    assert [row["body"]["text"] for row in await bridge.messages(3)][-1] == "and now?", "START itself is no question"


@pytest.mark.parametrize("far", ["sms"], indirect=True)
async def test_a_yes_brings_back_only_who_has_left(bridge: Bridge, far: FakeTwilio) -> None:
    """Twilio sends again to who answers its word about STOP with YES; to us it is an answer like any other."""
    await bridge.sends(far.text(ANN, "YES"))
    await bridge.receives(ANN, "Three days.")
    before = len(far.received)
    for text in ("STOP", "yes."):
        assert far.accepted(await bridge.sends(far.text(ANN, text)))
    await bridge.until(lambda: len(far.received) > before)


@pytest.mark.parametrize("far", ["sms"], indirect=True)
async def test_a_stranger_who_writes_stop_means_it_too(bridge: Bridge, far: FakeTwilio) -> None:
    for text in ("STOP", "who are you?"):
        assert far.accepted(await bridge.sends(far.text(ANN, text)))
    (note,) = await bridge.until_notes()
    assert say("contact_left", "zh") in note or say("contact_left", "en") in note
    assert far.received == []
    for text in ("STOP", "START", "hello"):
        await bridge.sends(far.text("2222222", text))
    await bridge.receives("2222222", "Three days.")


@pytest.mark.parametrize("far", ["wecom"], indirect=True)
async def test_of_a_stranger_nothing_stays_when_nobody_answers_him_elsewhere_any_more(
    bridge: Bridge, far: FakeWeCom
) -> None:
    await bridge.sends(far.taken("stranger", "Mei"))
    assert [row["external_id"] for row in await bridge.filled(tables.channel_windows)] == ["stranger"]
    entered = {"event_type": "enter_session", "external_userid": "stranger", "scene": "x"}
    await bridge.sends(far._message("stranger", "event", entered), far.text(ANN, "in between"))
    await bridge.until_said("in between")
    assert {row["external_id"] for row in await bridge.rows(tables.channel_windows)} == {"stranger", ANN}
    await bridge.sends(far.text(ANN, "hello"), far.taken(ANN, "Mei"), far.taken(ANN, ""), far.taken("stranger", ""))
    await bridge.sends(far.text(ANN, "that is all"))
    await bridge.until_said("that is all")
    assert [row["external_id"] for row in await bridge.rows(tables.channel_windows)] == [ANN]
