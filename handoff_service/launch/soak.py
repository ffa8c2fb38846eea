"""`make soak`: faults on each set-up, one left in peace; then the real bot, every failpoint pair, way and byte."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from handoff_service.launch.run import Run, show
from handoff_service.launch.runs import BOT_TESTS, SEVERAL_FILES_AT_ONCE, own_environment
from handoff_service.launch.settings import Settings
from handoff_service.launch.stories import with_own_parts

# What shares the minutes, in this order.
SOAKS = {
    "SQLite": ("--database", "sqlite"),
    "PostgreSQL, two gateways, NOTIFY": ("--database", "postgresql", "--replicas", "2"),
    "PostgreSQL, two gateways, Valkey": ("--database", "postgresql", "--replicas", "2", "--valkey"),
    # Nothing is broken here: the processes live long enough to see whether their memory grows.
    "PostgreSQL, two gateways, in peace": ("--database", "postgresql", "--replicas", "2", "--calm"),
}
REAL_BOT = "SQLite with the real bot"
# Rasa takes a tenth of a second of a core for a turn, and shares it with everybody here.
REAL_BOT_WORDS = ("--minutes", "3", "--pace", "4")
# The pairs take many minutes of their own; who asks for a short soak does not want to wait for them.
MINUTES_WITH_PAIRS = 20.0
PLACES = ("tests/handoff_service/web/failpoints", "tests/handoff_service/channels/test_crashes.py")
SWAPS = "tests/kb_index/test_kb_generation.py"
# In process: many more interleavings than in `make test`, and stories that nobody has seen yet.
STORIES = (
    "tests/handoff_service/conversations/test_random_walks.py",
    "tests/handoff_service/calls/test_walks.py",
    "tests/history/test_state_machine.py::test_no_story_breaks_an_invariant",  # the rest judges old ones
)
MORE_STORIES = {"TANDEM_INTERLEAVINGS": "50000", "TANDEM_STORIES": "300"}
# Many agents who reach for the same conversation in the same moment, a hundred times.
RACES = ("tests/many_machines/test_races.py", "tests/handoff_service/handoffs/test_assign.py")
CUTS = (
    "tests/soak/test_every_byte.py",
    "tests/many_machines/test_migrations_killed.py",
    "tests/handoff_service/channels/platforms/test_stories.py",
    "tests/handoff_service/channels/platforms/test_contract.py",
    "tests/end_to_end/test_bad_network.py",
    "tests/handoff_service/bots/test_outage.py",
)
# More stories of all channels, on both engines; the channels' contract on the one that `make test` leaves out.
CHANNELS = {
    "TANDEM_STORY_SEEDS": "6",
    "TANDEM_STORY_KILLS": "12",
    "TANDEM_CONTRACT_ENGINE": "postgresql",
    "TANDEM_BAD_NETWORKS": "12",
    "TANDEM_OUTAGE_PACE": "1",
}


def soak(
    settings: Settings,
    minutes: float,
    seed: str = "",
    *,
    show: Callable[[Run], int] = show,
    with_bot: Callable[[Settings, Callable[[Settings], Sequence[str]]], int] = with_own_parts,
) -> int:
    """Runs them one after the other, whatever the one before said; the last lines sum up; 1 when any failed."""
    rows, failed = [], 0

    def played(title: str, play: Callable[[], int]) -> None:
        nonlocal failed
        begun = time.monotonic()
        code = play()
        failed += code != 0
        rows.append(f"  {'FAILED' if code else 'ok':7}{title:36}({time.monotonic() - begun:.0f} s)")

    for run in soak_runs(settings, minutes, seed):
        played(run.title, lambda run=run: show(run))  # type: ignore[misc]
    if minutes < MINUTES_WITH_PAIRS:
        rows.append(
            f"  skipped the real bot, pairs, ways to ask, cuts, stories: played from MINUTES={MINUTES_WITH_PAIRS:g} on"
        )
    else:
        print(f"\n=== {REAL_BOT} ===", flush=True)
        played(REAL_BOT, lambda: with_bot(settings, lambda own: _with_real_bot(own, seed)))
    print("\n=== summary ===", *rows, sep="\n")
    print(f"{failed} failed" if failed else "No violation.", flush=True)
    return int(failed > 0)


def _with_real_bot(own: Settings, seed: str) -> list[str]:
    """The soak against the bot of these settings."""
    more = ["--seed", seed] if seed else []
    return [str(own.python), "-m", "tests.soak", *REAL_BOT_WORDS, "--real-bot", own.bot_url, *more]


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
        pairs = Run(
            title="every failpoint pair, a hundred races",
            command=[settings.python, "-m", "pytest", "-q", *SEVERAL_FILES_AT_ONCE[:2], *PLACES, *RACES],
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
            title="cuts at every byte and statement, stories of all channels, a minute without a bot",
            command=[settings.python, "-m", "pytest", "-q", *CUTS],
            cwd=settings.root,
            environment={**environment, **CHANNELS, "TANDEM_EVERY_BYTE": "1", "TANDEM_EVERY_STATEMENT": "1"},
        )
        swaps = Run(
            title="two hundred swaps under questions",
            command=[settings.python, "-m", "pytest", "-q", SWAPS],
            cwd=settings.root,
            environment={**environment, "TANDEM_EVERY_SWAP": "1"},
        )
        stories = Run(
            title="fifty thousand interleavings, three hundred new stories",
            command=[settings.python, "-m", "pytest", "-q", *SEVERAL_FILES_AT_ONCE[:2], *STORIES],
            cwd=settings.root,
            environment={**environment, **MORE_STORIES},
        )
        runs += [pairs, asking, cuts, swaps, stories]
    return runs
