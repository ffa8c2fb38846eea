"""The gateway's own turns over a database of their own, for a crawl that ends where customers do: `python -m
tests.bot.crawl.real_gateway FOLDER BOT_URL KB_URL` with the gateway's Python.

A line of JSON comes in for each conversation, one goes out. {"walk": name, "channel", "language", "closed",
"customer", "path": [{"text", "press", "file"}]} leads a new customer somewhere; {"ask": name, "text"} lets him say one
thing more and tells where the database has him then.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import httpx2
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.bell import Bell
from handoff_service.bots.keywords import KeywordBot
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.rasa import RasaBot
from handoff_service.bots.search import SearchBot
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import AuthorKind, Conversation, Kind
from handoff_service.conversations.receive import Sender, receive
from handoff_service.conversations.turn import TurnRunner
from handoff_service.database import Database, open_database
from handoff_service.errors import TandemError
from handoff_service.files import store as files
from handoff_service.files.model import StoredFile
from handoff_service.ids import new_id
from handoff_service.knowledge.client import Knowledge
from handoff_service.migrate import migrate
from handoff_service.tenants import store as tenants
from tests.handoff_service.stage import FakeClock, meet, person, shop, start_shift, trial_settings

NOON = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
# One minute a week, which is not now.
CLOSED = [{"days": ["sun"], "from": "03:59", "to": "04:00"}]
OPEN_TENANT, CLOSED_TENANT = "demo", "night"


class Gateway:
    """Two tenants of the shop, one with somebody on duty, one whose queues are closed; customers by their names."""

    def __init__(self, database: Database, client: httpx2.AsyncClient, *, bot: str, kb: str) -> None:
        self._database = database
        self._clock = FakeClock(NOON)
        self._settings = trial_settings(shop_tenants=f"{OPEN_TENANT},{CLOSED_TENANT}", bot_soft_s=60, bot_hard_s=60)
        rungs = [
            RasaBot(client, bot, timeout_s=self._settings.bot_hard_s),
            SearchBot(Knowledge(client, kb)),
            KeywordBot(database),
        ]
        ladder = Ladder(rungs, failures=10**6)
        self._turns = TurnRunner(database, ladder, self._settings, self._clock)
        self._customers: dict[str, Sender] = {}

    async def open(self) -> None:
        """The tenants, and an agent at the desk of the open one."""
        night = shop(CLOSED_TENANT)
        queues = [{**queue.model_dump(mode="json", by_alias=True), "hours": CLOSED} for queue in night.settings.queues]
        settings = night.settings.model_copy(
            update={"queues": tuple(type(night.settings.queues[0]).model_validate(queue) for queue in queues)}
        )
        night = night.model_copy(update={"settings": settings})

        def begin(connection: sa.Connection) -> None:
            for tenant in (shop(OPEN_TENANT), night):
                tenants.save(connection, tenant)
            start_shift(connection, person("lin", capacity=1), self._clock())

        await self._database.write(lambda tx: begin(tx.connection))

    async def walk(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Leads somebody new along a path; {"task", "wanted"} of the bot's last answer, and who has him."""
        tenant = CLOSED_TENANT if job["closed"] else OPEN_TENANT
        met = await self._database.write(
            lambda tx: meet(tx.connection, self._clock(), tenant=tenant, language=job["language"])
        )
        sender = self._customers[job["walk"]] = replace(met, channel=job["channel"])
        if job["customer"] is not None:
            # Of each channel one contact only may be this customer of the shop; here many are, each of his own.
            own = {"channel": f"crawl-{sender.contact}", "external_id": job["customer"], "contact": sender.contact}
            known = {"tenant": tenant, **own}
            await self._database.write(
                lambda tx: tx.connection.execute(sa.insert(tables.contact_identities).values(**known, verified=True))
            )
        for step in job["path"]:
            await self._say(sender, step)
        return await self._database.read(lambda connection: _stands(connection, sender))

    async def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """One thing more that he says; where he is then, and since which entry."""
        sender = self._customers[job["ask"]]
        before = await self._database.read(lambda connection: _stands(connection, sender))
        seq = await self._say(sender, {"text": job["text"], "press": None, "file": False})
        return {**await self._database.read(lambda connection: _stands(connection, sender)), "seq": seq, "was": before}

    async def _say(self, sender: Sender, step: Mapping[str, Any]) -> int:
        """One message and its turn, as it is carried out for every channel. Returns the message's number."""
        body = await self._database.write(lambda tx: self._body(tx.connection, sender, step))
        context = Context(self._settings, self._clock.advance(1))
        _, entry = await self._database.write(
            lambda tx: receive(tx, sender, client_id=new_id("m"), body=body, context=context)
        )
        jobs = await self._database.write(
            lambda tx: outbox.lease(tx, "crawl", self._clock(), destinations=["bot"], limit=50)
        )
        for job in jobs:
            await self._turns(job)
        return entry.seq

    def _body(self, connection: sa.Connection, sender: Sender, step: Mapping[str, Any]) -> dict[str, Any]:
        if step["press"] is not None:
            return {"press": _button(connection, sender, step["press"])}
        if not step["file"]:
            return {"text": step["text"]}
        file = StoredFile(
            tenant=sender.tenant,
            id=new_id("f"),
            contact=sender.contact,
            conversation=None,
            author=f"{AuthorKind.CUSTOMER}:{sender.contact}",
            name="photo.jpg",
            type="image/jpeg",
            size=180_000,
            sha256="0" * 64,
            seq=None,
            audience=None,
            created_at=self._clock(),
        )
        files.add(connection, file)
        return {"file": file.id}


def _conversation(connection: sa.Connection, sender: Sender) -> Conversation | None:
    return store.current(connection, sender.tenant, sender.channel, sender.contact)


def _button(connection: sa.Connection, sender: Sender, payload: str) -> dict[str, int]:
    """The newest button that means this, by where it stands."""
    conversation = _conversation(connection, sender)
    entries = store.entries_after(connection, sender.tenant, conversation.id, 0) if conversation else []
    for entry in reversed(entries):
        for index, button in enumerate(entry.body.get("buttons") or ()):
            if button["payload"] == payload:
                return {"seq": entry.seq, "index": index}
    raise LookupError(f"nobody offered {payload}")


def _stands(connection: sa.Connection, sender: Sender) -> dict[str, Any]:
    """Who has a conversation, by which handoff and ticket, and what the bot's last answer was in the middle of."""
    conversation = _conversation(connection, sender)
    if conversation is None:
        return {"owner": None, "task": None, "wanted": None, "handoff": None, "tickets": [], "bot": None}
    entries = store.entries_after(connection, sender.tenant, conversation.id, 0)
    told = [one.body["analysis"] for one in entries if one.kind is Kind.MESSAGE and "analysis" in one.body]
    last: Mapping[str, Any] = told[-1] if told else {}
    task = last.get("task") or {}
    H, T = tables.handoffs.c, tables.tickets.c
    where = (H.tenant == sender.tenant, H.conversation == conversation.id, H.closed_at.is_(None))
    wish = connection.execute(sa.select(H.reason, H.requested_seq, H.queued_at).where(*where)).mappings().first()
    filed = (T.tenant == sender.tenant, T.conversation == conversation.id, T.due_at.is_not(None))
    tickets = connection.execute(sa.select(T.id).where(*filed, T.state.not_in(("resolved", "closed")))).scalars()
    return {
        "owner": conversation.owner.kind.value,
        "task": task.get("name"),
        "wanted": task.get("wanted"),
        "handoff": None if wish is None else {"reason": wish["reason"], "seq": wish["requested_seq"]},
        "tickets": sorted(tickets),
        "bot": last.get("bot"),
    }


async def main(folder: str, bot: str, kb: str, *, answers: TextIO) -> None:
    """Carries out the lines of standard input until it ends."""
    address = f"sqlite:///{Path(folder) / 'handoff.sqlite'}"
    await migrate(address)
    database = open_database(address, Bell())
    async with httpx2.AsyncClient(trust_env=False) as client:
        gateway = Gateway(database, client, bot=bot, kb=kb)
        await gateway.open()
        for line in sys.stdin:
            job = json.loads(line)
            try:
                done = await (gateway.walk(job) if "walk" in job else gateway.ask(job))
            except (TandemError, LookupError) as error:
                done = {"error": f"{type(error).__name__}: {error}"}
            answers.write(json.dumps(done) + "\n")
            answers.flush()
    await database.close()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is logged is no answer
    asyncio.run(main(*sys.argv[1:], answers=answers))
