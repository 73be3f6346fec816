"""Model-based evaluation of systems by reward models. Source: sec. 5, Table 1; App. B."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from modelsvc.core.rewards.joint import REWARDS
from modelsvc.core.rewards.reward_models import RewardModels

if TYPE_CHECKING:
    from modelsvc.core.endorser.context import Context

Floats = NDArray[np.float64]
Endorsements: TypeAlias = "Sequence[tuple[Context, str]]"
PairKey = tuple[str, str]


class EvaluationError(ValueError):
    """Systems that cannot be compared; the message names system, item and viewer."""


@dataclass(frozen=True)
class SystemScore:
    """Mean ± standard error of one reward over one system's endorsements (Table 1).

    ``standard_error`` = s / √n with the n − 1 deviation; None for a single endorsement.
    """

    system: str
    reward: str
    mean: float
    standard_error: float | None
    n: int

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class SystemComparison:
    """One reward of a system against the baseline on the same item–viewer pairs (App. B).

    ``win_rate`` counts strict wins over all pairs, so that ties lower it; ``wins + ties + losses = n``.
    ``absolute_increase`` is the mean difference, with the standard error of that mean.
    """

    system: str
    baseline: str
    reward: str
    win_rate: float
    wins: int
    ties: int
    losses: int
    absolute_increase: float
    absolute_increase_standard_error: float | None
    n: int

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class ModelBasedEvaluation:
    """Every system's scores, and every other system against the baseline."""

    baseline: str
    scores: tuple[SystemScore, ...]
    comparisons: tuple[SystemComparison, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return {
            "baseline": self.baseline,
            "scores": [score.as_dict() for score in self.scores],
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
        }


def evaluate_systems(
    systems: Mapping[str, Endorsements], models: RewardModels, *, baseline: str
) -> ModelBasedEvaluation:
    """Score every system with every reward model, raw as in Table 1; Prec as a probability.

    Args:
        systems: endorsements by system; all over the same item–viewer pairs, one text for each.
        models: the reward models.
        baseline: the system that the others are compared with (SFT in the paper).

    Raises:
        EvaluationError: if the baseline is unknown, a system is empty, names a pair twice, or has
            other pairs than the baseline.
    """
    if baseline not in systems:
        raise EvaluationError(f"baseline {baseline!r} is not among the systems {sorted(systems)}")
    by_system = {name: _by_pair(name, endorsements) for name, endorsements in systems.items()}
    order = list(by_system[baseline])
    for name, rows in by_system.items():
        differing = set(rows) ^ set(order)
        if differing:
            item_id, viewer_id = min(differing)
            raise EvaluationError(
                f"system {name!r} and baseline {baseline!r} differ in their pairs: "
                f"item {item_id!r}, viewer {viewer_id!r}"
            )
    # All systems in one call: equal texts of a pair are scored once and tie exactly.
    flat = [by_system[name][pair] for name in by_system for pair in order]
    found = models.score([context for context, _ in flat], [text for _, text in flat])
    values = {
        name: {reward: _rows(found[reward], number, len(order)) for reward in REWARDS}
        for number, name in enumerate(by_system)
    }
    return ModelBasedEvaluation(
        baseline=baseline,
        scores=tuple(
            summarize(name, reward, values[name][reward]) for name in by_system for reward in REWARDS
        ),
        comparisons=tuple(
            compare(name, baseline, reward, values[name][reward], values[baseline][reward])
            for name in by_system
            if name != baseline
            for reward in REWARDS
        ),
    )


def summarize(system: str, reward: str, values: Floats) -> SystemScore:
    """Mean and standard error of values [n]."""
    return SystemScore(system, reward, float(values.mean()), _standard_error(values), len(values))


def compare(
    system: str, baseline: str, reward: str, values: Floats, baseline_values: Floats
) -> SystemComparison:
    """Win rate and absolute increase over paired values [n]. Source: App. B."""
    if values.shape != baseline_values.shape or values.ndim != 1 or len(values) == 0:
        raise EvaluationError(f"expected paired values [n ≥ 1], got {values.shape}, {baseline_values.shape}")
    difference = values - baseline_values
    wins, losses = int((difference > 0).sum()), int((difference < 0).sum())
    return SystemComparison(
        system=system,
        baseline=baseline,
        reward=reward,
        win_rate=wins / len(difference),
        wins=wins,
        ties=len(difference) - wins - losses,
        losses=losses,
        absolute_increase=float(difference.mean()),
        absolute_increase_standard_error=_standard_error(difference),
        n=len(difference),
    )


def _standard_error(values: Floats) -> float | None:
    if len(values) < 2:
        return None
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def _by_pair(name: str, endorsements: Endorsements) -> "dict[PairKey, tuple[Context, str]]":
    rows: dict[PairKey, tuple[Context, str]] = {}
    for context, text in endorsements:
        key = (context.item_id, context.viewer_id)
        if key in rows:
            raise EvaluationError(f"system {name!r} has two texts for item {key[0]!r}, viewer {key[1]!r}")
        rows[key] = (context, text)
    if not rows:
        raise EvaluationError(f"system {name!r} has no endorsement")
    return rows


def _rows(scores: Tensor, number: int, count: int) -> Floats:
    return np.asarray(scores[number * count : (number + 1) * count].double().cpu().numpy(), dtype=np.float64)
