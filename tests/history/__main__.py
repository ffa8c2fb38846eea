"""`python -m tests.history check FILE...` judges a history; `shrink FILE...` prints the shortest part that is wrong."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter
from pathlib import Path

from tests.history.checker import judge, losses
from tests.history.events import History, Unreadable, by_kind, raws_in
from tests.history.shrink import shrink

MOST_SHOWN = 20
WIDTH = 300


def check(paths: list[Path]) -> int:
    """Prints what is wrong, with the lines that show it; 1 if anything is."""
    history = History.read(*paths)
    print(f"{len(history.events)} events: {by_kind(history.events)}")
    violations = judge(history)
    for conv, (part, seqs) in losses(history).items():
        print(f"lost in {conv}: {part} of what was acknowledged, entries {seqs}")
    for violation in violations[:MOST_SHOWN]:
        print(f"\n{violation}")
        for line in violation.lines:
            print(f"  {line}: {history.text(line)[:WIDTH]}")
    counted = Counter(violation.invariant for violation in violations)
    print(f"\n{len(violations)} violations {dict(counted)}" if violations else "no violation")
    return 1 if violations else 0


def shorten(paths: list[Path], invariant: str | None, seconds: float) -> int:
    """Prints the events that show the first violation (of an invariant, if named); 1 if there is one."""
    begun = time.monotonic()
    raws = raws_in(*paths)
    found = [one for one in judge(History.of(raws)) if invariant in (None, one.invariant)]
    if not found:
        print("no violation", file=sys.stderr)
        return 0
    print(found[0], file=sys.stderr)
    for raw in shrink(raws, found[0], until=begun + seconds):
        print(json.dumps(raw, ensure_ascii=False))
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.history", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("check", "shrink"):
        commands.add_parser(name).add_argument("files", nargs="+", type=Path)
    commands.choices["shrink"].add_argument("--invariant", help="for example I6; without it, the first that is broken")
    commands.choices["shrink"].add_argument("--seconds", type=float, default=math.inf, help="what is shortest by then")
    asked = parser.parse_args()
    try:
        if asked.command == "check":
            return check(asked.files)
        return shorten(asked.files, asked.invariant, asked.seconds)
    except (Unreadable, OSError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
