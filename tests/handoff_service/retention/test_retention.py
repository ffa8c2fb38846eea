"""Retention (F-111): what is over its time loses its content, in batches; nothing open or on hold ever does."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.audit import broken_timelines, verify
from handoff_service.bell import Bell
from handoff_service.channels import arrive as arrive_module
from handoff_service.channels import contacts
from handoff_service.channels.arrive import take
from handoff_service.channels.model import Account, Inbound
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.clock import utc_now
from handoff_service.conversations import store as conversations
from handoff_service.conversations.receive import receive
from handoff_service.database import Transaction, open_database
from handoff_service.errors import Unauthorized, Unavailable
from handoff_service.handoffs.release import close_idle
from handoff_service.retention import expire as expire_module
from handoff_service.retention.expire import expire, set_hold
from handoff_service.retention.keeper import Keeper
from handoff_service.tenants import store as tenants
from tests.handoff_service.conftest import _apart
from tests.handoff_service.stage import person, shop
from tests.handoff_service.web.forks import nursery
from tests.handoff_service.web.serving import clean_environment, free_port

DAYS = 30
DAY = 86400
C = tables.conversations.c


@pytest.fixture
async def keeping(database, tenant):
    """The tenant keeps conversations for DAYS days."""
    changed = tenant.settings.model_copy(update={"retention_days": DAYS})
    await database.write(lambda tx: tenants.save(tx.connection, tenant.model_copy(update={"settings": changed})))


@pytest.fixture
def talk(database, arrive, context, clock):
    """`await talk("text", closed=True, sender=None)`: a conversation; (its id, its customer)."""

    async def talked(text, *, closed=True, sender=None):
        sender = sender or await arrive()

        def work(tx: Transaction) -> str:
            found, _ = receive(
                tx, sender, client_id=f"c-{clock().timestamp():.0f}-{text[:20]}", body={"text": text}, context=context()
            )
            if closed:
                close_idle(tx, found, context())
            return found.id

        return await database.write(work), sender

    return talked


async def texts(database):
    """By conversation, whether anything that was said is still there."""

    def look(connection):
        said = {}
        for row in connection.execute(sa.select(tables.entries)):
            said.setdefault(row.conversation, []).append(row.body.get("text", ""))
        return {name: any("say" in text for text in listed) for name, listed in said.items()}

    return await database.read(look)


@pytest.mark.usefixtures("keeping")
async def test_only_what_was_closed_long_enough_ago_is_erased(database, talk, context, clock):
    old, stranger = await talk("say old")
    open_, _ = await talk("say open", closed=False)
    held, _ = await talk("say held")
    lin = person("boss")
    await database.write(lambda tx: set_hold(tx, lin, held, hold=True, reference="c/1", context=context()))
    clock.advance((DAYS - 1) * DAY)
    assert await database.write(lambda tx: expire(tx, "demo", context())) == 0
    clock.advance(2 * DAY)
    young, _ = await talk("say young")
    assert await database.write(lambda tx: expire(tx, "demo", context())) == 1
    assert await texts(database) == {old: False, open_: True, held: True, young: True}
    name = await database.read(lambda c: contacts.details(c, "demo", stranger.contact)["name"])
    assert name == "Deleted customer"
    assert await database.write(lambda tx: expire(tx, "demo", context())) == 0
    await database.write(lambda tx: set_hold(tx, lin, held, hold=False, reference="", context=context()))
    assert await database.write(lambda tx: expire(tx, "demo", context())) == 1
    assert (await texts(database))[held] is False
    assert await database.read(lambda c: list(broken_timelines(c))) == []


@pytest.mark.usefixtures("keeping")
async def test_who_has_something_younger_keeps_his_name(database, talk, context, clock):
    old, sender = await talk("say old")
    clock.advance((DAYS + 2) * DAY)
    young, _ = await talk("say young", sender=sender)
    assert await database.write(lambda tx: expire(tx, "demo", context())) == 1
    assert await texts(database) == {old: False, young: True}
    assert await database.read(lambda c: contacts.details(c, "demo", sender.contact)["name"]) == "Visitor"


@pytest.mark.usefixtures("tenant")
async def test_a_tenant_without_a_limit_keeps_everything(database, talk, context, clock):
    kept, _ = await talk("say something")
    clock.advance(5000 * DAY)
    assert await database.write(lambda tx: expire(tx, "demo", context())) == 0
    assert await texts(database) == {kept: True}


@pytest.mark.usefixtures("keeping")
async def test_batches_that_fail_half_way_are_done_again_and_counted_once(
    database, talk, settings, clock, monkeypatch, rows
):
    """F-110: a process that dies in a batch leaves the batch undone; the audit counts each conversation once."""
    everything = [(await talk(f"say {number}"))[0] for number in range(45)]
    clock.advance((DAYS + 1) * DAY)
    chance = random.Random(3)

    def die(name):
        assert name == "retention_step"
        if chance.random() < 0.04:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(expire_module, "failpoint", die)
    keeper = Keeper(database, settings, clock)
    failures = 0
    for _ in range(40):
        try:
            await keeper.round()
            break
        except (OSError, Unavailable):  # PostgreSQL takes any OSError for a lost connection
            failures += 1
    assert failures > 0
    assert await texts(database) == dict.fromkeys(everything, False)
    counted = [row["detail"]["conversations"] for row in await rows(tables.audit)]
    assert sum(counted) == 45
    assert max(counted) <= 20
    assert [chain.broken for chain in await database.read(verify)] == [None]


@pytest.mark.usefixtures("keeping")
async def test_killed_in_the_middle_of_a_batch_the_next_gateway_does_all_of_it(
    database, talk, settings, tmp_path, rows
):
    """F-110: SIGKILL at the seventh of 25 conversations. The batch is undone, and done once by whoever starts next."""
    everything = [(await talk(f"say {number}"))[0] for number in range(25)]
    long_ago = {"closed_at": utc_now() - timedelta(days=DAYS + 1)}
    await database.write(lambda tx: tx.connection.execute(sa.update(tables.conversations).values(long_ago)))
    port = free_port()
    given = {
        "TANDEM_VAR": str(tmp_path),
        "TANDEM_DATABASE_URL": settings.database,
        "TANDEM_GATEWAY_URL": f"http://127.0.0.1:{port}",
    }
    deadly = clean_environment({**given, "TANDEM_FAILPOINTS": "retention_step:7:kill9"})
    assert await asyncio.to_thread(nursery().start(["serve"], deadly, tmp_path / "log").wait, 60) == -9
    assert await texts(database) == dict.fromkeys(everything, True)
    again = nursery().start(["serve"], clean_environment(given), tmp_path / "log")
    try:
        async with asyncio.timeout(30):
            while any((await texts(database)).values()):
                await asyncio.sleep(0.05)
    finally:
        again.kill()
        again.wait(20)
    assert sum(row["detail"]["conversations"] for row in await rows(tables.audit)) == 25
    assert [chain.broken for chain in await database.read(verify)] == [None]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_what_an_older_release_leaves_of_whom_it_erased_goes_too(database, arrive, settings, clock, rows):
    """A rolling upgrade: the replica of before knows neither the newer columns nor the newer table."""
    erased, other = await arrive(), await arrive()
    keeper = Keeper(database, settings, clock)
    await keeper.round()

    def erase_as_before(connection):
        cared = {"tenant": "demo", "agent": "a_lin", "classes": 1, "by": "a_boss", "at": clock()}
        for one in (erased, other):
            contacts.vouch(connection, "demo", one.contact, f"cus_{one.contact}")
            connection.execute(sa.insert(tables.contact_care).values(contact=one.contact, **cared))
        known = sa.update(tables.contacts).where(tables.contacts.c.id == erased.contact)
        connection.execute(known.values(name="Deleted customer", erased_at=clock()))

    await database.write(lambda tx: erase_as_before(tx.connection))
    clock.advance(3601)
    await keeper.round()
    left = {row["id"]: row["vouched_as"] for row in await rows(tables.contacts)}
    assert left == {erased.contact: None, other.contact: f"cus_{other.contact}"}
    assert [row["contact"] for row in await rows(tables.contact_care)] == [other.contact]


@pytest.mark.usefixtures("keeping")
async def test_what_is_reopened_in_the_same_moment_is_not_closed_and_erased(database, talk, context, clock, arrive):
    """Two replicas, one of which takes a message while the other expires: either order, nothing said now is lost.

    Who comes a moment too late is a stranger here, is told so, and starts anew.
    """
    talks = [await talk(f"say {number}", sender=await arrive()) for number in range(12)]
    clock.advance((DAYS + 1) * DAY)

    async def come_back(sender):
        try:
            return await talk("say again", closed=False, sender=sender)
        except Unauthorized:
            name = await database.read(lambda c: contacts.details(c, "demo", sender.contact)["name"])
            assert name == "Deleted customer", "only who was forgotten is sent away"
            return await talk("say again", closed=False)

    others = asyncio.gather(*(database.write(lambda tx: expire(tx, "demo", context(), limit=3)) for _ in range(3)))
    back = await asyncio.gather(*(come_back(sender) for _, sender in reversed(talks)))  # from the other end
    await others
    said = await database.read(
        lambda c: [
            (row.conversation, row.body["text"])
            for row in c.execute(sa.select(tables.entries).where(tables.entries.c.author_kind == "customer"))
        ]
    )
    assert sorted(name for name, text in said if text == "say again") == sorted(name for name, _ in back)
    assert len({name for name, _ in back}) == 12
    assert shop().settings.retention_days is None


@pytest.mark.usefixtures("keeping")
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # on SQLite nobody writes between the two looks
async def test_who_writes_on_a_platform_in_the_moment_of_retention_begins_anew(
    database, context, clock, settings, database_url, rows, monkeypatch
):
    """The event has found him by his identity when he is forgotten: it is not refused, and waits for no second one."""
    account = Account(tenant="demo", id="a_1", channel="telegram", name="Bot", secrets=(), created_at=clock())
    seal = Seal(settings.encryption_key.get_secret_value())

    async def said(number):
        event = Inbound(
            event_id=f"e-{number}", contact="tg-7", name="Wei", language="en", body={"text": f"say {number}"}
        )
        (arrived,) = await take(database, account, CHANNELS["telegram"].abilities, [event], seal, context())
        return arrived.conversation

    old = await said(1)
    await database.write(
        lambda tx: close_idle(tx, conversations.find(tx.connection, "demo", old, lock=True), context())
    )
    clock.advance((DAYS + 1) * DAY)
    find, forgotten = arrive_module.receive, []

    async def expire_elsewhere():
        other = open_database(database_url, Bell())
        forgotten.append(await other.write(lambda tx: expire(tx, "demo", context())))
        await other.close()

    def receive_too_late(*words, **named):
        if not forgotten:
            _apart(expire_elsewhere())
        return find(*words, **named)

    monkeypatch.setattr(arrive_module, "receive", receive_too_late)
    new = await said(2)
    assert forgotten == [1]
    assert await texts(database) == {old: False, new: True}
    assert [row["name"] for row in await rows(tables.contacts)] == ["Deleted customer", "Wei"]
