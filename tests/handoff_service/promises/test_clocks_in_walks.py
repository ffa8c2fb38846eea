"""Whatever happens to conversations, in whatever order: the stored clocks are those that their entries tell."""

from __future__ import annotations

import random

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations.model import OwnerKind
from handoff_service.database import Transaction
from handoff_service.promises import store
from handoff_service.promises.clocks import run, stored_clocks
from handoff_service.promises.model import Outcome
from handoff_service.promises.settings import Target
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from tests.handoff_service.conversations.world import EVENTS, World

TARGETS = [{"first_reply_min": 1, "next_reply_min": 1, "resolution_min": 10}, {"queue": "senior", "first_reply_min": 5}]
WALKS, STEPS = 5, 150
GOING = (Outcome.RUNNING, Outcome.PAUSED)


def test_stored_clocks_are_those_of_the_entries() -> None:
    seen: set[Outcome] = set()
    for seed in range(WALKS):
        chance, world = random.Random(seed), World()
        with world.engine.begin() as connection:
            tenant = tenants.find(connection, "demo")
            parts = {**tenant.settings.model_dump(mode="json", exclude_none=True), "sla": TARGETS}
            changed = tenant.model_copy(update={"settings": TenantSettings.model_validate(parts)})
            tenants.save(connection, changed)
        for number in range(STEPS):
            world.step(chance.choice(EVENTS), chance.randrange(105), chance.randrange(26))
            if number % 5 == 0:
                with world.engine.begin() as connection:
                    seen |= _compare(Transaction(connection), changed.settings)
    assert seen == set(Outcome), "the walks are only worth something if they reach all of this"


def _compare(tx: Transaction, settings: TenantSettings) -> set[Outcome]:
    """Every handoff: as stored, and afresh from its entries. A handoff that is over has no clock that goes."""
    states: set[Outcome] = set()
    C = tables.conversations.c
    present = {
        row.handoff: row.owner_kind for row in tx.connection.execute(sa.select(C.handoff, C.owner_kind)) if row.handoff
    }
    for handoff in tx.connection.execute(sa.select(tables.handoffs.c.id)).scalars().all():
        found = store.case_of(tx.connection, "demo", handoff)
        assert found is not None
        case, calendar = found[0], settings.calendar(found[0].queue)
        targets: list[Target] = list(settings.sla)
        afresh = stored_clocks(case, run(case, store.steps_of(tx.connection, case), calendar), targets, calendar)
        stored = store.clocks_of_handoff(tx.connection, "demo", handoff)
        assert {(one.kind, one.since_seq): (one.state, one.used_s, one.due_at, one.ended_at) for one in afresh} == {
            which: (one.state, one.used_s, one.due_at, one.ended_at) for which, one in stored.items()
        }
        over = present.get(handoff, OwnerKind.CLOSED) in (OwnerKind.BOT, OwnerKind.CLOSED)
        assert not over or not any(one.state in GOING for one in stored.values()), handoff
        states |= {one.state for one in stored.values()}
    return states
