"""The gateway dies at the worst moments of an event and of a delivery: nothing is lost, nothing has two effects."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from handoff_service import tables
from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.handoff_service.web.serving import GatewayProcess, on_both

# `make soak` plays the places of events on both engines; here on one, as the other places.
EVERY_PAIR = bool(os.environ.get("TANDEM_EVERY_FAILPOINT_PAIR"))


def restart(process: GatewayProcess, failpoints: str = "") -> None:
    """Starts it again after a failpoint killed it, with other failpoints or none."""
    assert process._process is not None
    assert process._process.wait(20) == -9
    process._environment["TANDEM_FAILPOINTS"] = failpoints
    process.start()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"] if EVERY_PAIR else ["sqlite"], indirect=True)
async def test_an_event_survives_a_kill_around_its_commit(start_office: Any, platform: FakePlatform) -> None:
    """F-03, F-04: no 200 before the commit; after it the platform's retry is a duplicate."""
    office, process = await start_office(FAILPOINTS="hook_before_commit:1:kill9")
    event = platform.event("ann", "hello")
    assert (await asyncio.to_thread(platform.post, event)).status == 0, "nobody was told anything"
    assert await office.rows(tables.inbox) == []
    await asyncio.to_thread(restart, process, "hook_after_commit:1:kill9")
    assert (await asyncio.to_thread(platform.post, event)).status == 0
    assert len(await office.rows(tables.inbox)) == 1
    await asyncio.to_thread(restart, process)
    posted = await asyncio.to_thread(platform.post_until_accepted, event)
    assert posted.body["duplicate"] is True
    await asyncio.to_thread(platform.wait_for, lambda p: p.texts("ann") == ["answer to: hello"])
    said = [row for row in await office.rows(tables.entries) if row["author_kind"] == "customer"]
    assert len(said) == 1


@on_both
async def test_a_kill_between_the_effect_and_its_record_is_one_effect(
    start_office: Any, platform: FakePlatform
) -> None:
    """I15: the delivery is repeated with the same key, and what is behind it still comes after it."""
    office, process = await start_office(FAILPOINTS="outbox_after_http:1:kill9", NODE_LOST_S="2")
    assert (await asyncio.to_thread(platform.post, platform.event("ann", "one"))).accepted
    await asyncio.to_thread(restart, process)
    await asyncio.to_thread(platform.post_until_accepted, platform.event("ann", "two"))
    await asyncio.to_thread(platform.wait_for, lambda p: len(p.texts("ann")) == 2, within_s=40)
    assert platform.texts("ann") == ["answer to: one", "answer to: two"]
    first = platform.effects[0]
    repeats = [one for one in platform.arrivals if one.key == first.key]
    assert [one.effect for one in repeats] == [True, False]
    assert dict(repeats[0].body) == dict(repeats[1].body), "the same in every attempt"
    assert len(await office.rows(tables.inbox)) == 2


async def test_every_event_of_a_wild_platform_is_one_message(start_office: Any, platform: FakePlatform) -> None:
    """F-01, F-05: copies, disorder, an unreliable far side, and a kill in the middle of it all."""
    office, process = await start_office()
    events = [platform.event(f"c{number % 4}", f"{number}") for number in range(40)]
    platform.script("500", "reset_after", "429:0.1", "reset", "503", "slow:0.3", "reset_after", "500")
    posting = asyncio.create_task(asyncio.to_thread(platform.post_wildly, events, most_copies=3, threads=8))
    await asyncio.to_thread(platform.wait_for, lambda p: len(p.arrivals) > 3)
    process.kill()
    await asyncio.to_thread(process.start)
    answers = await posting
    assert {one.status for one in answers} == {200}
    inbox = await office.rows(tables.inbox)
    assert sorted(row["event_id"] for row in inbox) == sorted(event["event_id"] for event in events)
    entries = await office.rows(tables.entries)
    said = [(row["client_id"], row["body"]["text"]) for row in entries if row["author_kind"] == "customer"]
    assert sorted(said) == sorted((event["event_id"], event["text"]) for event in events)
    spoken = {row["mid"] for row in entries if row["author_kind"] == "bot"}
    await asyncio.to_thread(platform.wait_for, lambda p: {one.key for one in p.effects} >= spoken)
    for seqs in platform.conversations().values():
        assert seqs == sorted(seqs)
    assert json.dumps(platform.forged) == "[]"
