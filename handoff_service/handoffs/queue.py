"""How long somebody waits: pure estimates from what happened lately."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from handoff_service.handoffs.model import CLASS_WORTH
from handoff_service.tenants.routing import Overflow

WINDOW = timedelta(hours=1)
ENOUGH_SAMPLES = 5
# With fewer conversations going on each single one decides, and who comes or goes for the night changes everything:
# in simulated nights with four agents the estimate was off by as much as the wait itself.
FEWEST_SERVED = 8
# Between `low_s` and `high_s` lie eight of ten waits: so many standard deviations of a normal distribution.
EIGHT_OF_TEN = 1.2816
# What the length of conversations says about the pace of a queue counts like so many moves that were seen.
TRUST = 4.0
# Shifts end, the mix of matters changes: how far off the model is beside chance, as a share of the square of the wait
# (fitted on the simulated days: 73 to 83 of a hundred waits then end between the times shown, see README).
MISFIT = 0.12
PACE_WINDOW = timedelta(minutes=15)
# Nobody is told more than this; and the pushing in of others is followed for so many rounds at most.
LONGEST_S = 8 * 3600.0
ROUNDS = 100
CLOSE_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Lately:
    """What happened in a queue lately.

    `accepted_at`: moments of acceptances. `busy_since`: since when somebody has waited without a break.
    `service_s`: how long each of its last conversations lasted; `served` go on now. `left` customers gave
    up, of all who together waited for `waited_s`. `arrivals`: by class of priority, how many come per second.
    `shared`: for each of the conversations that go on, how many its agents have altogether, from other queues too.
    """

    accepted_at: Sequence[datetime] = ()
    busy_since: datetime | None = None
    service_s: Sequence[float] = ()
    served: int = 0
    left: int = 0
    waited_s: float = 0.0
    arrivals: Mapping[int, float] = field(default_factory=dict)
    shared: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where somebody stands, and by how much (`worth_s` a class) he is before others who come later.

    `place` is from 1; with the share of those in other queues who are before him and wait for the same agents.
    """

    place: float
    priority: int = 0
    worth_s: float = CLASS_WORTH.total_seconds()


@dataclass(frozen=True, kw_only=True)
class Wait:
    """How long somebody will wait, and between which times eight of ten such waits end; from so many samples.

    `expected_s` is what half of such waits do not exceed; `mean_s` is more, because a few take very long. A `thin` one
    is not shown: it only decides whether something else is offered.
    """

    expected_s: int
    mean_s: int
    low_s: int
    high_s: int
    samples: int
    thin: bool = False


def shares(held: Mapping[str, int], served: Mapping[str, int], here: str) -> dict[str, float]:
    """Of whom waits in each queue, which part waits for the agents of `here`, who hold `held` of its `served`."""
    parts = {name: held[name] / served[name] for name in held if served.get(name) and held[name]}
    return {**parts, here: 1.0}


def arrivals_per_s(came: Sequence[tuple[datetime, int]], now: datetime) -> dict[int, float]:
    """By class of priority, how many come per second, from those who came within PACE_WINDOW: (when, class)."""
    if len(came) < ENOUGH_SAMPLES:
        return {}
    length = max(1.0, (now - min(came)[0]).total_seconds())
    return {priority: count / length for priority, count in Counter(priority for _, priority in came).items()}


def expected_wait(at: Place, lately: Lately, *, pushes: bool, now: datetime) -> Wait | None:
    """Until an agent has him; None while the samples are too few.

    In a queue that pushes, whoever waits does so because all are busy: the queue moves each time when one of the
    conversations going on ends or somebody before him gives up (Erlang-A, seen from a place), and those of a higher
    class who come meanwhile get before him. Where agents take by hand, it moved on len(recent) times since the oldest
    acceptance, and one place costs their mean interval.
    """
    if pushes and lately.served > 0 and len(lately.service_s) >= ENOUGH_SAMPLES:
        return replace(_by_service(at, lately, now), thin=lately.served * lately.shared < FEWEST_SERVED)
    recent = sorted(moment for moment in lately.accepted_at if timedelta(0) <= now - moment <= WINDOW)
    if len(recent) < ENOUGH_SAMPLES:
        return None
    interval = (now - recent[0]).total_seconds() / len(recent)
    expected = at.place * interval
    return _between(expected, at.place * interval**2 + expected**2 / len(recent), len(recent))


def _by_service(at: Place, lately: Lately, now: datetime) -> Wait:
    count = len(lately.service_s)
    mean = max(1.0, sum(lately.service_s) / count)
    spread = sum((one - mean) ** 2 for one in lately.service_s) / (count - 1)
    moves, seen = _moves_per_s(lately, lately.served / mean, now)
    moves *= lately.shared
    # Somebody gives up at this rate; far more of them than of agents would leave nothing to estimate.
    gives_up = min(lately.left / lately.waited_s if lately.waited_s > 0 else 0.0, moves)
    expected = 0.0
    for _ in range(ROUNDS):
        before = at.place + sum(
            lately.shared * per_s * min(expected, (priority - at.priority) * at.worth_s)
            for priority, per_s in lately.arrivals.items()
            if priority > at.priority
        )
        longer = min(_mean(before, moves, gives_up), LONGEST_S)
        if longer - expected < CLOSE_S:
            break
        expected = longer
    expected = longer
    unsure = MISFIT + spread / mean**2 / count + 1 / (TRUST + seen)  # of the pace itself, as a share of its square
    return _between(expected, _variance(before, moves, gives_up) + unsure * expected**2, count)


def _moves_per_s(lately: Lately, by_service: float, now: datetime) -> tuple[float, int]:
    """How often the queue moves on, and of how many moves that was seen.

    While somebody has been waiting, agents took as many from here as they could: what was seen corrects what follows
    from the length of conversations, which knows nothing of other queues that the same agents serve.
    """
    if lately.busy_since is None:
        return by_service, 0
    since = max(lately.busy_since, now - PACE_WINDOW, min(lately.accepted_at, default=now))
    seen = sum(moment > since for moment in lately.accepted_at)
    return (TRUST + seen) / (TRUST / by_service + (now - since).total_seconds()), seen


def _mean(before: float, moves: float, gives_up: float) -> float:
    """The sum over those before him of 1 / (moves + ahead × gives_up), as an integral."""
    if gives_up * before < 0.01 * moves:
        return before / moves
    return math.log((moves + (before - 0.5) * gives_up) / (moves - 0.5 * gives_up)) / gives_up


def _variance(before: float, moves: float, gives_up: float) -> float:
    """The sum of the squares of the same."""
    if gives_up * before < 0.01 * moves:
        return before / moves**2
    return (1 / (moves - 0.5 * gives_up) - 1 / (moves + (before - 0.5) * gives_up)) / gives_up


def _between(expected: float, variance: float, samples: int) -> Wait:
    """The middle eight tenths of a gamma distribution with this mean and variance (Wilson and Hilferty, 1931)."""
    shape = expected**2 / variance if variance > 0 else math.inf

    def quantile(deviations: float) -> float:
        return expected * max(0.0, 1 - 1 / (9 * shape) + deviations / (3 * math.sqrt(shape))) ** 3

    low, middle, high = (max(1, round(quantile(deviations))) for deviations in (-EIGHT_OF_TEN, 0.0, EIGHT_OF_TEN))
    return Wait(expected_s=middle, mean_s=max(1, round(expected)), low_s=low, high_s=high, samples=samples)


def overflow_due(since: datetime, overflow: Overflow, been: Collection[str]) -> datetime | None:
    """When somebody who waits in a queue `since` then goes on; None into a queue in which he has been."""
    return None if overflow.to in been else since + timedelta(seconds=overflow.after_s)


def is_peak(wait: Wait | None, limit_s: float) -> bool:
    """Whether the expected wait is so long that something else is offered first; an unknown wait is none."""
    return wait is not None and wait.mean_s > limit_s
