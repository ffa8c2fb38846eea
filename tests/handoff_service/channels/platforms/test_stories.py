"""A whole conversation over every adapter, while the gateway is killed (kill -9) and started again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.bell import Bell
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account, webhook
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.clock import utc_now
from handoff_service.database import open_database
from handoff_service.tenants import store as tenants
from tests.handoff_service.channels.conftest import KEY
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.fake import Received
from tests.handoff_service.channels.platforms.imap import FakeImapMail
from tests.handoff_service.channels.platforms.mail_providers import OTHER_WAYS
from tests.handoff_service.channels.platforms.signed_api import FakeIntegrator
from tests.handoff_service.channels.platforms.stories import (
    POINTS,
    Clerk,
    Mortal,
    Onlooker,
    Receptionist,
    Story,
    compare,
    draw,
    judge,
)
from tests.handoff_service.stage import person, shop, start_shift, trial_settings
from tests.handoff_service.web.conftest import PASSWORD_HASH
from tests.handoff_service.web.serving import GatewayProcess, free_port
from tests.handoff_service.web.visitors import Desk, accepted

TENANT = "stories"
EVERYBODY = {**PLATFORMS, **OTHER_WAYS, "api": FakeIntegrator, "email_imap": FakeImapMail}
# `make test` plays one seed on SQLite; `make soak` more of them, with more deaths, on both engines.
SEEDS = int(os.environ.get("TANDEM_STORY_SEEDS", "1"))
KILLS = int(os.environ.get("TANDEM_STORY_KILLS", "5"))
ENGINES = ["sqlite"] if SEEDS == 1 else ["sqlite", "postgresql"]
PATIENCE_S = 60.0 + 10.0 * KILLS


@pytest.fixture
async def playing(
    fast_folder: Path, database_url: str
) -> AsyncIterator[Callable[[int, int], Awaitable[tuple[list[Story], Mortal, list[dict[str, Any]]]]]]:
    """`await playing(seed, kills)`: all stories, how often the gateway died, and every entry that was written."""
    async with AsyncExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(2 * len(EVERYBODY)))
        asyncio.get_running_loop().set_default_executor(threads)

        async def played(seed: int, kills: int) -> tuple[list[Story], Mortal, list[dict[str, Any]]]:
            var = fast_folder / f"stories-{os.path.basename(database_url)}-{seed}"
            var.mkdir()
            settings = trial_settings(var=var, database_url=database_url, encryption_key=KEY)
            bot, database, seal = Receptionist(), open_database(database_url, Bell()), Seal(KEY)
            stack.callback(bot.close)
            stack.push_async_callback(database.close)
            environment = {"DATABASE_URL": database_url, "BOT_URL": bot.url, "ENCRYPTION_KEY": KEY}
            environment |= {"BOT_QUIET_S": "0", "NODE_LOST_S": "1", "LIMIT_API": "100000/minute"}
            named = {f"TANDEM_{name}": value for name, value in environment.items()}
            mortal = Mortal(GatewayProcess(var, free_port(), **named), draw(seed, kills))
            stack.callback(mortal.process.kill)
            settings = settings.model_copy(update={"gateway_url": mortal.process.url})
            agent = person("lin", tenant=TENANT, capacity=100)
            await database.write(lambda tx: tenants.save(tx.connection, shop(TENANT)))
            await database.write(lambda tx: start_shift(tx.connection, agent, utc_now(), PASSWORD_HASH))
            fars = [one() for _, one in sorted(EVERYBODY.items())]
            for far in fars:
                stack.callback(far.close)
                account = new_account(TENANT, far.channel, far.channel, far.fields(), settings)
                await database.write(lambda tx, one=account: accounts.add(tx.connection, one, seal))  # type: ignore[misc]
                far.connect(account, webhook(account, settings))
            await asyncio.to_thread(mortal.process.start)  # signing in is no part of the story
            desk = Desk(mortal.process.url, TENANT, agent.id, agent.email)
            stack.push_async_callback(desk.leave)
            accepted(await desk.sign_in())
            await asyncio.to_thread(mortal.process.kill)
            await asyncio.to_thread(mortal.launch)
            onlooker = Onlooker(database, TENANT)
            clerk = Clerk(desk, mortal, PATIENCE_S)
            stories = [Story(far, clerk, onlooker, PATIENCE_S) for far in fars]
            async with asyncio.TaskGroup() as others:
                looking = [others.create_task(onlooker.look()), others.create_task(mortal.watch())]
                async with asyncio.TaskGroup() as group:
                    for story in stories:
                        group.create_task(story.play())
                for task in looking:
                    task.cancel()
            query = sa.select(tables.entries).where(tables.entries.c.tenant == TENANT).order_by(tables.entries.c.seq)
            entries = await database.read(lambda c: [dict(row) for row in c.execute(query).mappings()])
            return stories, mortal, entries

        yield played


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
async def test_nothing_is_lost_or_doubled_on_any_platform(playing: Any, seed: int) -> None:
    assert {one.channel for one in EVERYBODY.values()} == set(CHANNELS)
    stories, mortal, entries = await playing(seed, KILLS)
    assert set(mortal.deaths) == set(POINTS), f"it died only at {mortal.deaths}"
    wrong = {}
    for story in stories:
        own = [row for row in entries if row["conversation"] == story._head["id"]]
        if found := judge(story, own):
            wrong[story.far.channel] = found
    assert wrong == {}, f"seed {seed}, killed at {mortal.deaths}"
    assert {row["conversation"] for row in entries} == {story._head["id"] for story in stories}
    assert {story.rated_by for story in stories} == {"press", "number"}


@pytest.mark.parametrize(
    ("received", "missing", "wrong"),
    [
        (["a", "b", "c"], [], []),
        (["a", "c"], [(2, "b")], []),
        (["a", "b", "b", "c"], [], ["b"]),
        (["a", "c", "b"], [(2, "b")], ["b"]),
        ([], [(1, "a"), (2, "b"), (3, "c")], []),
    ],
)
def test_the_judge_sees_what_is_lost_doubled_and_out_of_order(
    received: list[str], missing: list[tuple[int, str]], wrong: list[str]
) -> None:
    meant = [(1, "a"), (2, "b"), (3, "c")]
    assert compare(meant, [Received("x", text) for text in received]) == (missing, wrong)
