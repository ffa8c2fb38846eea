"""A real gateway on a loopback port: in a thread of the tests, or as a process of its own that may be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
import uvicorn

from handoff_service.__main__ import SERVER
from handoff_service.app import create_app
from handoff_service.bots.model import Bot
from handoff_service.clock import Clock, utc_now
from handoff_service.settings import Settings
from tests.handoff_service.web.forks import Fork, nursery
from tests.ports import free_port as free_port

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 20.0
START_S = 90.0  # of a process: on a busy machine the imports alone take long

# The tests here run on SQLite; those on what the engines do differently also, or only, on PostgreSQL.
on_both = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
on_postgres = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


class Gateway:
    """create_app behind uvicorn with the settings of production, in a thread with its own event loop."""

    def __init__(self, settings: Settings, *, bot: Bot | None = None, clock: Clock = utc_now) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        scheme = settings.gateway_url.partition(":")[0]
        self.settings = settings.model_copy(update={"gateway_url": f"{scheme}://{self.address}"})
        self.url = f"http://{self.address}"
        self.clock = clock
        self.app = create_app(self.settings, bot=bot, clock=clock)
        self._server = uvicorn.Server(uvicorn.Config(self.app, **SERVER))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="gateway", daemon=True)

    def start(self) -> None:
        """Returns when it answers."""
        self._thread.start()
        until = time.monotonic() + PATIENCE_S
        while not self._server.started:
            assert self._thread.is_alive(), "the gateway ended while it was starting"
            assert time.monotonic() < until, "the gateway did not start in time"
            time.sleep(0.01)

    def sessions(self) -> int:
        """How many requests and sockets are being served now."""
        return len(self._server.server_state.tasks)

    def buffered(self) -> int:
        """The most bytes that the gateway holds for one connection because its reader does not take them."""
        connections = tuple(self._server.server_state.connections)
        return max((one.transport.get_write_buffer_size() for one in connections if one.transport), default=0)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._socket.close()
        assert not self._thread.is_alive(), "the gateway did not stop"


def is_ready(url: str) -> bool:
    """Whether a gateway answers there and can write."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class GatewayProcess:
    """`python -m handoff_service serve` with its state in `var`; what it writes goes to `var/output.txt`.

    Unless it is `bare` or runs other `code`, it is forked from a process that has imported everything.
    """

    def __init__(self, var: Path, port: int, *, bare: bool = False, **environment: str) -> None:
        self.var = var
        self.bare = bare
        self.code = ROOT  # whose handoff_service it runs
        self.url = f"http://127.0.0.1:{port}"
        self._environment = clean_environment(
            {
                "TANDEM_VAR": str(var),
                "TANDEM_GATEWAY_URL": self.url,
                "TANDEM_BOT_URL": "http://127.0.0.1:9",
                "TANDEM_KB_INDEX_URL": "http://127.0.0.1:9",
                "TANDEM_BOT_QUIET_S": "0",
                "TANDEM_SOCKET_POLL_S": "60",  # no test passes because a lost ring was healed
                **environment,
            }
        )
        self._process: subprocess.Popen[bytes] | Fork | None = None

    @property
    def output(self) -> str:
        """Everything that it has printed, over all its lives."""
        return (self.var / "output.txt").read_text("utf-8")

    def start(self) -> None:
        """Returns when it is ready."""
        self.launch()
        self.until_ready()

    def launch(self) -> None:
        """Returns at once."""
        output = self.var / "output.txt"
        if not self.bare and self.code == ROOT:
            self._process = nursery().start(["serve"], self._environment, output)
            return
        with output.open("ab") as file:
            command = [sys.executable, "-m", "handoff_service", "serve"]
            self._process = subprocess.Popen(command, cwd=self.code, env=self._environment, stdout=file, stderr=file)

    def until_ready(self) -> None:
        assert self._process is not None, "it was never started"
        until = time.monotonic() + START_S
        while not is_ready(self.url):
            assert self._process.poll() is None, self.output
            assert time.monotonic() < until, f"not ready in time: {self.output}"
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9: no chance to finish anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as the launcher stops it: it finishes what it does, and then dies of the signal."""
        assert self._end(signal.SIGTERM) in (0, -signal.SIGTERM), self.output

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None, "it was never started"
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(PATIENCE_S)


def clean_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any setting of Tandem but the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    return {**kept, **changes}
