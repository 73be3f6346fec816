"""Temperature and reliability of pairwise probabilities. Source: Guo et al. (2017)."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit

Floats = NDArray[np.float64]

TEMPERATURE_RANGE = (1e-3, 1e3)


@dataclass(frozen=True)
class ReliabilityBin:
    """Pairs whose predicted P(first) lies in [low, high): mean prediction against mean label."""

    low: float
    high: float
    count: int
    predicted: float
    labelled: float


@dataclass(frozen=True)
class Calibration:
    """τ, the log loss it gives, and the reliability curve with its expected error.

    ``log_loss`` in nats; ``expected_error`` = Σ_b n_b |predicted_b − labelled_b| / n.
    """

    temperature: float
    log_loss: float
    expected_error: float
    bins: tuple[ReliabilityBin, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return asdict(self)


def fit_temperature(differences: Floats, p_first: Floats) -> float:
    """τ minimizing the soft-label log loss of σ(d/τ); 1.0 when there is nothing to fit.

    Separable pairs would send τ to 0 and hopeless ones to infinity, so that each label is
    pulled towards 1/2 by one pseudo-observation spread over the n pairs (Platt's correction).
    """
    if len(differences) == 0 or not np.any(differences):
        return 1.0
    n = len(differences)
    labels = (p_first * n + 0.5) / (n + 1)
    spread = float(np.std(differences)) or float(np.abs(differences).max())

    def loss(log_temperature: float) -> float:
        return _log_loss(differences / (spread * np.exp(log_temperature)), labels)

    low, high = (math.log(bound) for bound in TEMPERATURE_RANGE)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded")
    return float(spread * np.exp(found.x))


def calibrate(differences: Floats, p_first: Floats, groups: Sequence[str], *, bins: int = 10) -> Calibration:
    """Fit τ on all pairs; measure log loss and reliability cross-fitted over two halves of the groups.

    Args:
        differences: R(Y_1) − R(Y_2), float64 [n], on pairs that were not trained on.
        p_first: labels [n] in [0, 1].
        groups: item of each pair; an item's pairs stay in one half.
        bins: equal-width bins of predicted P(first).
    """
    temperature = fit_temperature(differences, p_first)
    order = {group: rank for rank, group in enumerate(sorted(set(groups)))}
    half = np.array([order[group] % 2 for group in groups], dtype=bool)
    scaled = differences / temperature
    if half.any() and not half.all():
        scaled = np.empty_like(differences)
        scaled[half] = differences[half] / fit_temperature(differences[~half], p_first[~half])
        scaled[~half] = differences[~half] / fit_temperature(differences[half], p_first[half])
    curve = reliability(expit(scaled), p_first, bins=bins)
    total = sum(entry.count for entry in curve)
    error = sum(entry.count * abs(entry.predicted - entry.labelled) for entry in curve) / max(total, 1)
    log_loss = _log_loss(scaled, p_first) if total else float("nan")
    return Calibration(temperature, log_loss, error if total else float("nan"), curve)


def reliability(predicted: Floats, labels: Floats, *, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Bins that hold at least one pair, from low to high."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    rows = np.clip(np.digitize(predicted, edges) - 1, 0, bins - 1)
    curve = []
    for row in range(bins):
        inside = rows == row
        if inside.any():
            curve.append(
                ReliabilityBin(
                    low=float(edges[row]),
                    high=float(edges[row + 1]),
                    count=int(inside.sum()),
                    predicted=float(predicted[inside].mean()),
                    labelled=float(labels[inside].mean()),
                )
            )
    return tuple(curve)


def pairwise_accuracy(differences: Floats, p_first: Floats) -> float:
    """Share of labelled preferences (p ≠ 1/2) that the scores order alike; equal scores count 1/2."""
    decided = p_first != 0.5
    if not decided.any():
        return float("nan")
    agree = np.sign(differences[decided]) * np.sign(p_first[decided] - 0.5)
    return float(np.mean((agree + 1) / 2))


def _log_loss(logits: Floats, labels: Floats) -> float:
    return float(-np.mean(labels * log_expit(logits) + (1 - labels) * log_expit(-logits)))
