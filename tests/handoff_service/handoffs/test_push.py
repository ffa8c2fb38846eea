"""Offers as the sweeper makes them from the database: the rules of routing with real rows, on both engines."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import statements, tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Status
from handoff_service.calls import store as calls
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Event, OwnerKind
from handoff_service.conversations.receive import Sender, receive
from handoff_service.conversations.sweep import Sweeper
from handoff_service.database import Database
from handoff_service.handoffs import assign, queue, release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.model import rank
from handoff_service.handoffs.push import make_offers, unserved
from handoff_service.handoffs.request import request_handoff
from handoff_service.handoffs.routing import store as places
from handoff_service.handoffs.wait import waiting_numbers, welcome
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant, TenantSettings
from tests.handoff_service.stage import FakeClock, shop, waiting_handoff

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


class Floor:
    """The demo shop with queues that push, its customers, and the sweeper."""

    def __init__(self, database: Database, settings: Settings, clock: FakeClock, arrive: Any) -> None:
        self.database, self.settings, self.clock, self.arrive = database, settings, clock, arrive
        self.count = 0

    @property
    def context(self) -> Context:
        return Context(self.settings, self.clock())

    async def configure(self, *, capacity: Any = None, senior: Any = None, **support: Any) -> Tenant:
        raw = shop().settings.model_dump(mode="json", exclude_none=True)
        raw["queues"][0] |= {"mode": "offer", **support}
        raw["queues"][1] |= senior or {}
        raw |= {"capacity": capacity} if capacity else {}
        tenant = Tenant(id="demo", name="Shop", settings=TenantSettings.model_validate(raw))
        await self.database.write(lambda tx: tenants.save(tx.connection, tenant))
        return tenant

    async def asks(
        self, sender: Sender | None = None, *, priority: int = 3, mood: float | None = None, **of: Any
    ) -> str:
        sender = sender or await self.arrive(**of)
        self.count += 1
        client_id = f"client-{self.count:04}"

        def work(tx: Any) -> str:
            found, _ = receive(tx, sender, client_id=client_id, body={"text": "help"}, context=self.context)
            store.update(tx.connection, found, mood=mood)
            found = store.find(tx.connection, "demo", found.id, lock=True)
            return request_handoff(tx, found, Event.ASKED, evidence={}, context=self.context, priority=priority).id

        return await self.database.write(work)

    async def sweep(self, after: float = 0.0) -> None:
        self.clock.advance(after)
        await Sweeper(self.database, self.settings, self.clock).sweep()

    async def head(self, conversation: str) -> Conversation:
        return await self.database.read(lambda c: store.find(c, "demo", conversation))

    async def whose(self, conversation: str) -> str | None:
        """Name of the agent to whom it is offered or who has it, or None."""
        return ((await self.head(conversation)).owner.agent or "a_").removeprefix("a_") or None

    async def accept(self, conversation: str) -> Conversation:
        head = await self.head(conversation)
        agent = await self.agent(str(head.owner.agent))
        return await self.database.write(lambda tx: assign.accept(tx, str(head.handoff), agent, self.context))

    async def close(self, conversation: str) -> None:
        head = await self.head(conversation)
        agent = await self.agent(str(head.owner.agent))
        await self.database.write(
            lambda tx: release.close(tx, head.id, agent, head.epoch, self.context, wrap_up="solved")
        )

    async def agent(self, name: str) -> Agent:
        return await self.database.read(lambda c: agents.find(c, "demo", name))


@pytest.fixture
def floor(database: Database, settings: Settings, clock: FakeClock, arrive: Any) -> Floor:
    return Floor(database, settings, clock, arrive)


Hire = Callable[..., Awaitable[Agent]]


@on_sqlite
async def test_an_offer_to_somebody_whose_role_answers_nobody_any_more_is_taken_back(floor: Floor, hire: Hire) -> None:
    """F-65: his desk stays connected, because his new role may read."""
    await floor.configure()
    await hire("lin")
    waiting = await floor.asks()
    await floor.sweep()
    assert await floor.whose(waiting) == "lin"
    demoted = sa.update(tables.agents).where(tables.agents.c.id == "a_lin").values(role="trainer")
    await floor.database.write(lambda tx: tx.connection.execute(demoted))
    await floor.sweep(1)
    assert (await floor.head(waiting)).owner.kind is OwnerKind.QUEUE


@on_sqlite
async def test_a_skill_is_waited_for_and_relaxes(floor: Floor, hire: Hire) -> None:
    await floor.configure(skills=[{"skill": "refund", "level": 2, "relax_after_s": 30}])
    await hire("novice")
    first = await floor.asks()
    await floor.sweep(59)
    assert await floor.whose(first) is None
    await floor.sweep(1)
    assert await floor.whose(first) == "novice"
    await hire("expert", skills={"refund": 2})
    second = await floor.asks()
    await floor.sweep()
    assert await floor.whose(second) == "expert"


@on_sqlite
async def test_who_cannot_be_helped_hides_nobody_behind_him(floor: Floor, hire: Hire) -> None:
    """Forty wait in a language that nobody speaks who is there; the window of the first hundred saw only them."""
    await floor.configure()
    await hire("lin", languages=("en",))
    for _ in range(40):
        await floor.asks(language="zh", priority=9)
    last = await floor.asks(language="en", priority=0)
    await floor.sweep()
    assert await floor.whose(last) == "lin"


@on_sqlite
async def test_the_agent_who_had_him_last_gets_him_again_for_a_time(floor: Floor, hire: Hire) -> None:
    await floor.configure(last_agent={"within_s": 3600, "wait_s": 40})
    await hire("lin", capacity=1)
    sender = await floor.arrive()
    first = await floor.asks(sender)
    await floor.sweep()
    await floor.accept(first)
    await floor.close(first)
    await hire("maya")
    again = await floor.asks(sender)
    await floor.sweep()
    assert await floor.whose(again) == "lin", "though Maya has waited longer for work"
    await floor.accept(again)
    await floor.close(again)
    for expected in ("maya", "lin"):
        other = await floor.asks()
        await floor.sweep(1)
        assert await floor.whose(other) == expected
        await floor.accept(other)
    once_more = await floor.asks(sender)
    await floor.sweep(39)
    assert await floor.whose(once_more) is None, "Maya is free, but he is kept for Lin"
    await floor.sweep(1)
    assert await floor.whose(once_more) == "maya"


@on_sqlite
@pytest.mark.parametrize("how", ["closes his desk", "is away"])
async def test_who_is_kept_for_somebody_who_has_gone_is_anybodys_at_once(
    floor: Floor, hire: Hire, rows: Any, how: str
) -> None:
    await floor.configure(last_agent={"within_s": 3600, "wait_s": 600})
    lin = await hire("lin", capacity=1)
    sender = await floor.arrive()
    first = await floor.asks(sender)
    await floor.sweep()
    await floor.accept(first)
    await floor.close(first)
    blocker = await floor.asks()
    await floor.sweep()
    await floor.accept(blocker)
    again = await floor.asks(sender)
    (row,) = [row for row in await rows(tables.conversations) if row["id"] == again]
    assert row["reserved_for"] == lin.id
    await hire("maya")
    await floor.sweep(1)
    assert await floor.whose(again) is None

    def goes(tx: Any) -> None:
        if how == "is away":
            agents.set_status(tx.connection, "demo", lin.id, Status.AWAY)
        else:
            agents.end_desk(tx.connection, "demo", lin.id, "desk", now=floor.clock())

    await floor.database.write(goes)
    await floor.sweep(1)
    assert await floor.whose(again) == "maya"


async def test_a_conversation_takes_as_much_room_as_its_channel_says(floor: Floor, hire: Hire) -> None:
    await floor.configure(capacity={"channels": {"web": 2}})
    lin = await hire("lin", capacity=3)
    first, second = await floor.asks(), await floor.asks()
    await floor.sweep()
    held = await floor.accept(first)
    assert ((await floor.agent(lin.id)).open, held.load) == (2, 2)
    await floor.sweep(1)
    assert await floor.whose(second) is None, "one unit is left, two are needed"
    await floor.close(first)
    assert (await floor.agent(lin.id)).open == 0
    await floor.sweep(1)
    assert await floor.whose(second) == "lin"


@on_sqlite
async def test_more_than_an_agent_can_is_all_that_he_can(floor: Floor, hire: Hire) -> None:
    await floor.configure(capacity={"channels": {"web": 5}})
    lin = await hire("lin", capacity=2)
    first = await floor.asks()
    await floor.sweep()
    await floor.accept(first)
    assert (await floor.agent(lin.id)).open == 2
    await floor.close(first)
    assert (await floor.agent(lin.id)).open == 0


@on_sqlite
async def test_a_queue_that_nobody_can_help_is_named(floor: Floor, hire: Hire) -> None:
    """F-62: a skill that no agent has and that never relaxes; the sweeper warns of it each hour."""
    await floor.configure(skills=[{"skill": "law", "level": 2}])
    await hire("lin", skills={"law": 1})
    ((tenant, problem),) = await floor.database.read(unserved)
    assert (tenant, "nobody who serves support has law 2" in problem) == ("demo", True)
    await floor.configure(skills=[{"skill": "law", "level": 2, "relax_after_s": 60}])
    assert await floor.database.read(unserved) == []


@on_sqlite
async def test_angry_customers_are_shared_out(floor: Floor, hire: Hire) -> None:
    """Who has just had one gets no other while somebody is free who has not, however little else there is to do."""
    await floor.configure(heat=1)
    lin, maya = await hire("lin", capacity=9), await hire("maya", capacity=1)
    first = await floor.asks(mood=0.9)
    await floor.sweep()
    await floor.accept(first)
    got = await floor.whose(first)
    assert (await floor.agent(f"a_{got}")).angry_row == 1
    other = {"lin": maya, "maya": lin}[str(got)].id.removeprefix("a_")
    second = await floor.asks(mood=0.9)
    await floor.sweep(1)
    assert await floor.whose(second) == other
    await floor.accept(second)
    third = await floor.asks(mood=0.9)
    await floor.sweep(1)
    assert await floor.whose(third) is not None, "nobody is left alone because all have had one"


@on_sqlite
async def test_an_offer_lasts_as_long_as_its_queue_says(floor: Floor, hire: Hire) -> None:
    await floor.configure(accept_s=200)
    await hire("lin")
    first = await floor.asks()
    await floor.sweep()
    head = await floor.head(first)
    assert (head.owner.kind, head.deadline_at) == (OwnerKind.OFFER, floor.clock() + timedelta(seconds=200))
    before = head.deadline_at
    await floor.sweep(1)
    assert (await floor.head(first)).deadline_at == before, "it is no deadline of a clock that was ahead"


async def test_two_gateways_distribute_at_the_same_moment(floor: Floor, hire: Hire) -> None:
    """Nobody is asked twice, nobody is offered to two, and nothing fails."""
    await floor.configure()
    for number in range(6):
        await hire(f"agent{number}")
    waiting = [await floor.asks() for _ in range(10)]
    made = await asyncio.gather(
        *(floor.database.write(lambda tx: make_offers(tx, "demo", floor.context)) for _ in range(4))
    )
    assert sum(made) == 6
    asked = Counter([await floor.whose(one) for one in waiting])
    assert asked.pop(None) == 4
    assert set(asked.values()) == {1}


@on_sqlite
async def test_what_the_release_before_has_queued_gets_its_place(floor: Floor, hire: Hire) -> None:
    await floor.configure()
    first = await floor.asks()
    await hire("lin")
    queued = await floor.asks()
    forget = sa.update(tables.conversations).values(rank=None, priority=None)
    await floor.database.write(lambda tx: tx.connection.execute(forget))
    await floor.sweep()
    assert await floor.whose(queued) == "lin"
    assert (await floor.head(first)).owner.kind is OwnerKind.MAILBOX


@on_sqlite
async def test_what_the_release_before_has_taken_leaves_no_place_behind(floor: Floor, hire: Hire, rows: Any) -> None:
    """It knows no places: it neither takes them away with the owner, nor moves them with the rank."""
    await floor.configure(mode="claim")
    await hire("lin")
    taken, moved = await floor.asks(priority=9), await floor.asks(priority=0)
    served = {"owner_kind": "agent", "owner_agent": "a_lin"}
    C, H = tables.conversations.c, tables.handoffs.c

    def as_before(tx: Any) -> None:
        tx.connection.execute(sa.update(tables.conversations).where(C.id == taken).values(**served))
        tx.connection.execute(sa.update(tables.handoffs).where(H.conversation == moved).values(rank=5, priority=8))

    await floor.database.write(as_before)
    handoff = str((await floor.head(moved)).handoff)
    waiting = await floor.database.read(lambda c: handoffs.find(c, "demo", handoff))
    await floor.sweep()
    assert await floor.database.read(lambda c: handoffs.place(c, waiting)) == 1, "nobody is before him"
    placed = {row["id"]: (row["rank"], row["priority"]) for row in await rows(tables.conversations)}
    assert placed == {taken: (None, None), moved: (5, 8)}
    assert await floor.database.read(places.misplaced) == await floor.database.read(places.stale) == []


@on_sqlite
async def test_a_place_that_comes_too_late_is_given_to_nobody(floor: Floor, hire: Hire, rows: Any) -> None:
    """Whoever was found without a place may be served before it is written."""
    await floor.configure(mode="claim")
    lin = await hire("lin")
    asked = await floor.asks()
    handoff = str((await floor.head(asked)).handoff)
    await floor.database.write(lambda tx: assign.accept(tx, handoff, lin, floor.context))
    await floor.database.write(lambda tx: places.move_place(tx.connection, "demo", asked, handoff))
    assert [row["rank"] for row in await rows(tables.conversations)] == [None]
    waiting = await floor.asks()
    assert not await floor.database.write(lambda tx: places.clear_place(tx.connection, "demo", waiting))


async def test_a_place_is_right_whatever_happens_to_its_rank(floor: Floor, hire: Hire, rows: Any) -> None:
    await floor.configure(mode="claim")
    await hire("lin")
    calm, urgent = await floor.asks(priority=1), await floor.asks(priority=8)

    async def places_of(*conversations: str) -> list[int]:
        heads = [await floor.head(one) for one in conversations]
        found = [
            await floor.database.read(lambda c, h=head.handoff: handoffs.find(c, "demo", str(h))) for head in heads
        ]
        return [await floor.database.read(lambda c, one=one: handoffs.place(c, one)) for one in found]

    assert await places_of(calm, urgent) == [2, 1]
    head = await floor.head(calm)
    handoff = await floor.database.read(lambda c: handoffs.find(c, "demo", str(head.handoff)))
    raised = waiting_handoff(1, priority=9, at=handoff.requested_at).rank
    await floor.database.write(lambda tx: handoffs.update(tx.connection, handoff, priority=9, rank=raised))
    assert await places_of(calm, urgent) == [1, 2]
    order = await floor.database.read(lambda c: [one.conversation for one in handoffs.waiting(c, "demo", "support")])
    assert order == [calm, urgent]
    moved = await floor.database.read(lambda c: handoffs.find(c, "demo", handoff.id))
    assert await floor.database.read(lambda c: handoffs.place(c, moved, most=1)) == 1
    lin = await floor.agent("a_lin")
    await floor.database.write(lambda tx: assign.accept(tx, handoff.id, lin, floor.context))
    (row,) = [row for row in await rows(tables.conversations) if row["id"] == calm]
    assert (row["rank"], row["priority"]) == (None, None), "who is served has no place"
    assert await places_of(urgent) == [1]


async def test_a_changed_worth_of_priority_moves_who_waits(floor: Floor, hire: Hire) -> None:
    """Places stayed as they were, and who came before the change was measured otherwise than who came after it."""
    before = await floor.configure(mode="claim", ageing_s=300)
    await hire("lin")
    calm = await floor.asks(priority=0)
    floor.clock.advance(400)
    urgent = await floor.asks(priority=2)
    other = await floor.asks(priority=1)

    async def order() -> list[str]:
        waiting = await floor.database.read(lambda c: handoffs.waiting(c, "demo", "support"))
        heads = [await floor.head(one.conversation) for one in waiting]
        assert [one.rank for one in waiting] == [rank(one.requested_at, one.priority, worth) for one in waiting], (
            "of the handoff"
        )
        return [one.id for one in heads]

    worth = timedelta(seconds=300)
    assert await order() == [urgent, calm, other]
    after, worth = await floor.configure(mode="claim", ageing_s=100), timedelta(seconds=100)
    await floor.database.write(lambda tx: handoffs.age_anew(tx.connection, "demo", before.settings, after.settings))
    assert await order() == [calm, urgent, other], "two classes are worth 200 s now, and he came 400 s later"
    assert await floor.database.read(places.stale) == []


@on_sqlite
async def test_no_look_at_a_queue_goes_through_all_rows(floor: Floor) -> None:
    """The plans of the statements that every waiting customer and every sweep costs, as SQLite tells them."""
    await floor.configure()
    now = floor.clock()

    def plans(connection: sa.Connection) -> list[str]:
        driver: Any = connection.connection.dbapi_connection
        told: list[str] = []
        driver.set_trace_callback(told.append)
        look_everywhere(connection, now)
        driver.set_trace_callback(None)
        return [str(step[3]) for text in told for step in driver.execute(f"EXPLAIN QUERY PLAN {text}")]

    steps = await floor.database.read(plans)
    assert len(steps) > 20
    scans = [one for one in steps if re.match(r"SCAN (conversations|handoffs|agents)\b", one)]
    assert [one for one in scans if not re.search("conversations_(unplaced|misplaced)", one)] == []


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_the_heads_of_a_queue_are_read_in_order_and_not_sorted(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL read all who waited in a language and sorted them: NULL in an index is no constant to it."""
    told: list[tuple[str, list[Any]]] = []
    fetch = statements._fetch
    monkeypatch.setattr(
        statements, "_fetch", lambda c, text, values: told.append((text, values)) or fetch(c, text, values)
    )

    def plan(connection: sa.Connection) -> str:
        groups = [places.Group("support", "en"), places.Group("senior", "zh")]
        places.heads(connection, "demo", groups, shop().settings.capacity, most=9)
        ((text, values),) = told[:1]
        for other_way in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{other_way} = off")
        return "\n".join(str(step[0]) for step in fetch(connection, f"EXPLAIN {text}", values))

    steps = await floor.database.read(plan)
    assert steps.count("conversations_by_lane") == 2, steps
    assert "Sort" not in steps, steps


def look_everywhere(connection: sa.Connection, now: datetime) -> None:
    weights = shop().settings.capacity
    agents.free(connection, "demo", now)
    places.heads(connection, "demo", [places.Group("support", "en"), places.Group("senior", "zh")], weights, most=9)
    list(places.kept(connection, "demo", weights))
    places.ahead(connection, "demo", "support", 5, "h", most=1000)
    places.first_in(connection, "demo", ["support"], most=10)
    calls.due(connection, "demo", "support", OwnerKind.QUEUE, now)
    calls.full_at(connection, "demo", now)
    calls.first_outside(connection, "demo", "support", since=now, before=now)
    places.waiting_tenants(connection)
    places.queues_of(connection, "demo")
    places.unplaced(connection)
    places.misplaced(connection)
    places.first_rank(connection, "demo", "support")
    handoffs.recent_acceptances(connection, "demo", "support", since=now)
    handoffs.last_ahead(connection, "demo", "support", 0, since=now, until=now)
    handoffs.ended(connection, "demo", "support", since=now)
    handoffs.arrivals(connection, "demo", "support", since=now)
    handoffs.in_service(connection, "demo", "support")
    handoffs.last_served_by(connection, "demo", "k_1", since=now)


async def test_the_expected_wait_says_how_sure_it_is_and_a_peak_offers_something_else(
    floor: Floor, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await floor.configure(peak={"wait_s": 120, "offer": "callback"})
    await hire("lin", capacity=1)
    for _ in range(6):
        done = await floor.asks()
        await floor.sweep(1)
        await floor.accept(done)
        floor.clock.advance(600)
        await floor.close(done)
    held = await floor.asks()
    await floor.sweep(1)
    await floor.accept(held)
    waiting = [await floor.asks() for _ in range(2)]
    head = await floor.head(waiting[1])
    told = await floor.database.read(lambda c: waiting_numbers(c, head, floor.context))
    assert (told["place"], told["peak"]) == (2, "callback")
    assert (told["wait_s"], told["wait"]) == (None, None), "with one agent nobody can say how long"
    monkeypatch.setattr(queue, "FEWEST_SERVED", 1)
    told = await floor.database.read(lambda c: waiting_numbers(c, head, floor.context))
    assert told["wait"]["low_s"] < told["wait_s"] < told["wait"]["high_s"]
    assert 600 < told["wait_s"] < 1800, "two conversations of ten minutes are before him"
    told = await floor.database.read(lambda c: welcome(c, tenant, "support", 3, "en", floor.context))
    text = told["text"]
    assert ("call you back" in text, told["asks"]) == (True, "number")
    entries = await floor.database.read(lambda c: store.entries_after(c, "demo", head.id, 0))
    said = next(told for entry in entries if "call you back" in (told := str(entry.body.get("text"))))
    assert "minutes" not in said, "he joined when nobody could say how long"
    assert "about" in text
    assert "minutes" in text
    gone = await floor.head(held)
    nothing = await floor.database.read(lambda c: waiting_numbers(c, gone, floor.context))
    assert set(nothing.values()) == {None}
