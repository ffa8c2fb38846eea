"""One launcher for each state folder: a lock that the kernel gives back when its holders are gone."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from handoff_service.launch.errors import LaunchError

# A watcher that outlives its killed launcher holds the lock until it has stopped the parts.
STOPPING_S = 15.0


def take_lock(path: Path) -> int:
    """A descriptor that holds the lock until closed everywhere; LaunchError when a launcher lives there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + STOPPING_S
    told = False
    while not _try(descriptor):
        holder = lock_holder(path)
        if holder is not None or time.monotonic() > deadline:
            os.close(descriptor)
            who = f"process {holder}" if holder else "another process"
            raise LaunchError(
                f"Tandem already runs on {path.parent} ({who}). Stop it with Ctrl-C in its terminal, "
                "or set TANDEM_VAR (and the TANDEM_*_URL ports) to start a second one beside it."
            )
        if not told:
            print("The parts of a launcher that was killed are being stopped …", flush=True)
            told = True
        time.sleep(0.2)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_holder(path: Path) -> int | None:
    """Process id of the launcher that holds the lock, None when no living one does."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if _try(descriptor):
            return None
        written = os.pread(descriptor, 32, 0).decode().strip()
        return int(written) if written.isdigit() and _lives(int(written)) else None
    finally:
        os.close(descriptor)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
