"""Telephone calls: led by turns, one message after the other, and called back who rings off while he waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from handoff_service import tables
from handoff_service.bots.model import Answer
from handoff_service.channels.accounts import new_account, webhook
from handoff_service.channels.model import Checked, WebhookRequest
from handoff_service.channels.twilio_voice import MOST_HOLDS, MOST_SILENCES, TwilioVoice, spoken_s
from tests.handoff_service.channels.conftest import KEY, open_gateway  # noqa: F401
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.twilio import SID, TOKEN
from tests.handoff_service.channels.platforms.voice import FakeVoice
from tests.handoff_service.stage import ScriptedBot, answer, trial_settings, wants_human
from tests.handoff_service.web.serving import Gateway, on_postgres

ANN = "1111111"
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


@on_postgres
async def test_a_call_may_reach_any_gateway_and_nothing_is_read_over_something_else(
    open_gateway: Callable[..., Gateway],  # noqa: F811
) -> None:
    """Two gateways on one database take turns: the state of the call is in no gateway's memory."""
    endless = f"Second. {'And so on. ' * 100}"
    told = answer("First.").messages + answer(endless).messages
    far, bot = FakeVoice(), ScriptedBot([Answer(told)], usually=answer("At once."))
    gateways = [open_gateway(bot=bot, encryption_key=KEY) for _ in range(2)]
    bridge = Bridge(gateways[0].url, gateways[0].settings, far)  # type: ignore[arg-type]
    account = await bridge.open(options={**far.fields(), "pace": "200"})
    addresses = [webhook(account, one.settings) for one in gateways]
    try:
        for address, event in zip(
            addresses, (far.event(ANN, CallStatus="ringing"), far.text(ANN, "hello")), strict=True
        ):
            far.webhook = address
            assert far.accepted(await bridge.sends(event))
        await bridge.receives(ANN, "First.")
        first_at = time.monotonic()
        await bridge.receives(ANN, "Second.")
        assert time.monotonic() - first_at > 0.8 * spoken_s("First.") / 2
        far.webhook = addresses[0]  # he speaks while "Second." is read out: that ends it
        spoken_at = time.monotonic()
        await bridge.sends(far.text(ANN, "and then?"))
        await bridge.receives(ANN, "At once.")
        assert time.monotonic() - spoken_at < spoken_s(endless) / 4
        assert set((await bridge.settled()).values()) == {"sent"}
        far.webhook = addresses[1]
        assert far.accepted(await bridge.sends(far.event(ANN, CallStatus="completed")))
        assert await bridge.notes() == []
    finally:
        await bridge.database.close()
        far.close()


def test_reading_takes_its_time() -> None:
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
