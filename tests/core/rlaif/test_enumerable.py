"""A problem small enough to enumerate: 3 tokens, horizon 2, token 0 ends the text.

The estimators are checked against the exact gradient of eq. 3, and its optimum pi_BC exp(r / beta) / Z.
"""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from modelsvc.core.rlaif.losses import (
    leave_one_out_advantages,
    log_ratio,
    regularized_returns,
    reinforce_loss,
)

TEXTS = [(0,), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
TOKENS = torch.tensor([[*text, 0][:2] for text in TEXTS])
MASK = torch.tensor([[True, len(text) > 1] for text in TEXTS])
REWARDS = torch.tensor([0.3, -1.0, 2.0, 0.5, 1.5, -0.7, 0.1], dtype=torch.float64)
BETA = 0.7


@dataclass
class Policy:
    """Logits of the first token [3] and of the second after tokens 1 and 2 [2, 3]."""

    logits: Tensor

    def token_log_probs(self) -> Tensor:
        """Per token of every text, [7, 2]."""
        log_p = self.logits.log_softmax(dim=-1)
        first = log_p[0][TOKENS[:, 0]]
        second = log_p[TOKENS[:, 0].clamp_min(1), TOKENS[:, 1]]
        return torch.stack([first, torch.where(MASK[:, 1], second, torch.zeros_like(second))], dim=1)

    def log_probs(self) -> Tensor:
        """Of every text, [7]."""
        return self.token_log_probs().sum(dim=1)


@pytest.fixture
def reference() -> Policy:
    return Policy(torch.randn(3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64))


@pytest.fixture
def policy() -> Policy:
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return Policy(logits.requires_grad_())


def objective(policy: Policy, reference: Policy) -> Tensor:
    log_p = policy.log_probs()
    return (log_p.exp() * (REWARDS - BETA * (log_p - reference.log_probs()))).sum()


def test_texts_are_all_there_are(policy: Policy) -> None:
    assert float(policy.log_probs().exp().sum().detach()) == pytest.approx(1.0)


def test_the_expected_estimate_is_the_exact_gradient(policy: Policy, reference: Policy) -> None:
    (exact,) = torch.autograd.grad(objective(policy, reference), policy.logits)
    probabilities = policy.log_probs().exp().detach()
    expected = torch.zeros_like(exact)
    # Every pair of samples of one context, weighted by its probability: G = 2 with leave-one-out.
    for a in range(len(TEXTS)):
        for b in range(len(TEXTS)):
            pair = [a, b]
            log_probs = policy.token_log_probs()[pair]
            ratios = log_ratio(log_probs.detach(), reference.token_log_probs()[pair], MASK[pair])
            returns = regularized_returns(REWARDS[pair], ratios, beta=BETA)
            advantages = leave_one_out_advantages(returns, samples_per_context=2)
            (estimate,) = torch.autograd.grad(
                reinforce_loss(log_probs, advantages, MASK[pair]), policy.logits
            )
            expected -= probabilities[a] * probabilities[b] * estimate
    assert torch.allclose(expected, exact, atol=1e-12)


def test_a_baseline_that_sees_its_own_sample_would_be_biased(policy: Policy, reference: Policy) -> None:
    """Breaks what the test above guards: the group mean as baseline shrinks the gradient by (G - 1) / G."""
    (exact,) = torch.autograd.grad(objective(policy, reference), policy.logits)
    probabilities = policy.log_probs().exp().detach()
    expected = torch.zeros_like(exact)
    for a in range(len(TEXTS)):
        for b in range(len(TEXTS)):
            pair = [a, b]
            log_probs = policy.token_log_probs()[pair]
            ratios = log_ratio(log_probs.detach(), reference.token_log_probs()[pair], MASK[pair])
            returns = regularized_returns(REWARDS[pair], ratios, beta=BETA)
            (estimate,) = torch.autograd.grad(
                reinforce_loss(log_probs, returns - returns.mean(), MASK[pair]), policy.logits
            )
            expected -= probabilities[a] * probabilities[b] * estimate
    assert torch.allclose(expected, 0.5 * exact, atol=1e-12)


def test_the_gradient_vanishes_at_the_closed_form_optimum(reference: Policy) -> None:
    best = (reference.log_probs() + REWARDS / BETA).softmax(dim=0)
    first = torch.stack([best[0], best[1:4].sum(), best[4:7].sum()])
    logits = torch.stack([first.log(), best[1:4].log(), best[4:7].log()])
    at_best = Policy(logits.requires_grad_())
    assert torch.allclose(at_best.log_probs().exp(), best)
    (gradient,) = torch.autograd.grad(objective(at_best, reference), at_best.logits)
    assert float(gradient.abs().max()) < 1e-12
    # Its value is beta log Z.
    value = BETA * torch.logsumexp(reference.log_probs() + REWARDS / BETA, dim=0)
    assert float(objective(at_best, reference).detach()) == pytest.approx(float(value))


def test_sampled_updates_reach_the_optimum(reference: Policy) -> None:
    torch.manual_seed(3)
    policy = Policy(reference.logits.clone().requires_grad_())
    optimizer = torch.optim.Adam([policy.logits], lr=0.05)
    for step in range(400):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / 400)
        token_log_probs = policy.token_log_probs()
        rows = torch.multinomial(policy.log_probs().exp().detach(), 64, replacement=True)
        ratios = log_ratio(token_log_probs.detach()[rows], reference.token_log_probs()[rows], MASK[rows])
        returns = regularized_returns(REWARDS[rows], ratios, beta=BETA)
        advantages = leave_one_out_advantages(returns, samples_per_context=64)
        optimizer.zero_grad()
        reinforce_loss(token_log_probs[rows], advantages, MASK[rows]).backward()
        optimizer.step()
    best = (reference.log_probs() + REWARDS / BETA).softmax(dim=0)
    assert float((policy.log_probs().exp() - best).abs().max().detach()) < 0.02
