"""Random walks: everybody does anything to a few tickets, and after each step every log leads to what is stored."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import TandemError
from handoff_service.tickets import follow_up, log, merge, store, update, work
from handoff_service.tickets.model import State, Ticket
from handoff_service.tickets.states import UNFINISHED, replay
from tests.handoff_service.tickets.conftest import Office
from tests.handoff_service.tickets.test_work import plan, split

VERBS = ("take", "release", "assign", "wait", "resolve", "close", "reopen", "note", "tell", "says", "merge", "split",
         "plan", "later", "opens")  # fmt: skip


class Walk:
    def __init__(self, office: Office, seed: int) -> None:
        self.office, self.draw = office, random.Random(seed)
        self.tickets: list[Ticket] = []
        self.outcomes: Counter[str] = Counter()

    async def step(self) -> None:
        """One verb by somebody, refused or not."""
        verb = self.draw.choice(VERBS)
        if verb == "opens" and len(self.tickets) > 5:
            verb = "later"
        try:
            await getattr(self, f"_{verb}")(self.draw.choice(["lin", "maya", "chen"]), self.draw.choice(self.tickets))
            self.outcomes[verb] += 1
        except TandemError as error:
            self.outcomes[error.code] += 1

    async def _opens(self, who: str, _: Ticket) -> None:
        self.tickets.append(await self.office.opens(f"case {len(self.tickets)}", by=who))

    async def _take(self, who: str, one: Ticket) -> None:
        await self.office.does(who, work.take, one)

    async def _release(self, who: str, one: Ticket) -> None:
        await self.office.does(who, work.release, one)

    async def _assign(self, who: str, one: Ticket) -> None:
        await self.office.does(who, work.assign, one, to_agent="a_maya", to_queue=None)

    async def _wait(self, who: str, one: Ticket) -> None:
        await self.office.does(who, work.wait, one)

    async def _resolve(self, who: str, one: Ticket) -> None:
        await self.office.does(who, work.resolve, one)

    async def _close(self, who: str, one: Ticket) -> None:
        await self.office.does(who, work.close, one)

    async def _reopen(self, who: str, one: Ticket) -> None:
        def again(tx: Any, agent: Any, ticket: Ticket, context: Any) -> Ticket:
            return work.reopen(tx, ticket, work.actor_of(agent), context, {})

        await self.office.does(who, again, one)

    async def _note(self, who: str, one: Ticket) -> None:
        await self.office.does(who, update.note, one, "noted")

    async def _tell(self, who: str, one: Ticket) -> None:
        await self.office.tells(who, one, "told")

    async def _says(self, _: str, one: Ticket) -> None:
        await self.office.says(self.draw.choice(["谢谢", "still broken", str(one.number)]))

    async def _merge(self, who: str, one: Ticket) -> None:
        agent, into, context = self.office.people[who], self.draw.choice(self.tickets), self.office.context()
        await self.office.database.write(lambda tx: merge.merge(tx, agent, one.id, into.id, context))

    async def _split(self, who: str, one: Ticket) -> None:
        _, second = await self.office.does(who, split, one, subject="part", type="order", lines=[1], conversations=[])
        self.tickets.append(second)

    async def _plan(self, who: str, one: Ticket) -> None:
        await self.office.does(who, plan, one, kind=self.draw.choice(["message", "task"]), text="ask")

    async def _later(self, _: str, __: Ticket) -> None:
        self.office.clock.advance(self.draw.choice([60, 86_400, 5 * 86_400]))
        context = self.office.context()
        due = await self.office.database.read(lambda c: store.to_look_at(c, context.now))
        for tenant, ticket in due:
            await self.office.database.write(lambda tx, t=tenant, i=ticket: follow_up.on_look(tx, t, i, context))

    async def check(self) -> None:
        rows = await self.office.database.read(self._everything)
        for ticket, lines in rows:
            assert replay(lines) == (ticket.state, ticket.agent, ticket.last_n)
            assert (ticket.ended_at is None) == (ticket.state in UNFINISHED)
            if ticket.merged_into is not None:
                assert ticket.state is State.CLOSED
            if ticket.state in (State.OPEN, State.IN_PROGRESS):
                assert ticket.look_at is not None or ticket.overdue_at is not None, "nobody looks at it any more"
        numbers = [ticket.number for ticket, _ in rows]
        assert len(set(numbers)) == len(numbers) == len(self.tickets), "a ticket is lost, or has another's number"

    @staticmethod
    def _everything(connection: sa.Connection) -> list[Any]:
        found = [store.ticket_of(row) for row in connection.execute(sa.select(tables.tickets)).mappings()]
        return [(one, log.lines(connection, one, limit=10_000)) for one in found]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(2))
async def test_nothing_breaks_whatever_is_done(office: Office, seed: int) -> None:
    walk = Walk(office, seed)
    for _ in range(3):
        walk.tickets.append(await office.opens("case"))
    for _ in range(120):
        await walk.step()
        await walk.check()
    assert sum(walk.outcomes[verb] for verb in VERBS) > 40, walk.outcomes
    assert office.clock() > office.conversation.opened_at + timedelta(days=3)
