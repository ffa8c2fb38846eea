"""F-75: a conversation that the bot cannot help is not passed to and fro; a person is never refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from handoff_service import tables
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Event, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.database import Database
from handoff_service.errors import IllegalTransition, StaysWithPeople
from handoff_service.handoffs import assign, release
from handoff_service.handoffs.request import HOUR, request_handoff
from tests.handoff_service.conversations.world import World
from tests.handoff_service.stage import FakeClock

Moment = Callable[[], Context]


class Case:
    """A conversation that goes from hand to hand."""

    def __init__(self, database: Database, conversation: Conversation, context: Moment, people: list[Any]) -> None:
        self.database, self.now, self.context, self.people = database, conversation, context, people

    async def asks(self) -> None:
        self.now = await self.database.write(
            lambda tx: request_handoff(tx, self.now, Event.ASKED, evidence={}, context=self.context())
        )

    async def there_and_back(self) -> None:
        lin, _ = self.people
        await self.asks()
        self.now = await self.database.write(lambda tx: assign.accept(tx, str(self.now.handoff), lin, self.context()))
        self.now = await self.database.write(
            lambda tx: release.give_back(tx, self.now.id, lin, self.now.epoch, self.context())
        )


@pytest.fixture
async def case(database: Database, arrive: Any, hire: Any, context: Moment) -> Case:
    lin, sender = await hire("lin"), await arrive()
    body = {"text": "help"}
    conversation, _ = await database.write(
        lambda tx: receive(tx, sender, client_id="client-01", body=body, context=context())
    )
    return Case(database, conversation, context, [lin, sender])


async def test_after_four_handoffs_in_an_hour_it_stays_with_people(case: Case, clock: FakeClock) -> None:
    for _ in range(3):
        await case.there_and_back()
        clock.advance(600)
    with pytest.raises(StaysWithPeople) as refused:
        await case.there_and_back()
    assert refused.value.as_json()["code"] == "stays_with_people"
    assert refused.value.extra["until"] == "2026-11-02T10:30:00.000Z", "an hour after the first of the four"
    assert case.now.owner.kind is OwnerKind.AGENT, "nothing has changed"
    clock.advance(1801)
    lin, _ = case.people
    case.now = await case.database.write(
        lambda tx: release.give_back(tx, case.now.id, lin, case.now.epoch, case.context())
    )
    assert case.now.owner.kind is OwnerKind.BOT, "the first one is more than an hour ago"


async def test_who_left_the_queue_again_and_again_keeps_his_place(case: Case) -> None:
    _, sender = case.people
    for _ in range(3):
        await case.asks()
        case.now = await case.database.write(lambda tx: release.solved(tx, case.now, sender.author, case.context()))
    await case.asks()
    with pytest.raises(StaysWithPeople):
        await case.database.write(lambda tx: release.solved(tx, case.now, sender.author, case.context()))
    left = await case.database.write(
        lambda tx: release.leave_message(tx, case.now, sender.author, case.context(), reply_to="")
    )
    assert left.owner.kind is OwnerKind.MAILBOX, "he can still leave a message"


async def test_solved_with_the_bot_is_what_it_always_was(case: Case) -> None:
    for _ in range(4):
        with pytest.raises(IllegalTransition):
            await case.database.write(lambda tx: release.solved(tx, case.now, case.people[1].author, case.context()))


FIRST = 3  # the pick by which the first customer acts, and agents who own what they think they own
MOVES = st.lists(
    st.tuples(st.sampled_from(["asks_for_human", "is_solved", "accepts", "gives_back"]), st.integers(0, 400)),
    min_size=40,
    max_size=80,
)


@examples(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(MOVES)
def test_of_five_handoffs_two_are_an_hour_apart(moves: list[tuple[str, int]]) -> None:
    """Random days of one customer who is never closed."""
    world = World()
    world.step("customer_writes", FIRST, 0)
    for event, seconds in moves:
        world.step(event, FIRST, seconds)
    H = tables.handoffs.c
    with world.engine.connect() as connection:
        asked = [row.requested_at for row in connection.execute(sa.select(H.requested_at).order_by(H.requested_at))]
    assert all(later - earlier >= HOUR for earlier, later in zip(asked, asked[4:], strict=False))


def _most_in_an_hour(monkeypatch: pytest.MonkeyPatch | None, rounds: int = 12) -> int:
    """How often a customer whom the bot cannot help went to people within an hour, with the bound or without it."""
    if monkeypatch is not None:
        monkeypatch.setattr(release, "check_may_return", lambda *_: None)
    world = World()
    world.step("customer_writes", FIRST, 0)
    for _ in range(rounds):
        for event in ("asks_for_human", "is_solved"):
            world.step(event, FIRST, 60)
    H = tables.handoffs.c
    with world.engine.connect() as connection:
        return len(connection.execute(sa.select(H.id)).all())


def test_without_the_bound_it_goes_to_and_fro(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that the bound is what stops it: the same twenty-four minutes with it and without it."""
    assert _most_in_an_hour(None) == 4
    assert _most_in_an_hour(monkeypatch) == 12
