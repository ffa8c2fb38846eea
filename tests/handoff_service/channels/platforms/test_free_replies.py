"""LINE's reply tokens: what the bot answers at once costs nothing, and nothing is said twice for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from handoff_service import tables
from handoff_service.channels import line
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account, Outbound
from handoff_service.channels.registry import CHANNELS
from handoff_service.errors import NotDelivered
from handoff_service.texts import say
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Response
from tests.handoff_service.channels.platforms.line import FakeLine
from tests.handoff_service.channels.platforms.test_findings import only
from tests.handoff_service.channels.platforms.test_kinds import an_account
from tests.handoff_service.stage import ScriptedBot, answer

ANN = "1111111"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TWO = replace(answer(), messages=[answer("First.").messages[0], answer("Second.").messages[0]])


@pytest.fixture
def open_free(open_bridge: Any, far: FakeLine) -> Callable[..., Awaitable[Bridge]]:
    """An account that wants free replies."""

    async def opened(**options: Any) -> Bridge:
        fields = {"api": far.url, "free_replies": "yes"}
        bridge: Bridge = await open_bridge(account={"options": fields}, **options)
        return bridge

    return opened


@only("line")
async def test_the_first_thing_that_the_bot_says_is_free_and_agents_push(open_free: Any, far: FakeLine) -> None:
    bridge = await open_free(bot=ScriptedBot(usually=TWO))
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Second.")
    await bridge.settled()
    assert (len(far.received), far.pushed) == (2, 1)
    await bridge.an_agent_says("It is me now.")
    await bridge.receives(ANN, "It is me now.")
    assert far.pushed == 2
    await bridge.sends(far.text(ANN, "thanks"))
    await bridge.until(lambda: len(far.received) == 5)
    assert far.pushed == 3, "a fresh token for the next answer"
    assert await bridge.notes() == []


@only("line")
async def test_without_the_field_everything_is_pushed(bridge: Bridge, far: FakeLine) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Three days.")
    assert far.pushed == 1
    (standing,) = await bridge.rows(tables.channel_windows) or [{"hint": None}]
    assert standing["hint"] is None


@only("line")
async def test_a_token_that_ended_early_goes_by_push(open_free: Any, far: FakeLine) -> None:
    bridge = await open_free()
    event = far.text(ANN, "hello")
    far.tokens.clear()
    await bridge.sends(event)
    await bridge.receives(ANN, "Three days.")
    assert set((await bridge.settled()).values()) == {"sent"}
    assert far.pushed == 1


@only("line")
async def test_a_lost_answer_to_a_free_reply_is_told_and_not_doubled(open_free: Any, far: FakeLine) -> None:
    bridge = await open_free(bot=ScriptedBot([TWO], usually=answer("Three days.")))
    far.faults.append(Response(drop=True))
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Second.")
    await bridge.settled()
    assert [one.text for one in far.received] == ["First.", "Second."]
    (note,) = await bridge.notes()
    assert note.startswith(say("perhaps_delivered", "zh", reason=""))
    await bridge.sends(far.text(ANN, "and?"))
    await bridge.receives(ANN, "Three days.")


@pytest.mark.parametrize(
    ("token_s", "repeated", "author", "part", "way"),
    [
        (-10, False, "bot", 0, "reply"),
        (-60, False, "bot", 0, "push"),
        (-10, False, "agent", 0, "push"),
        (-10, False, "bot", 1, "push"),
        (-10, True, "bot", 0, "doubt"),  # the answer to the first attempt was lost, or we were killed
        (5, True, "bot", 0, "doubt"),  # he has written again since: the first attempt had an older token
        (-60, True, "bot", 0, "push"),  # the first attempt was a push too, and LINE drops the second
        (-10, True, "agent", 0, "push"),
    ],
)
async def test_which_way_a_message_goes(token_s: int, repeated: bool, author: str, part: int, way: str) -> None:
    asked = list[str]()

    def answered(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path.rpartition("/")[2])
        return httpx2.Response(200, json={})

    account = an_account("line")
    account = Account(**{**vars(account), "options": {"free_replies": "yes"}})
    hint = {line.TOKEN: "t", line.CAME: (NOW + timedelta(seconds=token_s)).isoformat()}
    parts: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": ANN, "seq": 1, "text": "hi", "at": NOW}
    message = Outbound(**parts, part=part, author_kind=author, author_name="", hint=hint, repeated=repeated)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answered)) as client:
        sending = CHANNELS["line"].send(Caller(client, lambda: NOW), account, message, NOW + timedelta(seconds=8))
        if way != "doubt":
            await sending
            assert asked == [way]
            return
        with pytest.raises(NotDelivered) as refused:
            await sending
    assert (refused.value.uncertain, refused.value.final, asked) == (True, True, [])
