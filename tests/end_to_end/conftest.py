"""The real parts, started by the real launcher on free ports and a state folder of their own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent as AgentRecord
from handoff_service.agents.model import Role, Status
from handoff_service.agents.sign_in import hash_password
from handoff_service.bell import Bell
from handoff_service.database import Transaction, open_database
from handoff_service.ids import new_id
from handoff_service.seed import demo_settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.end_to_end.stage import clear, open_stage
from tests.end_to_end.story import Stage
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
# Trained and built once per checkout; copying them keeps the stage independent of what else runs on `var`.
PREPARED = ("bot", "kb_index", "stamps")
START_S = 400.0
# A shop beside the demo, whose articles are in the database; who wants it makes it.
SHOP = "lanterns"


@pytest.fixture(scope="session")
def stage_var() -> Iterator[Path]:
    """The state folder of running parts."""
    var = Path(tempfile.mkdtemp(prefix="tandem-story-"))
    prepared = Path(os.environ.get("TANDEM_VAR", ROOT / "var"))
    for name in PREPARED:
        if (prepared / name).is_dir():
            shutil.copytree(prepared / name, var / name, symlinks=True)
    names = ("TANDEM_GATEWAY_URL", "TANDEM_KB_INDEX_URL", "TANDEM_BOT_URL", "TANDEM_SHOP_URL")
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in zip(names, free_ports(4), strict=True)}
    articles = json.dumps({"demo": "data/kb", SHOP: "database"})
    own = {"TANDEM_VAR": str(var), "TANDEM_DATABASE_URL": "", "TANDEM_KB_TENANTS": articles}
    # Without these both belong to the only tenant; the demo is not that any more once the other shop is made.
    own |= {"TANDEM_TRAINING_TENANTS": "demo", "TANDEM_SHOP_TENANTS": "demo"}
    environment = {**os.environ, **addresses, **own}
    with (var / "launcher.out").open("wb") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "handoff_service.launch", "run"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(launcher, var)
            yield var
        finally:
            launcher.send_signal(signal.SIGINT)
            launcher.wait(60)
    shutil.rmtree(var, ignore_errors=True)


@pytest.fixture
async def stage(stage_var: Path) -> AsyncIterator[Stage]:
    """The stage as if nobody had played on it: nobody waits, nobody is served, and afterwards all have left."""
    stage = open_stage(stage_var)
    await clear(stage, stage_var)
    yield stage
    await stage.empty()


@pytest.fixture
async def lanterns(stage_var: Path) -> Mapping[str, str]:
    """Another shop, whose articles are written at the desk and not in files; how its owner signs in."""
    address = f"ida-{secrets.token_hex(3)}@lanterns.example"
    login = {"tenant": SHOP, "email": address, "password": secrets.token_urlsafe(12)}
    owner = {"name": "Ida", "role": Role.OWNER, "languages": ("zh", "en"), "queues": ("support",), "capacity": 5}
    kept = {"open": 0, "status": Status.OFFLINE, "disabled": False, "seen_at": None, "last_assigned_at": None}
    ida = AgentRecord(tenant=SHOP, id=new_id("a"), email=login["email"], **owner, **kept)
    shop = Tenant(id=SHOP, name="Lanterns", settings=demo_settings("https://lanterns.example"))

    def write(tx: Transaction) -> None:
        tenants.save(tx.connection, shop)
        agents.save(tx.connection, ida, hash_password(login["password"]))

    database = open_database(f"sqlite:///{stage_var / 'handoff.sqlite'}", Bell())
    try:
        await database.write(write)
    finally:
        await database.close()
    return login


def _wait_until_ready(launcher: subprocess.Popen[bytes], var: Path) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < START_S:
        if launcher.poll() is not None:
            break
        try:
            if json.loads((var / "run.json").read_text())["ready"]:
                return
        except (FileNotFoundError, ValueError):
            pass
        time.sleep(0.2)
    pytest.fail(f"the parts did not start:\n{(var / 'launcher.out').read_text()[-3000:]}")
