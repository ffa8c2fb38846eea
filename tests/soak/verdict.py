"""What a soak comes to: the checker's violations, and figures of memory, errors and waiting."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.history.checker import judge as find_violations
from tests.history.events import History, Recorder
from tests.soak.gateways import ROOT, Gateway

if TYPE_CHECKING:
    from tests.soak.run import Soak
    from tests.soak.settle import Settled
    from tests.soak.wire import Traffic

WARM_S = 120.0
LONG_RUN_S = 900.0
MOST_SLOPE = 1.0  # MiB per minute
MOST_MEMORY_MB = 600.0
AFTER_FAULT_S = 12.0
MOST_ERRORS = 0.00025
MOST_WAIT_S = 30.0
SHRINK_S = 120.0
MOST_LINES, WIDTH = 40, 600


@dataclass
class Verdict:
    """`ok` if nothing was violated, else `broken` names the invariants; `report` is for the reader."""

    ok: bool
    report: str
    history: Path
    broken: set[str] = field(default_factory=set)


def judge(soak: Soak, settled: Settled, traffic: Traffic, faults: list[str]) -> Verdict:
    """Adds the last figures to the history and lets the checker judge it."""
    path = soak.folder / "history.jsonl"
    figures = Recorder(soak.folder / "figures.jsonl")
    windows = _fault_windows(path)
    figures.write("gauge", name=f"left undone: {settled.left[:8]}", value=len(settled.left), limit=0, inv="I24")
    for gateway in soak.gateways:
        slope, most = slope_of(gateway), max((size for _, size in gateway.memory), default=0.0)
        figures.write(
            "gauge", name=f"RSS of gateway {gateway.number}, MiB", value=most, limit=MOST_MEMORY_MB, inv="I26"
        )
        figures.write("gauge", name=f"RSS slope of gateway {gateway.number}", value=slope, limit=MOST_SLOPE, inv="I26")
    for t, status, where in traffic.answers:
        if status >= 500 and status not in (503, 507):
            figures.write("http", t=t, status=status, path=where)
    calm = [status for t, status, _ in traffic.answers if not _within(t, windows)]
    refused = sum(status >= 500 for status in calm)
    figures.write(
        "gauge", name="answers above 499 while nothing was broken", value=refused,
        limit=max(2, MOST_ERRORS * len(calm)), inv="I26",
    )  # fmt: skip
    waits = sorted(wait for t, wait in traffic.waits if not _within(t, windows))
    p99 = waits[int(len(waits) * 0.99)] if waits else 0.0
    figures.write(
        "gauge", name="p99 from send to sent while nothing was broken, s", value=p99, limit=MOST_WAIT_S, inv="I26"
    )
    figures.close()
    files = [path, soak.folder / "figures.jsonl"]
    ok, text = check(files)
    counts = soak.scribe.counts
    lines = [
        f"{counts['sent']} messages and {counts['changed']} owner changes acknowledged, {counts['received']} entries "
        f"received, {len(soak.scribe.conversations)} conversations, {soak.bot.turns} turns of the bot",
        f"faults: {dict(Counter(faults))}; settled {settled.seconds:.0f} s after the healing",
        f"calm: {len(calm)} answers, {refused} of them above 499; p99 from send to sent {p99 * 1000:.0f} ms",
    ]
    if not ok:
        lines += [text]
        if soak.options.shrink:
            lines += ["the shortest history that shows the first of them:", shortest(files)]
        lines += [f"seed {soak.options.seed}; repeat with:  {soak.options.command}"]
        lines += [f"history and logs: {soak.folder}"]
    broken = set() if ok else {one.invariant for one in find_violations(History.read(*files))}
    return Verdict(ok, "\n".join(lines), path, broken)


def check(files: list[Path]) -> tuple[bool, str]:
    """The checker's verdict on a history, and its words."""
    command = [sys.executable, "-m", "tests.history", "check", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def shortest(files: list[Path]) -> str:
    """The fewest events that still show a violation; a sentence when they cannot be found in time."""
    command = [sys.executable, "-m", "tests.history", "shrink", *map(str, files)]
    try:
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=SHRINK_S)
    except subprocess.TimeoutExpired:
        return f"(not found within {SHRINK_S:g} s: {' '.join(command[1:])})"
    return "\n".join(line[:WIDTH] for line in done.stdout.splitlines()[:MOST_LINES])


def slope_of(gateway: Gateway) -> float:
    """Growth of memory in MiB per minute after the warm-up of the last start; 0 for a process that was too short."""
    points = [(t, size) for t, size in gateway.memory if t > gateway.started_at + WARM_S]
    if len(points) < 2 or points[-1][0] - points[0][0] < LONG_RUN_S:
        return 0.0
    times, sizes = zip(*points, strict=True)
    return statistics.linear_regression(times, sizes).slope * 60


def _fault_windows(path: Path) -> list[tuple[float, float]]:
    """When something was broken, until a while after it was repaired."""
    windows, running, since = [], 0, 0.0
    for one in History.read(path).events:
        if one.F != "fault":
            continue
        kind = getattr(one, "k", "")
        if kind == "start":
            since = one.t if running == 0 else since
            running += 1
        elif kind == "stop":
            running -= 1
            if running == 0:
                windows.append((since, one.t + AFTER_FAULT_S))
    return windows


def _within(t: float, windows: list[tuple[float, float]]) -> bool:
    return any(begun <= t <= ended for begun, ended in windows)
