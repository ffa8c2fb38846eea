"""The rarer things that people, platforms and time do to a conversation, in the shape of those in operations.py."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account, webhook
from handoff_service.channels.sealing import Seal
from handoff_service.clock import iso, utc_now
from handoff_service.database import Transaction
from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.handoff_service.web.failpoints.operations import (
    Operation,
    Scene,
    agent_command,
    greeted,
    happened,
    said,
    served,
)
from tests.handoff_service.web.visitors import accepted

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
LONG_GONE = timedelta(days=1)
SAID = "a question"


async def offered_after(scene: Scene, event: str) -> None:
    async def reached() -> bool:
        return (await scene.events())[-2:] == [event, "offer"]

    await scene.becomes(reached)


async def greeted_in_epoch(scene: Scene) -> None:
    await greeted(scene)
    scene.epoch = (await scene.lin.look(scene.conversation))["card"]["epoch"]


async def escalates(scene: Scene) -> None:
    """To the senior queue, which offers it by itself."""
    await agent_command("escalate", reason="wants the manager")(scene)
    await offered_after(scene, "escalate")


async def answered(scene: Scene) -> None:
    await served(scene)
    accepted(await scene.lin.reply(scene.conversation, "I am looking into it", scene.epoch))
    scene.until = iso(utc_now() + timedelta(days=1))


async def puts_aside(scene: Scene) -> None:
    await agent_command("put-aside", until=scene.until)(scene)


async def aside(scene: Scene) -> None:
    await answered(scene)
    accepted(await scene.lin.do(scene.conversation, "put-aside", epoch=scene.epoch, until=scene.until))


def is_aside(wanted: bool) -> Any:
    async def check(scene: Scene) -> None:
        card = (await scene.lin.look(scene.conversation))["card"]
        assert (card["aside_until"] is not None) == wanted, card
        assert card["owner"]["agent"]["id"] == scene.lin.id

    return check


async def sends_a_file(scene: Scene) -> None:
    """What was uploaded before the gateway died is not uploaded again."""
    path, headers = f"/v1/conversations/{scene.conversation}/files", {"Content-Type": "application/octet-stream"}
    if not scene.file:
        uploaded = await scene.customer.http.post(path, params={"name": "a.png"}, content=PNG, headers=headers)
        scene.file = accepted(uploaded, 201)["file"]["id"]
    body = {"client_id": scene.key, "body": {"file": scene.file}}
    accepted(await scene.customer.post(f"/v1/conversations/{scene.conversation}/messages", body))


async def has_the_file_once(scene: Scene) -> None:
    entries = await scene.lin.timeline(scene.conversation)
    named = [entry["body"]["file"]["id"] for entry in entries if entry["body"].get("file")]
    assert named == [scene.file], named
    assert (await scene.lin.get(f"/v1/files/{scene.file}")).content == PNG


async def held_by_somebody_who_goes(scene: Scene) -> None:
    """An agent of this scene alone takes the conversation from the bot."""
    await greeted_in_epoch(scene)
    house, now = scene.house, utc_now()
    scene.third = await house.agent(f"gone{scene.key[-6:]}")
    lease = {"now": now, "until": now + LONG_GONE}
    await house.database.write(
        lambda tx: agents.keep_desk(tx.connection, house.tenant.id, scene.third.id, "desk", **lease)
    )
    accepted(await scene.third.do(scene.conversation, "take-over", epoch=scene.epoch))


async def is_lost(scene: Scene) -> None:
    """His desk has been gone for longer than the grace time; the sweeper passes the conversation on."""
    house, since, A = scene.house, utc_now() - LONG_GONE, tables.agents.c

    def gone(tx: Transaction) -> None:
        agents.end_desk(tx.connection, house.tenant.id, scene.third.id, "desk", now=since)
        his = (A.tenant == house.tenant.id, A.id == scene.third.id)
        tx.connection.execute(sa.update(tables.agents).where(*his).values(last_assigned_at=since))

    await house.database.write(gone)

    async def reached() -> bool:
        return "agent_lost" in await scene.events()

    await scene.becomes(reached)


async def platform_is_there(scene: Scene) -> None:
    """An account of the signed API, with a platform of this scene alone on its other side."""
    house, settings = scene.house, scene.house.gateway.settings
    scene.platform = FakePlatform()
    account = new_account(house.tenant.id, "api", "Shop app", {"url": scene.platform.url}, settings)
    seal = Seal(settings.encryption_key.get_secret_value())
    await house.database.write(lambda tx: accounts.add(tx.connection, account, seal))
    scene.platform.connect(webhook(account, settings), *account.every("secret"))


async def event_arrives(scene: Scene) -> None:
    """The platform posts it once; whoever has no answer posts it again. The bot's answer goes back to the platform."""
    platform = scene.platform
    posted = await asyncio.to_thread(platform.post, platform.event("ann", SAID, event_id=scene.key))
    if posted.status in (0, 503):
        raise ConnectionError(f"the platform got no 200: {posted}")
    assert posted.accepted, posted
    query = sa.select(tables.inbox.c.conversation).where(tables.inbox.c.event_id == scene.key)
    scene.customer.conversation = await scene.house.database.read(lambda c: c.execute(query).scalar_one())

    async def reached() -> bool:
        return bool(platform.effects)

    await scene.becomes(reached)


async def event_has_one_effect(scene: Scene) -> None:
    await said("customer", SAID)(scene)
    await said("bot", f"answer to: {SAID}")(scene)
    assert scene.platform.texts("ann") == [f"answer to: {SAID}"]
    await asyncio.to_thread(scene.platform.close)


RARER = (
    Operation("take over", greeted_in_epoch, agent_command("take-over"), happened("take_over")),
    Operation("escalate", served, escalates, happened("escalate")),
    Operation("put aside", answered, puts_aside, is_aside(True)),
    Operation("bring back", aside, agent_command("bring-back"), is_aside(False)),
    Operation("send a file", greeted, sends_a_file, has_the_file_once),
    Operation("lose the agent", held_by_somebody_who_goes, is_lost, happened("agent_lost")),
    Operation("event of a channel", platform_is_there, event_arrives, event_has_one_effect),
)
