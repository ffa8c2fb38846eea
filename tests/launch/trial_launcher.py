"""A launcher of dummy parts: `trial_launcher.py <var> <patience> <name:port:options>…`, driven by signals."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from handoff_service.launch.errors import LaunchError
from handoff_service.launch.keeper import Patience
from handoff_service.launch.parts import Part
from handoff_service.launch.supervise import forever, supervise

DUMMY = Path(__file__).with_name("dummy_part.py")


def part(description: str) -> Part:
    """name:port:options, where options go to dummy_part.py; "late>early" waits for early."""
    name, port, options = description.split(":")
    name, _, before = name.partition(">")
    return Part(
        name=name,
        command=(sys.executable, str(DUMMY), port, *options.split()),
        url=f"http://127.0.0.1:{port}",
        setting=f"TANDEM_{name.upper()}_URL",
        cwd=DUMMY.parent,
        after=(before,) if before else (),
    )


async def work() -> int:
    """What a program that needs the parts would do, with 5 as its exit code."""
    sys.stderr.write("the parts are ready, working\n")
    return 5


def main() -> int:
    var, start_s, *descriptions = sys.argv[1:]
    patience = Patience(start_s=float(start_s), stop_s=1.0)
    try:
        ended = supervise(
            [part(words) for words in descriptions],
            var=Path(var),
            patience=patience,
            once_ready=work if "TRIAL_WORK" in os.environ else forever,
        )
        return ended or 0
    except LaunchError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
