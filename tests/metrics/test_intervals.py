"""Score intervals by hand and at the extremes, and coverage of the truth in simulated studies."""

import numpy as np
import pytest
from scipy import stats

from annotations.metrics.coverage import coverage
from annotations.metrics.intervals import proportion_interval
from annotations.metrics.simulation import (
    Design,
    draw_assignments,
    intercept,
    simulate_coverage,
    simulate_votes,
)
from annotations.metrics.votes import Outcome
from annotations.metrics.win_rate import win_rate

STUDIES = 400


def test_score_interval_by_hand():
    # 4 wins of 10 votes, each of its own item and rater: m = 9, t(9) = 2.26216, t^2 / m = 0.56860.
    # centre = (0.4 + 0.28430) / 1.56860 = 0.43625
    # half = sqrt(0.56860 * 0.24 + 0.56860^2 / 4) / 1.56860 = 0.29717
    wins = np.arange(10) < 4
    interval = proportion_interval(wins, np.arange(10), np.arange(10))
    assert interval is not None
    assert interval.low == pytest.approx(0.13908, abs=2e-5)
    assert interval.high == pytest.approx(0.73342, abs=2e-5)
    # score = (0.4 - 0.5) / sqrt(0.25 / 9) = -0.6; two-sided t(9)
    assert interval.p_value == pytest.approx(2 * stats.t.sf(0.6, 9))


@pytest.mark.parametrize(("items", "raters"), [(32, 5), (96, 30), (200, 50)])
def test_no_width_is_lost_at_the_extremes(items, raters):
    # Going from three losses to none must not make the interval jump: the bound moves up by about a vote's
    # worth each time (within a hundredth, as the dependence is estimated anew), and never reaches 1.
    item, rater = draw_assignments(Design(items, raters, 3, 0.0, 0.0), np.random.default_rng(1))
    lows = []
    for losses in (3, 2, 1, 0):
        interval = proportion_interval(np.arange(len(item)) % len(item) >= losses, item, rater)
        assert interval is not None
        lows.append(interval.low)
    steps = np.diff(lows)
    assert steps.min() > -0.01
    assert steps.max() < 0.05
    assert 0.5 < lows[-1] < 0.995


def test_more_dependence_is_more_width():
    rater = np.repeat(np.arange(10), 20)
    item = np.arange(200)
    alike = np.repeat(np.arange(10) % 2 == 0, 20)
    mixed = np.tile([True, False], 100)
    by_rater, by_chance = (proportion_interval(wins, item, rater) for wins in (alike, mixed))
    assert by_rater is not None
    assert by_chance is not None
    assert by_rater.effective_n == pytest.approx(10, rel=0.1)
    assert by_chance.effective_n > 150


def independent_interval_holds(wins: np.ndarray, truth: float) -> bool:
    interval = stats.binomtest(int(wins.sum()), len(wins)).proportion_ci(method="wilson")
    return bool(interval.low <= truth <= interval.high)


@pytest.mark.parametrize(
    "design",
    [Design(96, 30, 3, 0.5, 0.5), Design(64, 30, 5, 0.5, 1.0), Design(200, 50, 3, 1.5, 1.5)],
    ids=["default", "demanding", "strong"],
)
def test_win_rate_intervals_cover_the_truth(design):
    rng = np.random.default_rng(11)
    held = independent_held = 0
    for _ in range(STUDIES):
        votes = simulate_votes(design, 0.6, rng)
        interval = win_rate(votes).strict.interval
        assert interval is not None
        held += interval.low <= 0.6 <= interval.high
        independent_held += independent_interval_holds(votes.outcome == Outcome.TEST, 0.6)
    # Two binomial standard errors at 400 studies are 2.2 points.
    assert 0.925 <= held / STUDIES <= 0.975
    assert independent_held / STUDIES < 0.91  # what ignoring raters and items would give fails the same check


@pytest.mark.parametrize("sd", [0.0, 0.5, 1.5])
def test_five_raters_are_enough_whether_they_differ_or_not(sd):
    rng = np.random.default_rng(14)
    design = Design(96, 5, 3, sd, sd)
    intervals = [win_rate(simulate_votes(design, 0.6, rng)).strict.interval for _ in range(STUDIES)]
    held = [interval is not None and interval.low <= 0.6 <= interval.high for interval in intervals]
    assert 0.925 <= np.mean(held) <= 0.98


def test_pcov_intervals_cover_the_truth():
    rng = np.random.default_rng(12)
    design = Design(96, 30, 3, 0.5, 0.5)
    held = 0
    for _ in range(STUDIES):
        interval = coverage(simulate_coverage(design, 0.6, 0.48, 3, rng)).interval
        assert interval is not None
        held += interval.low <= 0.25 <= interval.high
    assert 0.925 <= held / STUDIES <= 0.975


def test_wins_against_losses_rejects_a_true_null_rarely_and_a_false_one_often():
    rng = np.random.default_rng(13)
    design = Design(96, 30, 3, 0.5, 0.5)

    def rejected(mean: float) -> float:
        rates = (win_rate(simulate_votes(design, mean, rng)).decided.interval for _ in range(STUDIES))
        return sum(interval is not None and interval.p_value < 0.05 for interval in rates) / STUDIES

    assert 0.025 <= rejected(0.5) <= 0.075
    assert rejected(0.65) > 0.9


def test_simulated_means_are_the_wanted_ones():
    assert intercept(0.5, 2.0) == pytest.approx(0.0, abs=1e-9)
    assert intercept(0.8, 0.0) == pytest.approx(np.log(4))
    votes = simulate_votes(Design(2000, 2000, 5, 1.0, 1.0), 0.7, np.random.default_rng(3))
    assert np.mean(votes.outcome == Outcome.TEST) == pytest.approx(0.7, abs=0.03)
    with pytest.raises(ValueError, match="not between"):
        intercept(1.0, 0.5)


def test_assignments_are_distinct_and_even():
    item, rater = draw_assignments(Design(90, 30, 3, 0.0, 0.0), np.random.default_rng(5))
    assert len(np.unique(item * 30 + rater)) == 270
    assert np.ptp(np.bincount(rater)) <= 2
    with pytest.raises(ValueError, match="impossible design"):
        Design(10, 3, 4, 0.0, 0.0)
