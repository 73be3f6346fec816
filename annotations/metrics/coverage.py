"""Preference coverage Pcov (eq. 12): how much more often the test system addresses the viewer's attributes.

    Pcov = (T - B) / B

T and B count the rater-attribute answers in which the test system's and the baseline's endorsement were
found to cover the attribute. A fraction, not a percentage; above 0 the test system covers more.
Source: paper appendix E, eq. 12, exactly as printed; with several raters every rater's answer is one term.
"""

from dataclasses import dataclass
from typing import Any

from annotations.metrics.intervals import ONE_UNIT_REASON, Interval, ratio_interval
from annotations.metrics.votes import CoverageTable
from annotations.metrics.win_rate import clustering_entries, interval_bounds

NO_ANSWERS = "no coverage answers"
BASELINE_COVERS_NOTHING = "the baseline covers no attribute, so the ratio has no denominator"


@dataclass(frozen=True)
class Coverage:
    """Eq. 12 for one contrast.

    Attributes:
        pcov: the fraction, in [-1, inf); None with ``reason`` when the baseline covers nothing.
        covered_test, covered_baseline: T and B, numbers of answers.
        n: number of rater-attribute answers.
        interval: 95 % interval of pcov; its p-value tests pcov = 0 (the paired coverage test).
        reason: why pcov or the interval is undefined, else None.
    """

    pcov: float | None
    covered_test: int
    covered_baseline: int
    n: int
    interval: Interval | None
    reason: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON object of the label-analysis format."""
        entry: dict[str, Any] = {
            "pcov": self.pcov,
            "covered_test": self.covered_test,
            "covered_baseline": self.covered_baseline,
            "n": self.n,
            "interval": interval_bounds(self.interval),
            "p_value": self.interval.p_value if self.interval else None,
            **clustering_entries(self.interval),
        }
        if self.reason is not None:
            entry["reason"] = self.reason
        return entry


def coverage(answers: CoverageTable) -> Coverage:
    """Compute eq. 12 with its interval.

    Args:
        answers: one contrast, one kind of rater; one row per rater and attribute.

    Returns:
        Pcov with counts; ``pcov`` is None with a reason when there are no answers or B = 0.

    Invariants: the order of answers changes nothing; doubling every answer leaves pcov unchanged; exchanging
    test and baseline turns p into 1 / (1 + p) - 1.
    """
    answers = answers.canonical()
    covered_test = int(answers.covers_test.sum())
    covered_baseline = int(answers.covers_baseline.sum())
    n = len(answers)
    if covered_baseline == 0:
        reason = BASELINE_COVERS_NOTHING if n else NO_ANSWERS
        return Coverage(None, covered_test, 0, n, None, reason)
    interval = ratio_interval(answers.covers_test, answers.covers_baseline, answers.item, answers.rater)
    return Coverage(
        pcov=(covered_test - covered_baseline) / covered_baseline,
        covered_test=covered_test,
        covered_baseline=covered_baseline,
        n=n,
        interval=interval,
        reason=ONE_UNIT_REASON if interval is None else None,
    )
