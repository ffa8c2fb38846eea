"""Heartbeats, and the release of what lost nodes hold, with a watch that is turned by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import tomllib

from handoff_service import outbox, tables
from handoff_service.agents import store as agents
from handoff_service.bell import Bell
from handoff_service.clock import utc_now
from handoff_service.conversations import store
from handoff_service.database import Database, PostgresDatabase, Transaction
from handoff_service.nodes import RELEASE, Nodes, release_lost
from tests.handoff_service.stage import person
from tests.handoff_service.web.serving import ROOT

LOST_S = 10.0
N, B = tables.nodes.c, tables.outbox.c


class Watch:
    """Seconds that only the test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database(new_database: str) -> AsyncIterator[Database]:
    one = PostgresDatabase(new_database, Bell())
    yield one
    await one.close()


def node(database: Database, name: str, watch: Watch, *, skew: float = 0.0) -> Nodes:
    return Nodes(database, node=name, clock=lambda: utc_now() + timedelta(seconds=skew), lost_s=LOST_S, watch=watch)


async def lease(database: Database, name: str) -> None:
    """The node leases the turn of a new conversation."""

    def work(tx: Transaction) -> None:
        found = store.create(tx.connection, "demo", channel="web", contact=f"k_{name}", language="en", now=utc_now())
        outbox.enqueue(tx, found, "bot", 1, utc_now() - timedelta(seconds=1))

    await database.write(work)
    assert await database.write(lambda tx: outbox.lease(tx, name, utc_now(), destinations={"bot"}))


async def holders(database: Database) -> set[str]:
    query = sa.select(B.lease_owner).where(B.state == "leased")
    return {row.lease_owner for row in await database.read(lambda connection: connection.execute(query).all())}


async def registered(database: Database) -> set[str]:
    return {row.id for row in await database.read(lambda connection: connection.execute(sa.select(N.id)).all())}


async def test_only_what_a_lost_node_holds_is_released(database: Database) -> None:
    watch = Watch()
    a, b, c = (node(database, name, watch) for name in ("a", "b", "c"))
    for one in (a, b, c):
        await one.beat()
    for name in ("a", "b", "c"):
        await lease(database, name)
    for _ in range(5):
        watch.now += LOST_S / 4
        await a.beat()
        await b.beat()
    assert await registered(database) == {"a", "b"}
    assert await holders(database) == {"a", "b"}


async def test_clocks_that_disagree_by_hours_lose_nobody(database: Database) -> None:
    """Only whether a heartbeat changes is looked at, never how old its time seems to be."""
    watch = Watch()
    fast, slow = node(database, "fast", watch, skew=7200), node(database, "slow", watch, skew=-7200)
    for _ in range(12):
        watch.now += LOST_S / 4
        await fast.beat()
        await slow.beat()
    assert await registered(database) == {"fast", "slow"}


async def test_one_that_was_stopped_itself_condemns_nobody_and_is_not_ready(database: Database) -> None:
    here, there = Watch(), Watch()
    zombie, other = node(database, "zombie", here), node(database, "other", there)
    assert not zombie.ready, "before its first heartbeat"
    await zombie.beat()
    await other.beat()
    await zombie.beat()
    assert zombie.ready
    here.now += 60  # it was stopped, and the other one was too busy to beat just now
    assert not zombie.ready
    await zombie.beat()
    assert zombie.ready
    assert await registered(database) == {"zombie", "other"}


async def test_a_zombie_that_was_struck_off_registers_again(database: Database) -> None:
    here, there = Watch(), Watch()
    zombie, other = node(database, "zombie", here), node(database, "other", there)
    await zombie.beat()
    await lease(database, "zombie")
    for _ in range(6):
        await other.beat()
        there.now += LOST_S / 4
    assert await registered(database) == {"other"}
    assert await holders(database) == set()
    here.now += 60
    await zombie.beat()
    assert await registered(database) == {"zombie", "other"}


async def test_a_heartbeat_at_the_last_moment_saves_the_leases(database: Database) -> None:
    """The look and the release are two transactions; in between the node may have beaten."""
    watch = Watch()
    late = node(database, "late", watch)
    await late.beat()
    await lease(database, "late")
    seen = await database.read(lambda connection: connection.execute(sa.select(N.seen_at)).scalar_one())
    await late.beat()
    assert not await database.write(lambda tx: release_lost(tx, ("late", seen), utc_now()))
    assert await holders(database) == {"late"}


HOUR = timedelta(hours=1)
DESK_S = timedelta(seconds=45)


async def keeps_a_desk(database: Database, name: str, kept_by: str | None, now: datetime) -> None:
    """An agent of this name with an open desk, as a gateway whose clock says `now` writes it."""

    def work(tx: Transaction) -> None:
        agents.save(tx.connection, person(name, id=name), "no password")
        agents.keep_desk(tx.connection, "demo", name, "desk", now=now, until=now + DESK_S, node=kept_by)

    await database.write(work)


async def at_their_desks(database: Database, now: datetime) -> set[str]:
    return await database.read(lambda connection: agents.connected(connection, "demo", now))


@pytest.mark.parametrize("skew", [-HOUR, HOUR])
async def test_a_desk_is_open_whatever_the_clock_of_another_gateway_says(database: Database, skew: timedelta) -> None:
    """Every clock that was a minute ahead closed the desks of the others, and their conversations went to the queue."""
    watch = Watch()
    his, other = node(database, "his", watch, skew=skew.total_seconds()), node(database, "other", watch)
    await his.beat()
    await other.beat()
    await keeps_a_desk(database, "lin", "his", utc_now() + skew)
    for now in (utc_now(), utc_now() + HOUR, utc_now() - HOUR):
        assert await at_their_desks(database, now) == {"lin"}
        await database.write(lambda tx, now=now: agents.forget_ended(tx.connection, now, oldest=now - 24 * HOUR))
        free = await database.read(lambda connection, now=now: agents.free(connection, "demo", now))
        assert [one.id for one in free] == ["lin"]


async def test_a_desk_that_nobody_renews_is_closed_by_the_clock_of_its_own_gateway(database: Database) -> None:
    watch = Watch()
    his = node(database, "his", watch)
    await keeps_a_desk(database, "lin", "his", utc_now() - DESK_S)
    await his.beat()
    assert await at_their_desks(database, utc_now() - 2 * HOUR) == set()
    await keeps_a_desk(database, "mei", None, utc_now())  # of a release that says nothing: its lease is all there is
    assert await at_their_desks(database, utc_now()) == {"mei"}
    assert await at_their_desks(database, utc_now() + HOUR) == set()


async def test_the_desks_of_a_lost_gateway_close_and_its_agents_have_their_grace_time(database: Database) -> None:
    watch = Watch()
    his, other = node(database, "his", watch, skew=-3600), node(database, "other", watch)
    await his.beat()
    await keeps_a_desk(database, "lin", "his", utc_now() - HOUR)
    for _ in range(6):
        await other.beat()
        watch.now += LOST_S / 4
    assert await registered(database) == {"other"}
    assert await at_their_desks(database, utc_now() - HOUR) == set()
    lin = await database.read(lambda connection: agents.find(connection, "demo", "lin"))
    assert lin.seen_at is not None
    assert utc_now() - lin.seen_at < timedelta(seconds=30), "seen until now, by the clock of who noticed"


def test_the_release_is_that_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == RELEASE
