"""`python -m handoff_service simulate --day peak|normal|night [--seed N]` plays a day of customers in virtual time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from handoff_service.simulation.days import PLANS, build
from handoff_service.simulation.report import report
from handoff_service.simulation.run import Run

COMMANDS = ("simulate",)


def simulate(arguments: Sequence[str]) -> int:
    """Prints how the day went; its progress goes to the error stream."""
    parser = argparse.ArgumentParser(prog="python -m handoff_service simulate", description=__doc__)
    parser.add_argument("--day", choices=sorted(PLANS), default="normal")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    day = build(asked.day, seed=asked.seed)

    def tell(at_s: float, waiting: int, served: int) -> None:
        sys.stderr.write(f"\r{int(at_s) // 3600:02}:00  {waiting:5} wait, {served:4} are served ")
        sys.stderr.flush()

    outcome = Run(day, seed=asked.seed).play(tell)
    sys.stderr.write("\r" + " " * 40 + "\r")
    sys.stdout.write(f"{report(outcome)}\n")
    return 0
