"""How much the votes of one item, and of one rater, depend on each other.

Two votes are dependent when they share an item or a rater. With the mean of n values as estimator of
the population mean over items *and* raters, and gamma_c, gamma_i, gamma_r the covariances of two values
of the same item and rater, the same item only, the same rater only,

    Var(mean) = gamma_0 / n * design_effect
    design_effect = 1 + rho_c A_c + rho_i A_i + rho_r A_r,     rho = gamma / gamma_0

where A counts, per value, its partners of that sort. The covariances come from the products of residuals
(the sums behind multiway cluster-robust variance), corrected for the residuals' use of the estimated mean,
then bounded to [0, gamma_0]: the plain multiway formula can go negative and is biased down in studies of
few raters.

Source: Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering, eq. 2.8, for the
sums; Satterthwaite (1946) for the degrees of freedom; Owen (2007), The pigeonhole bootstrap, for the
estimand.
"""

from dataclasses import dataclass

import numpy as np

from annotations.metrics.votes import Codes, Values

# Below a handful of the rarer outcome the covariances cannot be estimated from the votes, so they are pulled
# to a mild dependence. Chosen by simulation (benchmarks/intervals.py); weightless in studies of usual size.
PRIOR_CORRELATION = 0.1
PRIOR_WEIGHT = 4.0

_MAXIMUM_STEPS = 1000
_RELATIVE_TOLERANCE = 1e-13


@dataclass(frozen=True)
class Clustering:
    """Dependence among n values: what turns a plain variance into an honest one.

    Attributes:
        n: number of values.
        items, raters: number of distinct items and raters.
        design_effect: Var(mean) over its value if all n were independent; >= 1.
        degrees_of_freedom: of the t distribution that goes with the variance estimate; >= 1.
        item_correlation, rater_correlation: rho_i, rho_r in [0, 1].
        note: None, or in words what the estimand is reduced to (one rater, or one item).
    """

    n: int
    items: int
    raters: int
    design_effect: float
    degrees_of_freedom: float
    item_correlation: float
    rater_correlation: float
    note: str | None


def measure_clustering(values: Values, item: Codes, rater: Codes, *, rarer: float) -> Clustering | None:
    """Estimate the design effect and degrees of freedom of the mean of ``values``.

    Args:
        values: float64 [n].
        item, rater: int64 [n] codes.
        rarer: count of the rarer outcome (wins or losses; discordant answers): the information there is
            about dependence.

    Returns:
        The clustering; None when all values come from one item and one rater, where nothing can be said
        about other items or raters. With one rater (one item) the other unit alone is treated as sampled.

    Invariant: relabelling or reordering the codes changes nothing; exchanging items and raters exchanges rho.
    """
    n = len(values)
    item, items = _dense(item)
    rater, raters = _dense(rater)
    if n < 2 or (items == 1 and raters == 1):
        return None
    note = None
    if raters == 1:
        note = "one rater: the interval speaks of other items judged by this rater"
        rater = np.arange(n)
    elif items == 1:
        note = "one item: the interval speaks of other raters judging this item"
        item = np.arange(n)
    cell, _ = _dense(item * (int(rater.max()) + 1) + rater)

    residual = values - values.mean()
    product_all = float(residual @ residual)
    product_item, pairs_item = _group_squares(item, residual)
    product_rater, pairs_rater = _group_squares(rater, residual)
    product_cell, pairs_cell = _group_squares(cell, residual)

    # Ordered pairs of each sort per value, and the mean product of residuals over those pairs.
    partners = np.array([pairs_cell - n, pairs_item - pairs_cell, pairs_rater - pairs_cell]) / n
    products = np.array(
        [product_cell - product_all, product_item - product_cell, product_rater - product_cell]
    )
    raw = np.divide(products, n * partners, out=np.zeros(3), where=partners > 0)
    correlations = _correlations(product_all / n, raw, partners, n)

    weight = PRIOR_WEIGHT / (PRIOR_WEIGHT + rarer)
    prior = np.array([2.0, 1.0, 1.0]) * PRIOR_CORRELATION
    correlations = (1.0 - weight) * correlations + weight * prior
    excess_cell, excess_item, excess_rater = (correlations * partners).tolist()
    design_effect = 1.0 + excess_cell + excess_item + excess_rater

    # Each part of the variance is as well known as it has units; unequal loads leave fewer effective units.
    freedom_item = max(n * n / pairs_item - 1.0, 1.0)
    freedom_rater = max(n * n / pairs_rater - 1.0, 1.0)
    freedom = design_effect**2 / (
        1.0 / (n - 1)
        + (excess_item + excess_cell * pairs_cell / pairs_item) ** 2 / freedom_item
        + excess_rater**2 / freedom_rater
    )
    return Clustering(
        n=n,
        items=items,
        raters=raters,
        design_effect=design_effect,
        degrees_of_freedom=max(freedom, 1.0),
        item_correlation=float(correlations[1]),
        rater_correlation=float(correlations[2]),
        note=note,
    )


def _dense(codes: Codes) -> tuple[Codes, int]:
    unique, dense = np.unique(codes, return_inverse=True)
    return dense.astype(np.int64), len(unique)


def _group_squares(group: Codes, residual: Values) -> tuple[float, float]:
    """Sum over groups of (sum of residuals)^2, and of (count)^2: both are sums over ordered pairs."""
    sums = np.bincount(group, weights=residual)
    counts = np.bincount(group).astype(np.float64)
    return float(sums @ sums), float(counts @ counts)


def _correlations(raw_variance: float, raw: Values, partners: Values, n: int) -> Values:
    """Bounded correlations (same cell, same item, same rater) after bias correction.

    A product of two residuals is too small by Var(mean) on average, which itself holds the covariances:
    the fixed point of the two relations is reached by iteration (a contraction: some pair shares nothing).
    """
    exists = partners > 0
    variance_of_mean = raw_variance / n
    gamma_0, gamma = raw_variance, np.zeros(3)
    for _ in range(_MAXIMUM_STEPS):
        gamma_0 = raw_variance + variance_of_mean
        corrected = np.where(exists, raw + variance_of_mean, 0.0)
        gamma = np.minimum(np.maximum(corrected, 0.0), gamma_0)
        if exists[0]:  # values of one item and rater share both effects
            gamma[0] = min(max(gamma[0], gamma[1] + gamma[2]), gamma_0)
        step = (gamma_0 + float(partners @ gamma)) / n
        if abs(step - variance_of_mean) <= _RELATIVE_TOLERANCE * step:
            break
        variance_of_mean = step
    return gamma / gamma_0 if gamma_0 > 0 else np.zeros(3)
