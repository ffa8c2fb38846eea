"""Two administrators at the same moment, where transactions run beside each other: nobody's change is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.admin import configuration, lists, people, store
from handoff_service.agents.model import Agent, Role
from handoff_service.callers import caller_of, operator
from handoff_service.database import Database
from handoff_service.errors import Conflict
from handoff_service.tenants import store as tenants

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


async def test_what_several_add_to_lists_is_all_there(database: Database, tenant: Any, context: Any) -> None:
    names = [f"tag{number}" for number in range(6)]

    def add(tx: Any, name: str) -> None:
        lists.put(tx, operator(tenant.id), "tags", name, {"zh": name, "en": name}, context())

    await asyncio.gather(*(database.write(lambda tx, n=name: add(tx, n)) for name in names))
    found = await database.read(lambda c: tenants.find(c, tenant.id))
    assert sorted(one.id for one in found.settings.tags) == names


async def test_of_two_files_that_were_made_from_the_same_one_is_refused(
    database: Database, tenant: Any, context: Any
) -> None:
    caller = operator(tenant.id)
    before = await database.read(lambda c: configuration.plan(c, caller, "tags: []"))

    async def apply(name: str) -> str:
        text = f"tags: [{{id: {name}, zh: x, en: x}}]"
        try:
            await database.write(lambda tx: configuration.apply(tx, caller, text, context(), version=before.version))
        except Conflict as error:
            return error.code
        return name

    done = await asyncio.gather(*(apply(name) for name in ("one", "two", "three")))
    assert sorted(one == "conflict" for one in done) == [False, True, True]
    found = await database.read(lambda c: tenants.find(c, tenant.id))
    assert [one.id for one in found.settings.tags] == [one for one in done if one != "conflict"]


async def test_owners_who_disable_each_other_leave_one(database: Database, tenant: Any, context: Any) -> None:
    def hired(tx: Any, name: str) -> Agent:  # which is in the audit: it is not empty when the two begin
        account = people.Account(email=f"{name}@lanyu.example", name=name, role=Role.OWNER)
        return people.add(tx, operator(tenant.id), account, "none", context())

    owners = [await database.write(lambda tx, n=name: hired(tx, n)) for name in ("ann", "bea")]

    async def disable(number: int) -> str:
        caller, other = caller_of(owners[number]), owners[1 - number]

        def work(tx: Any) -> None:
            people.set_disabled(tx, caller, other.id, context(), disabled=True)
            tx.connection.execute(sa.select(sa.func.pg_sleep(0.2)))  # both have begun before either is committed

        try:
            await database.write(work)
        except Conflict as error:
            return error.message
        return ""

    refusals = sorted(await asyncio.gather(disable(0), disable(1)))
    assert refusals[0] == ""
    assert "is the last owner" in refusals[1]
    assert len(await database.read(lambda c: store.able_with_role(c, tenant.id, Role.OWNER))) == 1
