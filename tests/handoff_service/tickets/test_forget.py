"""Erasing and keeping: nothing of an erased person is left, and open work is not taken away from under itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.complaints import remedies
from handoff_service.complaints.register import add_evidence, file_complaint
from handoff_service.conversations import store as conversations
from handoff_service.handoffs import release
from handoff_service.retention.erase import erase_at_once
from handoff_service.retention.export import export_person
from handoff_service.retention.store import expired
from handoff_service.tickets import merge, store, update, work
from handoff_service.tickets.model import Source, State
from handoff_service.tickets.states import replay
from tests.handoff_service.stage import MONDAY
from tests.handoff_service.tickets.conftest import Office
from tests.handoff_service.tickets.test_work import plan, split

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
CANARY = "kanarienvogel"


async def singing(office: Office) -> set[str]:
    """Tables in which the canary still sings."""

    def look(connection: sa.Connection) -> set[str]:
        return {
            table.name
            for table in tables.metadata.sorted_tables
            for row in connection.execute(sa.select(table))
            if CANARY in str(tuple(row))
        }

    return await office.database.read(look)


async def test_nothing_of_an_erased_person_is_left_and_the_numbers_stay(office: Office, arrive: Any) -> None:
    say = f"I am {CANARY}"
    case = await office.database.write(
        lambda tx: file_complaint(
            tx,
            "demo",
            subject=say,
            source=Source.HAND,
            conversation=office.conversation,
            context=office.context(),
            wanted=say,
            fields={"name": CANARY},
        )
    )
    await office.does("lin", update.note, case, say)
    await office.tells("lin", case, say)
    await office.does(
        "lin", lambda tx, a, t, c: add_evidence(tx, a, t, c, kind="statement", value=say, file=None), case
    )
    await office.does(
        "lin", lambda tx, a, t, c: remedies.propose(tx, a, t, c, kind="refund", amount=900, note=say), case
    )
    await office.does("lin", plan, case, text=say)
    _, second = await office.does("lin", split, case, subject=say, type="order", lines=[3], conversations=[])
    merged = await office.opens(say)
    lin, context = office.people["lin"], office.context()
    await office.database.write(lambda tx: merge.merge(tx, lin, merged.id, second.id, context))
    called = await office.opens(say, conversation=None, contact=office.customer.contact)
    witness = await arrive()
    kept = await office.opens("the witness", conversation=(await office.says("mine", witness))[0])

    told = await office.database.write(
        lambda tx: export_person(tx, "demo", office.customer.contact, requested_by="operator", context=context)
    )
    assert [one["number"] for one in told["tickets"]] == [called.number]
    assert await singing(office) >= {"tickets", "ticket_events", "ticket_words", "complaints", "remedies", "entries"}
    await office.database.write(lambda tx: erase_at_once(tx, "demo", office.customer.contact, office.context()))
    assert await singing(office) == set()
    for one in (case, second, merged, called):
        now = await office.now(one)
        assert (now.state, now.number, now.subject) == (State.CLOSED, one.number, "")
    (remedy,) = await office.database.read(lambda c: _remedies(c, case.id))
    assert (remedy.amount, remedy.note) == (900, "")
    assert (await office.now(kept)).subject == "the witness"


def _remedies(connection: sa.Connection, ticket: str) -> Any:
    from handoff_service.complaints import store as complaints

    return complaints.remedies(connection, "demo", [ticket])


@only_sqlite
async def test_a_conversation_is_kept_while_work_on_it_is_left(office: Office) -> None:
    ticket = await office.opens()
    linked = (await office.says("hello again"))[0]
    assert linked.id == office.conversation.id
    await office.database.write(
        lambda tx: release.close_idle(
            tx, conversations.find(tx.connection, "demo", linked.id, lock=True), office.context()
        )
    )
    later = MONDAY + timedelta(days=400)

    async def old() -> list[str]:
        return await office.database.read(lambda c: expired(c, "demo", later, limit=10))

    assert await old() == []
    await office.does("lin", work.resolve, ticket)
    assert await old() == [linked.id]
    office.clock.advance(2 * 86400)
    second = (await office.says("something new"))[0]
    other = await office.opens("another", conversation=second)
    await office.does("lin", work.link, other, linked.id)
    assert await old() == [], "also one that was linked later"
    await office.does("lin", work.close, other)
    assert await old() == [linked.id]


@only_sqlite
async def test_what_the_release_before_has_written_is_a_ticket_like_others(office: Office) -> None:
    """Beside a newer one an older replica files `filed` without a contact, and ends it as `done`."""
    row = {
        "tenant": "demo", "id": "t_old", "conversation": office.conversation.id, "subject": "old", "reply_to": "",
        "state": "filed", "due_at": MONDAY, "created_at": MONDAY, "number": "T261101-000001", "type": "callback",
        "fields": {"phone": "1"}, "turn": "t_1",
    }  # fmt: skip
    await office.database.write(lambda tx: tx.connection.execute(sa.insert(tables.tickets).values(**row)) and None)
    found = await office.database.read(lambda c: store.find(c, "demo", "t_old", None))
    assert (found.state, found.priority, found.source, found.updated_at) == (State.OPEN, 3, "bot", MONDAY)
    taken = await office.does("lin", work.take, found)
    assert taken.last_n == 2
    await office.now(found)
    await office.does("lin", work.finish, found)
    stored = await office.database.read(
        lambda c: c.execute(sa.select(tables.tickets.c.state).where(tables.tickets.c.id == "t_old")).scalar_one()
    )
    assert stored == "done", "as the release before calls it"
    assert replay(await office.log(found))[0] is State.CLOSED
