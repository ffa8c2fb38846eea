"""What a platform tells of our own messages is nobody else's, also when it tells it before it has answered us."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handoff_service.channels import echoes
from tests.handoff_service.channels.platforms.chinese import FakeDouyin
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Response
from tests.handoff_service.channels.platforms.meta import FakeMessenger
from tests.handoff_service.channels.platforms.test_findings import only
from tests.handoff_service.channels.platforms.test_routing import on_meta, shown_elsewhere
from tests.handoff_service.stage import ScriptedBot, answer

ANN = "1111111"
LONG = "\n".join(f"Line {number}: orders leave our house on the next working day." for number in range(60))


@on_meta
@pytest.mark.parametrize("said", ["Three days.", LONG])
async def test_an_echo_before_the_platforms_own_answer_is_ours(open_bridge: Any, far: FakeMessenger, said: str) -> None:
    """It was a colleague's: agents read our words twice, and the bot was silent."""
    bridge = await open_bridge(bot=ScriptedBot(usually=answer(said)))
    far.ahead_s = 0.4
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    parts = len(far.received)
    assert parts > (1 if said == LONG else 0)
    await bridge.until(lambda: len(far.told) == parts)
    assert [one.status for one in far.told] == [200] * parts
    assert await shown_elsewhere(bridge) == []
    await bridge.sends(far.text(ANN, "and now?"))
    await bridge.until(lambda: len(far.received) == 2 * parts)
    assert await bridge.notes() == []


@on_meta
async def test_a_colleague_who_answers_at_the_same_moment_is_seen_when_ours_is_settled(
    open_bridge: Any, far: FakeMessenger
) -> None:
    bridge = await open_bridge(bot=ScriptedBot(usually=answer("Three days.")))
    far.ahead_s = 0.6
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Three days.")
    assert far.accepted(await bridge.sends(far.echo(ANN, "", text="I am on it"), far.text(ANN, "thanks")))
    assert [one["body"]["text"] for one in await bridge.messages(2)] == ["hello", "thanks"]
    await bridge.until(lambda: far.told)
    assert await shown_elsewhere(bridge) == ["Meta 在平台上回复：I am on it"]


@on_meta
async def test_an_echo_that_waits_in_vain_is_posted_again(
    bridge: Bridge, far: FakeMessenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the customer says in the same request does not wait for it."""
    monkeypatch.setattr(echoes, "PATIENCE_S", 0.2)
    far.ahead_s = 1.5
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Three days.")
    echo = far.echo(ANN, "", text="I am on it")
    assert (await bridge.sends(echo, far.text(ANN, "thanks"))).status == 503
    assert [one["body"]["text"] for one in await bridge.messages(2)] == ["hello", "thanks"]
    assert await shown_elsewhere(bridge) == []
    await asyncio.to_thread(far.insist, echo)
    assert await shown_elsewhere(bridge) == ["Meta 在平台上回复：I am on it"]


@on_meta
async def test_a_message_whose_answer_was_lost_is_known_by_its_words(bridge: Bridge, far: FakeMessenger) -> None:
    far.faults.append(Response(drop=True))
    await bridge.sends(far.text(ANN, "hello"))
    (note,) = await bridge.until_notes()
    assert far.received[0].text == "Three days."
    echo = far.echo(ANN, "", text="Three days.")
    for one in (echo, far.echo(ANN, "", text="Four days.")):
        assert far.accepted(await bridge.sends(one)), note
    assert await shown_elsewhere(bridge) == ["Meta 在平台上回复：Four days."]


@only("douyin")
async def test_douyins_echo_without_a_source_waits_for_our_own_answer(bridge: Bridge, far: FakeDouyin) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    (sent,) = far.given
    for mid, text in ((sent, "Three days."), ("@another", "I am on it")):
        await bridge.sends(far.colleague(ANN, message_type="text", text=text, server_message_id=mid))
    assert await shown_elsewhere(bridge) == ["Douyin 在平台上回复：I am on it"]
