"""How long somebody waits: pure estimates from what happened lately."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
ENOUGH_SAMPLES = 5
# Between `low_s` and `high_s` lie eight of ten waits: so many standard deviations of a normal distribution.
EIGHT_OF_TEN = 1.2816


@dataclass(frozen=True, kw_only=True)
class Lately:
    """What happened in a queue lately.

    `accepted_at`: moments of acceptances. `service_s`: how long each of its last conversations lasted. `served` of them
    are going on now. `left` customers gave up, of all who together waited for `waited_s`.
    """

    accepted_at: Sequence[datetime] = ()
    service_s: Sequence[float] = ()
    served: int = 0
    left: int = 0
    waited_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Wait:
    """How long somebody will wait, and between which times eight of ten such waits end; from so many samples."""

    expected_s: int
    low_s: int
    high_s: int
    samples: int


def expected_wait(place: int, lately: Lately, *, pushes: bool, now: datetime) -> Wait | None:
    """Of the one at `place` (from 1), until an agent has him; None while the samples are too few.

    In a queue that pushes, whoever waits does so because all are busy: the queue moves each time when one of the
    conversations going on ends or somebody before him gives up (Erlang-A, seen from a place). Where agents take by
    hand, it moved on len(recent) times since the oldest acceptance, and one place costs their mean interval.
    """
    if pushes and lately.served > 0 and len(lately.service_s) >= ENOUGH_SAMPLES:
        return _by_service(place, lately)
    recent = sorted(moment for moment in lately.accepted_at if timedelta(0) <= now - moment <= WINDOW)
    if len(recent) < ENOUGH_SAMPLES:
        return None
    interval = (now - recent[0]).total_seconds() / len(recent)
    expected = place * interval
    return _between(expected, place * interval**2 + expected**2 / len(recent), len(recent))


def expected_wait_s(place: int, accepted_at: Sequence[datetime], *, now: datetime) -> int | None:
    """The same in seconds, from acceptances alone."""
    wait = expected_wait(place, Lately(accepted_at=accepted_at), pushes=False, now=now)
    return wait.expected_s if wait else None


def _by_service(place: int, lately: Lately) -> Wait:
    count = len(lately.service_s)
    mean = max(1.0, sum(lately.service_s) / count)
    spread = sum((one - mean) ** 2 for one in lately.service_s) / (count - 1)
    ends_per_s = lately.served / mean
    gives_up_per_s = lately.left / lately.waited_s if lately.waited_s > 0 else 0.0
    steps = [1.0 / (ends_per_s + ahead * gives_up_per_s) for ahead in range(place)]
    expected = sum(steps)
    unsure = spread / mean**2 / count  # of the mean itself, as a share of its square
    return _between(expected, sum(step * step for step in steps) + unsure * expected**2, count)


def _between(expected: float, variance: float, samples: int) -> Wait:
    """The middle eight tenths of a gamma distribution with this mean and variance (Wilson and Hilferty, 1931)."""
    shape = expected**2 / variance if variance > 0 else math.inf

    def quantile(deviations: float) -> float:
        return expected * max(0.0, 1 - 1 / (9 * shape) + deviations / (3 * math.sqrt(shape))) ** 3

    low, high = quantile(-EIGHT_OF_TEN), quantile(EIGHT_OF_TEN)
    return Wait(
        expected_s=max(1, round(expected)), low_s=max(1, round(low)), high_s=max(1, round(high)), samples=samples
    )


def overflows_to(to: str, *, waited_s: float, after_s: float, been: Sequence[str]) -> str | None:
    """Where somebody flows over to who has waited in this queue, or None; never into a queue where he has been."""
    return to if waited_s >= after_s and to not in been else None


def is_peak(wait: Wait | None, limit_s: float) -> bool:
    """Whether the expected wait is so long that something else is offered first; an unknown wait is none."""
    return wait is not None and wait.expected_s > limit_s
