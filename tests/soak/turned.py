"""`python -m tests.soak.turned FILE serve`: the gateway, with a clock that is as many seconds off as FILE says.

While there is a file FILE.full every commit fails as on a full disk, for where no small file system can be mounted.

libfaketime would do the same from outside, but its wrappers make every wait of the database thread last a second.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from handoff_service import clock, failpoints
from handoff_service.clock import Clock

LOOK_S = 0.1


def turned(right: Clock, path: Path) -> Clock:
    """`right`, off by the seconds that stand in the file; looks at it a few times a second."""
    offset, looked = timedelta(), 0.0

    def now() -> datetime:
        nonlocal offset, looked
        if time.monotonic() - looked > LOOK_S:
            looked = time.monotonic()
            offset = timedelta(seconds=float(path.read_text()))
        return right() + offset

    return now


def full(usual: Callable[[str], None], path: Path) -> Callable[[str], None]:
    """`usual`, and ENOSPC at each commit while the file is there."""

    def failpoint(name: str) -> None:
        if name == "append_before_commit" and path.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"failpoint {name}")
        usual(name)

    return failpoint


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    clock.utc_now = turned(clock.utc_now, file)  # before anybody else has taken it by name
    failpoints.failpoint = full(failpoints.failpoint, Path(f"{file}.full"))
    from handoff_service.__main__ import main

    sys.exit(main())
