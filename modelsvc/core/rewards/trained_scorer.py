"""A scorer before and after training."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from modelsvc.core.rewards.description_vectors import DescriptionVectors
from modelsvc.core.rewards.encoder import TextEncoder
from modelsvc.core.rewards.pair_training import Example, measure_pairs
from modelsvc.core.rewards.scorer import RewardScorer, ScorerConfig


@dataclass(frozen=True, eq=False)
class TrainedScorer:
    """A scorer and what was measured on items it never saw."""

    model: RewardScorer
    metrics: dict[str, object]


def new_scorer(
    encoder: TextEncoder, descriptions: DescriptionVectors, config: ScorerConfig, *, seed: int
) -> RewardScorer:
    """A scorer whose new layers are drawn from ``seed``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RewardScorer(encoder, config, descriptions)


def finish(
    model: RewardScorer,
    held_out: Sequence[Example],
    metrics: dict[str, object],
    *,
    default_temperature: float = 1.0,
) -> TrainedScorer:
    """Measure on held-out pairs, store the temperature, and hand model and metrics on.

    Without held-out pairs the temperature is ``default_temperature``, the one of training.
    """
    measured, temperature = measure_pairs(model, held_out)
    if not measured["n_pairs"]:
        temperature = measured["temperature"] = default_temperature
    model.temperature.fill_(temperature)
    return TrainedScorer(model.eval(), {**metrics, "held_out": measured})
