"""The error budget: bounds, thresholds and the learned margin between two articles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_index.confidence.budget import LEAST, MOST, fit_closeness, fit_threshold, upper_bound
from kb_index.confidence.logistic import fit_logistic, sigmoid


@pytest.mark.parametrize(
    ("failures", "trials", "bound"),
    [(0, 59, 0.0495), (0, 299, 0.00997), (1, 93, 0.0500), (5, 100, 0.1023), (0, 0, 1.0), (7, 7, 1.0)],
)
def test_the_upper_bound_is_that_of_the_tables(failures: int, trials: int, bound: float) -> None:
    assert upper_bound(failures, trials) == pytest.approx(bound, abs=5e-4)


def answers(count: int, *, wrong_below: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities spread evenly, and answers of which below a limit every second is wrong."""
    random = np.random.default_rng(seed)
    probabilities = random.uniform(0.3, 1.0, count)
    right = (probabilities > wrong_below) | (random.random(count) < 0.5)
    return probabilities, right


def test_the_threshold_keeps_the_bound_and_not_only_the_share() -> None:
    probabilities, right = answers(2000, wrong_below=0.7)
    threshold = fit_threshold(probabilities, right, np.ones(2000), error_budget=0.03)
    given = probabilities >= threshold
    wrong = int((given & ~right).sum())
    assert 0.6 < threshold < 0.7
    assert upper_bound(wrong, int(given.sum())) <= 0.03
    assert wrong / given.sum() < 0.03


def test_a_larger_budget_answers_more() -> None:
    probabilities, right = answers(2000, wrong_below=0.8)
    thresholds = [
        fit_threshold(probabilities, right, np.ones(2000), error_budget=budget) for budget in (0.01, 0.03, 0.1, 0.2)
    ]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[0] > thresholds[-1]


def test_fewer_observations_give_a_more_careful_threshold() -> None:
    many, few = answers(8000, wrong_below=0.7), answers(160, wrong_below=0.7)
    thresholds = [fit_threshold(*each, np.ones(len(each[0])), error_budget=0.02) for each in (many, few)]
    assert thresholds[0] < thresholds[1]


def test_labels_in_disorder_leave_nothing_to_answer() -> None:
    """The control: where probability says nothing about right and wrong, no threshold keeps the budget."""
    random = np.random.default_rng(1)
    probabilities = random.uniform(0.3, 0.95, 3000)
    right = random.random(3000) < 0.6
    assert fit_threshold(probabilities, right, np.ones(3000), error_budget=0.03) == MOST


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.floats(0.01, 0.3))
def test_a_threshold_always_exists_and_never_answers_what_is_likelier_wrong(
    rows: list[tuple[float, bool]], budget: float
) -> None:
    probabilities, right = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert LEAST <= fit_threshold(probabilities, right, np.ones(len(rows)), error_budget=budget) <= MOST


def closeness_rows(*, wrong_when_close: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    closeness = random.uniform(0, 1, 4000)
    return closeness, ~((closeness > 0.3) & (random.random(4000) < wrong_when_close))


def test_the_margin_between_two_articles_is_learned() -> None:
    def learned(wrong: float) -> float:
        closeness, right = closeness_rows(wrong_when_close=wrong)
        everything = np.ones(4000)
        return fit_closeness(closeness, everything > 0, right, everything, error_budget=0.03, usual=0.5)

    assert learned(0.3) < 0.5  # close ones are often wrong, even below the usual limit: ask earlier
    assert learned(0.0) == 1.0  # they never are: nobody needs to be asked
    nothing = np.zeros(0)
    seen = fit_closeness(nothing, nothing > 0, nothing > 0, nothing, error_budget=0.03, usual=0.5)
    assert seen == 0.5


def test_logistic_finds_the_coefficients_and_without_data_keeps_the_prior() -> None:
    random = np.random.default_rng(3)
    rows = np.hstack([random.standard_normal((20_000, 2)), np.ones((20_000, 1))])
    truth = np.array([1.5, -0.7, 0.4])
    target = random.random(20_000) < sigmoid(rows @ truth)
    weak = np.full(3, 1e-3)
    found = fit_logistic(rows, target, np.ones(20_000), prior=np.zeros(3), precision=weak)
    assert found == pytest.approx(truth, abs=0.08)
    prior = np.array([3.0, 2.0, 1.0])
    assert fit_logistic(rows[:0], target[:0], np.ones(0), prior=prior, precision=np.ones(3)) == pytest.approx(prior)


def test_logistic_survives_rows_that_one_figure_tells_apart() -> None:
    rows = np.array([[-1.0, 1.0], [1.0, 1.0]] * 30)
    found = fit_logistic(rows, rows[:, 0] > 0, np.ones(60), prior=np.zeros(2), precision=np.array([1.0, 1e-3]))
    assert np.isfinite(found).all()
    assert found[0] > 1
