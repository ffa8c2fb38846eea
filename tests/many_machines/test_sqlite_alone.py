"""F-36, F-37: SQLite serves one gateway; what another process does to the file costs time, and loses nothing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pysqlite3 as sqlite3
import pytest

from handoff_service.migrate import migrate
from handoff_service.only_gateway import claim
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import ROOT, clean_environment
from tests.handoff_service.web.visitors import accepted, fresh
from tests.many_machines.conftest import apart
from tests.many_machines.replicas import WITHIN_S, Replica, end, environment, eventually, gapless, town
from tests.many_machines.servers import free_port


@pytest.fixture(scope="module")
def alone(place: Path, shared_bot: FarBot) -> Iterator[Replica]:
    var = place / "alone"
    var.mkdir()
    url = f"sqlite:///{var / 'handoff.sqlite'}"
    apart(migrate(url))
    replica = Replica(var, free_port(), **environment(url, shared_bot))
    try:
        replica.start()
        yield replica
    finally:
        end(replica)


def test_a_second_gateway_on_the_same_file_does_not_start(alone: Replica) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "handoff_service", "serve"],
        cwd=ROOT,
        env=clean_environment({"TANDEM_DATABASE_URL": alone.database_url, "TANDEM_VAR": str(alone.var)}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    (sentence,) = refused.stderr.strip().splitlines()
    assert sentence.startswith(f"serve: process {alone.pid} already serves {alone.var}/handoff.sqlite")
    assert "TANDEM_DATABASE_URL=postgresql://" in sentence


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"
    code = (
        "import time; from handoff_service.only_gateway import claim\n"
        f"claim({url!r}); print(1, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(BlockingIOError, match=f"process {holder.pid} already serves"):
        claim(url)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert claim(url) is not None
    assert claim("postgresql://somewhere/else") is None


async def test_another_process_that_holds_the_write_lock_delays_and_loses_nothing(alone: Replica) -> None:
    """Held for longer than SQLite waits: some are told 503 and try again with the same id; all are stored once."""
    async with town([alone]) as here:
        customer = await here.customer(0)
        await customer.write("hello")
        await customer.answered(within=WITHIN_S)
        path = alone.database_url.removeprefix("sqlite:///")
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        told: set[int] = set()

        async def send(number: int) -> None:
            client_id = fresh("msg")

            async def stored() -> bool:
                body = {"client_id": client_id, "body": {"text": f"number {number}"}}
                answer = await customer.post("/v1/conversations/current/messages", body)
                told.add(answer.status_code)
                return answer.status_code == 200

            await eventually(stored, "stored in the end", within=40, pause=0.2)

        sending = [asyncio.create_task(send(number)) for number in range(3)]
        while not told and time.monotonic() - began < 12:
            await asyncio.sleep(0.1)
        accepted(await customer.get(customer.path("entries")))  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        await asyncio.gather(*sending)
        assert told == {503, 200}, "refused while it was locked, accepted afterwards"
        texts = gapless(await here.entries(customer.conversation))
        assert sorted(text for text in texts if text.startswith("number")) == ["number 0", "number 1", "number 2"]


def test_this_sqlite_is_newer_than_the_bug_or_has_one_writer(alone: Replica) -> None:
    """The WAL-reset bug needs two connections that checkpoint; before 3.51.3 there may be only one process here."""
    if sqlite3.sqlite_version_info < (3, 51, 3):
        with pytest.raises(BlockingIOError):
            claim(alone.database_url)
