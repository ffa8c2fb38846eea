"""A legal hold and an erasure at the same moment, where transactions run beside each other: one of them is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Database, Transaction
from handoff_service.errors import Conflict
from handoff_service.retention import store
from handoff_service.retention.erase import begin
from handoff_service.retention.expire import set_hold
from handoff_service.retention.reach import Whom
from tests.handoff_service.stage import person

pytestmark = [pytest.mark.parametrize("engine", ["postgresql"], indirect=True), pytest.mark.usefixtures("tenant")]

LONG_S = 0.5  # the first transaction stays open so long after its work; the second begins in this time


async def both_at_once(database: Database, first: Callable[[Transaction], Any], second: Callable[[Transaction], Any]):
    """What became of each: the second begins when the first has done its work and has not committed yet."""
    at_work = asyncio.Event()

    def slow(tx: Transaction) -> None:
        first(tx)
        at_work.set()
        tx.connection.execute(sa.text(f"SELECT pg_sleep({LONG_S})"))

    async def behind() -> None:
        await at_work.wait()
        await database.write(second)

    return await asyncio.gather(database.write(slow), behind(), return_exceptions=True)


@pytest.mark.parametrize("hold_first", [True, False])
@pytest.mark.parametrize("on_merged", [True, False], ids=["merged", "himself"])
async def test_of_a_hold_and_an_erasure_one_is_refused(
    database: Database, arrive: Any, context: Any, hold_first: bool, on_merged: bool
) -> None:
    ann, other = await arrive(), await arrive()

    def talk(tx: Transaction, sender: Sender) -> str:
        return receive(tx, sender, client_id=f"c-{sender.contact}", body={"text": "say"}, context=context())[0].id

    talks = {one.contact: await database.write(lambda tx, s=one: talk(tx, s)) for one in (ann, other)}
    await database.write(lambda tx: contacts.join(tx.connection, "demo", ann.contact, other.contact))
    target = other.contact if on_merged else ann.contact

    def hold(tx: Transaction) -> None:
        set_hold(tx, person("boss"), talks[target], hold=True, reference="c/1", context=context())

    def erase(tx: Transaction) -> None:
        begin(tx, "demo", ann.contact, Whom(merged=True), requested_by="agent:x", context=context())

    order = (hold, erase) if hold_first else (erase, hold)
    done, refused = await both_at_once(database, *order)
    assert done is None
    assert isinstance(refused, Conflict), "each has looked before the other was there"
    held = await database.read(lambda c: store.is_held(c, "demo", talks[target]))
    running = await database.read(lambda c: store.running_job(c, "demo", "erase", target))
    assert (held, running is not None) == (hold_first, not hold_first)


async def test_who_is_merged_while_the_erasure_begins_is_not_erased_unseen(
    database: Database, arrive: Any, context: Any
) -> None:
    ann, eve = await arrive(), await arrive()

    def merge(tx: Transaction) -> None:
        contacts.join(tx.connection, "demo", ann.contact, eve.contact)

    def erase(tx: Transaction) -> None:
        whom = Whom(merged=True, shown=[ann.contact])
        begin(tx, "demo", ann.contact, whom, requested_by="agent:x", context=context())

    done, refused = await both_at_once(database, merge, erase)
    assert done is None
    assert isinstance(refused, Conflict)
    assert await database.read(lambda c: store.latest_jobs(c, "demo", limit=9)) == []
