"""Ppr counts only the answers in which the same rater found both endorsements to cover the attribute."""

import numpy as np
import pytest

from annotations.metrics.prioritization import prioritization, rows_where_both_cover
from annotations.metrics.votes import Outcome, VoteTable


def votes(outcomes: list[Outcome]) -> VoteTable:
    codes = np.arange(len(outcomes))
    return VoteTable(codes, codes, codes, np.array(outcomes, dtype=np.int64))


def test_counts_by_hand():
    # Five votes; both cover in the first, third and fourth: W, L, W -> 2 / 3.
    table = votes([Outcome.TEST, Outcome.TEST, Outcome.BASELINE, Outcome.TEST, Outcome.BASELINE])
    rate = prioritization(table, np.array([True, False, True, True, False]))
    assert rate.strict.value == pytest.approx(2 / 3)
    assert rate.strict.n == 3


def test_mask_must_fit():
    with pytest.raises(ValueError, match="covers_both"):
        prioritization(votes([Outcome.TEST]), np.array([True, False]))


def test_votes_are_matched_by_assignment_and_attribute():
    # Coverage: (assignment 0, attribute 0) both; (0, 1) not both; (1, 0) both. Votes on those three and on
    # (1, 1), which has no coverage answer at all.
    matched = rows_where_both_cover(
        np.array([0, 0, 1, 1]),
        np.array([0, 1, 0, 1]),
        np.array([0, 0, 1]),
        np.array([0, 1, 0]),
        np.array([True, False, True]),
    )
    assert matched.tolist() == [True, False, True, False]
