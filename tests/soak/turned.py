"""`python -m tests.soak.turned FILE serve`: the gateway, with a clock that is as many seconds off as FILE says.

libfaketime would do the same from outside, but its wrappers make every wait of the database thread last a second.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from handoff_service import clock
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


if __name__ == "__main__":
    clock.utc_now = turned(clock.utc_now, Path(sys.argv.pop(1)))  # before anybody else has taken it by name
    from handoff_service.__main__ import main

    sys.exit(main())
