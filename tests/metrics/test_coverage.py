"""Eq. 12 against counts worked by hand, where it is undefined, and what must leave it unchanged."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.metrics.coverage import BASELINE_COVERS_NOTHING, NO_ANSWERS, coverage
from annotations.metrics.intervals import ONE_UNIT_REASON, ratio_interval
from annotations.metrics.votes import CoverageTable


def table(rows: list[tuple[int, int, bool, bool]]) -> CoverageTable:
    """Answers from (item, rater, covers_test, covers_baseline), one comparison per item."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    item, rater, test, baseline = columns.T
    return CoverageTable(item, rater, item, test.astype(bool), baseline.astype(bool))


answers_strategy = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.booleans(), st.booleans()), min_size=1, max_size=40
)


def test_counts_by_hand():
    # 8 answers: test covers in 6, baseline in 4: Pcov = (6 - 4) / 4 = 0.5, that is +50 %.
    test = [1, 1, 1, 1, 1, 1, 0, 0]
    baseline = [1, 1, 1, 0, 0, 0, 1, 0]
    result = coverage(
        table([(k % 4, k // 4, t, b) for k, (t, b) in enumerate(zip(test, baseline, strict=True))])
    )
    assert (result.covered_test, result.covered_baseline, result.n) == (6, 4, 8)
    assert result.pcov == 0.5


def test_it_is_the_ratio_of_sums_not_the_mean_of_ratios():
    # Covered by test and baseline: item 0: 1, 1; item 1: 4, 1; item 2: 2, 4. In all 7 and 6: (7 - 6) / 6,
    # where the mean of the items' own ratios would be (0 + 3 - 0.5) / 3 = 0.83.
    item_answers = {0: [(1, 1)], 1: [(1, 1), (1, 0), (1, 0), (1, 0)], 2: [(1, 1), (1, 1), (0, 1), (0, 1)]}
    rows = [(i, r, t, b) for i, pairs in item_answers.items() for r, (t, b) in enumerate(pairs)]
    assert coverage(table(rows)).pcov == pytest.approx(1 / 6)


def test_undefined_when_the_baseline_covers_nothing():
    entry = coverage(table([(0, 0, True, False), (1, 1, False, False)])).as_dict()
    assert entry["pcov"] is None
    assert entry["interval"] is None
    assert entry["reason"] == BASELINE_COVERS_NOTHING
    assert (entry["covered_test"], entry["covered_baseline"], entry["n"]) == (1, 0, 2)


def test_undefined_without_answers():
    assert coverage(table([])).reason == NO_ANSWERS


def test_interval_undefined_for_one_item_and_rater():
    result = coverage(table([(0, 0, True, True), (0, 0, True, False)]))
    assert result.pcov == 1.0
    assert result.interval is None
    assert result.reason == ONE_UNIT_REASON


def test_a_test_system_that_covers_nothing_is_minus_one():
    result = coverage(table([(k, k % 5, False, True) for k in range(40)]))
    assert result.pcov == -1.0
    assert result.interval is not None
    assert result.interval.low == -1.0
    assert -1.0 < result.interval.high < -0.5


def test_equal_columns_keep_a_positive_width():
    result = coverage(table([(k, k % 5, True, True) for k in range(40)]))
    assert result.pcov == 0.0
    assert result.interval is not None
    assert result.interval.low < 0 < result.interval.high


def test_interval_by_hand_for_independent_answers():
    # 10 answers, each of its own item and rater: T = 6, B = 5, discordant 3, one more added.
    # error = sqrt(4 / 30 * 10 / 9) = 0.38490; t(9) = 2.26216; log(6/5) = 0.18232; half = 0.87071
    # low = exp(0.18232 - 0.87071) - 1 = -0.49762; high = exp(1.05303) - 1 = 1.86632
    test = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 0], dtype=bool)
    baseline = np.array([1, 1, 1, 1, 0, 0, 1, 0, 0, 0], dtype=bool)
    interval = ratio_interval(test, baseline, np.arange(10), np.arange(10))
    assert interval is not None
    assert interval.low == pytest.approx(-0.49762, abs=1e-4)
    assert interval.high == pytest.approx(1.86632, abs=1e-4)


@given(answers_strategy, st.randoms(use_true_random=False))
def test_order_of_answers_changes_nothing(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert coverage(table(rows)).as_dict() == coverage(table(shuffled)).as_dict()


@given(answers_strategy)
def test_doubling_every_answer_leaves_pcov(rows):
    assert coverage(table(rows + rows)).pcov == coverage(table(rows)).pcov


@given(answers_strategy)
def test_swapping_sides_inverts_the_ratio(rows):
    straight = coverage(table(rows))
    swapped = coverage(table([(item, rater, b, t) for item, rater, t, b in rows]))
    if straight.covered_test and straight.covered_baseline:
        assert 1 + swapped.pcov == pytest.approx(1 / (1 + straight.pcov))
        if straight.interval is not None:
            assert 1 + swapped.interval.low == pytest.approx(1 / (1 + straight.interval.high))
            assert swapped.interval.p_value == pytest.approx(straight.interval.p_value)


@given(answers_strategy)
def test_interval_holds_the_estimate(rows):
    result = coverage(table(rows))
    if result.interval is not None:
        assert -1 <= result.interval.low <= result.pcov <= result.interval.high
        assert math.isfinite(result.interval.high)
        assert result.interval.low < result.interval.high
