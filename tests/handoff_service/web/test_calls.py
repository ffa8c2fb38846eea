"""Voice and video: who rings, who agrees, who hangs up; and what the two browsers say to each other on the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest

from handoff_service.conversations.model import Audience, Author, AuthorKind, Entry, Kind
from handoff_service.errors import Invalid
from handoff_service.video.ice import VALID, ice_servers
from handoff_service.video.model import RINGS, CallState, answered_in_time, lasted_s, latest_call, told, unended
from handoff_service.video.signal import packed, passing_frame
from tests.handoff_service.stage import MONDAY, trial_settings
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.test_agent_commands import on_duty, owned
from tests.handoff_service.web.visitors import accepted, fresh, refused

SDP = {"description": {"type": "offer", "sdp": "v=0\r\n" + "a=candidate:1 1 udp 2113937151 10.0.0.7 51111\r\n" * 60}}


def entry(seq, state, *, call="v_1", epoch=3, after=0.0):
    body = {"text": "", "call": told(call, "video", CallState(state))}
    author = Author(AuthorKind.SYSTEM, "system", "")
    at = MONDAY + timedelta(seconds=after)
    return Entry(
        tenant="demo", conversation="c_1", seq=seq, mid=f"m_{seq}", kind=Kind.MESSAGE, audience=Audience.PUBLIC,
        author=author, body=body, client_id=None, epoch=epoch, turn=None, at=at,
    )  # fmt: skip


def test_a_call_stands_while_it_rings_or_is_talked_in_and_its_owner_is_the_same():
    rung, taken = entry(4, "ringing"), entry(5, "accepted", after=7)
    ringing, talking = latest_call([rung]), latest_call([rung, taken])
    assert unended(ringing, epoch=3).state is CallState.RINGING
    assert answered_in_time(ringing, MONDAY + timedelta(seconds=20))
    assert not answered_in_time(ringing, MONDAY + RINGS), "nobody answered"
    assert answered_in_time(talking, MONDAY + timedelta(hours=2))
    assert unended(talking, epoch=3).id == "v_1"
    assert unended(talking, epoch=4) is None, "somebody else has the conversation now"
    assert unended(latest_call([rung, taken, entry(6, "ended", after=60)]), epoch=3) is None
    assert latest_call([]) is None
    assert lasted_s(latest_call([rung, taken]), MONDAY + timedelta(seconds=67.9)) == 60
    assert lasted_s(latest_call([rung, taken, entry(6, "ringing", call="v_2", after=90)]), MONDAY) is None


def test_what_browsers_say_to_each_other_comes_through_whole_and_is_bounded():
    passed = passing_frame("c_1", {"session": "s_1", "call": "v_1", "signal": packed(SDP)})
    assert passed == {"t": "signal", "conv": "c_1", "call": "v_1", "data": SDP}
    typing = {"session": "s_1", "author": {"kind": "customer", "name": "Chen"}}
    assert passing_frame("c_1", typing) == {"t": "typing", "conv": "c_1", "author": typing["author"]}
    noise = base64.b64encode(hashlib.shake_256(b"seed").digest(9000)).decode()
    for wrong in ({"sdp": noise}, "text", None):
        with pytest.raises(Invalid):
            packed(wrong)


def test_the_password_of_the_relay_is_for_one_person_and_runs_out():
    settings = trial_settings(stun_urls=("stun:s.example",), turn_urls=("turn:t.example",), turn_secret="north-star")
    stun, turn = ice_servers(settings, "k_1", MONDAY)
    assert stun == {"urls": ["stun:s.example"]}
    assert turn["username"] == f"{int((MONDAY + VALID).timestamp())}:k_1"
    proof = hmac.digest(b"north-star", turn["username"].encode(), "sha1")
    assert base64.b64decode(turn["credential"]) == proof
    assert ice_servers(trial_settings(), "k_1", MONDAY) == []


@on_both
async def test_a_call_from_ringing_to_hanging_up_is_in_the_timeline_of_both(house):
    lin = await on_duty(house)
    customer, _, epoch = await owned(house, lin)
    rung = accepted(await lin.do(customer.conversation, "call", epoch=epoch, media="video"))
    refused(await lin.do(customer.conversation, "call", epoch=epoch, media="voice"), 409, "conflict")
    answer = {"op_id": fresh(), "call": rung["call"], "accept": True}
    taken = accepted(await customer.post(customer.path("call/respond"), answer))
    assert accepted(await customer.post(customer.path("call/respond"), answer)) == taken, "once per op_id"
    accepted(await lin.do(customer.conversation, "call/end", call=rung["call"]))
    again = accepted(await customer.post(customer.path("call/end"), {"op_id": fresh(), "call": rung["call"]}))
    assert again["seq"] is None, "over is over"
    for timeline in (await customer.timeline(), await lin.timeline(customer.conversation)):
        calls = [one["body"]["call"] for one in timeline if "call" in one.get("body", {})]
        assert [call["state"] for call in calls] == ["ringing", "accepted", "ended"]
        assert {call["id"] for call in calls} == {rung["call"]}
    refused(await customer.post(customer.path("call/respond"), {**answer, "op_id": fresh()}), 409, "conflict")


@on_both
async def test_only_the_two_who_speak_signal_to_each_other(house):
    lin, maya = await on_duty(house), await on_duty(house, "maya")
    customer, _, epoch = await owned(house, lin)
    conversation = customer.conversation
    desk, other = await lin.socket((conversation, 0)), await maya.socket((conversation, 0))
    widget = await customer.socket()
    await widget.until(lambda frame: frame["t"] == "status")
    call = accepted(await lin.do(conversation, "call", epoch=epoch, media="voice"))["call"]
    await desk.say(t="signal", conv=conversation, call=call, data=SDP)
    heard = await widget.until(lambda frame: frame["t"] == "signal")
    assert (heard["conv"], heard["call"], heard["data"]) == (conversation, call, SDP)
    await widget.say(t="signal", conv=conversation, call=call, data={"description": {"type": "answer", "sdp": "v=0"}})
    assert (await desk.until(lambda frame: frame["t"] == "signal"))["data"]["description"]["type"] == "answer"
    await other.say(t="signal", conv=conversation, call=call, data={"candidate": None})
    assert (await other.until(lambda frame: frame["t"] == "err"))["code"] == "conflict"
