"""The error budget: which answers may be given so that few enough of them are wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SURENESS = 0.95
LEAST, MOST = 0.5, 0.99
"""No threshold outside these: what is likelier wrong than right is never answered, however large the budget."""

BELIEVED = 150
"""Fewer observed answers are filled up to so many with what the probabilities promise."""

CLOSE_BUDGETS = 3
CLOSE_BANDS = 4
FEWEST_CLOSE = 8


def upper_bound(failures: float, trials: float, *, sureness: float = SURENESS) -> float:
    """One-sided upper bound of a failure rate (Clopper and Pearson, Biometrika 1934); 1 without trials."""
    from scipy.special import betaincinv

    if trials <= 0 or failures >= trials:
        return 1.0
    return float(betaincinv(failures + 1, trials - failures, sureness))


def fit_threshold(probabilities: Floats, right: Flags, weight: Floats, *, error_budget: float) -> float:
    """The lowest threshold at which the upper 95 % bound of the wrong share of given answers is within the budget.

    probabilities must come from a model that has not seen the row. Weighted rows count as many as their
    effective number, (sum of weights)^2 / sum of squares (Kish, 1965). Fewer than BELIEVED answers are filled up
    with promised ones, so that a small knowledge base may answer what it is sure of.
    """
    order = np.argsort(-probabilities, kind="stable")
    promised, weights, wrong = probabilities[order], weight[order], ~right[order]
    mass, squares = np.cumsum(weights), np.cumsum(weights**2)
    trials = mass**2 / squares
    rate = np.cumsum(weights * wrong) / mass
    expected = np.cumsum(weights * (1 - promised)) / mass
    ends = np.append(np.diff(promised) < 0, True)  # equally sure answers are given together
    chosen = MOST
    for place in np.flatnonzero(ends & (promised >= LEAST) & (rate <= error_budget)).tolist():
        believed = max(0.0, BELIEVED - trials[place])
        failures = rate[place] * trials[place] + expected[place] * believed
        if upper_bound(failures, trials[place] + believed) <= error_budget:
            chosen = promised[place]
    return float(np.clip(chosen, LEAST, MOST))


def fit_closeness(
    closeness: Floats, given: Flags, right: Flags, weight: Floats, *, error_budget: float, usual: float
) -> float:
    """From which closeness of the second article on an answer is left to the customer's choice.

    closeness is the second's evidence divided by the first's, given marks the rows that would be answered. The usual
    limit rises over bands in which answers are shown to be right (their upper bound keeps CLOSE_BUDGETS budgets), and
    falls over bands in which more than that are wrong.
    """
    worst = CLOSE_BUDGETS * error_budget

    def band(low: float, high: float) -> tuple[float, float]:
        inside = given & (closeness >= low) & (closeness < high)
        mass = float(weight[inside].sum())
        trials = mass**2 / max(float((weight[inside] ** 2).sum()), 1e-9)
        rate = float(weight[inside & ~right].sum()) / max(mass, 1e-9)
        return rate * trials, trials

    limit = usual
    above = np.linspace(usual, 1.0, CLOSE_BANDS + 1)
    for low, high in pairwise(above):
        if upper_bound(*band(low, high)) > worst:
            break
        limit = float(high)
    below = np.linspace(usual, usual / 2, CLOSE_BANDS + 1)
    for high, low in pairwise(below):
        failures, trials = band(low, high)
        if limit > high or trials < FEWEST_CLOSE or failures <= worst * trials:
            break
        limit = float(low)
    return limit
