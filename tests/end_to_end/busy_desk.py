"""A desk with much on it, for measuring: one conversation of thousands of entries, and many that are open at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from argon2 import PasswordHasher
from playwright.async_api import Browser, expect

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.bell import Bell
from handoff_service.channels import contacts
from handoff_service.clock import utc_now
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Author, AuthorKind, Draft, Kind
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Transaction, open_database
from handoff_service.handoffs import assign
from handoff_service.migrate import migrate
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from tests.end_to_end.pages import Console, new_page
from tests.handoff_service.stage import ScriptedBot, person, shop, trial_settings
from tests.handoff_service.web.serving import Gateway

ENTRIES = 5000
CONVERSATIONS = 50
PASSWORD = "correct horse battery staple"
LONG = "The long conversation"


def fill(tx: Transaction, agent: Agent, settings: Settings, *, entries: int, conversations: int) -> None:
    """The agent speaks with so many customers; with the first of them he exchanges `entries` entries in all."""
    now = utc_now() - timedelta(hours=1)
    context = Context(settings, now)
    for number in range(conversations):
        name = LONG if number == 0 else f"Customer {number}"
        contact = contacts.add(tx.connection, agent.tenant, name=name, language="en", now=now)
        sender = Sender(agent.tenant, "web", contact.id, contact.name, "en")
        opened, _ = receive(tx, sender, client_id=f"first-{number}", body={"text": "Where is it?"}, context=context)
        held = assign.take_over(tx, opened.id, agent, opened.epoch, context)
        if number > 0:
            continue
        authors = (sender.author, Author(AuthorKind.AGENT, agent.id, agent.name))
        for line in range(entries - held.last_seq):
            text = f"Line {line}: " + "words that take a moment to read, " * (line % 4) + "**done**."
            draft = Draft(kind=Kind.MESSAGE, author=authors[line % 2], body={"text": text}, client_id=f"line-{line}")
            held, _ = store.append(tx, held, draft, now)


@asynccontextmanager
async def busy_desk(
    browser: Browser, folder: Path, *, entries: int = ENTRIES, conversations: int = CONVERSATIONS
) -> AsyncIterator[Console]:
    """A signed-in console on a gateway of its own, its longest conversation open and loaded to its end."""
    settings = trial_settings(database_url=f"sqlite:///{folder / 'desk.sqlite'}", var=folder, agent_grace_s=600.0)
    await migrate(settings.database)
    agent = person("lin", capacity=conversations + 5, seen_at=utc_now())
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    database = open_database(settings.database, Bell())
    await database.write(lambda tx: tenants.save(tx.connection, shop()))
    await database.write(lambda tx: agents.save(tx.connection, agent, hashed))
    await database.write(lambda tx: fill(tx, agent, settings, entries=entries, conversations=conversations))
    await database.close()
    gateway = Gateway(settings, bot=ScriptedBot())
    gateway.start()
    try:
        console = Console(await new_page(browser, language="en"))
        await console.sign_in(gateway.url, {"email": agent.email, "password": PASSWORD})
        await console.page.locator(".list-mine .card", has_text=LONG).click()
        await expect(console.page.locator(f"#entry-{entries}")).to_be_visible(timeout=90_000)
        yield console
        await console.page.context.close()
    finally:
        gateway.stop()
