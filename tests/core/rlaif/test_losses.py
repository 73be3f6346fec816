"""REINFORCE with trajectory KL: constants by hand, invariances, gradients."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from modelsvc.core.rlaif.losses import (
    batch_advantages,
    leave_one_out_advantages,
    log_ratio,
    regularized_returns,
    reinforce_loss,
    trajectory_sum,
    whitened,
)

MASK = torch.tensor([[True, True, True], [True, False, False]])


def test_trajectory_sum_and_log_ratio_by_hand() -> None:
    log_probs = torch.tensor([[-1.0, -2.0, -3.0], [-0.5, 9.0, 9.0]])
    reference = torch.tensor([[-1.5, -2.0, -2.0], [-0.25, 5.0, 5.0]])
    assert trajectory_sum(log_probs, MASK).tolist() == [-6.0, -0.5]
    assert log_ratio(log_probs, reference, MASK).tolist() == [-0.5, -0.25]


def test_returns_by_hand() -> None:
    returns = regularized_returns(torch.tensor([1.0, -2.0]), torch.tensor([0.5, -1.0]), beta=0.1)
    assert returns.tolist() == pytest.approx([0.95, -1.9])


def test_leave_one_out_by_hand() -> None:
    # Context 1 has returns 1, 2, 6: baselines 4, 3.5, 1.5. Context 2 has 0, 0, 3.
    advantages = leave_one_out_advantages(torch.tensor([1.0, 2.0, 6.0, 0.0, 0.0, 3.0]), samples_per_context=3)
    assert advantages.tolist() == [-3.0, -1.5, 4.5, -1.5, -1.5, 3.0]


def test_batch_baseline_is_leave_one_out_over_the_batch() -> None:
    assert batch_advantages(torch.tensor([1.0, 3.0])).tolist() == [-2.0, 2.0]


def test_loss_by_hand() -> None:
    log_probs = torch.tensor([[-1.0, -2.0, -3.0], [-0.5, 9.0, 9.0]])
    # -(1/2) (2 * -6 + -4 * -0.5)
    assert float(reinforce_loss(log_probs, torch.tensor([2.0, -4.0]), MASK)) == 5.0


@given(st.lists(st.floats(-50, 50), min_size=4, max_size=4), st.floats(-100, 100))
def test_a_constant_added_to_a_contexts_rewards_changes_no_advantage(
    rewards: list[float], shift: float
) -> None:
    base = torch.tensor(rewards, dtype=torch.float64)
    moved = base + torch.tensor([shift, shift, 0.0, 0.0])
    first = leave_one_out_advantages(base, samples_per_context=2)
    assert torch.allclose(first, leave_one_out_advantages(moved, samples_per_context=2), atol=1e-9)
    assert abs(float(first.view(2, 2).sum(dim=1).abs().max())) < 1e-9


@given(st.floats(0.01, 100))
def test_whitening_undoes_the_scale_of_the_reward(scale: float) -> None:
    advantages = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    assert torch.allclose(whitened(scale * advantages), whitened(advantages))
    assert math.isclose(float(whitened(advantages).square().mean()), 1.0)
    assert whitened(torch.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_gradient_is_minus_advantage_on_real_tokens_only() -> None:
    log_probs = torch.tensor([[-1.0, -2.0, -3.0], [-0.5, -9.0, -9.0]], requires_grad=True)
    reinforce_loss(log_probs, torch.tensor([2.0, -4.0]), MASK).backward()
    assert log_probs.grad is not None
    assert log_probs.grad.tolist() == [[-1.0, -1.0, -1.0], [2.0, 0.0, 0.0]]


def test_gradient_check() -> None:
    log_probs = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.tensor([0.3, -1.2], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda values: reinforce_loss(values, weights, MASK), (log_probs,))


def test_nan_in_padding_reaches_neither_value_nor_gradient() -> None:
    log_probs = torch.tensor([[-1.0, -2.0, -3.0], [-0.5, math.nan, -math.inf]], requires_grad=True)
    loss = reinforce_loss(log_probs, torch.tensor([1.0, 1.0]), MASK)
    loss.backward()
    assert float(loss.detach()) == 3.25
    assert log_probs.grad is not None
    assert bool(torch.isfinite(log_probs.grad).all())


def test_bad_shapes_and_live_advantages_are_refused() -> None:
    values = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="bool mask"):
        trajectory_sum(values, MASK.long())
    with pytest.raises(ValueError, match="detached"):
        reinforce_loss(values, torch.zeros(2, requires_grad=True), MASK)
    with pytest.raises(ValueError, match="must be \\[2\\]"):
        reinforce_loss(values, torch.zeros(3), MASK)
    with pytest.raises(ValueError, match="multiple of G"):
        leave_one_out_advantages(torch.zeros(5), samples_per_context=2)
    with pytest.raises(ValueError, match="beta"):
        regularized_returns(torch.zeros(2), torch.zeros(2), beta=-1.0)
