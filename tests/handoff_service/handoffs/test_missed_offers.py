"""Offers that lead to nothing: a growing pause for who let them pass, away in the end, and nobody starves meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.agents.presence import on_duty, present
from handoff_service.calls import store as calls
from handoff_service.calls.model import LONGEST_REST, Call, Pace, Rung, resting
from handoff_service.conversations.model import OwnerKind
from handoff_service.database import Database
from handoff_service.handoffs import assign
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.routing.checks import problems
from handoff_service.settings import Settings
from tests.handoff_service.handoffs.test_push import Floor
from tests.handoff_service.stage import MONDAY, FakeClock, person, shop

Hire = Callable[..., Awaitable[Agent]]


@pytest.fixture
def engine() -> str:
    return "sqlite"


@pytest.fixture
def floor(database: Database, settings: Settings, clock: FakeClock, arrive: Any) -> Floor:
    return Floor(database, settings, clock, arrive)


def handoff_of(connection: sa.Connection, conversation: str) -> str:
    return str(connection.execute(sa.select(tables.conversations.c.handoff).filter_by(id=conversation)).scalar_one())


async def offers_to(floor: Floor, conversation: str, agent: Agent) -> list[int]:
    """The seconds at which a conversation was offered to him, from its first call on."""
    head = await floor.head(conversation)
    made = await floor.database.read(lambda c: calls.of_handoff(c, "demo", str(head.handoff)))
    return [round((one.at - made[0].at).total_seconds()) for one in made if one.agent == agent.id]


async def shows_all(floor: Floor) -> None:
    """Every desk confirms what it was offered, so that offers last as long as they may."""
    shown = sa.update(tables.calls).where(tables.calls.c.rung == "agent").values(shown_at=floor.clock())
    await floor.database.write(lambda tx: tx.connection.execute(shown))


async def test_who_lets_an_offer_pass_is_asked_again_later_and_later(floor: Floor, hire: Hire) -> None:
    await floor.configure(missed_away=0)
    lin = await hire("lin")
    await hire("maya", capacity=1, open=1)  # busy, but there
    waiting = await floor.asks()
    for _ in range(16):
        await floor.sweep(10)
        await shows_all(floor)
    assert await offers_to(floor, waiting, lin) == [10, 70, 160], "30 s for the offer, then 30 and 60 s of rest"


async def test_the_only_one_there_is_asked_again_without_a_pause_but_after_all_others(floor: Floor, hire: Hire) -> None:
    await floor.configure(missed_away=0)
    lin = await hire("lin")
    await hire("maya", queues=("senior",))
    first = await floor.asks()
    for _ in range(10):
        await floor.sweep(10)
        await shows_all(floor)
    assert await offers_to(floor, first, lin) == [10, 40, 70, 100], "nobody else could be asked meanwhile"
    second = await floor.asks()
    for _ in range(4):
        await floor.sweep(10)
        await shows_all(floor)
    assert await floor.whose(second) == "lin", "who was let pass hides nobody behind him"
    await floor.accept(second)
    await floor.sweep(1)
    assert await floor.whose(first) == "lin"
    await floor.database.write(lambda tx: assign.decline(tx, handoff_of(tx.connection, first), lin, floor.context))
    await floor.sweep(1)
    assert await floor.whose(first) is None, "who says no is not asked in the same moment"
    await floor.sweep(30)
    assert await floor.whose(first) == "lin"


def test_the_pause_has_an_end() -> None:
    pace = Pace(*(timedelta(seconds=each) for each in (20, 120, 30)))
    asked = [Call(n=n, rung=Rung.AGENT, agent="a_lin", at=MONDAY) for n in range(2, 50)]
    wait = [Call(n=1, rung=Rung.QUEUED, agent=None, at=MONDAY), *asked]
    end = MONDAY + pace.offer + LONGEST_REST
    assert resting(wait, pace, end - timedelta(seconds=1)) == {"a_lin"}
    assert resting(wait, pace, end) == frozenset()
    again = [*wait, Call(n=60, rung=Rung.QUEUED, agent=None, at=MONDAY)]
    assert resting(again, pace, MONDAY) == frozenset(), "a new wait begins without the old pauses"


async def test_others_are_asked_meanwhile_and_he_is_asked_for_others(floor: Floor, hire: Hire) -> None:
    await floor.configure()
    await hire("lin")
    first = await floor.asks()
    await floor.sweep()
    lin = await floor.agent("a_lin")
    await floor.database.write(lambda tx: assign.decline(tx, handoff_of(tx.connection, first), lin, floor.context))
    await floor.sweep(1)
    assert await floor.whose(first) is None
    second = await floor.asks()
    await floor.sweep(1)
    assert (await floor.whose(first), await floor.whose(second)) == (None, "lin"), "the pause is only for this one"
    await hire("maya")
    await floor.sweep(1)
    assert await floor.whose(first) == "maya"


async def test_whom_he_has_let_pass_hides_nobody_behind_them(floor: Floor, hire: Hire) -> None:
    await floor.configure(missed_away=0)
    lin = await hire("lin")
    passed = [await floor.asks(priority=9) for _ in range(9)]
    for one in passed:
        await floor.sweep()
        assert await floor.whose(one) == "lin"
        await floor.database.write(
            lambda tx, c=one: assign.decline(tx, handoff_of(tx.connection, c), lin, floor.context)
        )
    last = await floor.asks(priority=0)
    await floor.sweep()
    assert await floor.whose(last) == "lin"


async def test_after_three_missed_offers_he_is_away_and_reads_why(floor: Floor, hire: Hire) -> None:
    await floor.configure()
    await hire("lin")
    await hire("maya", capacity=1, open=1)  # busy, but there
    waiting = await floor.asks()
    for _ in range(12):
        await floor.sweep(31)
        await shows_all(floor)
    lin = await floor.agent("a_lin")
    assert (lin.status, lin.reason) == (Status.AWAY, "连续 3 次未接受分配，已自动设为离开")
    head = await floor.head(waiting)
    assert head.owner.kind is OwnerKind.QUEUE, "he keeps his place"
    made = await floor.database.read(lambda c: calls.of_handoff(c, "demo", str(head.handoff)))
    rungs = [one.rung for one in made if one.rung is not Rung.AGENT]
    assert rungs[:4] == ["queued", "team", "supervisor", "outside"], "and others are called meanwhile"


async def test_what_no_desk_has_shown_counts_for_nothing(floor: Floor, hire: Hire, rows: Any) -> None:
    await floor.configure(accept_s=120)
    for name in ("lin", "maya", "bo"):
        await hire(name)
    for _ in range(9):
        await floor.asks()
    for _ in range(20):
        await floor.sweep(5)
    assert {(row["status"], row["missed_row"]) for row in await rows(tables.agents)} == {("online", 0)}


async def test_the_last_one_of_a_queue_stays(floor: Floor, hire: Hire) -> None:
    await floor.configure()
    await hire("lin")
    await hire("maya", queues=("senior",))
    await floor.asks()
    for _ in range(30):
        await floor.sweep(31)
        await shows_all(floor)
    assert (await floor.agent("a_lin")).status is Status.ONLINE, "away he would be of no more use to anybody"


async def test_who_declines_is_there(floor: Floor, hire: Hire, rows: Any) -> None:
    await floor.configure()
    await hire("lin")
    waiting = await floor.asks()
    await floor.sweep()
    await shows_all(floor)
    await floor.sweep(31)
    assert [row["missed_row"] for row in await rows(tables.agents)] == [1]
    await floor.sweep(31)
    lin = await floor.agent("a_lin")
    await floor.database.write(lambda tx: assign.decline(tx, handoff_of(tx.connection, waiting), lin, floor.context))
    assert [row["missed_row"] for row in await rows(tables.agents)] == [0]


async def test_an_answered_offer_or_a_word_of_his_begins_the_count_anew(floor: Floor, hire: Hire, rows: Any) -> None:
    await floor.configure()
    await hire("lin")

    async def missed() -> int:
        (row,) = await rows(tables.agents)
        return int(row["missed_row"])

    first = await floor.asks()
    await floor.sweep()
    await shows_all(floor)
    await floor.sweep(31)
    assert await missed() == 1
    await floor.sweep(31)
    await floor.accept(first)
    assert await missed() == 0
    await floor.asks()
    await floor.sweep()
    await shows_all(floor)
    await floor.sweep(31)
    assert await missed() == 1
    await floor.database.write(lambda tx: agents.set_status(tx.connection, "demo", "a_lin", Status.ONLINE))
    assert await missed() == 0


async def test_offer_after_offer_does_not_keep_anybody_from_flowing_over(floor: Floor, hire: Hire) -> None:
    """Each ignored offer put the look at his time in the queue off."""
    await floor.configure(overflow={"to": "mailbox", "after_s": 100}, accept_s=5, missed_away=0)
    for number in range(8):
        await hire(f"agent{number}")
    waiting = await floor.asks()
    for _ in range(17):
        await floor.sweep(6)
        await shows_all(floor)
    made = await floor.database.read(lambda c: calls.of_handoff(c, "demo", handoff_of(c, waiting)))
    assert len([one for one in made if one.rung is Rung.AGENT]) > 12, "he was offered all the time"
    assert (await floor.head(waiting)).owner.kind is OwnerKind.MAILBOX


async def test_nor_from_an_apology_for_the_long_wait(floor: Floor, hire: Hire) -> None:
    await floor.configure(accept_s=5, missed_away=0)
    floor.settings = floor.settings.model_copy(update={"long_wait_s": 70})
    for number in range(4):
        await hire(f"agent{number}")
    waiting = await floor.asks()
    for _ in range(15):
        await floor.sweep(6)
        await shows_all(floor)
    head = await floor.head(waiting)
    handoff = await floor.database.read(lambda c: handoffs.find(c, "demo", str(head.handoff)))
    assert handoff.evidence.get("long_wait") is True


async def test_one_tenant_that_cannot_be_read_stops_no_offers(floor: Floor, hire: Hire) -> None:
    await floor.configure()
    await hire("lin")
    lost, waiting = await floor.asks(), await floor.asks()
    gone = sa.update(tables.conversations).where(tables.conversations.c.id == lost).values(tenant="a-gone-one")
    await floor.database.write(lambda tx: tx.connection.execute(gone))
    await floor.sweep()
    assert await floor.whose(waiting) == "lin"


@pytest.mark.parametrize("role", [Role.TRAINER, Role.ANALYST])
async def test_nobody_waits_for_a_role_that_may_not_answer(floor: Floor, hire: Hire, role: Role) -> None:
    await floor.configure()
    someone = await hire("someone", role=role)
    now = floor.clock()
    assert not present(someone, {someone.id})
    assert not on_duty([someone], {someone.id}, "support", now=now, grace=timedelta(minutes=1))
    assert (await floor.head(await floor.asks())).owner.kind is OwnerKind.MAILBOX
    told = problems(shop().settings, [person("someone", role=role)])
    assert "nobody serves the queue support" in told[0]
