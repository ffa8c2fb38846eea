"""Somebody who can sign in stays an owner: an account that nobody can open does not count."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service.admin import people, pool, store
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role
from handoff_service.agents.sign_in import sign_in
from handoff_service.callers import operator
from handoff_service.database import Database
from handoff_service.errors import Conflict, Unauthorized
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def test_owners_to_whom_nobody_can_sign_in_do_not_count(
    database: Database, tenant: Tenant, context: Any, clock: Any
) -> None:
    def owner(tx: Any, name: str, stored: str) -> Agent:
        account = people.Account(email=f"{name}@lanyu.example", name=name, role=Role.OWNER)
        return people.add(tx, operator(tenant.id), account, stored, context())

    ann = await database.write(lambda tx: owner(tx, "ann", "a-hash"))
    bea = await database.write(lambda tx: owner(tx, "bea", agents.NO_PASSWORD))
    with pytest.raises(Unauthorized):
        await sign_in(database, tenant.id, bea.email, agents.NO_PASSWORD, now=clock())

    def disable(tx: Any, who: Agent) -> Agent:
        return people.set_disabled(tx, operator(tenant.id), who.id, context(), disabled=True)

    with pytest.raises(Conflict, match="is the last owner"):
        await database.write(lambda tx: disable(tx, ann))
    with pytest.raises(Conflict, match="is the last owner"):
        await database.write(lambda tx: people.change(tx, operator(tenant.id), ann.id, {"role": Role.AGENT}, context()))
    await database.write(lambda tx: people.reset_password(tx, operator(tenant.id), bea.id, "b-hash", context()))
    assert (await database.write(lambda tx: disable(tx, ann))).disabled


async def test_of_a_lent_owner_his_own_account_decides(database: Database, tenant: Tenant, context: Any) -> None:
    def lent(tx: Any) -> tuple[Agent, Agent]:
        tenants.save(tx.connection, tenant.model_copy(update={"id": "pool"}))
        account = people.Account(email="kim@pool.example", name="kim", role=Role.OWNER)
        home = people.add(tx, operator("pool"), account, agents.NO_PASSWORD, context())
        return home, pool.lend(tx, operator(tenant.id), home, account, "whatever", context())

    home, at_client = await database.write(lent)
    assert await database.read(lambda c: store.able_with_role(c, tenant.id, Role.OWNER)) == []
    await database.write(lambda tx: people.reset_password(tx, operator("pool"), home.id, "k-hash", context()))
    assert await database.read(lambda c: store.able_with_role(c, tenant.id, Role.OWNER)) == [at_client.id]
