"""Outside what a platform allows nothing leaves, the agent is told what opens it again, and then it does."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.undelivered import why
from handoff_service.channels.window import BARRED, CLOSED
from handoff_service.clock import utc_now
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Platform

ANN = "1111111"
WITH_WINDOW = sorted(name for name in PLATFORMS if CHANNELS[name].abilities.rules.allowances)
REFUSING = sorted(name for name, far in PLATFORMS.items() if far.shut is not Platform.shut)
PAST = timedelta(days=30)


@pytest.mark.parametrize("far", WITH_WINDOW, indirect=True)
async def test_after_the_window_an_agent_is_told_what_opens_it_and_nothing_leaves(
    bridge: Bridge, far: Platform
) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Three days.")
    await bridge.settled()
    mine, then = tables.channel_windows.c.tenant == bridge.tenant, utc_now() - PAST
    closed = sa.update(tables.channel_windows).where(mine).values(since=then, until=then)
    await bridge.database.write(lambda tx: tx.connection.execute(closed))
    sent = sum(far.carries(call) for call in far.calls)
    await bridge.an_agent_says("Here is your answer.")
    await bridge.settled()
    (note,) = await bridge.notes()
    assert why(CLOSED, "zh") in note
    assert sum(far.carries(call) for call in far.calls) == sent
    await bridge.sends(far.text(ANN, "still there?"))
    await bridge.until(lambda: len(far.received) == 2)


@pytest.mark.parametrize("far", REFUSING, indirect=True)
async def test_a_platform_that_counts_otherwise_is_understood(bridge: Bridge, far: Platform) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Three days.")
    await bridge.settled()
    assert far.shut(ANN)
    await bridge.an_agent_says("Here is your answer.")
    assert "dead" in (await bridge.settled()).values()
    (note,) = await bridge.notes()
    assert any(why(one, language) in note for one in BARRED for language in ("zh", "en")), note
    assert len(far.received) == 1
    await bridge.sends(far.text(ANN, "still there?"))
    await bridge.until(lambda: len(far.received) == 2)


def test_every_platform_with_a_window_is_among_them() -> None:
    assert set(REFUSING) >= {"instagram", "messenger", "telegram", "wechat", "wechat_mini", "wecom", "whatsapp"}
    assert set(WITH_WINDOW) - set(REFUSING) == {"douyin", "douyin_kf", "weibo"}, "no code for it is documented"
