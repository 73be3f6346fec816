"""Ppr(Y; i, u): does a text put what matters most to the viewer first? Source: sec. 4.1."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards.description_vectors import DescriptionVectors
from modelsvc.core.rewards.encoder import TextEncoder
from modelsvc.core.rewards.losses import (
    bradley_terry_loss,
    description_preference_loss,
    utility_anchor_loss,
)
from modelsvc.core.rewards.pair_training import (
    Example,
    PairScores,
    PairTrainingConfig,
    examples_from_pairs,
    split_examples,
    train_scorer,
)
from modelsvc.core.rewards.records import PreferencePair, RewardDataError, TrainingCallback
from modelsvc.core.rewards.scorer import RewardScorer, ScorerConfig
from modelsvc.core.rewards.trained_scorer import TrainedScorer, finish, new_scorer
from modelsvc.core.rewards.warm_start import warm_start_text_to_cf


@dataclass(frozen=True)
class PprConfig:
    """Training of Ppr.

    ``regularization`` is λ of the anchor (Ppr(I; i, u) − z(i·u))². ``description_weight`` weighs the
    paper's −log σ(Ppr(Y) − Ppr(I)), which needs no labels; with labelled pairs it may be 0.
    ``anchors_per_batch`` descriptions are scored in every step: they are long.
    """

    training: PairTrainingConfig = field(default_factory=PairTrainingConfig)
    prefix_tokens: int = 2
    trainable_layers: int = 3
    regularization: float = 0.1
    description_weight: float = 0.0
    anchors_per_batch: int = 4
    warm_start: bool = True


def standardized_utility(context: Context, *, mean: float, std: float) -> float:
    """z(i·u) = (i·u − mean) / std over the catalogue. Source: sec. 4.1, Ppr."""
    return (context.utility - mean) / std


def train_ppr(
    pairs: Sequence[PreferencePair],
    encoder: TextEncoder,
    descriptions: DescriptionVectors,
    *,
    utility_mean: float,
    utility_std: float,
    config: PprConfig | None = None,
    callback: TrainingCallback | None = None,
) -> TrainedScorer:
    """Minimize pairs' negative log-likelihood + λ E(Ppr(I) − z(i·u))².

    Args:
        utility_mean: mean of i·u over the catalogue.
        utility_std: its standard deviation; both are stored in the metrics.

    Raises:
        RewardDataError: if there is no pair, or ``utility_std`` is not positive.
    """
    config = config or PprConfig()
    if not utility_std > 0:
        raise RewardDataError(f"utility_std must be positive, got {utility_std}")
    train, held_out = split_examples(examples_from_pairs(pairs), config.training)
    model = new_scorer(
        encoder,
        descriptions,
        ScorerConfig(
            uses=("item", "viewer"),
            embedding_size=len(train[0].context.item_vector),
            prefix_tokens=config.prefix_tokens,
            trainable_layers=config.trainable_layers,
        ),
        seed=config.training.seed,
    )
    contexts = [example.context for example in train]
    model.standardize_over(contexts)
    if config.warm_start:
        warm_start_text_to_cf(model, contexts, utility_std=utility_std)
    batch_loss = _PprLoss(
        model, config, utility_mean, utility_std, np.random.default_rng(config.training.seed)
    )
    loss = train_scorer(model, train, batch_loss, config.training, callback=callback)
    metrics: dict[str, object] = {
        "train_loss": loss,
        "n_train_pairs": len(train),
        "utility_mean": utility_mean,
        "utility_std": utility_std,
        "anchor": _measure_anchor(model, held_out, utility_mean, utility_std),
    }
    return finish(model, held_out, metrics)


@dataclass(frozen=True, eq=False)
class _PprLoss:
    model: RewardScorer
    config: PprConfig
    utility_mean: float
    utility_std: float
    rng: np.random.Generator

    def __call__(
        self, batch: Sequence[Example], scores: Tensor, pairs: PairScores | None
    ) -> dict[str, Tensor]:
        assert pairs is not None
        config = self.config
        terms = {"preference": bradley_terry_loss(pairs.first, pairs.second, pairs.p_first, pairs.weights)}
        if config.description_weight == 0 and config.regularization == 0:
            return terms
        # Every description is needed where all texts are compared with it.
        count = len(batch) if config.description_weight > 0 else min(config.anchors_per_batch, len(batch))
        chosen = self.rng.permutation(len(batch))[:count]
        contexts = [batch[row].context for row in chosen]
        bare = self.model(contexts, [context.item_description for context in contexts])
        utilities = torch.tensor(
            [standardized_utility(c, mean=self.utility_mean, std=self.utility_std) for c in contexts],
            device=scores.device,
        )
        terms["anchor"] = config.regularization * utility_anchor_loss(bare, utilities)
        if config.description_weight > 0:
            texts = (pairs.first + pairs.second) / 2
            preference = description_preference_loss(texts[torch.from_numpy(chosen)], bare)
            terms["over_description"] = config.description_weight * preference
        return terms


def _measure_anchor(
    model: RewardScorer, held_out: Sequence[Example], mean: float, std: float
) -> dict[str, object]:
    contexts = list({(e.context.item_id, e.context.viewer_id): e.context for e in held_out}.values())
    if len(contexts) < 2:
        return {"n": len(contexts), "rmse": None, "correlation": None}
    scores = model.score(contexts, [context.item_description for context in contexts])
    predicted = scores.cpu().numpy().astype(np.float64)
    actual = np.array([standardized_utility(context, mean=mean, std=std) for context in contexts])
    varies = predicted.std() > 0 and actual.std() > 0
    return {
        "n": len(contexts),
        "rmse": float(np.sqrt(np.mean((predicted - actual) ** 2))),
        "correlation": float(np.corrcoef(predicted, actual)[0, 1]) if varies else None,
    }
