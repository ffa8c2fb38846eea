"""Gateway processes: `python -m handoff_service serve` on one database, to be killed, frozen and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.bench.processes import cpu_seconds, resident_mb
from tests.soak.proxy import Address

ROOT = Path(__file__).resolve().parents[2]
START_S = 90.0


class GatewayEnded(RuntimeError):
    """A gateway ended that nobody had killed, or did not become ready."""


@dataclass
class Gateway:
    """One replica; what it writes goes to `folder/gateway-N.log`."""

    number: int
    port: int
    folder: Path
    environment: Mapping[str, str]
    planted: str = ""
    with_clock: bool = False
    code: Path = ROOT  # whose handoff_service it runs
    process: subprocess.Popen[bytes] | None = None
    killed: bool = True
    frozen: bool = False
    listed: bool = True  # whether the load balancer still sends clients to it
    started_at: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    spent_s: dict[float, float] = field(default_factory=dict)  # processor time of each process, by when it started

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"gateway-{self.number}.log"

    @property
    def clock_file(self) -> Path:
        return self.folder / f"clock-{self.number}"

    def turn_clock(self, seconds: float) -> None:
        """Sets how far its clock is from the right time, from now on."""
        draft = self.clock_file.with_suffix(".new")
        draft.write_text(f"{seconds:g}")
        draft.rename(self.clock_file)

    def fill_disk(self, full: bool) -> None:
        """From now on its commits fail as on a full disk, or no more; one `with_clock` can do that."""
        mark = Path(f"{self.clock_file}.full")
        mark.touch() if full else mark.unlink(missing_ok=True)

    def start(self) -> None:
        """Starts the process; `ready` waits for it."""
        self.turn_clock(0)
        self.fill_disk(False)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")},
            **self.environment,
            "TANDEM_GATEWAY_LISTEN": f"127.0.0.1:{self.port}",
            "PYTHONWARNINGS": "ignore",
        }
        module = ["handoff_service"]
        if self.planted:
            module = ["tests.soak.planted", self.planted]
        elif self.with_clock:
            module = ["tests.soak.turned", str(self.clock_file)]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *module, "serve"], cwd=self.code, env=environment, stdout=output, stderr=output
            )
        self.started_at = time.monotonic()
        self.killed = self.frozen = False
        self.listed = True

    async def ready(self) -> None:
        """Returns when it answers. Raises GatewayEnded."""
        assert self.process is not None
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            until = time.monotonic() + START_S
            while time.monotonic() < until and self.process.poll() is None:
                with contextlib.suppress(httpx2.HTTPError):
                    if (await client.get(f"{self.url}/healthz")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        tail = self.log.read_text(errors="replace")[-2000:]
        raise GatewayEnded(f"gateway {self.number} is not ready (exit code {self.process.poll()}):\n{tail}")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends it a signal that ends it, and waits for that."""
        assert self.process is not None
        self.killed = True
        if self.process.poll() is None:
            self.thaw()
            self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
            raise GatewayEnded(f"gateway {self.number} did not stop after SIGTERM") from None

    def freeze(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
            self.frozen = True

    def thaw(self) -> None:
        if self.frozen and self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        self.frozen, self.listed = False, True

    def ended_by_itself(self) -> int | None:
        """The exit code of a process that nobody killed, else None."""
        if self.killed or self.process is None:
            return None
        return self.process.poll()

    @property
    def cpu_s(self) -> float:
        """Processor time of all its processes so far."""
        return sum(self.spent_s.values())

    def measure(self) -> None:
        """Notes its resident memory and its processor time."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(StopIteration):
                if (size := resident_mb(self.process.pid)) is not None:
                    self.memory.append((time.monotonic(), size))
                if (spent := cpu_seconds(self.process.pid)) is not None:
                    self.spent_s[self.started_at] = spent
