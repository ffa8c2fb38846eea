"""What an entry costs: the same in a long conversation as in a short one, counted in steps of SQLite's own machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pysqlite3 as sqlite3

from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Event
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.database import Transaction
from handoff_service.handoffs import assign
from handoff_service.handoffs.request import request_handoff
from handoff_service.promises import store
from handoff_service.promises.chase import chase
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from tests.handoff_service.conversations.world import World

TARGET = {"first_reply_min": 10, "next_reply_min": 20, "resolution_min": 60}
SHORT, LONG = 6, 40
EVERY = 10  # steps of the machine between two counts


def steps(world: World, work: Callable[[Transaction], object]) -> int:
    """How many tens of steps the statements of a transaction took: each row that is looked at is several."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    with world.engine.begin() as connection:
        driver: Any = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(tick, EVERY)
        work(Transaction(connection))
        driver.set_progress_handler(None, 0)
    return count


def test_an_entry_costs_the_same_after_a_few_and_after_many() -> None:
    """A message of each side, and a look of the sweeper at the clock that it started; with a promise in every tenth."""
    world = World()
    with world.engine.begin() as connection:
        tenant = tenants.find(connection, "demo")
        parts = {**tenant.settings.model_dump(mode="json", exclude_none=True), "sla": [TARGET]}
        changed = TenantSettings.model_validate(parts)
        tenants.save(connection, tenant.model_copy(update={"settings": changed}))
    lin, sender = world.people[0], world.customers[0]

    def asks(tx: Transaction) -> Any:
        found, _ = receive(tx, sender, client_id="client-ask", body={"text": "help"}, context=world.context)
        found = request_handoff(tx, found, Event.ASKED, evidence={}, context=world.context)
        return assign.accept(tx, str(found.handoff), lin, world.context)

    with world.engine.begin() as connection:
        held = asks(Transaction(connection))

    def hears(number: int) -> Callable[[Transaction], object]:
        what = {"client_id": f"client-{number:05}", "body": {"text": "and now?"}}
        return lambda tx: receive(tx, sender, context=world.context, **what)

    def says(number: int) -> Callable[[Transaction], object]:
        text = f"I'll call you back within {number} hours." if number % 10 == 0 else "here you are"
        what = {"client_id": f"agent-{number:05}", "body": {"text": text}, "epoch": held.epoch}
        return lambda tx: reply(tx, lin, held.id, audience=Audience.PUBLIC, context=world.context, **what)

    costs: dict[int, list[int]] = {}
    for number in range(LONG + 1):
        world.clock.advance(1500)
        late = Context(world.settings, world.clock() + timedelta(seconds=1500))

        def looks(tx: Transaction, late: Context = late) -> None:
            chase(tx, "demo", held.id, late)

        played = [hears(number), looks, says(number + 1)]
        if number in (SHORT, LONG):
            costs[number] = [steps(world, work) for work in played]
            continue
        for work in played:
            with world.engine.begin() as connection:
                work(Transaction(connection))
    with world.engine.begin() as connection:
        assert len(store.clocks_of_conversation(connection, "demo", held.id)) > LONG
        assert conversations.find(connection, "demo", held.id).last_seq > 3 * LONG
    for short, long in zip(costs[SHORT], costs[LONG], strict=True):
        assert short > 10, "it does something"
        assert long < 1.25 * short, costs
