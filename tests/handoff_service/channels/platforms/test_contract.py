"""What every channel must do, over every platform: the matrix at the end of Appendix A in the channels' reference."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.channels import store as accounts
from handoff_service.channels.registry import FETCHING
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Platform, Response
from tests.handoff_service.channels.platforms.mail_providers import OTHER_WAYS
from tests.handoff_service.channels.platforms.signed_api import FakeIntegrator
from tests.handoff_service.stage import Held, ScriptedBot, answer

ANN, BEN = "1111111", "2222222"
EVERY_WAY = {**PLATFORMS, **OTHER_WAYS, "api": FakeIntegrator}
SHAPES: tuple[Any, ...] = (None, 5, "x", [], [1], {}, [[]], {"a": 1}, True, "\x00", "9" * 300, [{"a": {}}])
STRANGE = "Ünïcödé 你好 👩‍👩‍👧 <b>&amp; **stars** _under_ \u202e rtl"


@pytest.fixture(params=sorted(EVERY_WAY))
def far(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """Every platform in turn, and every way by which mails come."""
    one = EVERY_WAY[request.param]()
    yield one
    one.close()


async def test_a_question_is_answered_on_the_platform(bridge: Bridge) -> None:
    posted = await bridge.sends(bridge.far.text(ANN, "How long does it take?"))
    assert bridge.far.accepted(posted), posted
    assert (await bridge.receives(ANN, "Three days.")).contact == ANN
    assert [row["body"]["text"] for row in await bridge.messages(1)] == ["How long does it take?"]
    assert set((await bridge.settled()).values()) == {"sent"}


async def test_nothing_gets_in_without_the_right_signature(bridge: Bridge, far: Platform) -> None:
    hook = bridge.far.hook(bridge.far.text(ANN, "hello"))
    forged = [
        bridge.far.hook(bridge.far.text(ANN, "hello"), secret="another-secret"),
        bridge.far.hook(bridge.far.text(ANN, "hello"), secret="ÿ\u4f60"[:1]),
        *([] if far.signs_inside else [replace(hook, headers={"Content-Type": "application/json"}, query="")]),
    ]
    for one in forged:
        assert (await asyncio.to_thread(bridge.far.send, one)).status in (401, 403), one
    assert await bridge.messages() == []


async def test_garbage_is_refused_and_breaks_nothing(bridge: Bridge, far: Platform, channel: Any) -> None:
    whole = far.hook(far.text(ANN, "hello"))
    for raw in (b"", b"{", b"[]", b"null", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 5000, b'"' + b"x" * 1000 + b'"'):
        status = (await asyncio.to_thread(far.send, replace(whole, raw=raw))).status
        assert 400 <= status < 500, (raw[:20], status)
    for cut in range(1, len(whole.raw), max(1, len(whole.raw) // 12)):
        status = (await asyncio.to_thread(far.send, replace(whole, raw=whole.raw[:cut]))).status
        assert 400 <= status < 500, (cut, status)
    large = await asyncio.to_thread(far.send, replace(whole, raw=b" " * (channel.abilities.most_bytes + 1)))
    # A server that refuses a long body early may have hung up before it was written.
    assert large.status == 413 or (large.status == 0 and channel.abilities.most_bytes > 1 << 20)
    assert await bridge.messages() == []
    assert far.accepted(await bridge.sends(far.text(ANN, "hello")))


@pytest.mark.usefixtures("bridge")
async def test_any_other_shape_is_no_crash(far: Platform) -> None:
    for shape in SHAPES:  # signed, so that it is parsed
        try:
            hook = far.hook(dict.fromkeys(far.text(ANN, "hello"), shape))
        except (TypeError, KeyError, AttributeError):
            continue  # the fake cannot even make it
        answered = await asyncio.to_thread(far.send, hook)
        assert 200 <= answered.status < 500, (shape, answered)


async def test_one_changed_byte_of_the_signed_is_refused(bridge: Bridge, far: Platform) -> None:
    changed = far.tampered(far.hook(far.text(ANN, "hello")))
    assert (await asyncio.to_thread(far.send, changed)).status in (401, 403)
    assert await bridge.messages() == []


async def test_handshakes_several_events_of_one_delivery_and_old_ones(bridge: Bridge, far: Platform) -> None:
    if (asked := far.handshake()) is not None:
        answered = await asyncio.to_thread(far.send, asked[0])
        assert (answered.status, answered.body) == (200, asked[1])
        forged = far.handshake("anothersecret0123456789")
        assert forged is not None
        assert (await asyncio.to_thread(far.send, forged[0])).status in (401, 403)
        assert await bridge.messages() == []
    if far.bundles:
        assert far.accepted(await bridge.sends(far.text(ANN, "one"), far.text(ANN, "two")))
        assert [row["body"]["text"] for row in await bridge.messages(2)] == ["one", "two"]
    before = len(await bridge.messages())
    if far.signs_time:
        for skew_s in (-7200.0, 7200.0):
            far.skew_s = skew_s
            answered = await bridge.sends(far.text(BEN, f"{skew_s}"))
            assert answered.status in (401, 403), skew_s
        far.skew_s = -120.0
        assert far.accepted(await bridge.sends(far.text(BEN, "a little late")))
        await bridge.until_said("a little late")
        if far.channel not in FETCHING:  # what waits at the platform comes with any hint
            assert len(await bridge.messages()) == before + 1


async def test_echoes_disorder_late_fates_and_a_token_that_ends(bridge: Bridge, far: Platform) -> None:
    earlier, later = far.text(ANN, "written first"), far.text(ANN, "written last")
    for event in (later, earlier):  # the platform delivers out of order
        assert far.accepted(await bridge.sends(event))
    said = [row["body"]["text"] for row in await bridge.messages(2)]
    assert sorted(said) == ["written first", "written last"]
    await bridge.receives(ANN, "Three days.")
    await bridge.settled()
    if (echo := far.own_echo(ANN)) is not None:
        assert far.accepted(await bridge.sends(echo))
    if far.expire():
        await bridge.sends(far.text(BEN, "and I?"))
        await bridge.receives(BEN, "Three days.")
        assert sum(one.contact == BEN for one in far.received) == 1
    sent = [row["provider_id"] for row in await bridge.rows(tables.outbox) if row["provider_id"]]
    fates = far.fates(ANN, sent[0]) if sent else []
    for fate in (*reversed(fates), *fates):  # the last word first, and everything twice
        assert far.accepted(await bridge.sends(fate))
    await bridge.sends(far.text(BEN, "that is all"))
    await bridge.until_said("that is all")  # what is fetched has come in order
    assert len(await bridge.notes()) == (1 if fates else 0)
    assert "our own words" not in [row["body"].get("text") for row in await bridge.rows(tables.entries)]


async def test_what_no_timeline_holds_is_taken_as_well_as_it_can_be(
    bridge: Bridge, far: Platform, channel: Any
) -> None:
    for number, text in enumerate(("x" * 9000, "   ", "a\x00b" if far.holds_nul else "no NUL in XML", "\u3000")):
        odd, good = far.text(ANN, text), far.text(ANN, f"and then {number}")
        answered = await bridge.sends(odd)
        # Whoever can mend it is told that it is none, and nothing is stored.
        assert answered.status in (400, 413, 422) if channel.abilities.strict else far.accepted(answered), text[:9]
        assert far.accepted(await bridge.sends(good)), text
        await bridge.until_said(f"and then {number}")


async def test_the_same_delivery_again_is_one_message(bridge: Bridge, far: Platform) -> None:
    event = far.text(ANN, "only once")
    hook = far.hook(event)
    at_once = await asyncio.gather(*(asyncio.to_thread(far.send, hook) for _ in range(6)))
    later = await asyncio.to_thread(far.send, hook)
    assert all(far.accepted(one) for one in (*at_once, later))
    assert [row["body"]["text"] for row in await bridge.messages(1)] == ["only once"]


async def test_a_burst_of_a_new_customer_is_one_conversation(bridge: Bridge, far: Platform) -> None:
    events = [far.text(ANN, f"line {number}") for number in range(8)]
    answers = await asyncio.gather(*(asyncio.to_thread(far.insist, event) for event in events))
    assert all(far.accepted(one) for one in answers)
    messages = await bridge.messages(8)
    assert sorted(row["body"]["text"] for row in messages) == [f"line {number}" for number in range(8)]
    assert len({row["conversation"] for row in messages}) == 1
    assert len(await bridge.rows(tables.contacts)) == 1


async def test_customers_do_not_get_each_others_answers(bridge: Bridge, far: Platform) -> None:
    await asyncio.gather(bridge.sends(far.text(ANN, "I am Ann")), bridge.sends(far.text(BEN, "I am Ben")))
    await bridge.receives(ANN, "Three days.")
    await bridge.receives(BEN, "Three days.")
    assert len({row["conversation"] for row in await bridge.messages(2)}) == 2


async def test_an_unknown_type_is_kept_for_the_agent_and_explained_once(bridge: Bridge, far: Platform) -> None:
    for _ in range(3):
        assert far.accepted(await bridge.sends(far.strange(ANN)))
    kinds = [row["body"].get("kind") for row in await bridge.messages(3)]
    assert kinds == ["unsupported"] * 3
    await bridge.settled()
    assert len(far.received) == 1, "explained once"


async def test_every_character_survives_both_ways(open_bridge: Any, far: Platform) -> None:
    """F-28."""
    bridge = await open_bridge(bot=ScriptedBot(usually=answer("收到 👩‍👩‍👧 1 < 2 & 3 > 2 ✓")))
    await bridge.sends(far.text(ANN, STRANGE))
    assert [row["body"]["text"] for row in await bridge.messages(1)] == [STRANGE]
    assert (await bridge.receives(ANN, "收到")).text == "收到 👩‍👩‍👧 1 < 2 & 3 > 2 ✓"


async def test_a_long_answer_comes_whole_and_in_order(
    open_bridge: Any, far: Platform, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = channel.abilities.form
    if form.limit > 20_000:  # cutting a mail of a hundred pages takes seconds
        form = replace(form, limit=4_000)
        monkeypatch.setattr(channel, "abilities", replace(channel.abilities, form=form))
    line = "第{}条：如果您的订单还没有发货，可以直接在订单页修改地址。"
    lines = [line.format(number) for number in range(int(2.5 * form.limit / form.measure(line)))]
    bridge = await open_bridge(bot=ScriptedBot(usually=answer("\n".join(lines))))
    await bridge.sends(far.text(ANN, "everything please"))
    await bridge.settled()
    texts = [one.text for one in far.received]
    assert len(texts) > 1
    assert all(form.measure(text) <= form.limit for text in texts)
    assert "".join("".join(texts).split()) == "".join("".join(lines).split())


async def test_buttons_are_pressed_or_chosen_by_number(open_bridge: Any, far: Platform, channel: Any) -> None:
    buttons = [{"title": "Refund", "payload": "/refund_request"}, {"title": "Exchange", "payload": "/x"}]
    bot = ScriptedBot([answer("Which one?", buttons=buttons)], usually=answer("Good choice."))
    bridge = await open_bridge(bot=bot)
    await bridge.sends(far.text(ANN, "help"))
    asked = await bridge.receives(ANN, "Which one?")
    if channel.abilities.buttons >= 2:
        assert [one.get("title") or one.get("text") for one in asked.buttons] == ["Refund", "Exchange"]
        event = far.press(ANN, asked, 1)
    else:
        assert "2. Exchange" in asked.text
        event = far.text(ANN, "2")
    assert far.accepted(await bridge.sends(event))
    await bridge.receives(ANN, "Good choice.")
    assert bot.requests[-1].press == "/x"
    assert far.accepted(await bridge.sends(event)), "the same press again"
    assert len(bot.requests) == 2


async def test_it_is_acknowledged_before_the_bot_thinks(open_bridge: Any, far: Platform) -> None:
    held = Held(answer("At last."))
    bridge = await open_bridge(bot=ScriptedBot([held]))
    begun = time.monotonic()
    assert far.accepted(await bridge.sends(far.text(ANN, "slow?")))
    assert not far.received
    assert time.monotonic() - begun < 5
    held.go.set()
    await bridge.receives(ANN, "At last.")


@pytest.mark.parametrize("far", sorted(name for name, one in EVERY_WAY.items() if one.signing), indirect=True)
async def test_both_secrets_count_while_one_is_rotated(bridge: Bridge, far: Platform) -> None:
    account, fresh = far.account, far.fresh_secret
    assert account is not None
    old = account.secret(far.signing)
    await bridge.database.write(lambda tx: accounts.rotate(tx.connection, account, {far.signing: fresh}, bridge.seal))
    for secret, expected in ((fresh, True), (old, True), ("athirdsecret0123456789", False)):
        answered = await bridge.sends(far.text(ANN, "hello"), secret=secret)
        assert far.accepted(answered) is expected, secret


async def test_a_busy_platform_gets_it_a_little_later_once(bridge: Bridge, far: Platform) -> None:
    too_fast = Response(429, {"parameters": {"retry_after": 0}}, {"Retry-After": "0"})
    for contact, fault in ((ANN, Response(503)), (BEN, too_fast)):
        far.faults.extend([fault, fault])
        await bridge.sends(far.text(contact, "hello"))
        await bridge.receives(contact, "Three days.")
        assert set((await bridge.settled()).values()) == {"sent"}
    assert len(far.received) == 2


async def test_what_is_refused_for_good_is_told_to_the_agent(bridge: Bridge, far: Platform) -> None:
    """F-17."""
    far.faults.extend([Response(400, {"error": "no"})])
    await bridge.sends(far.text(ANN, "hello"))
    states = await bridge.settled()
    assert "dead" in states.values()
    assert len(await bridge.notes()) == 1


async def test_an_unclear_delivery_is_not_doubled(bridge: Bridge, far: Platform, channel: Any) -> None:
    far.faults.append(Response(drop=True))
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    assert len(far.received) == 1
    assert len(await bridge.notes()) == (0 if channel.abilities.dedupes else 1)
