"""An agent whom a pool lends to two clients: what he may say, what he is asked in how many queries, and his end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.admin import people, store
from handoff_service.agents import store as agents
from handoff_service.agents.canned import refuse_foreign
from handoff_service.agents.lending import with_what_is_left
from handoff_service.agents.model import Agent
from handoff_service.agents.presence import lost
from handoff_service.callers import operator
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.conversations.receive import receive
from handoff_service.database import Database
from handoff_service.errors import Invalid
from handoff_service.knowledge import store as knowledge
from handoff_service.knowledge.matching import Copy
from handoff_service.tenants import store as tenants
from handoff_service.tenants.wording import CannedReply
from handoff_service.tickets import follow_up, update, work
from handoff_service.tickets.model import Source
from handoff_service.tickets.open import open_work
from tests.handoff_service.stage import MONDAY, person, shop, start_shift

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
BOOTS = "Boots can be returned within thirty days if they were not worn outside."
CARE = "Brush your boots weekly and never dry them on a heater."


@pytest.fixture
async def lent(database: Database, tenant: Any) -> Agent:
    """Lin of the pool as the demo shop knows her; the boot shop, which has words of its own, knows her too."""
    boots = shop("boots")
    wording = {"canned_replies": (CannedReply(id="boots", title="Returns", en=BOOTS),)}

    def stored(tx: Any) -> Agent:
        tenants.save(tx.connection, shop("pool"))
        tenants.save(tx.connection, boots.model_copy(update={"settings": boots.settings.model_copy(update=wording)}))
        agents.save(tx.connection, person("lin", tenant="pool", capacity=3), "none")
        home = {"home_tenant": "pool", "home_agent": "a_lin"}
        agents.save(tx.connection, person("lin", tenant="boots", open=2, **home), "none")
        return start_shift(tx.connection, person("lin", tenant=tenant.id, capacity=5, **home), MONDAY)

    return await database.write(stored)


@contextmanager
def counted(connection: sa.Connection) -> Iterator[list[str]]:
    """The statements that are sent."""
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    sa.event.listen(connection, "before_cursor_execute", note)
    yield sent
    sa.event.remove(connection, "before_cursor_execute", note)


async def test_neither_a_ticket_nor_a_planned_message_carries_the_words_of_another_client(
    database: Database, lent: Agent, arrive: Any, context: Any
) -> None:
    customer = await arrive()
    conversation = await database.write(lambda tx: _spoken(tx, customer, context()))
    options: dict[str, Any] = {"type": "order", "source": Source.HAND, "conversation": conversation}
    ticket = await database.write(
        lambda tx: open_work(tx, "demo", subject="x", actor=work.actor_of(lent), context=context(), **options)
    )

    def told(tx: Any, text: str) -> Any:
        return update.tell(tx, lent, ticket.id, text, context())

    def planned(tx: Any, text: str, kind: str = "message") -> Any:
        at = context().now + timedelta(days=1)
        return follow_up.plan(tx, lent, work.locked(tx, lent, ticket.id), context(), at=at, kind=kind, text=text)

    for deed in (told, planned):
        with pytest.raises(Invalid, match="the canned reply boots is one of"):
            await database.write(lambda tx, d=deed: d(tx, f"Dear customer! {BOOTS}"))
        await database.write(lambda tx, d=deed: d(tx, "Your tea is on its way."))
    await database.write(lambda tx: planned(tx, BOOTS, kind="task"))  # only colleagues read a task


def _spoken(tx: Any, customer: Any, context: Context) -> Conversation:
    return receive(tx, customer, client_id="c-1", body={"text": "hello"}, context=context)[0]


async def test_articles_are_read_once_for_each_version(database: Database, lent: Agent) -> None:
    def copied(tx: Any, answer: str, minutes: int) -> None:
        made = [Copy("care", "en", "Care", (), answer)]
        knowledge.replace(tx.connection, "boots", made, MONDAY + timedelta(minutes=minutes))

    def said(connection: sa.Connection, text: str) -> tuple[str, int]:
        with counted(connection) as sent:
            try:
                refuse_foreign(connection, lent, {"text": text})
            except Invalid as error:
                return error.message, sum("answer" in one for one in sent)
        return "", sum("answer" in one for one in sent)

    await database.write(lambda tx: copied(tx, CARE, 0))
    message, loads = await database.read(lambda c: said(c, CARE))
    assert "the article care" in message
    assert loads == 1
    assert (await database.read(lambda c: said(c, CARE)))[1] == 0
    await database.write(lambda tx: copied(tx, "Something else that is long enough to know.", 1))
    assert await database.read(lambda c: said(c, CARE)) == ("", 1)


async def test_however_many_agents_there_are_they_are_asked_for_once(database: Database, lent: Agent) -> None:
    def hired(tx: Any) -> None:
        for number in range(8):
            agents.save(tx.connection, person(f"p{number}", tenant="pool", capacity=number + 1), "none")
            home = {"home_tenant": "pool", "home_agent": f"a_p{number}"}
            agents.save(tx.connection, person(f"p{number}", tenant="boots", open=1, **home), "none")
            agents.save(tx.connection, person(f"p{number}", tenant="demo", capacity=5, **home), "none")

    await database.write(hired)

    def look(connection: sa.Connection) -> tuple[list[Agent], list[Agent], int]:
        with counted(connection) as sent:
            everybody = store.accounts(connection, "demo")
            left = with_what_is_left(connection, everybody)
        return everybody, left, len(sent)

    assert lent.home_tenant == "pool"
    everybody, left, queries = await database.read(look)
    assert queries == 2
    room = {one.id: one.capacity for one in left}
    # Each has one conversation elsewhere, Lin two; more than five is not allowed here.
    assert room == {"a_lin": 1, **{f"a_p{number}": min(5, number) for number in range(8)}}
    assert [replace(one, capacity=5) for one in left] == everybody


async def test_who_is_disabled_at_home_is_gone_at_his_clients_at_once(
    database: Database, lent: Agent, context: Any, rows: Any
) -> None:
    assert not lent.disabled
    await database.write(lambda tx: people.set_disabled(tx, operator("pool"), "a_lin", context(), disabled=True))
    known = await database.read(lambda c: agents.known_as(c, "pool", "a_lin"))
    assert [(one.tenant, one.disabled) for one in known] == [("pool", True), ("boots", True), ("demo", True)]
    assert all(lost(one, {one.id}, now=MONDAY, grace=timedelta(days=1)) for one in known)
    noted = [(row["tenant"], row["detail"]) for row in await rows(tables.audit) if row["action"] == "agent_disabled"]
    assert noted == [("pool", {}), ("boots", {"closed_by": "pool"}), ("demo", {"closed_by": "pool"})]
