"""An hour before a platform's window closes its agent is told, once; afterwards nothing would reach the customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.channels import closing, windows
from handoff_service.channels import store as accounts
from handoff_service.channels.arrive import take
from handoff_service.channels.closing import closes_soon, warn
from handoff_service.channels.model import Account, Inbound, Notice
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.channels.window import AT_ANY_TIME, Deed, Window
from handoff_service.conversations import store
from handoff_service.conversations.model import Event
from handoff_service.handoffs.request import request_handoff
from tests.handoff_service.handoffs.floor import Floor

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("channel", "lasts", "soon"),
    [("whatsapp", 24 * HOUR, True), ("messenger", 24 * HOUR, False), ("wechat", timedelta(minutes=1), False)],
)
def test_it_is_told_when_people_may_not_write_any_more(channel: str, lasts: timedelta, *, soon: bool) -> None:
    """On Messenger people may for a week; who only came to WeChat may be written to for a minute from the start."""
    rules, window = CHANNELS[channel].abilities.rules, Window(since=NOON, until=NOON + lasts)
    just_before = window.until - timedelta(seconds=30)
    assert closes_soon(rules, window, just_before) == (window.until if soon else None)
    assert closes_soon(rules, window, window.until) is None
    assert closes_soon(AT_ANY_TIME, window, just_before) is None


class Whatsapp:
    """Ann writes over WhatsApp, and Lin serves her."""

    def __init__(self, floor: Floor, context: Any) -> None:
        self.floor, self.database, self.context, self.number = floor, floor.database, context, 0
        self.seal = Seal(floor.settings.encryption_key.get_secret_value())
        self.account = Account(
            tenant="demo", id="a_1", channel="whatsapp", name="W", secrets=({"secret": "s"},), created_at=floor.clock()
        )

    async def happens(self, event: Any) -> str:
        abilities = CHANNELS["whatsapp"].abilities
        (arrived,) = await take(self.database, self.account, abilities, [event], self.seal, self.context())
        return str(arrived.conversation)

    async def says(self, contact: str = "4917") -> str:
        self.number += 1
        said = {"text": f"hi {self.number}"}
        return await self.happens(
            Inbound(event_id=f"e-{self.number}", contact=contact, name="Ann", language="en", body=said)
        )

    async def served(self, lin: Any) -> str:
        """The conversation, once Lin has it."""
        await self.database.write(lambda tx: accounts.add(tx.connection, self.account, self.seal))
        place = await self.says()

        def ask(tx: Any) -> Any:
            found = store.find(tx.connection, "demo", place, lock=True)
            return request_handoff(tx, found, Event.ASKED, evidence={}, context=self.floor.context, queue="support")

        await self.floor.accept(await self.floor.do(ask), lin)
        return place

    async def noted(self, place: str) -> list[str]:
        listed = await self.database.read(lambda c: store.entries_after(c, "demo", place, 0))
        return [one.body["text"] for one in listed if one.body.get("kind") == "window"]

    async def warn(self) -> int:
        return await warn(self.database, CHANNELS, self.context())


@pytest.fixture
def line(database: Any, settings: Any, clock: Any, arrive: Any, context: Any) -> Whatsapp:
    return Whatsapp(Floor(database, settings, clock, arrive), context)


async def test_the_agent_of_a_customer_is_told_once(line: Whatsapp, clock: Any, hire: Any) -> None:
    place = await line.served(await hire("lin"))
    clock.advance(22.9 * 3600)
    assert await line.warn() == 0
    clock.advance(0.2 * 3600)
    assert await line.warn() == 1
    assert await line.warn() == 0
    (note,) = await line.noted(place)
    assert "the platform's time for a reply ends on 3 November, 17:30" in note
    await line.says()
    clock.advance(23.5 * 3600)
    assert await line.warn() == 1, "the next window is another one"
    assert len(await line.noted(place)) == 2


@pytest.mark.parametrize("how", ["writes", "leaves", "account off"])
async def test_nobody_is_told_in_vain(
    line: Whatsapp, clock: Any, hire: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The customer writes or leaves, or the account is switched off, between the look and the note, or before both."""
    place, look = await line.served(await hire("lin")), closing._closing
    clock.advance(23.5 * 3600)
    seen = await line.database.read(lambda c: look(c, "demo", CHANNELS, clock()))
    assert [name for name, _ in seen] == [place]
    match how:
        case "writes":
            await line.says()
        case "leaves":
            await line.happens(Notice(event_id="left-1", contact="4917", what=Notice.What.LEFT))
        case _:
            await line.database.write(lambda tx: accounts.set_disabled(tx.connection, "demo", "a_1", disabled=True))
    assert await line.warn() == 0
    monkeypatch.setattr(closing, "_closing", lambda c, *rest: look(c, *rest) if len(rest) == 4 else seen)
    assert await line.warn() == 0
    assert await line.noted(place) == []


async def test_of_a_stranger_who_only_came_nothing_is_kept(line: Whatsapp) -> None:
    """Nobody could ask for him to be erased."""

    async def kept() -> Any:
        return await line.database.read(lambda c: windows.find(c, "demo", "a_1", "4918", line.seal))

    came = Notice(event_id="came-1", contact="4918", what=Notice.What.OPENED, deed=Deed.WROTE, hint={"call": "c"})
    await line.happens(came)
    assert await kept() is None
    await line.says("4918")
    await line.happens(replace(came, event_id="came-2"))
    assert (await kept()).hint == {"call": "c"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_look_reads_only_what_agents_serve(line: Whatsapp, clock: Any) -> None:
    """The plan as SQLite tells it: not all conversations that there ever were."""

    def plan(connection: sa.Connection) -> list[str]:
        driver: Any = connection.connection.dbapi_connection
        told: list[str] = []
        driver.set_trace_callback(told.append)
        windows.of_agents(connection, "demo", clock())
        driver.set_trace_callback(None)
        return [str(step[3]) for text in told for step in driver.execute(f"EXPLAIN QUERY PLAN {text}")]

    steps = await line.database.read(plan)
    assert "SEARCH conversations USING INDEX conversations_by_owner (tenant=? AND owner_kind=?)" in steps
    assert [one for one in steps if one.startswith("SCAN")] == []
