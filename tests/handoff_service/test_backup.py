"""Backup and restore (F-47, F-115, I27): under load, between engines, damaged, killed; and the clients afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import shutil
import threading
import time
import zlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from handoff_service import backup as backup_module
from handoff_service import tables
from handoff_service.audit import broken_timelines, verify
from handoff_service.backup import backup, read_rows
from handoff_service.backup import verify as verify_backup
from handoff_service.bell import Bell
from handoff_service.clock import utc_now
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.projection import for_agent
from handoff_service.conversations.receive import receive
from handoff_service.database import open_database
from handoff_service.errors import Conflict, Damaged, NotFound
from handoff_service.ids import new_id
from handoff_service.migrate import log_id, migrate
from handoff_service.restore import restore
from handoff_service.retention.erase import begin
from handoff_service.retention.keeper import Keeper
from handoff_service.tenants import store as tenants
from tests.handoff_service.conftest import _apart, _sql
from tests.handoff_service.stage import meet, shop, trial_settings
from tests.handoff_service.web.forks import nursery
from tests.handoff_service.web.serving import ROOT, clean_environment
from tests.history.checker import judge_raw
from tests.history.events import wire_entry

E = tables.entries.c
both_pairs = pytest.mark.parametrize("target", ["sqlite", "postgresql"])


@pytest.fixture
def empty(tmp_path, request):
    """`empty("postgresql")`: settings with an empty database of this engine and a state folder of their own."""
    made = []

    def emptied(engine, *, migrated=False):
        var = tmp_path / new_id("v")
        var.mkdir()
        if engine == "sqlite":
            url = f"sqlite:///{var / 'handoff.sqlite'}"
        else:
            address, name = request.getfixturevalue("postgres"), new_id("t")
            made.append((address, name))
            _apart(_sql(address("postgres"), f"CREATE DATABASE {name} STRATEGY FILE_COPY"))
            url = address(name)
        if migrated:
            _apart(migrate(url))
        return trial_settings(var=var, database_url=url)

    yield emptied
    for address, name in made:
        _apart(_sql(address("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


@contextlib.asynccontextmanager
async def opened(settings):
    database = open_database(settings.database, Bell())
    try:
        yield database
    finally:
        await database.close()


async def logs(database):
    """By conversation, what a client sees of every entry."""

    def look(connection):
        found = {}
        query = sa.select(E.tenant, E.conversation, E.seq, E.mid, E.kind, E.body, E.epoch, E.at)
        for row in connection.execute(query.order_by(E.conversation, E.seq)):
            found.setdefault((row.tenant, row.conversation), []).append(tuple(row)[2:])
        return found

    return await database.read(look)


async def logs_of(database, kind):
    """The logs as a history has them (tests/history/FORMAT.md): `backup_log`, `lost_log` or `restored_log`."""

    def look(connection):
        found = []
        for tenant, name in connection.execute(sa.select(E.tenant, E.conversation).distinct()).all():
            listed = [for_agent(one, {}) for one in conversations.entries_after(connection, tenant, name, 0)]
            found.append(
                {
                    "t": time.monotonic(),
                    "f": kind,
                    "conv": f"{tenant}/{name}",
                    "entries": [wire_entry(tenant, one) for one in listed],
                }
            )
        return found

    return await database.read(look)


async def content(database):
    """All rows of all tables that a backup holds, but for what a restore changes on purpose."""

    def look(connection):
        kept = [table for table in tables.metadata.sorted_tables if table.name not in LEFT_OUT]
        return {
            table.name: sorted(str(tuple(row)) for row in connection.execute(sa.select(table)) if row[0] != "log_id")
            for table in kept
        }

    return await database.read(look)


LEFT_OUT = {"desks", "agent_sessions", "socket_tickets", "nodes", "audit"}


class Crowd:
    """Customers who write until they are told to stop."""

    def __init__(self, database, context, people):
        self.database, self.context, self.people = database, context, people
        self.written = 0
        self.stopped = False

    async def write_on(self, sender):
        number = 0
        while not self.stopped:
            number += 1
            body = {"text": f"{sender.contact} 说 {number} \u202e\U0001f600"}
            await self.database.write(
                lambda tx, n=number, b=body: receive(
                    tx, sender, client_id=f"{sender.contact}-{n:05}", body=b, context=self.context()
                )
            )
            self.written += 1

    @contextlib.asynccontextmanager
    async def writing(self):
        tasks = [asyncio.create_task(self.write_on(sender)) for sender in self.people]
        try:
            yield self
        finally:
            self.stopped = True
            await asyncio.gather(*tasks)

    async def reached(self, number):
        async with asyncio.timeout(30):
            while self.written < number:
                await asyncio.sleep(0.005)


@pytest.fixture
async def crowd(database, arrive, context):
    return Crowd(database, context, [await arrive() for _ in range(8)])


@pytest.fixture
def slow_dump(monkeypatch):
    """The backup stops before the table of entries until the test lets it go on."""

    reached, go = threading.Event(), threading.Event()

    def stop(name):
        if name == "backup_mid" and not reached.is_set():
            reached.set()
            go.wait(20)

    monkeypatch.setattr(backup_module, "failpoint", stop)
    return reached, go


@pytest.mark.parametrize(
    ("engine", "target"),
    [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql")],
    indirect=["engine"],
)
async def test_a_backup_under_load_is_one_moment_on_which_all_logs_agree(
    crowd, database, settings, empty, tmp_path, target, slow_dump
):
    """F-115. The writers go on while the backup stands still in the middle of its tables; the checker judges I27."""
    reached, go = slow_dump
    async with crowd.writing():
        await crowd.reached(100)
        history = await logs_of(database, "backup_log")
        # On a loop of its own, as the command has one: it stands still where the writers must not.
        making = asyncio.create_task(
            asyncio.to_thread(lambda: asyncio.run(backup(settings.database, tmp_path / "b", now=utc_now())))
        )
        await asyncio.to_thread(reached.wait, 20)
        at = crowd.written
        await crowd.reached(at + 100)  # nobody waits for the backup
        go.set()
        manifest = await making
        await crowd.reached(crowd.written + 20)
    history += await logs_of(database, "lost_log")
    live = await logs(database)
    assert manifest.rows["entries"] >= 100
    there = empty(target)
    await restore(there, tmp_path / "b", replace=False, now=utc_now())
    async with opened(there) as restored:
        found = await logs(restored)
        history += await logs_of(restored, "restored_log")
        assert judge_raw(history) == []
        assert {one["f"] for one in history if one["entries"]} == {"backup_log", "lost_log", "restored_log"}
        assert sum(map(len, found.values())) == manifest.rows["entries"] < sum(map(len, live.values()))
        assert await restored.read(lambda c: list(broken_timelines(c))) == []


@both_pairs
async def test_what_is_restored_is_what_was_saved(crowd, database, settings, empty, tmp_path, target):
    async with crowd.writing():
        await crowd.reached(60)
    await database.write(_leave_marks)
    await backup(settings.database, tmp_path / "b", now=utc_now())
    there = empty(target)
    told = []
    await restore(there, tmp_path / "b", replace=False, now=utc_now(), progress=lambda *one: told.append(one))
    assert dict(told)["entries"] == sum(map(len, (await logs(database)).values()))
    before = await content(database)
    async with opened(there) as restored:
        after = await content(restored)
        for name in set(before) - {"outbox", "meta"}:
            assert after[name] == before[name], name
        assert await restored.read(log_id) != await database.read(log_id)
        states = await restored.read(lambda c: sorted(row.state for row in c.execute(sa.select(tables.outbox.c.state))))
        assert states.count("uncertain") == 1, "what may have arrived stays uncertain"
        assert "leased" not in states
        (row,) = (chain for chain in await restored.read(verify) if chain.tenant == "demo")
        assert (row.length, row.broken) == (1, None)
    # The other way round: back again, into the other engine or the same.
    await backup(there.database, tmp_path / "c", now=utc_now())
    again = empty("sqlite")
    await restore(again, tmp_path / "c", replace=False, now=utc_now())
    async with opened(again) as third:
        assert (await content(third))["entries"] == before["entries"]


def _leave_marks(tx):
    """One row leased and one uncertain, an open desk, a signed-in agent: what a restore has to deal with."""
    B = tables.outbox.c
    first, second = [row.id for row in tx.connection.execute(sa.select(B.id).order_by(B.id).limit(2))]
    now = utc_now()
    leased = {"state": "leased", "lease_owner": "n_1", "lease_until": now}
    tx.connection.execute(sa.update(tables.outbox).where(B.id == first).values(leased))
    tx.connection.execute(sa.update(tables.outbox).where(B.id == second).values(state="uncertain"))
    tx.connection.execute(sa.insert(tables.desks).values(tenant="demo", agent="a", session="s", lease_until=now))
    session = {"token_hash": "h", "tenant": "demo", "agent": "a", "created_at": now, "seen_at": now}
    tx.connection.execute(sa.insert(tables.agent_sessions).values(session))


@pytest.fixture
async def saved(crowd, settings, tmp_path):
    """A backup of some conversations."""
    async with crowd.writing():
        await crowd.reached(40)
    await backup(settings.database, tmp_path / "saved", now=utc_now())
    return tmp_path / "saved"


async def test_a_database_that_holds_something_is_only_replaced_on_purpose(saved, empty, engine):
    there = empty(engine, migrated=True)
    async with opened(there) as database:
        await database.write(lambda tx: _stranger(tx.connection))
    with pytest.raises(Conflict, match=r"not empty.*--replace"):
        await restore(there, saved, replace=False, now=utc_now())
    async with opened(there) as database:
        assert {name[0] for name in await logs(database)} == set()
        assert await database.read(lambda c: c.execute(sa.select(tables.contacts.c.name)).scalar_one()) == "Visitor"
    await restore(there, saved, replace=True, now=utc_now())
    async with opened(there) as database:
        assert len(await logs(database)) == 8


def _stranger(connection):

    tenants.save(connection, shop("other"))
    meet(connection, utc_now(), tenant="other")


async def test_a_database_in_use_is_not_touched(saved, empty, engine):
    there = empty(engine, migrated=True)
    async with opened(there) as database:
        before = await database.read(log_id)
        with pytest.raises(Conflict, match=r"stop the gateways|close it first"):
            await restore(there, saved, replace=True, now=utc_now())
        assert await database.read(log_id) == before


def unpacked(packed: bytes) -> bytes | None:
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        return None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_damaged_file_is_refused_with_a_sentence_and_nothing_is_touched(saved, empty):
    """Bytes flipped and cut off at random places; a damage that gzip itself does not see is found by the hashes."""
    whole = saved.read_bytes()
    text = gzip.decompress(whole)
    there = empty("sqlite")
    chance = random.Random(7)
    damaged = [whole[: chance.randrange(1, len(whole))] for _ in range(10)]
    for _ in range(25):
        place = chance.randrange(10, len(whole))  # before that: time and system, which mean nothing
        flipped = whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :]
        if unpacked(flipped) != text:  # some bits mean nothing: those after the last block
            damaged.append(flipped)
    lines = text.splitlines(keepends=True)
    damaged.append(gzip.compress(text.replace(b"-00003", b"-00004", 1)))
    damaged.append(gzip.compress(b"".join(lines[:-1])))
    damaged.append(gzip.compress(b"".join(lines[:40] + lines[41:])))
    damaged.append(gzip.compress(text.replace(b'"rows"', b'"sows"', 1)))  # still JSON, and not what was written
    damaged.append(b"")
    damaged.append(gzip.compress(b'{"format":"something else"}\n'))
    path = saved.with_name("damaged")
    for content_ in damaged:
        path.write_bytes(content_)
        with pytest.raises(Damaged) as refused:
            await restore(there, path, replace=True, now=utc_now())
        assert str(path) in refused.value.message
    assert list(there.var.iterdir()) == []
    with pytest.raises(NotFound):
        await restore(there, saved.with_name("nowhere"), replace=False, now=utc_now())


@both_pairs
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_an_older_schema_is_migrated_after_loading_and_a_newer_one_refused(saved, empty, tmp_path, target):
    lines = gzip.decompress(saved.read_bytes()).splitlines()
    head = json.loads(lines[0])
    newer = tmp_path / "newer"
    newer.write_bytes(gzip.compress(b"\n".join([json.dumps({**head, "revision": "9999"}).encode(), *lines[1:], b""])))
    there = empty(target)
    with pytest.raises(Damaged, match=r"9999.*does not know"):
        await restore(there, newer, replace=False, now=utc_now())

    old = empty(target)
    await migrate(old.database, "0001")
    async with opened(old) as database:
        text = {"tenant": "demo", "id": "k_1", "name": "Wang", "language": "zh", "created_at": 1}
        insert = f"INSERT INTO contacts ({', '.join(text)}) VALUES ({', '.join(f':{name}' for name in text)})"
        await database.write(lambda tx: tx.connection.execute(sa.text(insert), text))
    manifest = await backup(old.database, tmp_path / "old", now=utc_now())
    assert manifest.revision == "0001"
    await restore(there, tmp_path / "old", replace=False, now=utc_now())
    async with opened(there) as database:
        (contact,) = await database.read(lambda c: c.execute(sa.select(tables.contacts)).mappings().all())
        assert (contact["name"], contact["erased_at"]) == ("Wang", None)
        assert (
            await database.read(lambda c: c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())
            == _newest()
        )


def _newest():
    config = Config()
    config.set_main_option("script_location", str(ROOT / "handoff_service" / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()


def command(settings, *arguments, failpoints=""):
    environment = clean_environment(
        {
            "TANDEM_VAR": str(settings.var),
            "TANDEM_DATABASE_URL": settings.database,
            **({"TANDEM_FAILPOINTS": failpoints} if failpoints else {}),
        }
    )
    return nursery().run(arguments, environment, timeout=120)


async def test_killed_in_the_middle_of_a_backup_the_file_of_yesterday_is_still_there(crowd, settings, tmp_path):
    async with crowd.writing():
        await crowd.reached(20)
    file = tmp_path / "b"
    await backup(settings.database, file, now=utc_now())
    yesterday = file.read_bytes()
    killed = await asyncio.to_thread(command, settings, "backup", str(file), failpoints="backup_mid:9:kill9")
    assert killed.returncode == -9
    assert file.read_bytes() == yesterday
    done = await asyncio.to_thread(command, settings, "backup", str(file))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == sum(verify_backup(file).rows.values())
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".b")] == []
    assert file.stat().st_mode & 0o777 == 0o600
    checked = await asyncio.to_thread(command, settings, "backup", str(file), "--verify")
    assert json.loads(checked.stdout) == json.loads(done.stdout)


@pytest.mark.parametrize("place", ["after the first table", "after everything"])
async def test_killed_in_the_middle_of_a_restore_the_database_is_as_it_was(saved, empty, engine, place):
    """After everything: before the commit on PostgreSQL, between two files on SQLite."""
    there = empty(engine, migrated=True)
    async with opened(there) as database:
        await database.write(lambda tx: _stranger(tx.connection))
        before, name = await content(database), await database.read(log_id)
    tables_loaded = len(dict(read_rows(saved)))
    last = tables_loaded + (2 if engine == "sqlite" else 1)
    kill = f"restore_mid:{last if place == 'after everything' else 1}:kill9"
    killed = await asyncio.to_thread(command, there, "restore", str(saved), "--replace", failpoints=kill)
    assert killed.returncode == -9, killed.stderr
    async with opened(there) as database:
        assert (await content(database), await database.read(log_id)) == (before, name)
    await restore(there, saved, replace=True, now=utc_now())
    async with opened(there) as database:
        assert len(await logs(database)) == 8
        assert await database.read(log_id) != name
    assert not [path for path in there.var.iterdir() if "restoring" in path.name]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_command_tells_in_a_sentence_what_is_wrong(saved, empty):
    there = empty("sqlite", migrated=True)
    async with opened(there) as database:
        await database.write(lambda tx: _stranger(tx.connection))
    refused = await asyncio.to_thread(command, there, "restore", str(saved))
    assert refused.returncode == 1
    assert refused.stderr.startswith("restore: The database is not empty")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_damaged_database_is_replaced_and_kept_beside(saved, empty):
    there = empty("sqlite", migrated=True)
    path = Path(str(sa.make_url(there.database).database))
    broken = b"\x00" * 4096 + path.read_bytes()[4096:]
    path.write_bytes(broken)
    with pytest.raises(Damaged, match="cannot be read"):
        await restore(there, saved, replace=False, now=utc_now())
    assert path.read_bytes() == broken
    await restore(there, saved, replace=True, now=utc_now())
    async with opened(there) as database:
        assert len(await logs(database)) == 8
    (kept,) = (one for one in there.var.iterdir() if ".damaged-" in one.name and one.stat().st_size)
    assert kept.read_bytes() == broken


async def test_who_was_erased_after_the_backup_does_not_come_back(saved, empty, crowd, engine):
    """By the replaced database that knows it, and by the list beside the state when that database is lost."""

    gone = crowd.people[0].contact
    there = empty(engine)
    await restore(there, saved, replace=False, now=utc_now())
    async with opened(there) as live:
        (job,) = await live.write(
            lambda tx: begin(tx, "demo", gone, requested_by="operator", context=Context(there, utc_now()))
        )
        await Keeper(live, there, utc_now).finish(job)
    elsewhere = empty(engine)
    shutil.copy(there.var / "erased.jsonl", elsewhere.var / "erased.jsonl")
    (there.var / "erased.jsonl").unlink()
    for target in (there, elsewhere):
        await restore(target, saved, replace=True, now=utc_now())
        async with opened(target) as restored:
            found = await logs(restored)
            texts = [entry[3].get("text", "") for entries in found.values() for entry in entries]
            assert not any(gone in text for text in texts)
            assert sum(crowd.people[1].contact in text for text in texts) > 0
            detail = await restored.read(lambda c: c.execute(sa.select(tables.audit.c.detail)).scalar_one())
            assert detail["erased_again"] == 1
