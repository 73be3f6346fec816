"""Temperature, reliability, pairwise accuracy."""

import numpy as np
import pytest

from modelsvc.core.rewards.calibration import (
    calibrate,
    fit_temperature,
    pairwise_accuracy,
    reliability,
)
from modelsvc.core.rewards.item_split import held_out_items


def test_a_known_temperature_is_recovered() -> None:
    rng = np.random.default_rng(0)
    differences = rng.normal(0, 0.3, 20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(-differences / 0.12))).astype(float)
    assert fit_temperature(differences, labels) == pytest.approx(0.12, rel=0.05)


def test_separable_pairs_and_no_pairs_give_a_usable_temperature() -> None:
    separable = fit_temperature(np.array([0.2, 0.1, -0.3]), np.array([1.0, 1.0, 0.0]))
    assert 0.01 < separable < 1.0
    assert fit_temperature(np.zeros(0), np.zeros(0)) == 1.0
    assert fit_temperature(np.zeros(3), np.ones(3)) == 1.0


def test_calibrated_probabilities_lie_on_the_diagonal() -> None:
    rng = np.random.default_rng(1)
    differences = rng.normal(0, 1.0, 8_000)
    labels = (rng.random(8_000) < 1 / (1 + np.exp(-3 * differences))).astype(float)
    result = calibrate(differences, labels, [str(k % 40) for k in range(8_000)])
    assert result.temperature == pytest.approx(1 / 3, rel=0.1)
    assert result.expected_error < 0.03
    assert sum(entry.count for entry in result.bins) == 8_000


def test_reliability_by_hand() -> None:
    low, high = reliability(np.array([0.1, 0.2, 1.0]), np.array([0.0, 1.0, 1.0]), bins=2)
    assert (low.count, low.predicted, low.labelled) == (2, pytest.approx(0.15), 0.5)
    assert (high.count, high.predicted, high.labelled) == (1, 1.0, 1.0)


def test_accuracy_counts_equal_scores_half_and_leaves_undecided_labels_out() -> None:
    differences = np.array([1.0, -1.0, 0.0, 5.0])
    assert pairwise_accuracy(differences, np.array([0.9, 0.6, 0.8, 0.5])) == pytest.approx(0.5)
    assert np.isnan(pairwise_accuracy(np.ones(2), np.full(2, 0.5)))


def test_split_by_item_is_seeded_and_does_not_depend_on_the_order() -> None:
    ids = [str(k) for k in range(50)]
    held = held_out_items(ids, share=0.2, seed=3)
    assert len(held) == 10
    assert held == held_out_items(reversed(ids * 2), share=0.2, seed=3)
    assert held != held_out_items(ids, share=0.2, seed=4)
    assert held_out_items(["1"], share=0.5, seed=0) == frozenset()
    assert len(held_out_items(["1", "2"], share=0.9, seed=0)) == 1
