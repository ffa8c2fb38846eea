"""`python -m tests.soak.seeding AGENTS`: a tenant, its people and a channel account in TANDEM_DATABASE_URL, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
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

PASSWORD = "soak-soak-soak"


def person(number: int) -> Agent:
    """Agents with two to four places; the last letter of the name tells the number."""
    role = Role.SUPERVISOR if number == 0 else Role.AGENT
    return Agent(
        tenant="demo",
        id=f"a{number}",
        email=f"a{number}@soak.example",
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


async def seed(people: int) -> dict[str, Any]:
    """Migrates and fills the database; the logins."""
    settings = Settings()
    await migrate(settings.database)
    database = open_database(settings.database, Bell())
    hashed = hash_password(PASSWORD)
    everyone = [person(number) for number in range(people)]
    try:
        tenant = Tenant(id="demo", name="Soak", settings=demo_settings(settings.shop_url))
        await database.write(lambda tx: tenants.save(tx.connection, tenant))
        for one in everyone:
            await database.write(lambda tx, agent=one: agents.save(tx.connection, agent, hashed))  # type: ignore[misc]
    finally:
        await database.close()
    return {
        "agents": [
            {"id": one.id, "email": one.email, "password": PASSWORD, "capacity": one.capacity, "role": one.role}
            for one in everyone
        ]
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(seed(int(sys.argv[1])))))
