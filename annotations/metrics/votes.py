"""The two inputs of every metric: a table of votes and a table of coverage answers, as columns.

Both are frozen, columnar and free of names: items, raters and comparisons are non-negative integer
codes, so that a million judgments fit in a few arrays and every metric is a handful of array passes.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Values = NDArray[np.float64]


class Outcome(IntEnum):
    """What one rater answered to one pairwise question, seen from the test system."""

    TEST = 0
    BASELINE = 1
    TIE = 2
    BOTH_BAD = 3


def check_codes(name: str, codes: NDArray[np.int64], length: int) -> None:
    """Raise ``ValueError`` unless ``codes`` is an integer column of the given length, all codes >= 0."""
    if codes.ndim != 1 or not np.issubdtype(codes.dtype, np.integer):
        raise ValueError(f"{name}: expected a one-dimensional integer array, got {codes.dtype} {codes.shape}")
    if len(codes) != length:
        raise ValueError(f"{name}: {len(codes)} rows where {length} were expected")
    if length and codes.min() < 0:
        raise ValueError(f"{name}: negative code {codes.min()}")


@dataclass(frozen=True)
class VoteTable:
    """Answers to one pairwise question for one contrast and one kind of rater; one row per vote.

    Source: paper appendix E, eq. 11. Skipped questions are no votes: they are counted in ``skips`` only.

    Args:
        item: int64 [n], code of the item; the first sampled unit of the estimand.
        rater: int64 [n], code of the rater; the second sampled unit.
        comparison: int64 [n], code of the comparison; groups the votes of the majority form.
        outcome: int64 [n], an ``Outcome`` per vote.
        skips: number of times the question was skipped.

    Raises:
        ValueError: a column has the wrong type, length or a value that is no ``Outcome``.
    """

    item: Codes
    rater: Codes
    comparison: Codes
    outcome: Codes
    skips: int = 0

    def __post_init__(self) -> None:
        for name in ("item", "rater", "comparison", "outcome"):
            check_codes(name, getattr(self, name), len(self.item))
        if len(self.outcome) and self.outcome.max() > max(Outcome):
            raise ValueError(f"outcome: {self.outcome.max()} is not one of {[int(o) for o in Outcome]}")
        if self.skips < 0:
            raise ValueError(f"skips: {self.skips} is negative")

    def __len__(self) -> int:
        return len(self.item)

    def canonical(self) -> "VoteTable":
        """The same votes in an order that depends on the votes only, so that sums round alike."""
        return self.rows(np.lexsort((self.outcome, self.rater, self.comparison, self.item)))

    def rows(self, index: NDArray[np.int64] | Flags) -> "VoteTable":
        """The votes at ``index`` (positions or a mask); ``skips`` stays."""
        return VoteTable(
            self.item[index], self.rater[index], self.comparison[index], self.outcome[index], self.skips
        )

    def swapped(self) -> "VoteTable":
        """The same votes with test and baseline exchanged."""
        flip = np.array([Outcome.BASELINE, Outcome.TEST, Outcome.TIE, Outcome.BOTH_BAD], dtype=np.int64)
        return VoteTable(self.item, self.rater, self.comparison, flip[self.outcome], self.skips)


@dataclass(frozen=True)
class CoverageTable:
    """Coverage answers for one contrast and one kind of rater; one row per rater and attribute shown.

    Source: paper appendix E, eq. 12: Y^(k)(A_m) = 1 is ``covers_*`` of one row.

    Args:
        item, rater, comparison: int64 [n], as in ``VoteTable``.
        covers_test: bool [n], the rater found the attribute addressed by the test system's endorsement.
        covers_baseline: bool [n], likewise by the baseline's.

    Raises:
        ValueError: a column has the wrong type or length.
    """

    item: Codes
    rater: Codes
    comparison: Codes
    covers_test: Flags
    covers_baseline: Flags

    def __post_init__(self) -> None:
        for name in ("item", "rater", "comparison"):
            check_codes(name, getattr(self, name), len(self.item))
        for name in ("covers_test", "covers_baseline"):
            column = getattr(self, name)
            if column.dtype != np.bool_ or column.shape != self.item.shape:
                raise ValueError(
                    f"{name}: expected bool [{len(self.item)}], got {column.dtype} {column.shape}"
                )

    def __len__(self) -> int:
        return len(self.item)

    def canonical(self) -> "CoverageTable":
        """The same answers in an order that depends on the answers only."""
        columns = (self.covers_baseline, self.covers_test, self.rater, self.comparison, self.item)
        order = np.lexsort(columns)
        return CoverageTable(
            self.item[order],
            self.rater[order],
            self.comparison[order],
            self.covers_test[order],
            self.covers_baseline[order],
        )
