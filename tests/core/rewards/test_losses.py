"""Losses: a hand-computed constant, an invariance, a gradient check for each."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modelsvc.core.rewards.losses import (
    bradley_terry_loss,
    coverage_regression_loss,
    description_preference_loss,
    regularized_coverage_loss,
    regularized_prioritization_loss,
    utility_anchor_loss,
)


def t(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_bradley_terry_by_hand() -> None:
    # σ(1) = 0.731059, σ(−2) = 0.119203; labels 1 and 0.25.
    loss = bradley_terry_loss(t(2.0, 0.0), t(1.0, 2.0), t(1.0, 0.25))
    first = -math.log(0.7310585786300049)
    second = -(0.25 * math.log(0.11920292202211755) + 0.75 * math.log(0.8807970779778823))
    assert loss.item() == pytest.approx((first + second) / 2, abs=1e-12)


def test_the_better_text_gets_the_higher_score() -> None:
    """The erratum of sec. 4.1: P(Y_w ≻ Y_l) = σ(App(Y_w) − App(Y_l))."""
    winner, loser = t(0.0).requires_grad_(), t(0.0).requires_grad_()
    bradley_terry_loss(winner, loser, t(1.0)).backward()
    assert winner.grad.item() == pytest.approx(-0.5)
    assert loser.grad.item() == pytest.approx(0.5)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30), st.floats(0, 1)), min_size=1, max_size=6),
    st.floats(-100, 100),
)
def test_bradley_terry_ignores_a_shift_and_the_order(
    rows: list[tuple[float, float, float]], shift: float
) -> None:
    first, second, p = (t(*column) for column in zip(*rows, strict=True))
    loss = bradley_terry_loss(first, second, p)
    torch.testing.assert_close(bradley_terry_loss(first + shift, second + shift, p), loss)
    torch.testing.assert_close(bradley_terry_loss(second, first, 1 - p), loss)
    torch.testing.assert_close(bradley_terry_loss(first * 3, second * 3, p, temperature=3.0), loss)


def test_bradley_terry_weights_are_relative() -> None:
    first, second, p = t(1.0, -1.0), t(0.0, 0.0), t(1.0, 1.0)
    torch.testing.assert_close(
        bradley_terry_loss(first, second, p, t(3.0, 1.0)),
        (
            3 * bradley_terry_loss(first[:1], second[:1], p[:1])
            + bradley_terry_loss(first[1:], second[1:], p[1:])
        )
        / 4,
    )
    torch.testing.assert_close(
        bradley_terry_loss(first, second, p, t(2.0, 2.0)), bradley_terry_loss(first, second, p)
    )


def test_extreme_scores_stay_finite_in_float32() -> None:
    loss = bradley_terry_loss(torch.tensor([-1e4]), torch.tensor([1e4]), torch.tensor([1.0]))
    assert loss.item() == pytest.approx(2e4)


def test_coverage_losses_by_hand() -> None:
    assert coverage_regression_loss(t(0.5, 1.0), t(0.25, 0.5)).item() == pytest.approx((0.0625 + 0.25) / 2)
    loss = regularized_coverage_loss(t(1.0), t(1.0), t(0.5), regularization=2.0)
    assert loss.item() == pytest.approx(math.log(2) + 2.0 * 0.25)
    sharper = regularized_coverage_loss(t(1.0), t(0.8), t(1.0), regularization=2.0, temperature=0.1)
    assert sharper.item() == pytest.approx(-math.log(0.8807970779778823))


def test_prioritization_losses_by_hand() -> None:
    assert utility_anchor_loss(t(1.0, 0.0), t(0.0, 2.0)).item() == pytest.approx(2.5)
    loss = regularized_prioritization_loss(t(2.0), t(1.0), t(0.5), regularization=0.4)
    assert loss.item() == pytest.approx(-math.log(0.7310585786300049) + 0.4 * 0.25)


def test_gradients_match_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b, c = (torch.randn(4, dtype=torch.float64, generator=generator) for _ in range(3))
    a.requires_grad_()
    b.requires_grad_()
    labels = torch.rand(4, dtype=torch.float64, generator=generator)
    weights = torch.rand(4, dtype=torch.float64, generator=generator) + 0.1
    assert torch.autograd.gradcheck(lambda x, y: bradley_terry_loss(x, y, labels, weights), (a, b))
    assert torch.autograd.gradcheck(lambda x, y: description_preference_loss(x, y), (a, b))
    assert torch.autograd.gradcheck(
        lambda x, y: regularized_coverage_loss(x, y, labels, regularization=0.7, temperature=0.3), (a, b)
    )
    assert torch.autograd.gradcheck(
        lambda x, y: regularized_prioritization_loss(x, y, c, regularization=0.7), (a, b)
    )


def test_known_scores_are_recovered_from_simulated_pairs() -> None:
    """Gradient descent on the loss finds the scores that made the choices, up to a constant."""
    generator = torch.Generator().manual_seed(7)
    truth = torch.tensor([1.5, 0.5, 0.0, -0.7, -1.3], dtype=torch.float64)
    first = torch.randint(0, 5, (20_000,), generator=generator)
    second = (first + torch.randint(1, 5, (20_000,), generator=generator)) % 5
    p = torch.sigmoid(truth[first] - truth[second])
    chosen = (torch.rand(20_000, dtype=torch.float64, generator=generator) < p).double()
    scores = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([scores], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = bradley_terry_loss(scores[first], scores[second], chosen)
        loss.backward()
        return loss

    optimizer.step(closure)
    found = scores.detach() - scores.detach().mean()
    torch.testing.assert_close(found, truth - truth.mean(), atol=0.08, rtol=0)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        bradley_terry_loss(t(1.0), t(1.0, 2.0), t(1.0))
    with pytest.raises(ValueError, match="floating point"):
        utility_anchor_loss(torch.tensor([1]), torch.tensor([1]))
