"""Named places where a test lets the process die, stall or fail; without TANDEM_FAILPOINTS they do nothing.

`TANDEM_FAILPOINTS=append_before_commit:3:kill9,turn_before_call:1:sleep=500` kills the process with SIGKILL when it
is about to commit for the third time, and stalls it for 500 ms before it first asks the bot. A production process
refuses to start with it.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import dataclass

FAILPOINTS = frozenset(
    {
        "hook_before_commit",
        "hook_after_commit",
        "append_after_seq",
        "append_before_commit",
        "append_after_commit",
        "append_after_ack",
        "notify_before",
        "claim_between_updates",
        "outbox_after_lease",
        "outbox_after_http",
        "webhook_after_http",
        "turn_before_call",
        "turn_before_commit",
        "offer_before_commit",
        "migrate_step",
        "erase_step",
        "retention_step",
        "backup_mid",
        "restore_mid",
    }
)


@dataclass
class _Armed:
    """What happens when the place is reached for the `left`-th time from now."""

    left: int
    action: str
    argument: float


def parse(text: str) -> dict[str, _Armed]:
    """`name:count:action` separated by commas; actions: kill9, sleep=<ms>, raise, enospc. Raises ValueError."""
    armed = {}
    for one in filter(None, text.split(",")):
        name, count, action = (*one.split(":"), "", "")[:3]
        verb, _, argument = action.partition("=")
        if name not in FAILPOINTS or not count.isdigit() or verb not in ("kill9", "sleep", "raise", "enospc"):
            raise ValueError(f"TANDEM_FAILPOINTS: {one!r} is not name:count:action with a name of {sorted(FAILPOINTS)}")
        armed[name] = _Armed(int(count), verb, float(argument or 0))
    return armed


_armed = parse(os.environ.get("TANDEM_FAILPOINTS", ""))


def any_armed() -> bool:
    """Whether this process was told to fail somewhere."""
    return bool(_armed)


def failpoint(name: str) -> None:
    """Does what TANDEM_FAILPOINTS says for this place, the n-th time it is reached."""
    if name not in _armed:
        return
    armed = _armed[name]
    armed.left -= 1
    if armed.left != 0:
        return
    if armed.action == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    elif armed.action == "sleep":
        time.sleep(armed.argument / 1000)
    else:
        code = errno.ENOSPC if armed.action == "enospc" else errno.EIO
        raise OSError(code, os.strerror(code), f"failpoint {name}")
