"""Simulated studies of known truth: raters and items that differ, for testing intervals and planning power.

A rater of effect b judging an item of effect a answers yes with probability
sigma(alpha + item_sd a + rater_sd b), a and b standard normal; alpha is set so that the mean over items and
raters is exactly the wanted one. That mean is the estimand of ``annotations.metrics.intervals``.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize, special

from annotations.metrics.votes import Codes, CoverageTable, Outcome, Values, VoteTable

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_LOGIT_RANGE = 60.0


@dataclass(frozen=True)
class Design:
    """Size and dependence of a simulated study.

    Attributes:
        items, raters: numbers sampled.
        redundancy: raters per item; at most ``raters``.
        item_sd, rater_sd: standard deviations of the effects, in logits; 0 none, 0.5 moderate, 1.5 strong.
    """

    items: int
    raters: int
    redundancy: int
    item_sd: float
    rater_sd: float

    def __post_init__(self) -> None:
        if self.items < 1 or not 1 <= self.redundancy <= self.raters:
            raise ValueError(f"impossible design: {self}")
        if self.item_sd < 0 or self.rater_sd < 0:
            raise ValueError(f"negative standard deviation: {self}")


@lru_cache(maxsize=1024)
def intercept(mean: float, effect_sd: float) -> float:
    """alpha such that E[sigma(alpha + effect_sd z)] = mean, z standard normal (Gauss-Hermite, 61 nodes).

    Raises:
        ValueError: ``mean`` is not strictly between 0 and 1.
    """
    if not 0 < mean < 1:
        raise ValueError(f"mean probability {mean} is not between 0 and 1")

    def excess(alpha: float) -> float:
        return float(_WEIGHTS @ special.expit(alpha + effect_sd * _NODES)) - mean

    return float(optimize.brentq(excess, -_LOGIT_RANGE, _LOGIT_RANGE))


def draw_assignments(design: Design, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Give each item ``redundancy`` distinct random raters with nearly equal loads.

    Returns:
        item, rater: int64 [items * redundancy] codes.
    """
    # Seats are dealt from shuffled rounds, a round being every rater once; a rater who already has the item
    # stays in the pool for the next item.
    rater = np.empty((design.items, design.redundancy), dtype=np.int64)
    pool: list[int] = []
    for row in rater:
        taken: set[int] = set()
        for seat in range(design.redundancy):
            if taken.issuperset(pool):
                pool.extend(rng.permutation(design.raters).tolist())
            index = next(i for i, candidate in enumerate(pool) if candidate not in taken)
            row[seat] = pool.pop(index)
            taken.add(int(row[seat]))
    return np.repeat(np.arange(design.items), design.redundancy), rater.ravel()


def simulate_votes(design: Design, mean: float, rng: np.random.Generator) -> VoteTable:
    """Draw one study of decided votes whose population win rate is ``mean``."""
    item, rater = draw_assignments(design, rng)
    logit = (
        intercept(mean, float(np.hypot(design.item_sd, design.rater_sd)))
        + _effects(design.items, design.item_sd, rng)[item]
        + _effects(design.raters, design.rater_sd, rng)[rater]
    )
    win = rng.random(len(item)) < special.expit(logit)
    outcome = np.where(win, Outcome.TEST, Outcome.BASELINE).astype(np.int64)
    return VoteTable(item, rater, item, outcome)


def simulate_coverage(
    design: Design, mean_test: float, mean_baseline: float, attributes: int, rng: np.random.Generator
) -> CoverageTable:
    """Draw one study of coverage answers; its population Pcov is mean_test / mean_baseline - 1.

    Items and raters each have one effect on both systems (half the variance: an easy item, a lenient rater)
    and one per system; an attribute of an item has effects like those of items, shared by all its raters.
    """
    item, rater = draw_assignments(design, rng)
    item, rater = np.repeat(item, attributes), np.repeat(rater, attributes)
    attribute = item * attributes + np.tile(np.arange(attributes), len(item) // attributes)
    total_sd = float(np.sqrt(2 * design.item_sd**2 + design.rater_sd**2))
    shared, own = np.sqrt(0.5), np.sqrt(0.5)

    def paired(units: int, sd: float) -> Values:
        common = rng.normal(size=units)
        return np.stack([sd * (shared * common + own * rng.normal(size=units)) for _ in range(2)])

    effects = (
        paired(design.items, design.item_sd)[:, item]
        + paired(design.items * attributes, design.item_sd)[:, attribute]
        + paired(design.raters, design.rater_sd)[:, rater]
    )
    covers_test, covers_baseline = (
        rng.random(len(item)) < special.expit(intercept(mean, total_sd) + effect)
        for mean, effect in zip((mean_test, mean_baseline), effects, strict=True)
    )
    return CoverageTable(item, rater, item, covers_test, covers_baseline)


def _effects(units: int, sd: float, rng: np.random.Generator) -> Values:
    return sd * rng.normal(size=units)
