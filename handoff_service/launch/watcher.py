"""A process that outlives its launcher by moments: when that one dies, however it dies, it stops the parts.

It reads "+<process group>" and "-<process group>" lines; the end of input means that the launcher is gone.
Unlike a parent-death signal this works on macOS too and reaches the children of the parts.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TextIO

GRACE_S = 5.0


def watch(lines: TextIO) -> None:
    """Keeps the set of living process groups until the input ends, then ends those that are left."""
    groups: set[int] = set()
    for line in lines:
        change, group = line[0], int(line[1:])
        if change == "+":
            groups.add(group)
        else:
            groups.discard(group)
    end_groups(groups)


def end_groups(groups: set[int]) -> None:
    """SIGTERM to all, SIGKILL after GRACE_S to those that still live."""
    left = {group for group in groups if signal_group(group, signal.SIGTERM)}
    deadline = time.monotonic() + GRACE_S
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if signal_group(group, 0)}
    for group in left:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """Sends the signal (0: only asks); False when nobody of the group lives any more."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS answers so for a group of zombies
        return False
    return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(sys.stdin)
