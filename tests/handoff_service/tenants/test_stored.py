"""Settings that a newer release has stored: its fields are not read, at no depth, and survive that we write."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.database import Database, Transaction
from handoff_service.handoffs.routing.model import queue_of
from handoff_service.tenants import store
from handoff_service.tenants.model import Tenant, TenantSettings
from handoff_service.tenants.stored import kept, known
from tests.handoff_service.stage import shop

OFFICE = {"hours": [{"days": ["mon"], "from": "09:00", "to": "18:00", "lunch": True}], "moon": {"phase": 1}}
ALL = {"priority_from": 0, "priority_to": 9, "warn_at": 0.75}
TARGETS = [
    {**ALL, "first_reply_min": 5.0, "tone": "kind"},
    {**ALL, "queue": "senior", "resolution_min": 60.0, "tone": "brief"},
]


def newer() -> dict[str, Any]:
    """The demo shop as a later release may store it."""
    plain = shop().settings.model_dump(mode="json", exclude_none=True)
    plain["queues"][0] |= {"overflow": {"to": "senior", "after_s": 60, "unless": "rain"}, "music": "jazz"}
    return plain | {"calendars": {"office": OFFICE}, "sla": TARGETS, "greetings_at_night": ["moon"]}


def test_what_a_newer_release_added_is_not_read() -> None:
    found = TenantSettings.model_validate(known(TenantSettings, newer()))
    assert found.queues[0].overflow is not None
    assert [found.queues[0].overflow.after_s, found.calendars["office"].hours[0].opens] == [60, "09:00"]
    assert [target.queue for target in found.sla] == [None, "senior"]
    assert kept(TenantSettings, found.model_dump(mode="json", exclude_none=True), newer()) == newer()


def test_its_parts_go_with_what_they_belong_to() -> None:
    found = TenantSettings.model_validate(known(TenantSettings, newer()))
    fewer = found.model_copy(update={"queues": found.queues[::-1], "sla": found.sla[1:], "calendars": {}})
    stored = kept(TenantSettings, fewer.model_dump(mode="json", exclude_none=True), newer())
    assert {queue["id"]: queue.get("music") for queue in stored["queues"]}[found.queues[0].id] == "jazz"
    assert stored["sla"] == TARGETS[1:]
    assert ("calendars" in stored, stored["greetings_at_night"]) == (False, ["moon"])


async def test_an_older_gateway_changes_one_thing_and_loses_nothing(database: Database) -> None:
    def work(tx: Transaction) -> Tenant:
        store.save(tx.connection, shop())
        tx.connection.execute(sa.update(tables.tenants).values(settings=newer()))
        tenant = store.lock(tx.connection, "demo")
        renamed = tenant.settings.queues[0].model_copy(update={"name": "First line"})
        queues = (renamed, *tenant.settings.queues[1:])
        changed = tenant.settings.model_copy(update={"queues": queues})
        store.save(tx.connection, tenant.model_copy(update={"settings": changed}))
        return store.find(tx.connection, "demo")

    assert (await database.write(work)).settings.queues[0].name == "First line"
    row = await database.read(lambda c: c.execute(sa.select(sa.cast(tables.tenants.c.settings, sa.Text))).scalar_one())
    expected = newer()
    expected["queues"][0]["name"] = "First line"
    assert json.loads(str(row)) == expected


def test_no_limit_of_heat_is_stored_as_what_an_older_release_can_read() -> None:
    """It knows 1 to 20: at 0 it could read nothing of this tenant any more."""
    raw = shop().settings.model_dump(mode="json", exclude_none=True)
    raw["queues"][0]["heat"] = 0
    settings = TenantSettings.model_validate(raw)
    assert settings.model_dump(mode="json")["queues"][0]["heat"] == 20
    assert queue_of(settings.queues[0]).heat is None
    raw["queues"][0]["heat"] = 2
    assert queue_of(TenantSettings.model_validate(raw).queues[0]).heat == 2
