"""Telephone calls: led by turns, one message after the other, and called back who rings off while he waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from handoff_service import tables
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Answered
from handoff_service.channels.model import Checked, Outbound, WebhookRequest
from handoff_service.channels.twilio_voice import MOST_HOLDS, MOST_SILENCES, TwilioVoice, spoken_s
from handoff_service.errors import NotDelivered
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.twilio import SID, TOKEN
from tests.handoff_service.channels.platforms.voice import FakeVoice
from tests.handoff_service.stage import ScriptedBot, trial_settings, wants_human

ANN = "1111111"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ONLY = pytest.mark.parametrize("far", ["voice"], indirect=True)


def twiml(answered: Any) -> ElementTree.Element:
    return ElementTree.fromstring(answered.body)


@ONLY
async def test_a_call_is_greeted_heard_held_and_ended(bridge: Bridge, far: FakeVoice) -> None:
    rung = twiml(await bridge.sends(far.event(ANN, CallStatus="ringing")))
    gather = rung.find("Gather")
    assert gather is not None
    assert "您好" in (gather.findtext("Say") or "")
    assert gather.get("action", "").startswith(far.webhook)
    assert await bridge.messages() == []
    held = twiml(await bridge.sends(far.text(ANN, "我的包裹在哪里")))
    assert [one.tag for one in held] == ["Pause", "Redirect"]
    assert (await bridge.receives(ANN, "Three days.")).contact == ANN
    for times in range(MOST_SILENCES):
        event = {**far.event(ANN), "query": f"turn=s41&silent={times}"}
        quiet = twiml(await bridge.sends(event))
        assert (quiet.find("Hangup") is not None) == (times == MOST_SILENCES - 1)
    for times in range(MOST_HOLDS + 1):
        event = {**far.event(ANN), "query": f"turn=2&hold={times}"}
        waiting = twiml(await bridge.sends(event))
        assert (waiting.find("Hangup") is not None) == (times == MOST_HOLDS)
    assert len(await bridge.messages()) == 1
    far.over.add(far.event(ANN)["CallSid"])
    await bridge.sends(far.text(ANN, "hello?"))
    await bridge.until(lambda: far.calls[-1].path.endswith(f"{far.event(ANN)['CallSid']}.json") and len(far.calls) > 1)
    assert set((await bridge.settled()).values()) == {"sent", "dead"}
    assert "the call is over" in (await bridge.notes())[0]


@ONLY
async def test_who_rings_off_while_he_waits_is_called_back(open_bridge: Any, far: FakeVoice) -> None:
    bridge = await open_bridge(bot=ScriptedBot(usually=wants_human()))
    await bridge.sends(far.text(ANN, "转人工"))
    await bridge.settled()
    ended = far.event(ANN, CallStatus="completed")
    for _ in range(2):
        assert far.accepted(await bridge.sends(ended))
    (ticket,) = [row for row in await bridge.rows(tables.tickets) if row["source"] == "callback"]
    assert (ticket["type"], ticket["reply_to"]) == ("callback", f"+{ANN}")
    (place,) = await bridge.rows(tables.conversations)
    assert place["owner_kind"] == "mailbox"


def a_call(**options: str) -> Any:
    fields = {"account_sid": SID, "auth_token": TOKEN, **options}
    return new_account("shop", "voice", "x", fields, trial_settings())


class Twilio:
    """Takes every change of a call."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def post(self, _: str, *, form: dict[str, str], **__: Any) -> Answered:
        self.said.append(form["Twiml"])
        return Answered(200, b"{}")


def words(text: str, seq: int = 3) -> Outbound:
    return Outbound(
        mid=f"m_{seq}", conversation="c_1", contact="+1", seq=seq, author_kind="bot", author_name="", text=text, at=NOW,
        hint={"call": "CA1", "url": "https://x.example/hook"},
    )  # fmt: skip


async def test_the_next_message_waits_until_the_one_before_was_read_out() -> None:
    voice, twilio, account = TwilioVoice(), Twilio(), a_call(language="en-US", voice="Polly.Joanna")
    text = "A <long> & winding answer, which takes its time."
    await voice.send(twilio, account, words(text), NOW)  # type: ignore[arg-type]
    with pytest.raises(NotDelivered) as early:
        await voice.send(twilio, account, words("and more", 4), NOW + timedelta(seconds=1))  # type: ignore[arg-type]
    assert (early.value.final, early.value.uncertain) == (False, False)
    assert early.value.retry_after_s == pytest.approx(spoken_s(text) - 1)
    later = NOW + timedelta(seconds=spoken_s(text))
    await voice.send(twilio, account, words("and more", 4), later)  # type: ignore[arg-type]
    first, second = (ElementTree.fromstring(one).find("./Gather/Say") for one in twilio.said)
    assert first is not None
    assert second is not None
    assert (first.text, second.text, first.get("voice")) == (text, "and more", "Polly.Joanna")
    assert first.get("language") == "en-US"
    assert spoken_s("退货" * 10) > spoken_s("ab" * 10) > 1


def test_withheld_numbers_are_not_one_customer() -> None:
    voice = TwilioVoice()
    found = set()
    for call in ("CA1", "CA2"):
        request = WebhookRequest(b"", {}, query={"turn": "1"}, url="https://x.example/hook?turn=1")
        raw = f"CallSid={call}&From=anonymous&SpeechResult=hello".encode()
        (event,) = voice.parse(a_call(), Checked(body=raw, request=request)).events
        found.add(event.contact)
    assert found == {"call:CA1", "call:CA2"}
