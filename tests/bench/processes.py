"""Processes that a measurement starts for itself, and what they cost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.end_to_end.clients import NotAsTold

TICKS = os.sysconf("SC_CLK_TCK")
STOP_S = 15.0


@dataclass(frozen=True)
class Running:
    """A started process that is ready; `boot_s` and `boot_cpu_s` are the seconds it took to become so."""

    pid: int
    url: str
    boot_s: float
    boot_cpu_s: float | None


def free_address() -> str:
    """A loopback URL with a port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def cpu_seconds(pid: int) -> float | None:
    """Processor time of a process since it started, all threads; None where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    ticks = stat.rpartition(")")[2].split()[11:13]  # utime and stime, counted behind the name in brackets
    return sum(map(int, ticks)) / TICKS


def resident_mb(pid: int) -> float | None:
    """Resident memory in MB; None where there is no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@contextlib.asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    url: str,
    ready: str,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    within_s: float = 60.0,
) -> AsyncIterator[Running]:
    """Runs a server until the block ends. Raises NotAsTold when `url` + `ready` is not 200 within `within_s`."""
    begun = time.perf_counter()
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, env=dict(environment), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        await _until_ready(process, url + ready, log, begun + within_s)
        yield Running(process.pid, url, time.perf_counter() - begun, cpu_seconds(process.pid))
    finally:
        await _stop(process)


async def _until_ready(process: asyncio.subprocess.Process, url: str, log: Path, deadline: float) -> None:
    async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
        while time.perf_counter() < deadline and process.returncode is None:
            with contextlib.suppress(httpx2.HTTPError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    raise NotAsTold(f"{url} did not become ready (exit code {process.returncode}); the end of {log}:\n{tail}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
