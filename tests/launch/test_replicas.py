"""`make run-replicas`: the parts that it adds, and the servers that it brings along."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from handoff_service.launch.__main__ import perform
from handoff_service.launch.credentials import parts_environment
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.lock import take_lock
from handoff_service.launch.parts import check_ports
from handoff_service.launch.replicas import as_it_runs, for_replicas, replica_parts
from handoff_service.launch.running import LOCK_NAME, write_running
from handoff_service.launch.settings import Settings, read_settings
from tests.launch.conftest import ROOT, eventually
from tests.many_machines.servers import free_port
from tests.soak.far_bot import FarBot as SoakBot
from tests.soak.outside import Outside, run_outside

SOAKED_S, KILLED_AFTER_S, STARTED_WITHIN_S = 15.0, 6.0, 240.0


@pytest.fixture
def settings() -> Iterator[Settings]:
    var = Path(tempfile.mkdtemp(prefix="tandem-replicas-", dir="/tmp"))  # the user of PostgreSQL must be able to enter
    var.chmod(0o755)
    ports = {
        f"TANDEM_{name}_URL": f"http://127.0.0.1:{free_port()}"
        for name in ("GATEWAY", "KB_INDEX", "SHOP", "BOT", "REPLICA", "SERVERS")
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    yield for_replicas(read_settings({**kept, "TANDEM_VAR": str(var), "TANDEM_GATEWAY_LISTEN": "x:1", **ports}))
    shutil.rmtree(var)


def test_two_gateways_share_database_bell_and_secrets_and_wait_for_the_servers(settings: Settings) -> None:
    parts = {part.name: part for part in replica_parts(settings, parts_environment(settings))}
    check_ports(list(parts.values()))
    assert set(parts) == {"servers", "kb_index", "bot", "shop", "handoff_service", "handoff_service_2"}
    first, second = parts["handoff_service"], parts["handoff_service_2"]
    assert first.url != second.url
    differing = {name for name in first.environment if first.environment[name] != second.environment[name]}
    assert differing == {"TANDEM_GATEWAY_URL"}
    assert "TANDEM_GATEWAY_LISTEN" not in second.environment, "both would listen on the same port"
    for gateway in (first, second):
        assert gateway.environment["TANDEM_GATEWAY_URL"] == gateway.url
        assert gateway.environment["TANDEM_DATABASE_URL"].startswith("postgresql://")
        assert gateway.environment["TANDEM_BELL_URL"].startswith("valkey://")
        assert set(gateway.after) == {"servers", "kb_index", "bot"}


def test_an_address_that_is_none_is_named(settings: Settings) -> None:
    with pytest.raises(LaunchError, match="TANDEM_SERVERS_URL must look like"):
        for_replicas(read_settings({**settings.environ, "TANDEM_SERVERS_URL": "here"}))


def test_a_backup_is_of_the_database_that_runs(settings: Settings) -> None:
    alone = read_settings({**settings.environ, "TANDEM_DATABASE_URL": "sqlite:////elsewhere.sqlite"})
    part = {"pid": 1, "url": "", "ready": True, "restarts": 0}
    lock = take_lock(settings.var / LOCK_NAME)
    write_running(settings.var, {"handoff_service": part})
    assert as_it_runs(alone) == alone
    write_running(settings.var, {"servers": part, "handoff_service": part})
    assert as_it_runs(alone).environ["TANDEM_DATABASE_URL"] == settings.environ["TANDEM_DATABASE_URL"]
    os.close(lock)
    assert as_it_runs(alone) == alone, "what ended runs no more"


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_backup_needs_a_name(settings: Settings, command: str) -> None:
    with pytest.raises(LaunchError, match=f"make {command} FILE="):
        perform(command, settings)


async def test_the_servers_migrate_report_and_leave_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    environment = parts_environment(settings)
    database = environment["TANDEM_DATABASE_URL"]
    with (tmp_path / "printed.txt").open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.many_machines.servers"],
            cwd=ROOT,
            env=environment,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
    try:
        eventually(
            lambda: _ready(settings.servers_url), what="ready", more=lambda: (tmp_path / "printed.txt").read_text()
        )
        connection = await asyncpg.connect(database)
        assert await connection.fetchval("SELECT count(*) FROM nodes") == 0, "it is migrated"
        await connection.close()
        children = _children(process.pid)
        assert len(children) == 2
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert process.returncode == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


@pytest.mark.stack
async def test_the_checker_finds_nothing_while_one_of_the_replicas_is_killed(
    settings: Settings, tmp_path: Path
) -> None:
    """`make run-replicas` and the soak from outside: PostgreSQL, Valkey, two gateways, kill -9, started again."""
    bot = SoakBot(random.Random(1))
    await bot.start()
    printed = tmp_path / "printed.txt"
    environment = {**settings.environ, "TANDEM_BOT_URL": bot.url, "TANDEM_SERVERS_URL": settings.servers_url}
    with printed.open("wb") as file:
        command = [sys.executable, str(Path(__file__).with_name("replica_launcher.py"))]
        launcher = subprocess.Popen(
            command, cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)}, stdout=file, stderr=file
        )

    def parts() -> dict[str, dict[str, object]]:
        return dict(json.loads((settings.var / "run.json").read_text())["parts"])

    async def kill_one() -> None:
        await asyncio.sleep(KILLED_AFTER_S)
        os.kill(int(str(parts()["handoff_service_2"]["pid"])), signal.SIGKILL)

    try:
        async with asyncio.timeout(STARTED_WITHIN_S):
            while "the demo tenant is there" not in printed.read_text():
                assert launcher.poll() is None, printed.read_text()
                await asyncio.sleep(0.2)
        outside = Outside(
            urls=[settings.gateway_url, settings.replica_url], shop=settings.shop_url, var=settings.var,
            seconds=SOAKED_S, seed=11,
        )  # fmt: skip
        (ok, report), _ = await asyncio.gather(run_outside(outside, print), kill_one())
        assert ok, report
        assert parts()["handoff_service_2"]["restarts"] == 1, printed.read_text()
        assert parts()["handoff_service"]["restarts"] == 0, printed.read_text()
    finally:
        launcher.send_signal(signal.SIGTERM)
        launcher.wait(60)
        bot.down()


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
