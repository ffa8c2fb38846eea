"""What is said to customers of a platform arrives there once, in order, or its agent is told (I15)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpcore2
import pytest
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.channels.deliver import LOOK_EVERY_S
from handoff_service.channels.registry import CHANNELS
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Draft, Kind
from handoff_service.handoffs import release
from handoff_service.nodes import Nodes
from handoff_service.outbox import LEASE, Job
from tests.handoff_service.channels.conftest import Office
from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.handoff_service.channels.pigeon import Pigeon
from tests.handoff_service.stage import FakeClock, ScriptedBot, answer
from tests.handoff_service.web.serving import on_both

B = tables.outbox.c


async def say(platform: FakePlatform, contact: str, *texts: str) -> str:
    """Posts events one after another; the conversation that they are in."""
    for text in texts:
        posted = await asyncio.to_thread(platform.post, platform.event(contact, text))
        assert posted.accepted, posted
    return str(posted.body["conversation"])


async def until(condition: Callable[[], Any], within_s: float = 15.0) -> Any:
    """Waits for an awaitable condition."""
    async with asyncio.timeout(within_s):
        while not (value := await condition()):
            await asyncio.sleep(0.03)
    return value


async def heard(platform: FakePlatform, contact: str, count: int) -> list[str]:
    return await asyncio.to_thread(platform.wait_for, lambda p: len(p.texts(contact)) >= count and p.texts(contact))


async def notices(office: Office, conversation: str) -> list[dict[str, Any]]:
    """What the agent was told about deliveries."""
    return [dict(one.body) for one in await office.timeline(conversation) if one.body.get("kind") == "undelivered"]


async def several(_: Any) -> Any:
    parts = [answer(f"part {number}").messages[0] for number in range(1, 4)]
    return answer().__class__(parts)


@on_both
async def test_everything_arrives_once_and_in_order_whatever_the_platform_does(
    open_office: Any, platform: FakePlatform
) -> None:
    """F-14, F-15: errors before and after the effect, for several customers at once."""
    office = await open_office(bot=ScriptedBot(usually=several))
    platform.script(
        "500", "reset_after", "429:0", "ok", "503", "reset", "ok", "409", "slow:0.2", "garbage", "reset_after"
    )
    places = await asyncio.gather(*(say(platform, name, "hello") for name in ("ann", "bob", "cid")))
    for name in ("ann", "bob", "cid"):
        assert await heard(platform, name, 3) == ["part 1", "part 2", "part 3"]
    await until(lambda: _all_sent(office, 9))
    assert all(seqs == sorted(seqs) for seqs in platform.conversations().values())
    assert len(platform.effects) == 9, "repeats had no second effect"
    assert [await notices(office, place) for place in places] == [[], [], []]


async def _all_sent(office: Office, count: int) -> bool:
    states = list(await office.rows(tables.outbox))
    found = [row["state"] for row in states if row["destination"] == "channel"]
    return len(found) == count and set(found) == {"sent"}


async def test_what_the_agent_and_the_system_say_is_delivered_and_notes_are_not(
    open_office: Any, platform: FakePlatform
) -> None:
    office = await open_office()
    place = await say(platform, "ann", "hello")
    await heard(platform, "ann", 1)

    def work(tx: Any) -> None:
        context = Context(office.settings, conversations.find(tx.connection, office.tenant, place).updated_at)
        found = conversations.find(tx.connection, office.tenant, place, lock=True)
        note = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body={"text": "a note"})
        found, _ = conversations.append(tx, found, note, context.now)
        release.close_idle(tx, found, context)

    await office.database.write(work)
    said = await heard(platform, "ann", 2)
    assert said[0] == "Three days."
    assert len(said) == 2, said
    assert platform.effects[1].body["author"] == {"kind": "system", "name": ""}
    again = await say(platform, "ann", "one more thing")
    assert again == place, "writing again reopens"
    assert (await heard(platform, "ann", 3))[2] == "Three days."
    assert "a note" not in json.dumps([one.body for one in platform.arrivals])


@pytest.mark.usefixtures("office")
async def test_retry_after_is_respected(platform: FakePlatform) -> None:
    platform.script("429:1.5")
    await say(platform, "ann", "hello")
    await heard(platform, "ann", 1)
    first, second = platform.arrivals
    assert second.t - first.t >= 1.4


def test_attempts_come_ever_less_often_and_not_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LONGEST_WAIT_S", 300.0)
    waits = [
        {outbox.back_off(Job("t", "o", "c", "channel", 1, attempts)) for _ in range(50)} for attempts in (1, 5, 60)
    ]
    for found, least, most in zip(waits, (0.5, 8.0, 150.0), (1.0, 16.0, 300.0), strict=True):
        assert least <= min(found) < max(found) <= most


@pytest.mark.parametrize("status", ["410", "400", "403", "302"])
async def test_a_refusal_for_good_is_told_to_the_agent_once_and_the_next_one_goes_on(
    open_office: Any, platform: FakePlatform, status: str
) -> None:
    office = await open_office(bot=ScriptedBot(usually=several))
    platform.script("ok", status)
    place = await say(platform, "ann", "hello")
    assert await heard(platform, "ann", 2) == ["part 1", "part 3"]
    await until(lambda: _none_left(office))
    assert sorted((await office.deliveries()).values()) == ["dead", "sent", "sent"]
    (notice,) = await notices(office, place)
    assert notice["of"] == 4
    assert status in notice["text"]
    entry = next(one for one in await office.timeline(place) if one.body.get("kind") == "undelivered")
    assert (entry.audience, entry.author.kind) == ("internal", "system")
    (account,) = await office.rows(tables.channel_accounts)
    assert account["last_error"] is None, "the next delivery worked"


async def test_after_the_deadline_it_is_given_up(open_office: Any, platform: FakePlatform) -> None:
    office = await open_office(delivery_deadline_s=0.5)
    platform.always("503")
    place = await say(platform, "ann", "hello")
    await until(lambda: notices(office, place))
    assert len(platform.arrivals) >= 2
    assert list((await office.deliveries()).values()) == ["dead"]
    (account,) = await office.rows(tables.channel_accounts)
    assert "503" in account["last_error"]


async def test_a_disabled_account_delivers_nothing_and_the_agent_knows(office: Office, platform: FakePlatform) -> None:
    platform.always("503")
    place = await say(platform, "ann", "hello")
    await asyncio.to_thread(platform.wait_for, lambda p: p.arrivals)
    await office.database.write(
        lambda tx: tx.connection.execute(
            sa.update(tables.channel_accounts)
            .where(tables.channel_accounts.c.tenant == office.tenant)
            .values(disabled=True)
        )
    )
    platform.always(None)
    (notice,) = await until(lambda: notices(office, place))
    assert "disabled" in notice["text"]
    assert platform.effects == []


async def test_nobody_listening_is_a_plain_retry(office: Office, platform: FakePlatform) -> None:
    """Connection refused: nothing was sent, so nothing is uncertain."""
    platform.close()
    place = await say(platform, "ann", "hello")
    row = await until(lambda: _with_error(office))
    assert row["state"] in ("new", "leased")
    assert "ConnectError" in row["error"]
    assert await notices(office, place) == []


async def _with_error(office: Office) -> Any:
    return next((row for row in await office.rows(tables.outbox) if row["error"]), None)


async def test_where_the_platform_does_not_dedupe_a_cut_off_attempt_is_not_repeated(
    open_office: Any, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-15: once perhaps, twice certainly never; the agent is told that it is not known."""
    monkeypatch.setitem(CHANNELS, "pigeon", Pigeon())  # type: ignore[index]
    office = await open_office(account={"channel": "pigeon", "secrets": ({"secret": "feather"},)})
    platform.secrets = ()
    platform.script("503", "reset_after")
    notes = [{"id": f"n{number}", "from": name, "text": "coo"} for number, name in enumerate(("ann", "bob"))]
    raw = json.dumps({"notes": notes}).encode()
    posted = await asyncio.to_thread(platform.post_raw, raw, signature="", headers={"X-Pigeon": "feather"})
    assert posted.accepted, posted
    assert [one["duplicate"] for one in posted.body["results"]] == [False, False]
    crow = await asyncio.to_thread(platform.post_raw, raw, signature="", headers={"X-Pigeon": "crow"})
    assert crow.status == 401
    await until(lambda: _none_left(office))
    assert sorted((await _states(office)).values()) == ["dead", "sent"]
    assert len(platform.effects) == 2, "each arrived once"
    told = [notice for one in posted.body["results"] for notice in await notices(office, one["conversation"])]
    assert len(told) == 1
    assert told[0]["text"].startswith("Perhaps not delivered")


async def _states(office: Office) -> dict[str, str]:
    return {row["id"]: row["state"] for row in await office.rows(tables.outbox) if row["destination"] == "channel"}


async def _none_left(office: Office) -> bool:
    states = set((await _states(office)).values())
    return bool(states) and states <= {"sent", "dead"}


async def test_a_late_worker_changes_nothing(office: Office, platform: FakePlatform) -> None:
    """A worker that was stopped and comes back finds its lease taken: neither success nor failure is written."""
    await say(platform, "ann", "hello")
    await heard(platform, "ann", 1)
    await until(lambda: _all_sent(office, 1))
    clock = FakeClock()
    (row,) = [one for one in await office.rows(tables.outbox) if one["destination"] == "channel"]
    stale = Job(office.tenant, row["id"], row["conversation"], "channel", row["seq"], row["attempts"] - 1)

    def late(tx: Any) -> tuple[bool, bool, str]:
        given_up = outbox.give_up(tx.connection, stale, "late")
        settled = outbox.settle(tx.connection, stale, provider_id="late")
        return given_up, settled, outbox.put_back(tx.connection, stale, "late", clock())

    assert (await office.database.write(late))[:2] == (False, False)
    (after,) = [one for one in await office.rows(tables.outbox) if one["destination"] == "channel"]
    assert after == row
    assert row["provider_id"].startswith("pm_")
    assert LEASE.total_seconds() > 10.0


@pytest.mark.parametrize("taken", [False, True])
async def test_a_gateway_that_stood_still_sends_only_what_nobody_else_has_taken_meanwhile(
    office: Office, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    """F-44: frozen between the lease and the request, it would send what others have sent, or given up, long ago."""
    monkeypatch.setattr(Nodes, "in_charge", False)
    await say(platform, "ann", "hello")
    job = await until(lambda: _leased(office))
    await asyncio.sleep(2 * LOOK_EVERY_S)
    assert platform.arrivals == []
    if taken:
        mine = Job(office.tenant, job["id"], job["conversation"], "channel", job["seq"], job["attempts"])
        assert await office.database.write(lambda tx: outbox.give_up(tx.connection, mine, "by the other one"))
    monkeypatch.undo()
    if taken:
        await say(platform, "bob", "hello")  # whoever comes later is answered; that was long enough
        assert await heard(platform, "bob", 1) == ["Three days."]
        assert platform.texts("ann") == []
    else:
        assert await heard(platform, "ann", 1) == ["Three days."]


async def test_standing_still_on_the_way_to_the_platform_is_noticed_before_anything_leaves(
    office: Office, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I15: frozen while it connected, a gateway sent what another had given up, behind what that one sent next."""
    connects, connecting = httpcore2.AsyncHTTPConnection._connect, list[Any]()

    async def slowly(*given: Any) -> Any:
        monkeypatch.setattr(Nodes, "in_charge", False)
        connecting.append(given)
        return await connects(*given)

    monkeypatch.setattr(httpcore2.AsyncHTTPConnection, "_connect", slowly)
    await say(platform, "ann", "hello")
    await until(lambda: _is_any(connecting))
    job = await _leased(office)
    mine = Job(office.tenant, job["id"], job["conversation"], "channel", job["seq"], job["attempts"])
    assert await office.database.write(lambda tx: outbox.give_up(tx.connection, mine, "by the other one"))
    monkeypatch.undo()
    await say(platform, "bob", "hello")  # whoever comes later is answered; that was long enough
    assert await heard(platform, "bob", 1) == ["Three days."]
    assert platform.texts("ann") == []


async def test_a_slow_way_to_the_platform_is_no_standstill(
    open_office: Callable[..., Awaitable[Office]], platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease older than half the time of a lost gateway is renewed in place; a slow upload began anew for ever."""
    office = await open_office(node_lost_s=2)
    connects, tried = httpcore2.AsyncHTTPConnection._connect, list[Any]()

    async def slowly(*given: Any) -> Any:
        tried.append(given)
        await asyncio.sleep(1.3)
        return await connects(*given)

    monkeypatch.setattr(httpcore2.AsyncHTTPConnection, "_connect", slowly)
    await say(platform, "ann", "hello")
    assert await heard(platform, "ann", 1) == ["Three days."]
    assert len(tried) == 1
    assert office.tenant


async def _is_any(things: list[Any]) -> bool:
    return bool(things)


async def _leased(office: Office) -> Any:
    rows = [row for row in await office.rows(tables.outbox) if row["destination"] == "channel"]
    return next((row for row in rows if row["state"] == "leased"), None)
