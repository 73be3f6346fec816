"""95 % intervals for the population mean over items and raters, and the tests that go with them.

The estimand is declared once for the whole library: the value the metric would have if every item of the
population that the study's items stand for were judged by every rater of the population its raters stand
for. Method, chosen by simulation (``benchmarks/intervals.py``, ``docs/statistics.md``): a score (Wilson)
interval with the number of votes over their variance factor (``clustering.py``) and a t quantile for
proportions; the delta method on the log ratio with the same factor for Pcov. Both keep a positive width at
the extremes.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from annotations.metrics.clustering import Clustering, measure_clustering
from annotations.metrics.votes import Codes, Flags, Values

LEVEL = 0.95
ONE_UNIT_REASON = "one item judged by one rater: nothing can be said about other items or raters"


@dataclass(frozen=True)
class Interval:
    """An interval with what it rests on.

    Attributes:
        low, high: the bounds, in the unit of the estimate.
        clustering: dependence found among the values.
        p_value: two-sided; of the null value named by the function that made the interval. Below
            1 - level exactly when the null value lies outside the interval.
    """

    low: float
    high: float
    clustering: Clustering
    p_value: float

    @property
    def effective_n(self) -> float:
        """Number of independent votes that would say as much."""
        return self.clustering.n / self.clustering.design_effect


def proportion_interval(
    successes: Flags, item: Codes, rater: Codes, *, null: float = 0.5, level: float = LEVEL
) -> Interval | None:
    """Score interval for a proportion of votes clustered by item and by rater.

    |p - pi| <= t sqrt(pi (1 - pi) / m) solved for pi, m = (n - 1) / variance_factor.
    Source: Wilson (1927), with the effective sample size of Korn and Graubard (1998).

    Args:
        successes: bool [n].
        item, rater: int64 [n] codes.
        null: proportion in (0, 1) that ``p_value`` tests.
        level: confidence in (0, 1).

    Returns:
        The interval inside [0, 1], holding the estimate; None where the clustering is unknown.

    Invariant: the interval of the complement is 1 minus this one.
    """
    n, count = len(successes), int(successes.sum())
    clustering = measure_clustering(successes.astype(np.float64), item, rater, rarer=min(count, n - count))
    if clustering is None:
        return None
    effective = (n - 1) / clustering.variance_factor
    estimate = count / n
    quantile = _quantile(level, clustering)
    share = quantile * quantile / effective
    centre = (estimate + share / 2) / (1 + share)
    half = math.sqrt(share * estimate * (1 - estimate) + share * share / 4) / (1 + share)
    score = (estimate - null) / math.sqrt(null * (1 - null) / effective)
    low = 0.0 if count == 0 else max(centre - half, 0.0)
    high = 1.0 if count == n else min(centre + half, 1.0)
    return Interval(low, high, clustering, _two_sided(score, clustering))


def bounded_mean_interval(
    values: Values, item: Codes, rater: Codes, *, null: float = 0.5, level: float = LEVEL
) -> Interval | None:
    """t interval for the mean of values in {0, 1/2, 1} (the half-tie win rate), cut to [0, 1].

    Args:
        values: float64 [n] in [0, 1].
        item, rater, null, level: as in ``proportion_interval``.

    Returns:
        The interval, of positive width even when all values are 1/2; None where the clustering is unknown.
    """
    n = len(values)
    wins, losses = int((values > 0.5).sum()), int((values < 0.5).sum())
    clustering = measure_clustering(values, item, rater, rarer=_rarer_of_three(wins, losses, n))
    if clustering is None:
        return None
    estimate = float(values.mean())
    # One pseudo-vote, half won and half lost, keeps the variance above zero when all votes agree.
    squares = float(((values - estimate) ** 2).sum()) + 0.25
    error = math.sqrt(squares / (n * (n - 1)) * clustering.variance_factor)
    half = _quantile(level, clustering) * error
    score = (estimate - null) / error
    return Interval(
        max(estimate - half, 0.0), min(estimate + half, 1.0), clustering, _two_sided(score, clustering)
    )


def ratio_interval(
    numerator: Flags, denominator: Flags, item: Codes, rater: Codes, *, level: float = LEVEL
) -> Interval | None:
    """Interval for T / B - 1, T and B the counts of two paired yes/no columns; ``p_value`` tests T = B.

    Delta method on log(T / B): with u_k = t_k / mean(t) - b_k / mean(b), Var(log) = Var(mean of u), which for
    independent answers is the paired risk-ratio variance (n10 + n01) / (T B). One discordant answer is added,
    so that equal columns keep a positive width; half a count is added to both sides when T = 0.
    Source: Agresti, Categorical Data Analysis, 3rd ed., sec. 3.1 and 11.1; paper eq. 12 for the ratio.

    Args:
        numerator, denominator: bool [n], paired answers.
        item, rater: int64 [n] codes.
        level: confidence in (0, 1).

    Returns:
        The interval, low >= -1; None where the denominator is never true or the clustering is unknown.

    Invariant: exchanging the columns turns (low, high) into (1/(1+high) - 1, 1/(1+low) - 1).
    """
    top, bottom = int(numerator.sum()), int(denominator.sum())
    if bottom == 0:
        return None
    discordant = int((numerator != denominator).sum())
    n = len(numerator)
    linear = numerator * (n / max(top, 1)) - denominator * (n / bottom)
    clustering = measure_clustering(linear, item, rater, rarer=discordant)
    if clustering is None:
        return None
    if top == 0:
        centre = math.log(0.5 / (bottom + 0.5))
        plain_variance = (discordant + 1) / (0.5 * (bottom + 0.5))
        # The variance is that of the half count: raters had no part in estimating it.
        clustering = replace(clustering, degrees_of_freedom=n - 1.0)
    else:
        centre = math.log(top / bottom)
        # n / (n - 1) as in any sample variance: the residuals use the estimated means.
        plain_variance = (discordant + 1) / (top * bottom) * n / (n - 1)
    error = math.sqrt(plain_variance * clustering.variance_factor)
    half = _quantile(level, clustering) * error
    low = -1.0 if top == 0 else math.expm1(centre - half)
    return Interval(low, _expm1(centre + half), clustering, _two_sided(centre / error, clustering))


def _expm1(exponent: float) -> float:
    """exp(x) - 1, stopped where a float ends: a bound that large says the ratio is unknown above."""
    return math.expm1(min(exponent, 700.0))


def _rarer_of_three(wins: int, losses: int, n: int) -> int:
    return min(n - wins, n - losses, wins + losses)


def _quantile(level: float, clustering: Clustering) -> float:
    return float(stats.t.ppf((1 + level) / 2, clustering.degrees_of_freedom))


def _two_sided(score: float, clustering: Clustering) -> float:
    return float(2 * stats.t.sf(abs(score), clustering.degrees_of_freedom))
