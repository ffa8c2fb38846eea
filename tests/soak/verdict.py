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
from tests.soak.nemesis import LONG_SOAK_S, LONG_STOP_S, Nemesis
from tests.soak.stores import SqliteStore

if TYPE_CHECKING:
    from tests.soak.run import Soak
    from tests.soak.settle import Settled
    from tests.soak.wire import Traffic

WARM_S = 120.0
LONG_RUN_S = 420.0
MOST_SLOPE = 1.0  # MiB per minute
MOST_MEMORY_MB = 600.0
AFTER_FAULT_S = 12.0
MOST_ERRORS = 0.00025
MOST_WAIT_S = 2.0  # on a machine that has a core for everybody
LEAST_WAITS = 50
SHRINK_S = 120.0
MOST_LINES, WIDTH = 40, 600


@dataclass
class Verdict:
    """`ok` if nothing was violated, else `broken` names the invariants; `report` is for the reader."""

    ok: bool
    report: str
    history: Path
    broken: set[str] = field(default_factory=set)


def judge(soak: Soak, settled: Settled, traffic: Traffic, nemesis: Nemesis) -> Verdict:
    """Adds the last figures to the history and lets the checker judge it."""
    path = soak.folder / "history.jsonl"
    figures = Recorder(soak.folder / "figures.jsonl")
    figures.write("gauge", name=f"left undone: {settled.left[:8]}", value=len(settled.left), limit=0, inv="I24")
    measured = [
        *(_memory(figures, gateway) for gateway in soak.gateways),
        *_answers_and_waits(figures, traffic, _fault_windows(path), soak.slowness),
    ]
    figures.close()
    files = [path, soak.folder / "figures.jsonl"]
    ok, text = check(files)
    counts, trespasser = soak.scribe.counts, soak.trespasser
    lines = [
        f"{counts['sent']} messages and {counts['changed']} owner changes acknowledged, {counts['received']} entries "
        f"received, {len(soak.scribe.conversations | soak.strangers.conversations)} conversations, "
        f"{soak.passers.came if soak.passers else 0} passing visitors, {soak.bot.turns} turns of the bot",
        f"faults: {dict(Counter(nemesis.done))}; settled {settled.seconds:.0f} s after the healing",
        *_disk_full(soak, nemesis.done),
        *([longest_freeze(nemesis.longest_freeze_s)] if "freeze" in nemesis.done else []),
        *([f"doors of another tenant: {trespasser.tried} tried, {trespasser.refused} shut"] if trespasser else []),
        *measured,
    ]
    if not ok:
        lines += [text]
        if soak.options.shrink:
            lines += ["the shortest history that shows the first of them:", shortest(files)]
        lines += [f"seed {soak.options.seed}; repeat with:  {soak.options.command}"]
        lines += [f"history and logs: {soak.folder}"]
    broken = set() if ok else {one.invariant for one in find_violations(History.read(*files))}
    return Verdict(ok, "\n".join(lines), path, broken)


def _disk_full(soak: Soak, faults: list[str]) -> list[str]:
    """How a full disk was played, because that depends on the machine; nothing where it was not asked for."""
    options, store = soak.options, soak.store
    if not options.faults or (options.only and "disk full" not in options.only):
        return []
    small = store.disk.is_small
    how = "a file system of its own was filled" if small else "no tmpfs could be mounted: ENOSPC at the commit"
    if "disk full" in faults:
        return [f"disk full: {how}"]
    if not small and not (options.turns_clocks and isinstance(store, SqliteStore)):
        return ["disk full: not played (no tmpfs could be mounted)"]
    return ["disk full: not played (the seed did not choose it)"]


def longest_freeze(seconds: float) -> str:
    """How long a gateway stood still at most, and whether that was longer than any lease."""
    if seconds >= LONG_STOP_S:
        return f"freeze: a gateway stood still for {seconds:.0f} s, longer than any lease"
    return f"freeze: for {seconds:.1f} s at most (a whole minute from MINUTES={LONG_SOAK_S / 60:g} for one set-up on)"


def _memory(figures: Recorder, gateway: Gateway) -> str:
    """Notes a gateway's memory; its growth too, when one process lived long enough to tell. Says what was found."""
    most, slope = max((size for _, size in gateway.memory), default=0.0), slope_of(gateway)
    figures.write("gauge", name=f"RSS of gateway {gateway.number}, MiB", value=most, limit=MOST_MEMORY_MB, inv="I26")
    said = "growth not measured: no process of it lived long enough"
    if slope is not None:
        figures.write("gauge", name=f"RSS slope of gateway {gateway.number}", value=slope, limit=MOST_SLOPE, inv="I26")
        said = f"grew by {slope:.2f} MiB per minute"
    return f"gateway {gateway.number}: {most:.0f} MiB at most, {said}"


def _answers_and_waits(
    figures: Recorder, traffic: Traffic, windows: list[tuple[float, float]], slowness: float
) -> list[str]:
    """Notes the answers that nothing excuses, and how long messages took that nothing disturbed."""
    for t, status, where in traffic.answers:
        if status >= 500 and status not in (503, 507):
            figures.write("http", t=t, status=status, path=where)
    calm = [status for t, status, _ in traffic.answers if not _touches(t, t, windows)]
    refused = sum(status >= 500 for status in calm)
    figures.write(
        "gauge", name="answers above 499 while nothing was broken", value=refused,
        limit=max(2, MOST_ERRORS * len(calm)) * slowness, inv="I26",
    )  # fmt: skip
    waits = sorted(wait for t, wait in traffic.waits if not _touches(t, t + wait, windows))
    said = f"calm: {len(calm)} answers, {refused} of them above 499"
    if len(waits) < LEAST_WAITS:
        return [f"{said}; p99 from send to sent not measured: {len(waits)} messages while nothing was broken"]
    p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    limit = MOST_WAIT_S * slowness
    figures.write("gauge", name="p99 from send to sent while nothing was broken, s", value=p99, limit=limit, inv="I26")
    return [
        f"{said}; from send to sent p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms of {len(waits)} messages "
        f"(at most {limit:.1f} s: {MOST_WAIT_S:g} s, times {slowness:.1f} for the load of the machine)"
    ]


def check(files: list[Path]) -> tuple[bool, str]:
    """The checker's verdict on a history, and its words."""
    command = [sys.executable, "-m", "tests.history", "check", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def shortest(files: list[Path]) -> str:
    """The fewest events that still show the first violation, as far as they are found in SHRINK_S, cut to a screen.

    Beside the first file they are kept as they are, in shortest.jsonl.
    """
    command = [sys.executable, "-m", "tests.history", "shrink", *map(str, files), "--seconds", f"{SHRINK_S:g}"]
    try:
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=10 * SHRINK_S)
    except subprocess.TimeoutExpired:
        return f"not found within {10 * SHRINK_S:g} s; python -m tests.history shrink {files[0]} looks for longer"
    if not done.stdout:
        return f"not found: {done.stderr.strip()[-2000:]}"
    whole = files[0].with_name("shortest.jsonl")
    whole.write_text(done.stdout)
    events = done.stdout.splitlines()
    more = [f"({len(events) - MOST_LINES} more events in {whole})"] if len(events) > MOST_LINES else []
    return "\n".join([*(line[:WIDTH] for line in events[:MOST_LINES]), *more])


def slope_of(gateway: Gateway) -> float | None:
    """Growth of memory in MiB per minute after the warm-up of the last start; None for a life that was too short."""
    points = [(t, size) for t, size in gateway.memory if t > gateway.started_at + WARM_S]
    if len(points) < 2 or points[-1][0] - points[0][0] < LONG_RUN_S:
        return None
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


def _touches(since: float, until: float, windows: list[tuple[float, float]]) -> bool:
    return any(begun <= until and since <= ended for begun, ended in windows)
