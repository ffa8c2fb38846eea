"""Runs one long command: output to a log file, a sign of life at the terminal, a sentence when it fails."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from handoff_service.launch.errors import LaunchError

HEARTBEAT_S = 15.0
TAIL_LINES = 12
NO_NETWORK = (
    "name resolution",
    "dns error",
    "error sending request",
    "failed to establish a new connection",
    "network is unreachable",
    "connection refused",
    "connect timeout",
    "operation timed out",
    "could not resolve host",
    "enotfound",
    "eai_again",
    "econnrefused",
    "etimedout",
)
NO_DISK = ("no space left on device", "enospc", "disk quota exceeded")


def run_logged(
    command: Sequence[str],
    *,
    doing: str,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str],
    timeout_s: float | None = None,
) -> str:
    """Runs to the end and returns the output; LaunchError with the cause and the last lines when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        file.write(f"\n$ {shlex.join(command)}\n".encode())
        file.flush()
        start = file.tell()
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=cwd, env=dict(environment)
            )
        except OSError as error:
            raise LaunchError(f"{doing.capitalize()} failed: {command[0]} cannot be started ({error}).") from error
        try:
            code = _wait(process, doing=doing, log=log, start=start, timeout_s=timeout_s)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    output = _read_from(log, start)
    if code != 0:
        raise LaunchError(failure_sentence(doing, code, output, log))
    return output


def _wait(process: subprocess.Popen[bytes], *, doing: str, log: Path, start: int, timeout_s: float | None) -> int:
    begun = time.monotonic()
    while True:
        try:
            return process.wait(timeout=HEARTBEAT_S if timeout_s is None else min(HEARTBEAT_S, timeout_s))
        except subprocess.TimeoutExpired:
            seconds = time.monotonic() - begun
            if timeout_s is not None and seconds >= timeout_s:
                raise LaunchError(f"{doing.capitalize()} took longer than {timeout_s:.0f} s; see {log}.") from None
            last = (_read_from(log, start).strip().splitlines() or [""])[-1].strip()
            print(f"      … {seconds:.0f} s  {last[:100]}", flush=True)


def _read_from(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace")


def failure_sentence(doing: str, code: int, output: str, log: Path) -> str:
    """Says why: no network and no disk are recognised by their words, anything else shows its last lines."""
    lowered = output.lower()
    lines = "\n".join(f"    {line}" for line in output.strip().splitlines()[-TAIL_LINES:])
    if any(words in lowered for words in NO_DISK):
        return f"{doing.capitalize()} failed: the disk is full. Free some space and run it again."
    if any(words in lowered for words in NO_NETWORK):
        return (
            f"{doing.capitalize()} failed: the package registry cannot be reached. Check the network "
            f"(or the proxy and mirror settings of pip and npm) and run the same command again.\n{lines}"
        )
    return f"{doing.capitalize()} failed with exit code {code}; the whole output is in {log}:\n{lines}"
