"""Losses of the reward models, pure. Source: sec. 4.1."""

import torch
import torch.nn.functional as F
from torch import Tensor


def bradley_terry_loss(
    first_scores: Tensor,
    second_scores: Tensor,
    p_first: Tensor,
    weights: Tensor | None = None,
    *,
    temperature: Tensor | float = 1.0,
) -> Tensor:
    """Soft-label Bradley–Terry negative log-likelihood.

    L = −Σ_k w_k [p_k log σ(d_k) + (1 − p_k) log σ(−d_k)] / Σ_k w_k,  d = (R(Y_1) − R(Y_2)) / τ.

    Source: sec. 4.1, App; Bradley and Terry (1952). The paper's display prints App(Y_l) in the
    numerator; the loss beside it, P(Y_w ≻ Y_l) = σ(App(Y_w) − App(Y_l)), is what is computed here.

    Args:
        first_scores: R(Y_1), float32 [B].
        second_scores: R(Y_2), float32 [B].
        p_first: P(Y_1 ≻ Y_2) of the label, float32 [B] in [0, 1].
        weights: w, float32 [B], positive; equal when absent.
        temperature: τ > 0, in the units of R.

    Returns:
        A scalar. Adding a constant to all scores, and swapping the two texts together with
        p_first → 1 − p_first, leave it unchanged.
    """
    _check_rank_one(first_scores=first_scores, second_scores=second_scores, p_first=p_first)
    difference = (first_scores - second_scores) / temperature
    losses = -(p_first * F.logsigmoid(difference) + (1 - p_first) * F.logsigmoid(-difference))
    if weights is None:
        return losses.mean()
    _check_rank_one(weights=weights, p_first=p_first)
    return (weights * losses).sum() / weights.sum()


def description_preference_loss(
    text_scores: Tensor, description_scores: Tensor, *, temperature: Tensor | float = 1.0
) -> Tensor:
    """−E log σ((R(Y) − R(I)) / τ): the endorsement is preferred to the bare description.

    Source: sec. 4.1, Pcov and Ppr. Args: float32 [B] each. Returns a scalar.
    """
    _check_rank_one(text_scores=text_scores, description_scores=description_scores)
    return -F.logsigmoid((text_scores - description_scores) / temperature).mean()


def coverage_regression_loss(scores: Tensor, shares: Tensor) -> Tensor:
    """E (s − Pcov(Y; I, u))². Source: sec. 4.1, Pcov. Args: float32 [B] each. Returns a scalar."""
    _check_rank_one(scores=scores, shares=shares)
    return ((shares - scores) ** 2).mean()


def regularized_coverage_loss(
    text_scores: Tensor,
    description_scores: Tensor,
    shares: Tensor,
    *,
    regularization: float,
    temperature: Tensor | float = 1.0,
) -> Tensor:
    """−E log σ((Pcov(Y) − Pcov(I)) / τ) + λ E (s − Pcov(Y))², λ > 0. Source: sec. 4.1, Pcov.

    τ = 1 is the paper's form. Args: float32 [B] each. Returns a scalar.
    """
    preference = description_preference_loss(text_scores, description_scores, temperature=temperature)
    return preference + regularization * coverage_regression_loss(text_scores, shares)


def utility_anchor_loss(description_scores: Tensor, utilities: Tensor) -> Tensor:
    """E (Ppr(I; i, u) − z(i·u))², z standardizing over the catalogue. Source: sec. 4.1, Ppr.

    Args:
        description_scores: Ppr of the description itself, float32 [B].
        utilities: z(i·u), float32 [B], mean 0 and standard deviation 1 over the catalogue.
    """
    _check_rank_one(description_scores=description_scores, utilities=utilities)
    return ((description_scores - utilities) ** 2).mean()


def regularized_prioritization_loss(
    text_scores: Tensor, description_scores: Tensor, utilities: Tensor, *, regularization: float
) -> Tensor:
    """−E log σ(Ppr(Y) − Ppr(I)) + λ E (Ppr(I) − z(i·u))². Source: sec. 4.1, Ppr."""
    preference = description_preference_loss(text_scores, description_scores)
    return preference + regularization * utility_anchor_loss(description_scores, utilities)


def _check_rank_one(**tensors: Tensor) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if any(len(shape) != 1 for shape in shapes.values()) or len(set(shapes.values())) != 1:
        raise ValueError(f"expected tensors of one shape [B], got {shapes}")
    for name, tensor in tensors.items():
        if not torch.is_floating_point(tensor):
            raise ValueError(f"{name} must be floating point, is {tensor.dtype}")
