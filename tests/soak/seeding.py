"""`python -m tests.soak.seeding demo=4 other=1`: tenants with so many agents in TANDEM_DATABASE_URL; logins as JSON.

With `plain` behind it the tenants have only settings that release 0.1 knows.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.agents.sign_in import hash_password
from handoff_service.bell import Bell
from handoff_service.database import open_database
from handoff_service.migrate import migrate
from handoff_service.seed import demo_settings
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.many_machines.replicas import as_0_1_knows_it

PASSWORD = "soak-soak-soak"


def person(tenant: str, number: int) -> Agent:
    """Agents with two to four places; names are of one tenant only, the last letter tells the number."""
    role = Role.SUPERVISOR if number == 0 else Role.AGENT
    return Agent(
        tenant=tenant,
        id=f"{tenant}{number}",
        email=f"{tenant}{number}@soak.example",
        name=f"Agent {number}",
        role=role,
        languages=("zh", "en"),
        queues=("support", "senior"),
        capacity=2 + number % 3,
        open=0,
        status=Status.OFFLINE,
        disabled=False,
        seen_at=None,
        last_assigned_at=None,
    )


async def seed(people: Mapping[str, int], *, plain: bool) -> dict[str, Any]:
    """Migrates and fills the database; the logins of each tenant."""
    settings = Settings()
    await migrate(settings.database)
    database = open_database(settings.database, Bell())
    hashed = hash_password(PASSWORD)
    everyone = [person(tenant, number) for tenant, count in people.items() for number in range(count)]
    try:
        for name in people:
            tenant = Tenant(id=name, name="Soak", settings=demo_settings(settings.shop_url))
            tenant = as_0_1_knows_it(tenant) if plain else tenant
            await database.write(lambda tx, tenant=tenant: tenants.save(tx.connection, tenant))  # type: ignore[misc]
        for one in everyone:
            await database.write(lambda tx, agent=one: agents.save(tx.connection, agent, hashed))  # type: ignore[misc]
    finally:
        await database.close()
    return {
        tenant: [
            {"id": one.id, "email": one.email, "password": PASSWORD, "capacity": one.capacity, "role": one.role}
            for one in everyone
            if one.tenant == tenant
        ]
        for tenant in people
    }


if __name__ == "__main__":
    counts = {name: int(count) for name, _, count in (one.partition("=") for one in sys.argv[1:]) if count}
    sys.stdout.write(json.dumps(asyncio.run(seed(counts, plain="plain" in sys.argv))))
