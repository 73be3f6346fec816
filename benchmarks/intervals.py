"""Do the 95 % intervals cover the truth? Simulated studies with rater and item effects, counted per method.

    python -m benchmarks.intervals [--studies N] [--grid-studies N] [--json]

The default design has the size of the paper's MovieLens study (96 items) with 30 raters, three per item, who
differ moderately (0.5 logits), as items do. There every method is tried; over the grid the product's alone.
With ``--json`` the last line is one object: win_rate_coverage, pcov_coverage, type_one_error, studies (of the
default design), methods and grid.
"""

import argparse
import itertools
import json
import math
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from annotations.metrics.coverage import coverage
from annotations.metrics.simulation import Design, simulate_coverage, simulate_votes
from annotations.metrics.votes import Codes, CoverageTable, Outcome, Values, VoteTable
from annotations.metrics.win_rate import win_rate

DEFAULT_DESIGN = Design(items=96, raters=30, redundancy=3, item_sd=0.5, rater_sd=0.5)
WIN_RATE = 0.6
COVERED_TEST, COVERED_BASELINE, ATTRIBUTES = 0.6, 0.48, 3
PCOV = COVERED_TEST / COVERED_BASELINE - 1
ALPHA = 0.05
RESAMPLES = 200
PROMISED_COVERAGE = (0.93, 0.97)
PROMISED_TYPE_ONE_ERROR = 0.06

# Where few raters are to blame as far as is known (docs/statistics.md).
FEW_RATERS = 5
CAUSE_BELOW = "few raters: their number of degrees of freedom is approximate"
CAUSE_ABOVE = "few raters, few votes: the least factor, the prior and single votes all add width"

GRID_ITEMS = (32, 96, 200)
GRID_RATERS = (5, 15, 50)
GRID_REDUNDANCY = (1, 3, 5)
GRID_EFFECTS = ((0.0, 0.0), (0.5, 0.5), (1.5, 0.0), (0.0, 1.5), (1.5, 1.5))

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Point:
    """Shares over simulated studies of one design."""

    design: Design
    studies: int
    win_rate_coverage: float
    pcov_coverage: float
    type_one_error: float

    def as_dict(self) -> dict[str, Any]:
        entry = asdict(self.design) | {
            "win_rate_coverage": self.win_rate_coverage,
            "pcov_coverage": self.pcov_coverage,
            "type_one_error": self.type_one_error,
            "studies": self.studies,
        }
        return entry | ({"exception": self.exception} if self.exception else {})

    @property
    def exception(self) -> str | None:
        """Which promise is not kept at this point and what is known of the cause; None where all are."""
        low, high = PROMISED_COVERAGE
        shares = {"win rate": self.win_rate_coverage, "Pcov": self.pcov_coverage}
        missed = [
            f"{name} covers {share:.1%}: {self._cause(share, low, CAUSE_BELOW)}"
            for name, share in shares.items()
            if share < low
        ]
        missed += [
            f"{name} covers {share:.1%}: {self._cause(share, high, CAUSE_ABOVE)}"
            for name, share in shares.items()
            if share > high
        ]
        if (error := self.type_one_error) > PROMISED_TYPE_ONE_ERROR:
            cause = self._cause(error, PROMISED_TYPE_ONE_ERROR, CAUSE_BELOW)
            missed.append(f"type-I error {error:.1%}: {cause}")
        return "; ".join(missed) or None

    def _cause(self, share: float, promised: float, cause_with_few_raters: str) -> str:
        standard_error = math.sqrt(promised * (1 - promised) / self.studies)
        if abs(share - promised) <= 2 * standard_error:
            return f"within simulation error of the limit (2 x {standard_error:.1%})"
        return cause_with_few_raters if self.design.raters <= FEW_RATERS else "cause not examined"


def measure_point(design: Design, studies: int, seed: int) -> Point:
    """Simulate ``studies`` of one design and count how often the product's intervals hold the truth."""
    rng = np.random.default_rng(seed)
    held_win_rate = held_pcov = rejected = 0
    for _ in range(studies):
        held_win_rate += _holds(_product_win_rate(simulate_votes(design, WIN_RATE, rng)), WIN_RATE)
        answers = simulate_coverage(design, COVERED_TEST, COVERED_BASELINE, ATTRIBUTES, rng)
        held_pcov += _holds(_product_pcov(answers), PCOV)
        null = win_rate(simulate_votes(design, 0.5, rng)).decided.interval
        rejected += null is not None and null.p_value < ALPHA
    return Point(design, studies, held_win_rate / studies, held_pcov / studies, rejected / studies)


def measure_methods(design: Design, studies: int, seed: int) -> dict[str, dict[str, float]]:
    """Coverage of every method on the same simulated studies."""
    rng = np.random.default_rng(seed)
    held = {name: {"win_rate": 0, "pcov": 0} for name in METHODS}
    for _ in range(studies):
        votes = simulate_votes(design, WIN_RATE, rng)
        answers = simulate_coverage(design, COVERED_TEST, COVERED_BASELINE, ATTRIBUTES, rng)
        for name, (of_votes, of_answers) in METHODS.items():
            held[name]["win_rate"] += _holds(of_votes(votes), WIN_RATE)
            held[name]["pcov"] += _holds(of_answers(answers), PCOV)
    return {
        name: {metric: count / studies for metric, count in counts.items()} for name, counts in held.items()
    }


def _holds(bounds: Bounds | None, truth: float) -> bool:
    return bounds is not None and bounds[0] <= truth <= bounds[1]


def _product_win_rate(votes: VoteTable) -> Bounds | None:
    interval = win_rate(votes).strict.interval
    return (interval.low, interval.high) if interval else None


def _product_pcov(answers: CoverageTable) -> Bounds | None:
    interval = coverage(answers).interval
    return (interval.low, interval.high) if interval else None


def _multiway_variance(residual: Values, item: Codes, rater: Codes, largest: bool) -> tuple[float, float]:
    """Textbook two-way cluster-robust variance of the mean of residuals, and its t degrees of freedom."""
    cell = np.unique(item * (rater.max() + 1) + rater, return_inverse=True)[1]
    units = [len(np.unique(codes)) for codes in (item, rater, cell)]
    by_item, by_rater, by_cell = (
        float((np.bincount(codes, residual) ** 2).sum()) * count / (count - 1)
        for codes, count in zip((item, rater, cell), units, strict=True)
    )
    variance = by_item + by_rater - by_cell
    if largest:
        variance = max(variance, by_item, by_rater)
    return max(variance, 0.0) / len(residual) ** 2, min(units[:2]) - 1.0


def _linear_pcov(answers: CoverageTable) -> tuple[float, Values]:
    test, baseline = answers.covers_test.mean(), answers.covers_baseline.mean()
    return math.log(test / baseline), answers.covers_test / test - answers.covers_baseline / baseline


def _t_bounds(centre: float, variance: float, freedom: float) -> Bounds:
    half = float(stats.t.ppf(1 - ALPHA / 2, freedom)) * math.sqrt(variance)
    return centre - half, centre + half


def _independent_win_rate(votes: VoteTable) -> Bounds:
    wins = votes.outcome == Outcome.TEST
    interval = stats.binomtest(int(wins.sum()), len(wins)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def _independent_pcov(answers: CoverageTable) -> Bounds:
    centre, linear = _linear_pcov(answers)
    low, high = _t_bounds(centre, float(linear.var()) / len(linear), len(linear) - 1)
    return math.expm1(low), math.expm1(high)


def _multiway_win_rate(votes: VoteTable, largest: bool = False) -> Bounds:
    wins = (votes.outcome == Outcome.TEST).astype(np.float64)
    return _t_bounds(
        float(wins.mean()), *_multiway_variance(wins - wins.mean(), votes.item, votes.rater, largest)
    )


def _multiway_pcov(answers: CoverageTable, largest: bool = False) -> Bounds:
    centre, linear = _linear_pcov(answers)
    low, high = _t_bounds(centre, *_multiway_variance(linear, answers.item, answers.rater, largest))
    return math.expm1(low), math.expm1(high)


def _weights(item: Codes, rater: Codes) -> Values:
    """Product-weight ("pigeonhole") bootstrap: resample items and raters, a vote counts by the product."""
    rng = np.random.default_rng(0)

    def drawn(codes: Codes) -> Values:
        units = int(codes.max()) + 1
        return rng.multinomial(units, np.full(units, 1 / units), size=RESAMPLES)[:, codes].astype(np.float64)

    return drawn(item) * drawn(rater)


def _bootstrap_win_rate(votes: VoteTable) -> Bounds:
    weights = _weights(votes.item, votes.rater)
    means = weights @ (votes.outcome == Outcome.TEST) / weights.sum(axis=1)
    low, high = np.quantile(means, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def _bootstrap_pcov(answers: CoverageTable) -> Bounds:
    weights = _weights(answers.item, answers.rater)
    ratios = weights @ answers.covers_test / (weights @ answers.covers_baseline) - 1
    low, high = np.quantile(ratios, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


METHODS: dict[str, tuple[Callable[[VoteTable], Bounds | None], Callable[[CoverageTable], Bounds | None]]] = {
    "product (components, score, Satterthwaite t)": (_product_win_rate, _product_pcov),
    "votes independent": (_independent_win_rate, _independent_pcov),
    "multiway cluster variance, t": (_multiway_win_rate, _multiway_pcov),
    "largest of the cluster variances, t": (
        lambda votes: _multiway_win_rate(votes, largest=True),
        lambda answers: _multiway_pcov(answers, largest=True),
    ),
    "product-weight bootstrap": (_bootstrap_win_rate, _bootstrap_pcov),
}


def grid_designs() -> list[Design]:
    """The declared grid: small to large, no effects to strong ones; redundancy never above the raters."""
    sizes = itertools.product(GRID_ITEMS, GRID_RATERS, GRID_REDUNDANCY, GRID_EFFECTS)
    return [
        Design(items, raters, redundancy, *effects)
        for items, raters, redundancy, effects in sizes
        if redundancy <= raters
    ]


def _print_points(points: list[Point]) -> None:
    print(
        f"{'items':>5} {'raters':>6} {'per item':>8} {'item sd':>7} {'rater sd':>8}  win rate   Pcov  type I"
    )
    for point in points:
        design = point.design
        size = (
            f"{design.items:5} {design.raters:6} {design.redundancy:8} {design.item_sd:7} {design.rater_sd:8}"
        )
        shares = f"{point.win_rate_coverage:9.1%} {point.pcov_coverage:6.1%} {point.type_one_error:7.1%}"
        print(f"{size} {shares}  {point.exception or ''}".rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the 95% intervals on simulated studies.")
    parser.add_argument("--studies", type=int, default=2000, help="studies of the default design")
    parser.add_argument(
        "--grid-studies", type=int, default=1000, help="studies per grid point; 0 for no grid"
    )
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()

    default = measure_point(DEFAULT_DESIGN, arguments.studies, arguments.seed)
    methods = measure_methods(DEFAULT_DESIGN, min(arguments.studies, 1000), arguments.seed)
    designs = grid_designs() if arguments.grid_studies else []
    with ProcessPoolExecutor(arguments.processes) as pool:
        seeds = range(arguments.seed + 1, arguments.seed + 1 + len(designs))
        grid = list(pool.map(measure_point, designs, [arguments.grid_studies] * len(designs), seeds))

    print(f"Default design, {default.studies} studies")
    _print_points([default])
    print("\nMethods on the default design (win rate, Pcov)")
    for name, shares in methods.items():
        print(f"  {name:45} {shares['win_rate']:6.1%} {shares['pcov']:6.1%}")
    if grid:
        print(f"\nGrid, {arguments.grid_studies} studies a point")
        _print_points(grid)
        kept = sum(point.exception is None for point in grid)
        print(f"{kept} of {len(grid)} points keep every promise")
    if arguments.json:
        shares = {key: value for key, value in default.as_dict().items() if key not in asdict(DEFAULT_DESIGN)}
        print(json.dumps(shares | {"methods": methods, "grid": [point.as_dict() for point in grid]}))


if __name__ == "__main__":
    main()
