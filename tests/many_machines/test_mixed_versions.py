"""F-45: the release before this one works beside it on one migrated PostgreSQL, as during a rolling upgrade.

Replica 0 runs release 0.1.0 (schema 0001) from release-0.1.0.tar.xz, replica 1 this code; the database is migrated
to this code's schema, as an upgrade begins.
"""

from __future__ import annotations

import asyncio
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from handoff_service.conversations.model import AuthorKind
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.visitors import Desk, accepted, fresh, refused
from tests.many_machines.conftest import fresh_database
from tests.many_machines.replicas import (
    NO_POLLING,
    WITHIN_S,
    Replica,
    Town,
    end,
    environment,
    eventually,
    gapless,
    start_all,
    town,
)
from tests.many_machines.servers import Postgres, free_port

RELEASE = Path(__file__).with_name("release-0.1.0.tar.xz")
OLD, NEW = 0, 1


@pytest.fixture(scope="module")
def mixed(place: Path, postgres: Postgres, shared_bot: FarBot) -> Iterator[list[Replica]]:
    code = place / "release"
    with tarfile.open(RELEASE) as archive:
        archive.extractall(code, filter="data")
    settings = environment(fresh_database(postgres), shared_bot, **NO_POLLING)  # each hears the other one
    replicas = [Replica(place / f"mixed{number}", free_port(), **settings) for number in (OLD, NEW)]
    replicas[OLD].code = code
    try:
        start_all(replicas)
        yield replicas
    finally:
        for one in replicas:
            end(one)


@pytest.fixture
async def here(mixed: list[Replica]) -> AsyncIterator[Town]:
    async with town(mixed) as one:
        yield one


def test_they_are_two_releases(mixed: list[Replica]) -> None:
    assert not (mixed[OLD].code / "handoff_service" / "nodes.py").exists()
    assert "/release" in str(Path(f"/proc/{mixed[OLD].pid}/cwd").resolve())
    assert (mixed[NEW].code / "handoff_service" / "nodes.py").exists()


async def test_one_conversation_through_both_releases(here: Town) -> None:
    """Messages, repeats and answers: dense numbers, nothing twice, and each side sees the other's at once."""
    customer = await here.customer(OLD)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    twin = await here.moved(customer, to=NEW)
    sockets = [await one.socket((customer.conversation, 0)) for one in (customer, twin)]
    written = []
    for number in range(12):
        client_id, one = fresh("msg"), (customer, twin)[number % 2]
        sent = await one.write(f"number {number}", client_id=client_id)
        again = await (twin, customer)[number % 2].write(f"number {number}", client_id=client_id)
        assert (again["seq"], again["mid"]) == (sent["seq"], sent["mid"])
        written.append(f"number {number}")
        for socket in sockets:
            await socket.reach(customer.conversation, sent["seq"], within=WITHIN_S)

    async def all_answered() -> bool:
        log = await here.entries(customer.conversation)
        said = "\n".join(str(e.body["text"]) for e in log if e.author.kind is AuthorKind.BOT)
        return {f"number {number}" for number in range(12)} <= set(said.replace("answer to: ", "").splitlines())

    await eventually(all_answered, "every message is answered, by whichever release")
    texts = gapless(await here.entries(customer.conversation))
    assert [text for text in texts if text.startswith("number")] == written
    views = [await one.timeline() for one in (customer, twin)]
    assert [entry["mid"] for entry in views[0]] == [entry["mid"] for entry in views[1]]


@pytest.mark.parametrize(("agent_on", "customer_on"), [(OLD, NEW), (NEW, OLD)])
async def test_a_handoff_from_one_release_to_the_other(here: Town, agent_on: int, customer_on: int) -> None:
    lin = await here.agent("lin", agent_on)
    await lin.socket()
    maya = await here.agent("maya", customer_on)
    await maya.socket()
    customer, handoff = await here.waiting(customer_on)
    socket = await customer.socket((customer.conversation, 0))
    answers = await asyncio.gather(lin.accept(handoff), maya.accept(handoff))
    winners: list[Desk] = [desk for desk, told in zip((lin, maya), answers, strict=True) if told.status_code == 200]
    assert len(winners) == 1
    refused(next(told for told in answers if told.status_code != 200), 409, "already_taken")
    winner, other = winners[0], maya if winners[0] is lin else lin
    epoch = (await here.conversation(customer.conversation)).epoch
    accepted(await winner.reply(customer.conversation, "I read all of it", epoch))
    await socket.entry(lambda entry: entry.get("body", {}).get("text") == "I read all of it", within=WITHIN_S)
    moved = await winner.do(customer.conversation, "transfer", epoch=epoch, to_agent=other.id)
    epoch = accepted(moved)["epoch"]
    refused(await winner.reply(customer.conversation, "too late", epoch - 1), 409, "fenced")
    accepted(await other.reply(customer.conversation, "now it is me", epoch))
    accepted(await other.do(customer.conversation, "give-back", epoch=epoch))
    await customer.write("and the bot again")
    await customer.answered(within=WITHIN_S)
    assert "too late" not in gapless(await here.entries(customer.conversation))


async def test_what_a_customer_says_is_heard_at_the_other_release(here: Town) -> None:
    """By his other device; nothing else rings for it: no bot answers, and nobody polls."""
    customer, handoff = await here.waiting(NEW)
    lin = await here.agent("lin", NEW)
    await lin.socket()
    accepted(await lin.accept(handoff))
    twin = await here.moved(customer, to=OLD)
    socket = await twin.socket((customer.conversation, 0))
    await socket.until(lambda frame: frame["t"] == "status" and frame["owner"]["kind"] == "agent", within=WITHIN_S)
    for number in range(3):
        sent = await customer.write(f"number {number}")
        await socket.reach(customer.conversation, sent["seq"], within=WITHIN_S)


async def test_the_old_release_dies_in_the_middle_and_the_new_one_goes_on(here: Town) -> None:
    """The last step of the upgrade, done the hard way; it comes last because nobody starts the old one again."""
    customer = await here.customer(OLD)
    await customer.write("hello")
    await customer.answered(within=WITHIN_S)
    here.replicas[OLD].kill()
    twin = await here.moved(customer, to=NEW)
    await twin.write("still there?")

    async def answered() -> bool:
        return any("still there?" in str(e.body) and e.author.kind is AuthorKind.BOT
                   for e in await here.entries(customer.conversation))  # fmt: skip

    await eventually(answered, "an answer of the new release", within=40)
    gapless(await here.entries(customer.conversation))
