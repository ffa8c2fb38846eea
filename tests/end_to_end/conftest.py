"""The real parts, started by the real launcher on free ports and a state folder of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.stage import clear, open_stage
from tests.end_to_end.story import Stage

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
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in zip(names, _free_ports(4), strict=True)}
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


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


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
