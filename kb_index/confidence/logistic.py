"""Logistic regression with a Gaussian prior on every coefficient, by Newton's method; no library needed to serve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

STEPS = 40
ENOUGH = 1e-6


def sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -40, 40))))


def fit_logistic(rows: Floats, target: Flags, weight: Floats, *, prior: Floats, precision: Floats) -> Floats:
    """The most probable coefficients (one per column; give a column of ones for the intercept).

    Each coefficient is Gaussian around its prior with its precision (1 / variance) before anything is seen,
    so with little data the prior speaks and with much the data do.
    """
    found = prior.astype(np.float64).copy()
    loss = _loss(rows, target, weight, found, prior, precision)
    for _ in range(STEPS):
        promised = sigmoid(rows @ found)
        slope = rows.T @ (weight * (promised - target)) + precision * (found - prior)
        bend = rows.T @ (rows * (weight * promised * (1 - promised))[:, None]) + np.diag(precision + 1e-9)
        step = np.linalg.solve(bend, slope)
        size = 1.0
        while size > 1e-4:
            tried = found - size * step
            better = _loss(rows, target, weight, tried, prior, precision)
            if better <= loss:
                break
            size /= 2
        else:
            break
        found, before, loss = tried, loss, better
        if before - loss < ENOUGH:
            break
    return found


def _loss(rows: Floats, target: Flags, weight: Floats, at: Floats, prior: Floats, precision: Floats) -> float:
    logits = rows @ at
    missed = np.logaddexp(0, np.where(target, -logits, logits))
    return float(weight @ missed + precision @ (at - prior) ** 2 / 2)
