"""The joint reward: eq. 1 and eq. 2. Source: sec. 4.2."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

REWARDS = ("prec", "app", "pcov", "ppr")
PAIRWISE_REWARDS = ("app", "pcov", "ppr")


@dataclass(frozen=True)
class JointRewardConfig:
    """How rewards are aggregated.

    Args:
        form: "log_sigmoid" for eq. 2, "linear" for eq. 1.
        prec, app, pcov, ppr: η ≥ 0. Eq. 2 has all at 1; a single one at 1 gives a single-reward
            policy, 2 against 1 the weight mixes of Fig. 7.
        truncation_penalty: added once where a text was cut at the length limit or is blank, ≤ 0.
            Eq. 2 is ≤ 0, so that a score of 0 for unfinished texts would make never stopping win.
    """

    form: Literal["log_sigmoid", "linear"] = "log_sigmoid"
    prec: float = 1.0
    app: float = 1.0
    pcov: float = 1.0
    ppr: float = 1.0
    truncation_penalty: float = -5.0

    def __post_init__(self) -> None:
        if self.form not in ("log_sigmoid", "linear"):
            raise ValueError(f"form must be log_sigmoid or linear, got {self.form!r}")
        for name in REWARDS:
            if not getattr(self, name) >= 0:
                raise ValueError(f"weight {name} must be ≥ 0, got {getattr(self, name)}")
        if not self.truncation_penalty <= 0:
            raise ValueError(f"truncation_penalty must be ≤ 0, got {self.truncation_penalty}")

    def weights(self) -> dict[str, float]:
        """η by reward."""
        return {name: float(getattr(self, name)) for name in REWARDS}

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return asdict(self)


def linear_reward(scores: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """r = η_1 Prec + η_2 App + η_3 Ppr + η_4 Pcov. Source: sec. 4.2, eq. 1.

    Args:
        scores: by name of ``REWARDS``, float32 [B] each; Prec as a probability.
        weights: η ≥ 0 by name.
    """
    return torch.stack([weights[name] * scores[name] for name in REWARDS]).sum(dim=0)


def log_sigmoid_reward(
    prec_logit: Tensor,
    differences: Mapping[str, Tensor],
    *,
    temperatures: Mapping[str, float],
    weights: Mapping[str, float],
) -> tuple[Tensor, dict[str, Tensor]]:
    """r = η log σ(Prec) + Σ_R η_R log σ((R(Y) − R(Y_ref)) / τ_R). Source: sec. 4.2, eq. 2.

    Computed with log σ(x) = −softplus(−x), finite for every finite input.

    Args:
        prec_logit: z, float32 [B], with σ(z) = P(entailment).
        differences: R(Y) − R(Y_ref) for app, pcov, ppr, float32 [B] each.
        temperatures: τ_R > 0, fitted on held-out pairs.
        weights: η; all 1 in the paper.

    Returns:
        (r ≤ 0 [B], its unweighted terms by name [B]).
    """
    terms = {"prec": F.logsigmoid(prec_logit.float())}
    for name in PAIRWISE_REWARDS:
        terms[name] = F.logsigmoid(differences[name].float() / temperatures[name])
    total = torch.stack([weights[name] * terms[name] for name in REWARDS]).sum(dim=0)
    return total, terms


def penalize_unfinished(rewards: Tensor, unfinished: Sequence[bool], penalty: float) -> Tensor:
    """Add the penalty where a text is unfinished; the text's own score still counts."""
    flags = torch.tensor(list(unfinished), dtype=torch.bool, device=rewards.device)
    if flags.shape != rewards.shape:
        raise ValueError(f"{len(flags)} flags for {len(rewards)} rewards")
    return rewards + penalty * flags.to(rewards.dtype)
