"""Dependence among votes against cases by hand, analysis of variance, and a naive pair-by-pair solver."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.metrics.clustering import PRIOR_CORRELATION, SMALLEST_FACTOR, measure_clustering


def test_independent_values_have_no_design_effect():
    clustering = measure_clustering(np.array([0.0, 1.0, 1.0, 0.0, 1.0]), np.arange(5), np.arange(5), rarer=2)
    assert clustering is not None
    assert clustering.design_effect == 1.0
    assert clustering.variance_factor == pytest.approx(1.0)
    assert clustering.degrees_of_freedom == pytest.approx(4.0)


def test_votes_that_follow_their_rater_are_worth_one_each():
    # 4 raters, 10 items each, all of a rater's votes alike: 40 votes say what 4 independent ones would.
    # Every pair of one rater is perfectly correlated, so the design effect is 1 + 9 = 10.
    rater = np.repeat(np.arange(4), 10)
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 10)
    clustering = measure_clustering(values, np.arange(40), rater, rarer=math.inf)
    assert clustering is not None
    assert clustering.design_effect == pytest.approx(10.0)
    assert clustering.variance_factor == pytest.approx(10.0)
    assert clustering.rater_correlation == pytest.approx(1.0)


def test_balanced_crossing_equals_analysis_of_variance():
    # Every rater judges every item: Var(mean) = (MS_item + MS_rater - MS_rest) / n, the textbook estimator.
    rng = np.random.default_rng(7)
    items, raters = 12, 8
    values = rng.normal(size=(items, 1)) + rng.normal(size=(1, raters)) + rng.normal(size=(items, raters))
    by_item, by_rater, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    ms_item = raters * ((by_item - mean) ** 2).sum() / (items - 1)
    ms_rater = items * ((by_rater - mean) ** 2).sum() / (raters - 1)
    rest = values - by_item[:, None] - by_rater[None, :] + mean
    ms_rest = (rest**2).sum() / ((items - 1) * (raters - 1))
    variance_item, variance_rater = (ms_item - ms_rest) / raters, (ms_rater - ms_rest) / items
    assert variance_item > 0
    assert variance_rater > 0
    total = variance_item + variance_rater + ms_rest
    clustering = measure_clustering(
        values.ravel(),
        np.repeat(np.arange(items), raters),
        np.tile(np.arange(raters), items),
        rarer=math.inf,
    )
    assert clustering is not None
    assert clustering.item_correlation == pytest.approx(variance_item / total)
    assert clustering.rater_correlation == pytest.approx(variance_rater / total)
    assert clustering.design_effect == pytest.approx((ms_item + ms_rater - ms_rest) / total)
    assert clustering.variance_factor == pytest.approx(clustering.design_effect)


def test_raters_who_agree_by_chance_make_a_factor_below_one():
    # 4 raters with 10 items each and 3, 5, 5, 7 ones: the variance of the mean is that of the raters' shares
    # over 4, (0.04 + 0 + 0 + 0.04) / 3 / 4 = 0.08 / 12. The variance of a value: that of the mean plus 0.25.
    rater = np.repeat(np.arange(4), 10)
    values = np.concatenate([np.arange(10) < ones for ones in (3, 5, 5, 7)]).astype(float)
    clustering = measure_clustering(values, np.arange(40), rater, rarer=math.inf)
    assert clustering is not None
    of_mean = 0.08 / 12
    assert clustering.variance_factor == pytest.approx(40 * of_mean / (0.25 + of_mean))
    assert clustering.design_effect == pytest.approx(clustering.variance_factor)
    values = np.tile(np.arange(10) % 2, 4).astype(float)
    level = measure_clustering(values, np.arange(40), rater, rarer=math.inf)
    assert level is not None
    assert level.design_effect == 1.0
    assert level.variance_factor == SMALLEST_FACTOR


@pytest.mark.parametrize("ones", [(3, 5, 5, 7), (5, 5, 5, 5), (0, 10, 0, 10)])
def test_items_of_their_own_leave_the_degrees_of_freedom_of_a_t_test_between_raters(ones):
    # The textbook case: the mean of 4 equally loaded raters has 3, however much they differ.
    values = np.concatenate([np.arange(10) < count for count in ones]).astype(float)
    clustering = measure_clustering(values, np.arange(40), np.repeat(np.arange(4), 10), rarer=math.inf)
    assert clustering is not None
    assert clustering.degrees_of_freedom == pytest.approx(3.0)


def naive_design_effect(values: list[float], item: list[int], rater: list[int]) -> float:
    """The same definition with a double loop over pairs and plain floats."""
    n = len(values)
    mean = sum(values) / n
    counts, products = [0, 0, 0], [0.0, 0.0, 0.0]
    for k in range(n):
        for m in range(n):
            if k == m:
                continue
            same_item, same_rater = item[k] == item[m], rater[k] == rater[m]
            if same_item or same_rater:
                sort = 0 if same_item and same_rater else 1 if same_item else 2
                counts[sort] += 1
                products[sort] += (values[k] - mean) * (values[m] - mean)
    raw_variance = sum((value - mean) ** 2 for value in values) / n
    variance, gamma_0, gamma = raw_variance / n, 0.0, [0.0, 0.0, 0.0]
    for _ in range(5000):
        gamma_0 = raw_variance + variance
        for sort in (1, 2, 0):
            bounded = products[sort] / counts[sort] + variance if counts[sort] else 0.0
            if sort == 0 and counts[0]:
                bounded = max(bounded, gamma[1] + gamma[2])
            gamma[sort] = min(max(bounded, 0.0), gamma_0)
        variance = (n * gamma_0 + sum(c * g for c, g in zip(counts, gamma, strict=True))) / n**2
    return 1 + sum(c / n * g / gamma_0 for c, g in zip(counts, gamma, strict=True))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 4), st.integers(0, 3)),
        min_size=6,
        max_size=25,
    )
)
def test_agrees_with_the_naive_solver(rows):
    values, item, rater = (list(column) for column in zip(*rows, strict=True))
    if len(set(item)) < 2 or len(set(rater)) < 2 or len(set(values)) < 2:
        return
    clustering = measure_clustering(np.array(values), np.array(item), np.array(rater), rarer=math.inf)
    assert clustering is not None
    assert clustering.design_effect == pytest.approx(naive_design_effect(values, item, rater), rel=1e-6)


def test_agreeing_votes_fall_back_to_the_prior():
    # No loss at all: nothing to estimate from. Each of 20 items has 2 votes, each of 4 raters 10:
    # 1 partner of the same item, 9 of the same rater: 1 + 0.1 * 1 + 0.1 * 9 = 2.
    item = np.repeat(np.arange(20), 2)
    rater = np.array([[k % 4, (k + 1) % 4] for k in range(20)]).ravel()
    clustering = measure_clustering(np.ones(40), item, rater, rarer=0)
    assert clustering is not None
    assert PRIOR_CORRELATION == 0.1
    assert clustering.design_effect == pytest.approx(2.0)


def test_one_rater_or_one_item_is_said():
    values = np.array([0.0, 1.0, 1.0, 0.0])
    many, one = np.array([0, 1, 2, 2]), np.zeros(4, dtype=np.int64)
    one_rater = measure_clustering(values, many, one, rarer=2)
    one_item = measure_clustering(values, one, many, rarer=2)
    assert one_rater is not None
    assert one_rater.note is not None
    assert "one rater" in one_rater.note
    assert one_item is not None
    assert one_item.note is not None
    assert "one item" in one_item.note
    assert one_rater.design_effect == pytest.approx(one_item.design_effect)
    assert measure_clustering(values, one, one, rarer=2) is None
