"""The oracle: queueing theory written down from its formulas, sharing nothing with the product.

Erlang C is the M/M/c queue, Erlang A the M/M/c+M queue, whose customers give up (A. K. Erlang 1917; C. Palm 1946;
the form used here: Gans, Koole and Mandelbaum, "Telephone Call Centers", 2003, section 4). `first_come` knows no
chance: it is the wait of every single one, from when each came and how long he took (J. Kiefer, J. Wolfowitz 1955).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from typing import NamedTuple


class Steady(NamedTuple):
    """In the long run: how many have to wait, how many give up, and the mean wait of all, in seconds."""

    waits: float
    gives_up: float
    mean_wait_s: float


def erlang_c(agents: int, per_s: float, service_s: float) -> Steady:
    """Nobody gives up. Needs less work than agents."""
    load = per_s * service_s
    last = load**agents / math.factorial(agents) * agents / (agents - load)
    waits = last / (sum(load**number / math.factorial(number) for number in range(agents)) + last)
    return Steady(waits, 0.0, waits * service_s / (agents - load))


def erlang_a(agents: int, per_s: float, service_s: float, patience_s: float, *, most: int = 2000) -> Steady:
    """The stationary distribution of the birth and death process, up to `most` in the house."""
    weights = [1.0]
    for number in range(1, most):
        leave = min(number, agents) / service_s + max(0, number - agents) / patience_s
        weights.append(weights[-1] * per_s / leave)
    total = sum(weights)
    waiting = sum(max(0, number - agents) * weight for number, weight in enumerate(weights)) / total
    busy = sum(weights[agents:]) / total
    return Steady(busy, waiting / patience_s / per_s, waiting / per_s)


class Came(NamedTuple):
    """A customer: when he came, how long his matter takes, after which wait he gives up; in seconds."""

    at_s: float
    service_s: float
    patience_s: float


def first_come(agents: int, came: Iterable[Came]) -> list[float]:
    """How long each waited until he was served, or gave up: the first who came goes to the first who is free."""
    free, waits = [0.0] * agents, []
    for one in came:
        wait = max(0.0, free[0] - one.at_s)
        if wait <= one.patience_s:
            heapq.heapreplace(free, one.at_s + wait + one.service_s)
        waits.append(min(wait, one.patience_s))
    return waits
