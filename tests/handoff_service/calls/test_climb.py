"""The ladder in the database: stored, once with two gateways and after a restart, and never after an acceptance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.bell import Bell
from handoff_service.calls import store as calls
from handoff_service.calls.climb import overlooked
from handoff_service.calls.shown import calls_in, confirm
from handoff_service.channels.sealing import Seal
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Event, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.sweep import Sweeper
from handoff_service.database import Database, open_database
from handoff_service.errors import Invalid
from handoff_service.handoffs import assign, release
from handoff_service.handoffs.request import request_handoff
from handoff_service.handoffs.view import desk
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant, TenantSettings
from handoff_service.webhooks import store as webhooks
from handoff_service.webhooks.model import EventType, Webhook
from tests.handoff_service.stage import FakeClock, person, shop

Moment = Callable[[], Context]
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
EVERY_S = 5


@pytest.fixture
def waits(database: Database, arrive: Any, context: Moment) -> Callable[..., Awaitable[Conversation]]:
    """`await waits("senior")`: a new customer who waits in a queue."""

    async def waiting(queue: str = "support", **changes: Any) -> Conversation:
        sender = await arrive(**changes)

        def work(tx: Any) -> Conversation:
            found, _ = receive(tx, sender, client_id="client-01", body={"text": "help"}, context=context())
            return request_handoff(tx, found, Event.ASKED, evidence={}, context=context(), queue=queue)

        return await database.write(work)

    return waiting


class Shift:
    """Gateways of one database whose sweepers run while the clock is turned, EVERY_S seconds at a time."""

    def __init__(self, databases: list[Database], settings: Settings, clock: FakeClock) -> None:
        self.database, self.settings, self.clock = databases[0], settings, clock
        self.sweepers = [Sweeper(database, settings, clock) for database in databases]

    async def passes(self, seconds: int) -> None:
        assert seconds % EVERY_S == 0
        for _ in range(seconds // EVERY_S):
            self.clock.advance(EVERY_S)
            await asyncio.gather(*(sweeper.sweep() for sweeper in self.sweepers))

    async def told(self, waiting: Conversation) -> list[tuple[str, int, str | None]]:
        """(rung, seconds since the first call, who was asked)."""
        made = await self.database.read(lambda c: calls.of_handoff(c, "demo", str(waiting.handoff)))
        return [(str(one.rung), round((one.at - made[0].at).total_seconds()), one.agent) for one in made]

    async def show(self, agent: Agent, waiting: Conversation) -> int:
        """The agent's desk shows him what it has of this handoff, and says so."""
        context = Context(self.settings, self.clock())
        picture = await self.database.read(lambda c: desk(c, agent, context))
        cards = [card for card in picture["waiting"] + picture["offers"] if card["handoff"]["id"] == waiting.handoff]
        shown = [(card["handoff"]["id"], card["handoff"]["call"]["n"]) for card in cards if card["handoff"]["call"]]
        return await self.database.write(lambda tx: confirm(tx, agent, shown, context))


@pytest.fixture
def shift(database: Database, settings: Settings, clock: FakeClock) -> Shift:
    return Shift([database], settings, clock)


@SQLITE
@pytest.mark.parametrize(("language", "words"), [("en", "you also keep your place"), ("zh", "您仍在队列中")])
async def test_nobody_looks_and_the_ladder_ends_with_a_ticket_that_the_customer_knows_of(
    shift: Shift, hire: Any, waits: Any, rows: Any, language: str, words: str
) -> None:
    await hire("lin")
    waiting = await waits(language=language)
    wants = Webhook(
        tenant="demo",
        id="w_1",
        url="https://pager.example/tandem",
        description="",
        events=(EventType.LADDER_RUNG,),
        secrets=("whsec_1",),
        disabled=False,
        created_at=shift.clock(),
    )
    await shift.database.write(lambda tx: webhooks.add(tx.connection, wants, Seal("only-for-tests-" * 4)))
    await shift.passes(75)
    assert await shift.told(waiting) == [
        ("queued", 0, None),
        ("supervisor", 20, None),
        ("outside", 40, None),
        ("ticket", 60, None),
    ]
    (sent,) = await rows(tables.webhook_messages)
    data = {"conversation": waiting.id, "handoff": waiting.handoff, "queue": "support", "rung": "outside"}
    assert sent["body"]["data"] == data, "once, and without a word of the customer"
    (ticket,) = await rows(tables.tickets)
    assert ticket["conversation"] == waiting.id
    entries = await shift.database.read(lambda c: store.entries_after(c, "demo", waiting.id, 0))
    notices = [entry for entry in entries if entry.body.get("kind") == "notice"]
    assert len(notices) == 1
    assert words in notices[0].body["text"]
    assert (await shift.database.read(lambda c: store.find(c, "demo", waiting.id))).owner.kind is OwnerKind.QUEUE


@pytest.mark.parametrize("seconds", [10, 30, 50])
@SQLITE
async def test_nothing_happens_after_an_acceptance(shift: Shift, hire: Any, waits: Any, seconds: int) -> None:
    lin, waiting = await hire("lin"), await waits()
    await shift.passes(seconds)
    before = await shift.told(waiting)
    context = Context(shift.settings, shift.clock())
    await shift.database.write(lambda tx: assign.accept(tx, str(waiting.handoff), lin, context))
    await shift.passes(70)
    assert await shift.told(waiting) == before


async def test_two_gateways_and_a_restart_call_each_once_and_in_time(
    database_url: str, shift: Shift, settings: Settings, hire: Any, waits: Any
) -> None:
    """On SQLite the second one is the same process after a restart; on PostgreSQL they sweep at the same moments."""
    await hire("lin")
    waiting = await waits()
    second = open_database(database_url, Bell())
    try:
        both = Shift([shift.database, second], settings, shift.clock)
        await both.passes(25)
        await Shift([second], settings, shift.clock).passes(45)
    finally:
        await second.close()
    assert [(rung, seconds) for rung, seconds, _ in await shift.told(waiting)] == [
        ("queued", 0),
        ("supervisor", 20),
        ("outside", 40),
        ("ticket", 60),
    ]


@SQLITE
async def test_an_unseen_offer_goes_to_the_next_agent_then_to_the_team_and_the_supervisor(
    shift: Shift, hire: Any, waits: Any
) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    chen = await hire("chen", role=Role.SUPERVISOR, queues=("support",))
    waiting = await waits("senior")
    await shift.passes(70)
    told = await shift.told(waiting)
    asked = [agent for rung, _, agent in told if rung == "agent"]
    assert {asked[0], asked[1]} == {lin.id, maya.id}, "the second is another one"
    assert [(rung, at) for rung, at, _ in told if rung != "agent"] == [("queued", 0), ("team", 50), ("supervisor", 70)]
    assert await shift.show(chen, waiting) == 1, "a supervisor sees it although it is not his queue"
    await shift.passes(100)
    assert [rung for rung, *_ in await shift.told(waiting) if rung == "outside"] == []
    context = Context(shift.settings, shift.clock())
    taken = await shift.database.write(lambda tx: assign.accept(tx, str(waiting.handoff), chen, context))
    assert taken.owner.agent == chen.id, "who was called takes what is only offered to somebody else"


@SQLITE
async def test_a_desk_that_shows_it_gives_its_agent_time(shift: Shift, hire: Any, waits: Any) -> None:
    lin, waiting = await hire("lin"), await waits()
    await shift.passes(5)
    assert await shift.show(lin, waiting) == 1
    assert await shift.show(lin, waiting) == 0, "once is enough"
    await shift.passes(115)
    assert [rung for rung, *_ in await shift.told(waiting)] == ["queued"]
    await shift.passes(5)
    assert [(rung, at) for rung, at, _ in await shift.told(waiting)][1:] == [("supervisor", 125)]


@SQLITE
async def test_while_everybody_is_busy_nobody_is_called(shift: Shift, hire: Any, waits: Any) -> None:
    lin = await hire("lin", capacity=1)
    first, second = await waits(), await waits()
    context = Context(shift.settings, shift.clock())
    held = await shift.database.write(lambda tx: assign.accept(tx, str(first.handoff), lin, context))
    await shift.passes(55)
    assert [rung for rung, *_ in await shift.told(second)] == ["queued"]
    context = Context(shift.settings, shift.clock())
    await shift.database.write(lambda tx: release.close(tx, held.id, lin, held.epoch, context, wrap_up="solved"))
    await shift.passes(20)
    assert [rung for rung, *_ in await shift.told(second)] == ["queued", "supervisor"]


@SQLITE
async def test_every_ladder_is_climbed_however_many_wait(shift: Shift, hire: Any, waits: Any) -> None:
    """Those behind the tenth were never called for. What is not due is not even looked at."""
    await hire("lin")
    waiting = [await waits() for _ in range(12)]
    look = await shift.database.read(lambda c: overlooked(c, Context(shift.settings, shift.clock())))
    assert (look.due, look.full) == ([], [])
    lin = await hire("lin2")
    context = Context(shift.settings, shift.clock())
    await shift.database.write(lambda tx: assign.accept(tx, str(waiting[5].handoff), lin, context))
    await shift.passes(65)
    rungs = [("queued", 0, None), ("supervisor", 20, None), ("outside", 40, None), ("ticket", 60, None)]
    assert [await shift.told(one) for one in waiting] == [rungs] * 5 + [rungs[:1]] + [rungs] * 6
    look = await shift.database.read(lambda c: overlooked(c, Context(shift.settings, shift.clock())))
    assert look.due == [], "their ladders have ended"


@SQLITE
async def test_what_waits_since_before_ladders_had_times_is_looked_at_within_a_minute(
    shift: Shift, hire: Any, waits: Any
) -> None:
    """A gateway of the release before, which runs beside this one, knows nothing of the time of a ladder."""
    await hire("lin")
    waiting = await waits()
    await shift.database.write(lambda tx: store.update(tx.connection, waiting, ladder_at=None))
    await shift.passes(55)
    assert [rung for rung, *_ in await shift.told(waiting)] == ["queued"]
    await shift.passes(10)
    assert [rung for rung, *_ in await shift.told(waiting)] == ["queued", "supervisor"]


@SQLITE
async def test_hands_are_full_when_what_waits_is_too_heavy_for_them(shift: Shift, hire: Any, waits: Any) -> None:
    raw = shop().settings.model_dump(mode="json", exclude_none=True) | {"capacity": {"channels": {"web": 2}}}
    heavy = Tenant(id="demo", name="Shop", settings=TenantSettings.model_validate(raw))
    lin = await hire("lin", capacity=3)
    await shift.database.write(lambda tx: tenants.save(tx.connection, heavy))
    first, second = await waits(), await waits()
    context = Context(shift.settings, shift.clock())
    held = await shift.database.write(lambda tx: assign.accept(tx, str(first.handoff), lin, context))
    await shift.passes(50)
    assert [rung for rung, *_ in await shift.told(second)] == ["queued"], "one unit is left, two are needed"
    context = Context(shift.settings, shift.clock())
    await shift.database.write(lambda tx: release.close(tx, held.id, lin, held.epoch, context, wrap_up="solved"))
    await shift.passes(20)
    assert [rung for rung, *_ in await shift.told(second)] == ["queued", "supervisor"]


@SQLITE
async def test_who_is_too_heavy_for_long_is_called_for_in_the_end(shift: Shift, hire: Any, waits: Any) -> None:
    raw = shop().settings.model_dump(mode="json", exclude_none=True) | {"capacity": {"channels": {"web": 2}}}
    raw["queues"][0]["ageing_s"] = 60
    heavy = Tenant(id="demo", name="Shop", settings=TenantSettings.model_validate(raw))
    await shift.database.write(lambda tx: tenants.save(tx.connection, heavy))
    lin = await hire("lin", capacity=3)
    first, second = await waits(), await waits()
    context = Context(shift.settings, shift.clock())
    await shift.database.write(lambda tx: assign.accept(tx, str(first.handoff), lin, context))
    shift.clock.advance(9 * 60 - 60)
    await shift.passes(55)
    assert [rung for rung, *_ in await shift.told(second)] == ["queued"]
    await shift.passes(40)
    assert [rung for rung, *_ in await shift.told(second)][:2] == ["queued", "supervisor"]


@SQLITE
async def test_after_an_upgrade_not_all_supervisors_are_called_about_everybody_at_once(
    shift: Shift, hire: Any, waits: Any
) -> None:
    """The release before looked at the first ten only: the others have no time, and their calls are long overdue."""
    await hire("lin")
    line = [await waits() for _ in range(60)]

    def forget(tx: Any) -> None:
        for one in line:
            store.update(tx.connection, one, ladder_at=None, deadline_at=shift.clock())

    await shift.database.write(forget)
    shift.clock.advance(300)
    await shift.passes(5)
    assert sum([len(await shift.told(one)) > 1 for one in line]) < 20

    def look_again(tx: Any) -> None:
        for one in line:
            store.update(tx.connection, one, deadline_at=shift.clock())

    await shift.database.write(look_again)
    await shift.passes(5)
    assert sum([len(await shift.told(one)) > 1 for one in line]) < 40, "the next look leaves them spread"
    await shift.passes(25)
    assert all([len(await shift.told(one)) > 1 for one in line])


@SQLITE
async def test_hands_are_full_when_another_client_has_them(shift: Shift, hire: Any, waits: Any) -> None:
    home = person("lin", tenant="agency", capacity=1, open=1)
    await shift.database.write(lambda tx: agents.save(tx.connection, home, agents.NO_PASSWORD))
    await hire("lin", home_tenant="agency", home_agent="a_lin")
    waiting = await waits()
    await shift.passes(30)
    assert [rung for rung, *_ in await shift.told(waiting)] == ["queued"]


@SQLITE
async def test_an_agent_who_is_lost_begins_a_new_wait(shift: Shift, hire: Any, waits: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya", status=Status.AWAY)
    waiting = await waits()
    await shift.passes(25)
    context = Context(shift.settings, shift.clock())
    held = await shift.database.write(lambda tx: assign.accept(tx, str(waiting.handoff), lin, context))
    await shift.database.write(lambda tx: assign.requeue_lost(tx, held, context))
    await shift.passes(20)
    assert [rung for rung, *_ in await shift.told(waiting)] == ["queued", "supervisor", "queued", "supervisor"]
    assert maya.status is Status.AWAY


@SQLITE
async def test_only_whom_a_call_is_for_confirms_it(shift: Shift, hire: Any, waits: Any) -> None:
    lin, stranger = await hire("lin"), await hire("stranger", queues=("senior",))
    trainer = await hire("trainer", role=Role.TRAINER)
    waiting = await waits()
    context = Context(shift.settings, shift.clock())
    for agent, shown, news in [
        (stranger, [(str(waiting.handoff), 1)], 0),
        (trainer, [(str(waiting.handoff), 1)], 0),
        (lin, [(str(waiting.handoff), 2), ("h_unknown", 1)], 0),
        (lin, [(str(waiting.handoff), 1)] * 2, 1),
    ]:
        told = await shift.database.write(lambda tx, a=agent, s=shown: confirm(tx, a, s, context))
        assert told == news


@pytest.mark.parametrize(
    "frame",
    [
        *(None, {}, "h_1", [1], [{}], [{"handoff": "h_1"}], [{"handoff": "h 1", "n": 1}]),
        *([{"handoff": "h_1", "n": -1}], [{"handoff": "h_1", "n": True}], [{"handoff": "h_1", "n": 1}] * 201),
    ],
)
def test_what_is_no_confirmation_is_refused(frame: Any) -> None:
    with pytest.raises(Invalid):
        calls_in(frame)
