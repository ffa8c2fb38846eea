"""The oracle: queueing theory written down from its formulas, sharing nothing with the product.

Erlang C is the M/M/c queue, Erlang A the M/M/c+M queue, whose customers give up (A. K. Erlang 1917; C. Palm 1946;
the form used here: Gans, Koole and Mandelbaum, "Telephone Call Centers", 2003, section 4).
"""

from __future__ import annotations

import math
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
