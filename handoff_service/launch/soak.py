"""`make soak`: faults on each set-up in turn; at the end every failpoint pair, way to ask and byte to cut at."""

from __future__ import annotations

import time
from collections.abc import Callable

from handoff_service.launch.run import Run, show
from handoff_service.launch.runs import BOT_TESTS, SEVERAL_FILES_AT_ONCE, own_environment
from handoff_service.launch.settings import Settings

# What shares the minutes, in this order.
SOAKS = {
    "SQLite": ("--database", "sqlite"),
    "PostgreSQL, two gateways, NOTIFY": ("--database", "postgresql", "--replicas", "2"),
    "PostgreSQL, two gateways, Valkey": ("--database", "postgresql", "--replicas", "2", "--valkey"),
}
# The pairs take many minutes of their own; who asks for a short soak does not want to wait for them.
MINUTES_WITH_PAIRS = 20.0
CUTS = ("tests/soak/test_every_byte.py", "tests/many_machines/test_migrations_killed.py")


def soak(settings: Settings, minutes: float, seed: str = "", *, show: Callable[[Run], int] = show) -> int:
    """Runs them one after the other, whatever the one before said; the last lines sum up; 1 when any failed."""
    rows, failed = [], 0
    for run in soak_runs(settings, minutes, seed):
        begun = time.monotonic()
        code = show(run)
        failed += code != 0
        rows.append(f"  {'FAILED' if code else 'ok':7}{run.title:36}({time.monotonic() - begun:.0f} s)")
    if minutes < MINUTES_WITH_PAIRS:
        rows.append(
            f"  skipped the failpoint pairs, ways to ask and cuts: played from MINUTES={MINUTES_WITH_PAIRS:g} on"
        )
    print("\n=== summary ===", *rows, sep="\n")
    print(f"{failed} failed" if failed else "No violation.", flush=True)
    return int(failed > 0)


def soak_runs(settings: Settings, minutes: float, seed: str = "") -> list[Run]:
    """What a soak of so many minutes consists of."""
    environment = own_environment(settings)
    more = ["--seed", seed] if seed else []
    share = ["--minutes", f"{minutes / len(SOAKS):.3g}"]
    runs = [
        Run(
            title=title,
            command=[settings.python, "-m", "tests.soak", *share, *words, *more],
            cwd=settings.root,
            environment=environment,
        )
        for title, words in SOAKS.items()
    ]
    if minutes >= MINUTES_WITH_PAIRS:
        tests = "tests/handoff_service/web/failpoints"
        pairs = Run(
            title="every failpoint pair",
            command=[settings.python, "-m", "pytest", "-q", *SEVERAL_FILES_AT_ONCE[:2], tests],
            cwd=settings.root,
            environment={**environment, "TANDEM_EVERY_FAILPOINT_PAIR": "1"},
        )
        asking = Run(
            title="every way to ask for a human",
            command=[settings.bot_python, *BOT_TESTS, "tests/bot/crawl"],
            cwd=settings.root,
            environment={**environment, "TANDEM_EVERY_WAY": "1"},
        )
        cuts = Run(
            title="cuts at every byte and statement",
            command=[settings.python, "-m", "pytest", "-q", *CUTS],
            cwd=settings.root,
            environment={**environment, "TANDEM_EVERY_BYTE": "1", "TANDEM_EVERY_STATEMENT": "1"},
        )
        runs += [pairs, asking, cuts]
    return runs
