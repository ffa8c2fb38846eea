"""A disk that is full (F-39), a database file that is not whole (F-40): nothing is lost, and nothing made up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import shutil
import subprocess

import pysqlite3 as sqlite3
import pytest

from handoff_service.bell import Bell
from handoff_service.damage import refuse_damaged, refuse_missing
from handoff_service.database import open_database
from handoff_service.errors import Damaged
from handoff_service.tenants import store as tenants
from tests.handoff_service.retention.conftest import trial_settings
from tests.handoff_service.stage import ScriptedBot, shop
from tests.handoff_service.test_backup import command
from tests.handoff_service.web.conftest import by_text
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.visitors import accepted, fresh, refused


@pytest.fixture(params=["a small file system", "a limit on the size of files"])
def disk(request, tmp_path):
    """A folder and what fills it: `with full(): …` for as long as nothing can be written."""
    folder = tmp_path / "small"
    folder.mkdir()
    if request.param.startswith("a limit"):

        @contextlib.contextmanager
        def limited():
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        yield folder, limited
        return
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tandem-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount; the limit on files stands in for it")

    @contextlib.contextmanager
    def filled():
        with (folder / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)
        try:
            yield
        finally:
            (folder / "filler").unlink()

    yield folder, filled
    subprocess.run(["umount", str(folder)], check=True)


async def test_with_a_full_disk_reading_goes_on_and_writing_comes_back_by_itself(disk, sqlite_template, build_house):
    folder, full = disk
    shutil.copy(sqlite_template, folder / "handoff.sqlite")
    url = f"sqlite:///{folder / 'handoff.sqlite'}"
    settings = trial_settings(database_url=url, var=folder, kb_index_url="http://127.0.0.1:9")
    gateway = Gateway(settings, bot=ScriptedBot(usually=by_text))
    gateway.start()
    try:
        house = await build_house(gateway)
        customer = await house.customer()
        await customer.write("before")
        await customer.answered()
        seen = await customer.timeline()
        body = {"client_id": fresh("msg"), "body": {"text": "while it is full " + "x" * 7000}}
        with full():
            refusals = 0
            for _ in range(40):  # the log may have room for some
                answer = await customer.post("/v1/conversations/current/messages", body)
                if answer.status_code != 200:
                    refused(answer, 503, "unavailable")
                    refusals += 1
                    if refusals == 3:
                        break
                else:
                    body = {**body, "client_id": fresh("msg")}
            assert refusals == 3
            assert (await customer.timeline())[: len(seen)] == seen
            assert (await customer.http.get("/readyz")).status_code == 503
        async with asyncio.timeout(10):
            while (answer := await customer.post("/v1/conversations/current/messages", body)).status_code != 200:
                await asyncio.sleep(0.1)
        assert accepted(answer)["conversation"] == customer.conversation
        await customer.answered(within=15)
        said = [entry for entry in await customer.timeline() if entry.get("client_id") == body["client_id"]]
        assert len(said) == 1
        timeline = await customer.timeline()
        assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
        await house.leave()
        await house.database.close()
    finally:
        await asyncio.to_thread(gateway.stop)
    with contextlib.closing(sqlite3.connect(folder / "handoff.sqlite")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.fixture
async def filled_file(tmp_path, sqlite_template):
    """A SQLite file with forty tenants, closed."""
    path = tmp_path / "handoff.sqlite"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}", Bell())
    for number in range(40):
        await database.write(lambda tx, n=number: tenants.save(tx.connection, shop(f"shop{n}")))
    await database.close()
    return path


def test_a_whole_file_and_one_that_is_not_there_are_not_damaged(filled_file, tmp_path):
    refuse_damaged(f"sqlite:///{filled_file}")
    refuse_missing(f"sqlite:///{filled_file}")
    refuse_damaged(f"sqlite:///{tmp_path / 'nowhere'}")
    with pytest.raises(Damaged, match="There is no database"):
        refuse_missing(f"sqlite:///{tmp_path / 'nowhere'}")
    assert not (tmp_path / "nowhere").exists()


def test_a_check_that_takes_too_long_is_left_at_that(filled_file):
    refuse_damaged(f"sqlite:///{filled_file}", within_s=0.0)


def test_a_flipped_bit_in_the_head_of_any_page_is_found(filled_file):
    """The first byte says what a page is. No file is changed by being looked at."""
    whole = filled_file.read_bytes()
    size = 4096
    used = [number for number in range(len(whole) // size) if whole[number * size] in (2, 5, 10, 13)]
    assert len(used) > 10
    for number in used:
        damaged = bytearray(whole)
        damaged[number * size] ^= 0x40
        filled_file.write_bytes(damaged)
        with pytest.raises(Damaged, match=r"restore FILE --replace"):
            refuse_damaged(f"sqlite:///{filled_file}")
        assert filled_file.read_bytes() == bytes(damaged)


def test_a_flipped_bit_anywhere_is_found_or_harms_no_structure(filled_file):
    """Every 97th byte. What `quick_check` lets pass is content: the rows are all still there, none is made up."""
    whole = filled_file.read_bytes()
    found = passed = 0
    for place in range(0, len(whole), 97 * 16):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        filled_file.write_bytes(damaged)
        try:
            refuse_damaged(f"sqlite:///{filled_file}")
        except Damaged:
            found += 1
            continue
        passed += 1
        with contextlib.closing(sqlite3.connect(f"file:{filled_file}?mode=ro", uri=True)) as file:
            assert file.execute("SELECT count(*) FROM tenants").fetchone() == (40,)
    assert found > 5
    assert passed > 5


async def test_the_nightly_check_names_what_is_damaged_and_ends_with_1(filled_file):
    """`audit verify`; also an index that is not that of its table, which `quick_check` at the start lets pass."""
    settings = trial_settings(database_url=f"sqlite:///{filled_file}", var=filled_file.parent)
    sound = await asyncio.to_thread(command, settings, "audit", "verify")
    assert (sound.returncode, json.loads(sound.stdout)["broken"]) == (0, [])
    with contextlib.closing(sqlite3.connect(filled_file, isolation_level=None)) as file:
        file.execute("CREATE TABLE spare (word TEXT)")
        file.execute("CREATE INDEX spare_words ON spare (word)")
        file.execute("INSERT INTO spare VALUES ('a canary in an index')")
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = filled_file.read_bytes()
    first = whole.index(b"a canary in an index")
    assert whole.count(b"a canary in an index") == 2, "in the table and in its index"
    filled_file.write_bytes(whole[:first] + b"A" + whole[first + 1 :])
    refuse_damaged(f"sqlite:///{filled_file}")
    ended = await asyncio.to_thread(command, settings, "audit", "verify")
    assert ended.returncode == 1
    assert "spare_words" in str(json.loads(ended.stdout)["broken"])


async def test_a_gateway_does_not_start_on_a_damaged_or_missing_file(filled_file):
    settings = trial_settings(database_url=f"sqlite:///{filled_file}", var=filled_file.parent)
    damaged = bytearray(filled_file.read_bytes())
    damaged[100] = 0
    filled_file.write_bytes(damaged)
    for verb in ("serve", "migrate"):
        ended = await asyncio.to_thread(command, settings, verb)
        assert ended.returncode == 1
        assert ended.stderr.startswith(f"{verb}: The database {filled_file} is damaged (")
        assert "Traceback" not in ended.stderr
        assert filled_file.read_bytes() == bytes(damaged)
    filled_file.unlink()
    ended = await asyncio.to_thread(command, settings, "serve")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"serve: There is no database at {filled_file}.")
    assert not filled_file.exists()
