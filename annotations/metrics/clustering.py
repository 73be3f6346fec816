"""How much the votes of one item, and of one rater, depend on each other.

Two votes are dependent when they share an item or a rater. With the mean of n values as estimator of
the population mean over items *and* raters, and gamma_c, gamma_i, gamma_r the covariances of two values
of the same item and rater, the same item only, the same rater only,

    Var(mean) = gamma_0 / n * design_effect
    design_effect = 1 + rho_c A_c + rho_i A_i + rho_r A_r,     rho = gamma / gamma_0

where A counts, per value, its partners of that sort. The covariances come from the products of residuals
(the sums behind multiway cluster-robust variance), corrected for the residuals' use of the estimated mean.

The design effect is told twice. For reading, each covariance is held in [0, gamma_0], where a true one lies.
For intervals it is not (``variance_factor``): with the zero bound, intervals from few raters were too wide
where raters agree and, with degrees of freedom that suited the bound, too narrow where they differ. The
unbounded factor may be below 1 by chance, for which the degrees of freedom allow.

Source: Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering, eq. 2.8, for the
sums; Satterthwaite (1946) for the degrees of freedom; Searle, Casella and McCulloch (1992), Variance
Components, ch. 4, for unbounded components; Owen (2007), The pigeonhole bootstrap, for the estimand.
"""

from dataclasses import dataclass

import numpy as np

from annotations.metrics.votes import Codes, Values

# Below a handful of the rarer outcome the covariances cannot be estimated from the votes, so they are pulled
# to a mild dependence: half the weight at four of it, and next to none from about twenty on.
PRIOR_CORRELATION = 0.1
PRIOR_HALF_AT = 4.0

# The least variance factor: few raters may by chance agree to the vote, which must not leave an interval
# without width. With 5 raters such an interval is about four fifths as wide as that of independent votes.
SMALLEST_FACTOR = 0.3

_MAXIMUM_STEPS = 1000
_RELATIVE_TOLERANCE = 1e-13


@dataclass(frozen=True)
class Clustering:
    """Dependence among n values: what turns a plain variance into an honest one.

    Attributes:
        n: number of values.
        items, raters: number of distinct items and raters.
        design_effect: Var(mean) over its value if all n were independent, for reading; >= 1.
        variance_factor: the same with unbounded covariances, for intervals; >= ``SMALLEST_FACTOR``.
        degrees_of_freedom: of the t distribution that goes with ``variance_factor``; >= 1.
        item_correlation, rater_correlation: rho_i, rho_r in [0, 1].
        note: None, or in words what the estimand is reduced to (one rater, or one item).
    """

    n: int
    items: int
    raters: int
    design_effect: float
    variance_factor: float
    degrees_of_freedom: float
    item_correlation: float
    rater_correlation: float
    note: str | None


def measure_clustering(values: Values, item: Codes, rater: Codes, *, rarer: float) -> Clustering | None:
    """Estimate the design effect and degrees of freedom of the mean of ``values``.

    With Q_i = 1 + rho_c A_c + rho_i A_i the factor if raters did not matter, Q_r likewise if items did not,
    and Q_c = 1 + rho_c A_c, the factor is Q_i + Q_r - Q_c. A factor Q estimated from groups of sizes g has
    about n^2 / sum(g^2) - 1 degrees of freedom and the relative variance 2 / those; the pairs behind Q_c are
    in both others, so its variance is taken off once.

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
    weight = PRIOR_HALF_AT**2 / (PRIOR_HALF_AT**2 + rarer**2)
    prior = np.array([2.0, 1.0, 1.0]) * PRIOR_CORRELATION
    bounded, unbounded = (
        (1.0 - weight) * found + weight * prior for found in _correlations(product_all / n, raw, partners, n)
    )
    of_cell, of_item, of_rater = _one_way_factors(bounded * partners)
    design_effect = of_item + of_rater - of_cell
    # How well the factor is known follows from how dependent the values are: a plain figure is steadier here.
    freedom = design_effect**2 / (
        of_item**2 / _freedom(n, pairs_item)
        + of_rater**2 / _freedom(n, pairs_rater)
        - of_cell**2 / _freedom(n, pairs_cell)
    )
    return Clustering(
        n=n,
        items=items,
        raters=raters,
        design_effect=design_effect,
        variance_factor=max(1.0 + float(unbounded @ partners), SMALLEST_FACTOR),
        degrees_of_freedom=max(freedom, 1.0),
        item_correlation=float(bounded[1]),
        rater_correlation=float(bounded[2]),
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


def _one_way_factors(excess: Values) -> tuple[float, float, float]:
    """Q_c, Q_i and Q_r from correlation times partners (same cell, same item only, same rater only)."""
    cell, item, rater = excess.tolist()
    return 1.0 + cell, 1.0 + cell + item, 1.0 + cell + rater


def _freedom(n: int, pairs: float) -> float:
    """Effective number of groups less one: unequal groups are worth fewer."""
    return max(n * n / pairs - 1.0, 1.0)


def _correlations(raw_variance: float, raw: Values, partners: Values, n: int) -> tuple[Values, Values]:
    """Correlations (same cell, same item, same rater) after bias correction: bounded, and unbounded.

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
    if gamma_0 == 0:
        return np.zeros(3), np.zeros(3)
    # Without bounds the two relations are linear, and solved at once.
    variance = max((raw_variance + float(partners @ raw)) / (n - 1.0 - float(partners.sum())), 0.0)
    return gamma / gamma_0, np.where(exists, raw + variance, 0.0) / (raw_variance + variance)
