"""REINFORCE with a trajectory KL penalty: pure functions. Source: sec. 4.2, App. D, eq. 3.

Objective: J = E_{Y ~ Phi} [ r(Y) - beta log(Phi(Y) / Phi_BC(Y)) ].
Its gradient: E [ (r(Y) - beta log(Phi(Y) / Phi_BC(Y)) - b) grad log Phi(Y) ], because the derivative of the
KL term itself adds E[grad log Phi(Y)] = 0. Valid for one update per sample (on-policy).
"""

import torch
from torch import Tensor


def trajectory_sum(values: Tensor, mask: Tensor) -> Tensor:
    """Sum of per-token values [B, T] over the tokens of each trajectory: [B]."""
    _check(values, mask)
    return torch.where(mask, values, torch.zeros_like(values)).sum(dim=1)


def log_ratio(log_probs: Tensor, reference_log_probs: Tensor, mask: Tensor) -> Tensor:
    """log Phi(Y) / Phi_BC(Y) of each trajectory in nats [B]: its mean under Phi is the KL of eq. 3."""
    return trajectory_sum(log_probs - reference_log_probs, mask)


def regularized_returns(rewards: Tensor, log_ratios: Tensor, *, beta: float) -> Tensor:
    """r(Y) - beta log(Phi(Y) / Phi_BC(Y)), float32 [B]; carries no gradient. Source: eq. 3."""
    if rewards.shape != log_ratios.shape or rewards.ndim != 1:
        raise ValueError(
            f"rewards and log_ratios must be [B], got {tuple(rewards.shape)}, {tuple(log_ratios.shape)}"
        )
    if beta < 0:
        raise ValueError(f"beta must not be negative, got {beta}")
    return (rewards - beta * log_ratios).detach()


def leave_one_out_advantages(returns: Tensor, *, samples_per_context: int) -> Tensor:
    """Each return minus the mean of the other returns of its context: [B], context-major.

    A_g = R_g - (1 / (G - 1)) sum_{h != g} R_h. Unbiased: the baseline does not depend on the g-th sample.
    Equals G / (G - 1) times the deviation from the group mean, so it sums to zero within a context.
    Source: Kool et al. 2019.

    Raises:
        ValueError: if G < 2 or B is no multiple of G.
    """
    count = samples_per_context
    if count < 2 or returns.ndim != 1 or len(returns) % count:
        raise ValueError(
            f"leave-one-out needs [B] with B a multiple of G >= 2, got {tuple(returns.shape)}, G={count}"
        )
    groups = returns.view(-1, count)
    others = (groups.sum(dim=1, keepdim=True) - groups) / (count - 1)
    return (groups - others).reshape(-1)


def batch_advantages(returns: Tensor) -> Tensor:
    """Each return minus the mean of the rest of the batch: [B]. Leave-one-out with one group."""
    return leave_one_out_advantages(returns, samples_per_context=len(returns))


def whitened(advantages: Tensor) -> Tensor:
    """Divide by the batch's root mean square, so that the step size does not depend on the reward's scale.

    The direction is kept; the trade-off with the KL inside the returns too. All zero stays zero.
    """
    scale = advantages.square().mean().sqrt()
    return advantages / scale.clamp_min(1e-6)


def reinforce_loss(log_probs: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """-(1/B) sum_b A_b log Phi(Y_b): its gradient is minus the estimate of grad J.

    Args:
        log_probs: float32 [B, T] in the training path, with gradient. advantages: float32 [B], no gradient.
        mask: bool [B, T], end of text inclusive.

    Returns:
        scalar; its value means nothing, only its gradient does.

    Raises:
        ValueError: on shapes that do not fit, or advantages that carry a gradient.
    """
    if advantages.requires_grad:
        raise ValueError("advantages must be detached")
    if advantages.shape != log_probs.shape[:1]:
        raise ValueError(f"advantages must be [{log_probs.shape[0]}], got {tuple(advantages.shape)}")
    return -(advantages * trajectory_sum(log_probs, mask)).mean()


def _check(values: Tensor, mask: Tensor) -> None:
    if values.ndim != 2 or values.shape != mask.shape or mask.dtype != torch.bool:
        raise ValueError(
            f"expected values [B, T] and a bool mask of that shape, got {tuple(values.shape)}, "
            f"{tuple(mask.shape)} {mask.dtype}"
        )
